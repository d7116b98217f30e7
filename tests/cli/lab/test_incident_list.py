"""`opsctl lab incident list`."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from opsctl.cli.app import ROOT
from opsctl.cli.lab.incident.list import live_command
from opsctl.cli.schema import find_report
from opsctl.lab.incidents import INCIDENTS
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import Ended, make_process, run_line
from tests.reporting.test_json_schema import problems


def run(line: str) -> Ended:
    return run_line(f"lab incident list {line}", make_process(), ROOT)


def document(line: str) -> Any:
    return json.loads(run(f"{line} -o json").stdout)


def test_every_incident_is_listed_without_its_cause() -> None:
    ended = run("")
    assert ended.exit_code == 0
    for incident in INCIDENTS.values():
        assert incident.name in ended.stdout
        assert incident.title in ended.stdout
    assert not [incident.cause for incident in INCIDENTS.values() if incident.cause in ended.stdout]
    assert "add --answers" in ended.stdout


def test_the_answers_are_told_when_asked_for() -> None:
    rows = {row["name"]: row for row in document("--answers")["data"]["incidents"]}
    assert {name: row["cause"] for name, row in rows.items()} == {
        incident.name: incident.cause for incident in INCIDENTS.values()
    }
    assert all(row["lesson"] for row in rows.values())
    hidden = document("")["data"]["incidents"]
    assert {(row["cause"], row["lesson"]) for row in hidden} == {(None, None)}


def test_what_is_written_matches_the_schema() -> None:
    written = document("--answers")
    assert problems(written, envelope_schema("lab.incident.list", find_report("lab.incident.list"))) == []
    assert written["data"]["incidents"][0]["variants"] == ["nothing", "conditions", "logs", "image", "iam", "all"]


def test_every_incident_can_be_asked_for_live() -> None:
    rows = document("")["data"]["incidents"]
    assert len({row["execution"] for row in rows}) == len(rows) - 1
    shown = run("").stdout
    for row in rows:
        _, project, _, region, *_, name = row["execution"].split("/")
        assert re.search(rf"^{row['name']} .* {project} +{region}\b", shown, re.MULTILINE)
        live = live_command(row["execution"])
        assert live == f"opsctl cloudrun diagnose {name} --project {project} --region {region} --profile lab"
    assert live_command(rows[0]["execution"]) in shown


def test_names_and_rows_for_scripts() -> None:
    assert run("-o name").stdout.splitlines() == list(INCIDENTS)
    rows = list(csv.DictReader(io.StringIO(run("-o csv").stdout)))
    assert [row["name"] for row in rows] == list(INCIDENTS)
    assert len(run("-o ndjson").stdout.splitlines()) == len(INCIDENTS)


def test_it_speaks_korean() -> None:
    ended = run("--lang ko")
    assert "배포 직후 마이그레이션이 실패합니다" in ended.stdout
    assert "Migrations fail" not in ended.stdout
