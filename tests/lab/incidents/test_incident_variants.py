"""Variants are parts of the evidence, and the siblings of one job differ in what they should differ in."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from opsctl.diagnosis.models import SECTIONS
from opsctl.lab.incidents import INCIDENTS, Incident, restrict
from opsctl.lab.incidents.incident import Variant, assemble, ladder
from opsctl.reporting.texts import Catalogue, read_area
from tests.lab.incidents.evidence_shape import problems

ALL = list(INCIDENTS.values())
MISSING = "/app/dist/database/migrations"


def name_of(incident: Incident) -> str:
    return incident.name


def data(incident: str, section: str) -> Any:
    return INCIDENTS[incident].evidence()["sections"][section]["data"]


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_variants_grow_to_the_whole(incident: Incident) -> None:
    names = [variant.name for variant in incident.variants]
    assert len(set(names)) == len(names) >= 3
    sizes = [set(variant.sections) for variant in incident.variants]
    assert all(small < large for small, large in pairwise(sizes))
    assert names[-1] == "all"
    assert incident.variant("all") == incident.evidence()


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_a_variant_has_its_sections_and_no_others(incident: Incident) -> None:
    whole = incident.evidence()
    for variant in incident.variants:
        part = incident.variant(variant.name)
        assert problems(part) == []
        for section in SECTIONS:
            if section not in variant.sections:
                assert part["sections"][section]["status"] == "skipped"
            elif section != "value_facts":
                assert part["sections"][section] == whole["sections"][section]


def test_a_variant_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        ALL[0].variant("everything")


def test_facts_about_values_go_with_their_section() -> None:
    incident = INCIDENTS["schema-upgrade-v2x8q"]
    kept = restrict(incident.evidence(), ("execution", "value_facts"))["sections"]["value_facts"]["data"]["facts"]
    assert [fact["section"] for fact in kept] == ["execution", "execution"]


def test_restricting_changes_nothing_else() -> None:
    whole = INCIDENTS["shop-migrate-z1y6h"].evidence()
    before = json.dumps(whole)
    part = restrict(whole, ())
    assert {body["status"] for body in part["sections"].values()} == {"skipped"}
    assert part["executionName"] == whole["executionName"]
    assert json.dumps(whole) == before


def test_steps_add_up_in_the_order_of_the_format() -> None:
    steps = ladder(("b", "logs"), ("a", "tasks", "execution"))
    assert steps == (Variant("b", ("logs",)), Variant("a", ("execution", "tasks", "logs")), Variant("all", SECTIONS))


def test_a_section_that_the_format_does_not_know() -> None:
    with pytest.raises(KeyError, match="weather"):
        assemble("projects/p", "2026-01-01T00:00:00Z", {"weather": {}})


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_every_incident_is_told_in_both_languages(incident: Incident) -> None:
    english, korean = Catalogue("en"), Catalogue("ko")
    for part in ("title", "story", "lesson"):
        key = f"incident.{incident.key}_{part}"
        assert english.get(key) != korean.get(key)
    shown = f"{english.get(f'incident.{incident.key}_title')} {english.get(f'incident.{incident.key}_story')}".lower()
    assert not [cause for cause in (incident.cause, *incident.acceptable) if cause.replace("-", " ") in shown]
    assert incident.title == english.get(f"incident.{incident.key}_title")


def test_no_text_is_left_of_an_incident_that_is_gone() -> None:
    told = {key.removesuffix("_lesson") for key in read_area("en", "incident") if key.endswith("_lesson")}
    assert told == {incident.key for incident in ALL}


def test_each_of_the_four_guesses_is_right_once() -> None:
    causes = {incident.cause for incident in ALL if incident.name.startswith("o4o-")}
    assert causes == {"image-file-missing", "db-auth-failed", "module-format-mismatch", "iam-permission-denied"}


def test_the_reconstruction_shows_what_each_piece_of_evidence_adds() -> None:
    names = [variant.name for variant in INCIDENTS["o4o-api-migrations-h5x5h"].variants]
    assert names == ["nothing", "conditions", "logs", "image", "iam", "all"]


def test_the_reconstruction_has_its_four_commits() -> None:
    listed = {item["id"]: item["files"] for item in data("o4o-api-migrations-h5x5h", "commits")["commits"]}
    assert list(listed) == ["4ca11e480", "58fe4ef46", "6e6ee7cec", "f6d12b51f"]
    on_the_path = {commit for commit, files in listed.items() if any(is_on_the_path(file) for file in files)}
    assert on_the_path == {"58fe4ef46", "6e6ee7cec", "f6d12b51f"}


def is_on_the_path(file: str) -> bool:
    """What the migration job is made of: the server's sources, its image, its deployment."""
    return file.startswith("apps/api-server/") or file == ".github/workflows/deploy-api.yml"


def test_the_folder_is_missing_from_one_image_only() -> None:
    broken, whole = data("o4o-api-migrations-h5x5h", "image"), data("o4o-api-migrations-k2p9d", "image")
    assert broken["absent"] == [MISSING]
    assert not [file for file in broken["files"] if file["path"].startswith(MISSING)]
    assert whole["absent"] == []
    assert len([file for file in whole["files"] if file["path"].startswith(MISSING)]) == 3
    assert "/app/dist/migrate.js" in {file["path"] for file in broken["files"]}


def test_without_the_right_to_read_logs_the_rest_is_the_same() -> None:
    seen = INCIDENTS["o4o-api-migrations-h5x5h"].evidence()["sections"]
    denied = INCIDENTS["o4o-api-migrations-h5x5h-logs-denied"].evidence()["sections"]
    assert denied["logs"]["status"] == "denied"
    assert {name for name in SECTIONS if seen[name] != denied[name]} == {"logs"}


def test_only_the_secret_is_newer_than_the_last_success() -> None:
    name = "o4o-api-migrations-k2p9d"
    baseline, run = data(name, "baseline")["execution"], data(name, "execution")
    assert baseline["template"] == run["template"]
    password = data(name, "secrets")["secrets"][0]
    assert baseline["completionTime"] < password["createTime"] < run["createTime"]


def test_the_later_attempts_fail_differently() -> None:
    entries = data("catalog-migrate-7fq2m", "logs")["entries"]
    codes: dict[str, set[str]] = {}
    for entry in entries:
        text = entry.get("textPayload", "")
        if text.startswith("  code: "):
            codes.setdefault(entry["labels"]["run.googleapis.com/task_attempt"], set()).add(text.split("'")[1])
    assert codes == {"0": {"ER_DUP_ENTRY"}, "1": {"ER_TABLE_EXISTS_ERROR"}, "2": {"ER_TABLE_EXISTS_ERROR"}}


def test_lines_of_the_other_execution_are_among_those_of_the_one_that_waits() -> None:
    entries = data("billing-changelog-r4t8z", "logs")["entries"]
    names = [entry["labels"]["run.googleapis.com/execution_name"] for entry in entries]
    assert set(names) == {"billing-changelog-r4t8z", "billing-changelog-b7k2q"}
    first, last = names.index("billing-changelog-r4t8z"), len(names) - names[::-1].index("billing-changelog-r4t8z")
    assert "billing-changelog-b7k2q" in names[first:last]
