"""In pipes and scripts: one document on stdout, nothing but the report, the right code, nothing changed unasked."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.conftest import EMBEDDED_ONLY, GIVE_UP_SECONDS, Site
from tests.end_to_end.outcome import check_plain_outcome

pytestmark = EMBEDDED_ONLY

BAD_IMAGES = 400
COMMANDS = (
    ("migrate", "images", "--dry-run"),
    ("migrate", "images", "--yes"),
    ("migrate", "verify"),
    ("migrate", "failures"),
    ("status", "--recount"),
    ("config", "show"),
    ("config", "check"),
)


@pytest.fixture
def migrated(plain_site: Site) -> Site:
    """A migrated place with many failures, each with a long address."""
    seed_failures(plain_site)
    assert plain_site.call("migrate", "images", "--yes", "-q").exit_code == 4
    return plain_site


def test_every_format_of_every_command(plain_site: Site) -> None:
    seed_failures(plain_site, 3)
    for words in COMMANDS:
        answer = plain_site.run_here(*words, "-q", "-o", "json")
        assert answer.stderr == "", words
        assert answer.envelope["exitCode"] == answer.exit_code, words
        assert answer.envelope["command"] == ".".join(word for word in words if not word.startswith("-"))
        assert answer.envelope["schema"] == f"opsctl.{answer.envelope['command']}/v1"
        assert answer.exit_code in (0, 4)
        as_yaml = plain_site.run_here(*words, "-q", "-o", "yaml")
        assert yaml.safe_load(as_yaml.stdout)["schema"] == answer.envelope["schema"]
        for output in ("table", "markdown"):
            plain = plain_site.run_here(*words, "-o", output)
            assert plain.stdout.strip()
            assert "\x1b" not in plain.stdout + plain.stderr, words
            assert "\r" not in plain.stdout + plain.stderr, words


def test_lists_open_in_a_spreadsheet_and_line_by_line(migrated: Site) -> None:
    answer = migrated.call("migrate", "failures", "-q", "-o", "json")
    failures = answer.data["failures"]
    assert len(failures) == BAD_IMAGES
    rows = list(csv.DictReader(io.StringIO(migrated.call("migrate", "failures", "-q", "-o", "csv").stdout)))
    assert [row["url"] for row in rows] == [failure["url"] for failure in failures]
    assert list(rows[0]) == list(failures[0])
    lines = migrated.call("migrate", "failures", "-q", "-o", "ndjson").stdout.splitlines()
    assert [json.loads(line) for line in lines] == failures
    names = migrated.call("migrate", "failures", "-q", "-o", "name").stdout.splitlines()
    assert names == [failure["url"] for failure in failures]


def test_a_reader_that_leaves_early_ends_the_command_with_141(migrated: Site) -> None:
    child = migrated.start("migrate", "failures", "-o", "csv")
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        assert child.stdout.readline().startswith("documentId,")
        child.stdout.close()
        assert (child.wait(GIVE_UP_SECONDS), child.stderr.read()) == (141, "")


def test_a_migration_whose_reader_has_left_is_done_all_the_same(plain_site: Site) -> None:
    documents = plain_site.seed_plain(5)
    child = plain_site.start("migrate", "images", "--yes", "-q")
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    _, stderr = child.communicate(timeout=GIVE_UP_SECONDS)
    assert (child.returncode, stderr) == (141, "")
    check_plain_outcome(plain_site, documents)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_report_that_does_not_fit_on_the_disk(migrated: Site, output: str) -> None:
    with Path("/dev/full").open("w") as full:
        child = subprocess.run(
            [*migrated.command, "migrate", "failures", "-q", "-o", output],
            env=migrated.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (child.returncode, child.stderr) == (1, "error: The report cannot be written: No space left on device.\n")


def test_a_dry_run_changes_nothing(plain_site: Site) -> None:
    seed_failures(plain_site, 2)
    plain_site.seed_plain(3)
    before, asked = plain_site.everything(), plain_site.requests()
    answer = plain_site.call("migrate", "images", "--dry-run", "-q", "-o", "json")
    assert answer.exit_code == 0
    assert (answer.data["state"], answer.data["runId"], answer.data["dryRun"]) == ("planned", None, True)
    assert answer.data["plan"]["images"] == 14
    assert sum(host["images"] for host in answer.data["plannedHosts"]) == 14
    assert plain_site.everything() == before
    assert plain_site.requests() == asked


def test_without_a_terminal_and_without_yes_nothing_begins(plain_site: Site) -> None:
    plain_site.seed_plain(1)
    before = plain_site.everything()
    answer = plain_site.call("migrate", "images", "-o", "json")
    assert answer.exit_code == 2
    assert answer.envelope["errors"][0]["code"] == "usage"
    assert "--yes" in answer.envelope["errors"][0]["hint"]
    assert plain_site.everything() == before


@pytest.mark.parametrize(
    "words",
    [
        ("migrate", "images", "--yes", "--type", "engine"),
        ("migrate", "images", "--yes", "--where", "{broken"),
        ("migrate", "images", "--yes", "--limit", "0"),
        ("migrate", "images", "--yes", "--workers", "0"),
        ("migrate", "images", "--no-such-option"),
        ("migrate", "failures", "--class", "unlucky"),
        ("migrate", "imags"),
        ("status", "--profile", "nowhere"),
    ],
)
def test_a_wrong_call_is_one_json_document_too(plain_site: Site, words: tuple[str, ...]) -> None:
    plain_site.seed_plain(1)
    before = plain_site.everything()
    answer = plain_site.call(*words, "-o", "json")
    assert answer.exit_code == (7 if "nowhere" in words else 2)
    assert answer.envelope["exitCode"] == answer.exit_code
    assert answer.envelope["errors"]
    assert plain_site.everything() == before


def seed_failures(site: Site, count: int = BAD_IMAGES) -> None:
    """One document with images that fail at once: the host does not exist, and nobody is asked."""
    urls = [f"ftp://example.com/{number}/{'long-' * 60}.jpg" for number in range(count)]
    site.collection.insert_one({"_id": "failing", "vehicle_name": "쏘나타", "exterior_images": urls})


def test_a_filter_that_mongo_refuses_leaves_no_run_behind(plain_site: Site) -> None:
    plain_site.seed_plain(1)
    before = plain_site.everything()
    answer = plain_site.call("migrate", "images", "--yes", "-o", "json", "--where", '{"price": {"$nonsense": 1}}')
    assert answer.exit_code == 2
    assert "--where" in answer.envelope["errors"][0]["message"]
    assert plain_site.everything() == before
