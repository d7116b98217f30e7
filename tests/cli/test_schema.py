"""`opsctl schema`."""

import json

import pytest

from opsctl.cli.app import ROOT, walk_commands
from opsctl.cli.schema import REPORTS, find_report
from opsctl.reporting.json_schema import envelope_schema
from tests.cli.processes import make_process, run_line, run_words
from tests.reporting.test_json_schema import problems


def test_the_list() -> None:
    ended = run_line("schema -o name", make_process(), ROOT)
    assert ended.stdout.splitlines() == sorted(REPORTS)


@pytest.mark.parametrize("command", sorted(REPORTS))
def test_every_schema_is_printed(command: str) -> None:
    document = json.loads(run_line(f"schema {command}", make_process(), ROOT).stdout)
    assert document == json.loads(json.dumps(envelope_schema(command, find_report(command))))
    assert document["$id"] == f"opsctl.{command}/v1"


@pytest.mark.parametrize("name", ["config.show", "opsctl.config.show/v1", "config show"])
def test_a_schema_is_found_by_several_names(name: str) -> None:
    assert json.loads(run_words(["schema", name], make_process(), ROOT).stdout)["$id"] == "opsctl.config.show/v1"


def test_a_schema_that_does_not_exist() -> None:
    ended = run_line("schema config.shw -o json", make_process(), ROOT)
    assert ended.exit_code == 7
    assert json.loads(ended.stdout)["errors"][0]["hint"] == "Did you mean 'config.show'?"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("config show", "config.show"),
        ("schema", "schema"),
        ("--version", "version"),
        ("config show --profile x", "config.show"),
    ],
)
def test_what_is_written_matches_its_schema(line: str, command: str) -> None:
    written = json.loads(run_line(f"{line} -o json", make_process(), ROOT).stdout)
    assert problems(written, envelope_schema(command, find_report(command))) == []


def test_every_command_with_a_report_has_a_schema() -> None:
    without = {"completion"}
    assert {".".join(words) for words, _ in walk_commands()} - without <= set(REPORTS)
