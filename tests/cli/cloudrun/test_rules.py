"""`opsctl cloudrun rules list` and `show`."""

from __future__ import annotations

import csv
import io
import json

import pytest

from opsctl.cli.app import ROOT
from opsctl.cli.schema import find_report
from opsctl.diagnosis.rules import CAUSES, CONTROLS
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, make_process, run_words
from tests.reporting.test_json_schema import problems

EVERYTHING = (*CAUSES, *CONTROLS)
HEADINGS = ("What is wrong", "How it is recognised", "Look-alikes", "Remedy", "Sources")


def run(line: str) -> Ended:
    return run_words(["cloudrun", "rules", *line.split()], make_process(), ROOT)


def test_the_list_has_every_cause_once() -> None:
    assert run("list -o name").stdout.split() == list(EVERYTHING)
    table = run("list")
    assert table.exit_code == 0
    assert all(any(line.startswith(f"{cause} ") for line in table.stdout.splitlines()) for cause in EVERYTHING)


def test_the_list_for_programs() -> None:
    envelope = json.loads(run("list -o json").stdout)
    assert problems(envelope, envelope_schema("cloudrun.rules.list", find_report("cloudrun.rules.list"))) == []
    rules = envelope["data"]["rules"]
    assert [rule["cause"] for rule in rules] == list(EVERYTHING)
    assert {rule["cause"] for rule in rules if rule["isControl"]} == set(CONTROLS)
    rows = list(csv.DictReader(io.StringIO(run("list -o csv").stdout)))
    assert [row["cause"] for row in rows] == list(EVERYTHING)
    assert all(row["title"] for row in rows)
    lines = [json.loads(line) for line in run("list -o ndjson").stdout.splitlines()]
    assert [line["cause"] for line in lines] == list(EVERYTHING)


@pytest.mark.parametrize("cause", EVERYTHING)
def test_every_cause_has_a_page(cause: str) -> None:
    ended = run(f"show {cause}")
    assert ended.exit_code == 0
    lines = ended.stdout.splitlines()
    assert cause in lines[0]
    headings = [line for line in lines if line in HEADINGS]
    assert headings == (list(HEADINGS) if cause in CAUSES else [name for name in HEADINGS if name in headings])
    assert "What is wrong" in headings or cause in CONTROLS
    markdown = run(f"show {cause} -o markdown").stdout
    assert all(f"\n## {heading}\n" in markdown for heading in headings)


@pytest.mark.parametrize("cause", EVERYTHING)
def test_a_page_for_programs_has_the_signs_with_their_sources(cause: str) -> None:
    envelope = json.loads(run(f"show {cause} -o json").stdout)
    assert problems(envelope, envelope_schema("cloudrun.rules.show", find_report("cloudrun.rules.show"))) == []
    data = envelope["data"]
    assert data["cause"] == cause
    assert data["page"].strip()
    assert all(sign["id"] and sign["example"] and sign["source"] for sign in data["signs"])


def test_titles_are_in_the_language_of_the_reader() -> None:
    assert "한도" in run("show out-of-memory --lang ko").stdout
    assert "메모리" in run("list --lang ko").stdout


@pytest.mark.parametrize(
    ("given", "meant"), [("db-auth-fail", "db-auth-failed"), ("image-file-mising", "image-file-missing")]
)
def test_an_unknown_cause_ends_with_7_and_a_suggestion(given: str, meant: str) -> None:
    ended = run(f"show {given}")
    assert (ended.exit_code, ended.stdout) == (7, "")
    assert meant in ended.stderr
    envelope = json.loads(run(f"show {given} -o json").stdout)
    assert envelope["exitCode"] == 7
    assert meant in envelope["errors"][0]["hint"]


def test_what_is_like_nothing_leads_to_all_names() -> None:
    told = run("show 42").stderr
    assert all(cause in told for cause in EVERYTHING)
