"""Names, addresses and ids that carry terminal escape sequences or markup do no harm in any format."""

from __future__ import annotations

import csv
import io
import json

import pytest
import yaml

from tests.end_to_end.conftest import EMBEDDED_ONLY, Answer, Site

pytestmark = [EMBEDDED_ONLY, pytest.mark.slow]

ESCAPES = "\x1b[31m빨강\x1b[0m\x1b]0;owned\x07\x1b[2J\x9b1A\x90q\x9c\r\x08\x7f\u202egpj.exe\u2066\u200b"
MARKUP = "[bold red]특가[/bold red] [link=http://example.com]여기[/] <b>&amp;</b> | `x` :smile:"
FORMULA = '=HYPERLINK("http://example.com")'
HARMFUL = frozenset("\x00\x07\x08\x0b\x0c\r\x1b\x7f\x90\x9b\x9c\u200b\u202e\u2066")
FAILURE_FORMATS = ("table", "json", "yaml", "markdown", "csv", "ndjson", "name")


@pytest.fixture
def painted(plain_site: Site) -> Site:
    """Three documents whose id, name and addresses are like that; one address works, the others fail."""
    for number, text in enumerate((ESCAPES, MARKUP, FORMULA)):
        plain_site.collection.insert_one(
            {
                "_id": f"{text} {number}",
                "vehicle_name": text,
                "main_image": f"{plain_site.base_url}/img/painted-{number}.jpg",
                "exterior_images": [f"{plain_site.base_url}/fault/404/{text}.jpg", f"ftp://{text}", text],
                "color_images": [{"color_name": text, "image_url": f"http://10.0.0.1/{text}"}],
            }
        )
    return plain_site


def test_every_format_of_every_report(painted: Site) -> None:
    answers = [painted.call("migrate", "images", "--dry-run", "-vv"), painted.call("migrate", "images", "--yes", "-vv")]
    # Something for verify to talk about: the objects are gone, their keys come from names.
    for key in painted.objects():
        painted.s3.delete_object(Bucket=painted.bucket, Key=key)
    answers += [painted.run_here("migrate", "failures", "-vv", "-o", output) for output in FAILURE_FORMATS]
    for words in (("migrate", "verify"), ("status",)):
        answers += [painted.run_here(*words, "-vv", "-o", output) for output in FAILURE_FORMATS[:4]]
    answers.append(painted.call("migrate", "failures", OPSCTL_MONGO_COLLECTION=MARKUP, FORCE_COLOR="0"))
    answers.append(painted.call("status", "-o", "json", "--profile", ESCAPES))
    for answer in answers:
        check_harmless(answer)
    assert answers[1].exit_code == 4


def test_what_is_harmless_on_a_terminal_is_exact_for_a_program(painted: Site) -> None:
    painted.run_here("migrate", "images", "--yes", "-q")
    expected = {f"{text} {number}" for number, text in enumerate((ESCAPES, MARKUP, FORMULA))}
    as_json = painted.run_here("migrate", "failures", "-q", "-o", "json")
    assert {item["documentId"] for item in as_json.data["failures"]} == expected
    as_yaml = yaml.safe_load(painted.run_here("migrate", "failures", "-q", "-o", "yaml").stdout)
    assert as_yaml["data"] == as_json.data
    lines = painted.run_here("migrate", "failures", "-q", "-o", "ndjson").stdout.splitlines()
    assert [json.loads(line) for line in lines] == as_json.data["failures"]
    rows = list(csv.DictReader(io.StringIO(painted.run_here("migrate", "failures", "-q", "-o", "csv").stdout)))
    assert len(rows) == len(lines)
    assert not [row for row in rows if row["documentId"].startswith("=")]


def test_markup_is_shown_as_it_is(painted: Site) -> None:
    painted.run_here("migrate", "images", "--yes", "-q")
    table = painted.run_here("migrate", "failures", "-q", FORCE_COLOR="0").stdout
    assert f"{MARKUP} 1" in table
    assert "\\x1b[31m빨강\\x1b[0m" in table
    verified = painted.call("migrate", "verify", "-q", "-o", "json")
    assert verified.exit_code == 0


def check_harmless(answer: Answer) -> None:
    found = HARMFUL.intersection(answer.stdout.replace("\r\n", "\n") + answer.stderr)
    assert not found, (found, answer)
