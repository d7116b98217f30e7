"""`opsctl cloudrun executions` on the local Google."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.lab.google.faults import Action, Fault
from tests.cli.cloudrun.local_google import NAME, Terminal, open_terminal

RUN = "run.googleapis.com"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with open_terminal(tmp_path, (NAME, "o4o-api-migrations-d4m7s")) as opened:
        yield opened


def test_the_executions_of_a_job_newest_first(terminal: Terminal) -> None:
    ended = terminal.run("executions", "o4o-api-migrations")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.index("o4o-api-migrations-d4m7s") < ended.stdout.index(NAME)
    assert "opsctl cloudrun diagnose o4o-api-migrations-d4m7s" in ended.stdout
    data = terminal.data("executions", "o4o-api-migrations")
    row = next(row for row in data["executions"] if row["execution"] == NAME)
    assert (row["outcome"], row["taskCount"], row["succeededCount"]) == ("failed", 1, 0)
    assert row["reason"].startswith(f"Task {NAME}-task0 failed with exit code: 1")


def test_the_job_may_be_an_option_as_it_is_of_the_other_commands(terminal: Terminal) -> None:
    by_option = terminal.data("executions", "--job", "o4o-api-migrations")
    assert by_option == terminal.data("executions", "o4o-api-migrations")
    both = terminal.run("executions", "o4o-api-migrations", "--job", "another")
    assert both.exit_code == 2
    assert "Two jobs are named: o4o-api-migrations and another." in both.stderr


def test_every_format_of_a_list(terminal: Terminal) -> None:
    names = terminal.run("executions", "--failed", "-o", "name").stdout.split()
    assert names == ["o4o-api-migrations-d4m7s", NAME]
    rows = list(csv.DictReader(io.StringIO(terminal.run("executions", "-o", "csv").stdout)))
    assert {row["outcome"] for row in rows} == {"failed", "succeeded"}
    objects = [
        json.loads(line) for line in terminal.run("executions", "-o", "ndjson", "--limit", "1").stdout.splitlines()
    ]
    assert [item["execution"] for item in objects] == ["o4o-api-migrations-d4m7s"]
    assert terminal.run("executions", "-o", "yaml").stdout.startswith("schema: opsctl.cloudrun.executions/v1")
    assert "# Executions of all jobs" in terminal.run("executions", "-o", "markdown").stdout


def test_a_job_that_does_not_exist_ends_with_7_and_a_near_name(terminal: Terminal) -> None:
    ended = terminal.run("executions", "o4o-api-migration", "-o", "json")
    assert ended.exit_code == 7
    (error,) = json.loads(ended.stdout)["errors"]
    assert (error["code"], error["hint"]) == ("job-not-found", "Did you mean o4o-api-migrations?")


def test_what_is_not_allowed_ends_with_6_and_names_the_permission(terminal: Terminal) -> None:
    terminal.cloud.faults.add(Fault(Action.DENY, RUN))
    ended = terminal.run("executions")
    assert ended.exit_code == 6
    assert "run.executions.list" in ended.stderr


def test_without_a_project_it_says_where_to_name_one(terminal: Terminal) -> None:
    config = terminal.folder / "opsctl.toml"
    config.write_text(config.read_text(encoding="utf-8").replace('project = "netureyoutube"', ""), encoding="utf-8")
    ended = terminal.run("executions")
    assert ended.exit_code == 2
    assert "--project" in ended.stderr
    assert terminal.run("executions", "--project", "netureyoutube").exit_code == 0


def test_without_a_region_all_regions_are_searched(tmp_path: Path) -> None:
    with open_terminal(tmp_path, region=None) as terminal:
        data = terminal.data("executions", "o4o-api-migrations")
        assert len(data["regions"]) > 1
        assert {row["region"] for row in data["executions"]} == {"asia-northeast3"}
