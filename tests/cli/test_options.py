"""The common options: before and after the command word, in every command."""

import json

import pytest

from opsctl.cli.app import ROOT, build_entry, walk_commands
from opsctl.cli.options import CommonOptions, OutputFormat, collect_common
from opsctl.errors import UsageError
from tests.cli.processes import make_process, run_line


@pytest.mark.parametrize(
    "line",
    [
        "probe -o json --profile prod",
        "--profile prod -o json probe",
        "--profile=prod probe --output=json",
        "-ojson deep --profile prod probe",
        "deep probe --profile prod -q -o json",
        "-o yaml deep -o csv probe -o json --profile prod",
    ],
)
def test_common_options_stand_before_and_after_the_word(line: str) -> None:
    envelope = json.loads(run_line(line).stdout)
    assert envelope["data"]["profile"] == "prod"


def test_what_stands_after_the_word_wins() -> None:
    assert (
        json.loads(run_line("--profile a deep --profile b probe --profile c -o json").stdout)["data"]["profile"] == "c"
    )


def test_verbosity_adds_up_over_the_levels() -> None:
    options = collect_common([{"common_verbose": 1}, {"common_verbose": 0}, {"common_verbose": 2}], tuple(OutputFormat))
    assert options.verbose == 3


def test_nothing_given_is_the_default() -> None:
    assert collect_common([{}, {"common_quiet": False, "common_output": None}], tuple(OutputFormat)) == CommonOptions()


def test_a_format_that_the_command_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="csv") as raised:
        collect_common([{"common_output": "csv"}], (OutputFormat.TABLE, OutputFormat.JSON))
    assert raised.value.hint == "Choose one of table, json."


def test_every_command_and_group_has_the_common_options_and_help() -> None:
    expected = {
        "--profile",
        "--config",
        "--output",
        "--quiet",
        "--verbose",
        "--no-color",
        "--lang",
        "--timeout",
        "--exit-zero",
        "--help",
    }
    groups = [entry for entry in ROOT.entries if entry.name in ("config", "migrate", "lab")]
    assert len(groups) == 3
    commands = [build_entry(entry, "") for _, entry in walk_commands()] + [build_entry(group, "") for group in groups]
    for command in commands:
        assert expected <= {name for parameter in command.params for name in parameter.opts}, command.name


@pytest.mark.parametrize("word", ["-h", "--help"])
@pytest.mark.parametrize("path", ["", "deep", "probe", "deep probe"])
def test_help_goes_to_stdout_and_ends_with_0(path: str, word: str) -> None:
    ended = run_line(f"{path} {word}")
    assert ended.exit_code == 0
    assert ended.stdout.startswith(f"Usage: opsctl{' ' if path else ''}{path}")
    assert ended.stderr == ""


@pytest.mark.parametrize("path", ["", "deep"])
def test_a_group_alone_shows_its_help(path: str) -> None:
    assert run_line(path).stdout == run_line(f"{path} --help").stdout


def test_the_help_of_a_command_ends_with_examples_as_they_are_typed() -> None:
    assert run_line("probe -h").stdout.endswith("Examples:\n  # Do nothing\n  opsctl probe ok\n")


def test_every_command_has_two_or_three_examples_and_a_help_text() -> None:
    for words, _ in walk_commands():
        ended = run_line(f"{' '.join(words)} --help", make_process(), ROOT)
        assert ended.exit_code == 0, words
        examples = ended.stdout.partition("\nExamples:\n")[2]
        shown = [line.strip() for line in examples.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert 2 <= len(shown) <= 3, (words, shown)
        assert all("opsctl" in line for line in shown), words


def test_help_fits_80_columns() -> None:
    for words, _ in walk_commands():
        lines = run_line(f"{' '.join(words)} --help", make_process(), ROOT).stdout.splitlines()
        options = [line for line in lines if not line.lstrip().startswith(("opsctl ", "#", "source "))]
        assert max(map(len, options)) <= 80, words


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_version_is_one_line_for_people(word: str) -> None:
    assert run_line(word).stdout.splitlines()[0].startswith("opsctl ")


def test_version_is_an_envelope_for_machines() -> None:
    envelope = json.loads(run_line("--version -o json").stdout)
    assert envelope["command"] == "version"
    assert {"version", "python", "platform", "libraries"} == set(envelope["data"])
    assert "typer" in envelope["data"]["libraries"]


def test_the_language_comes_from_the_flag_then_the_environment() -> None:
    assert run_line("--lang ko probe confirm").exit_code == 2
    korean = run_line("config show --lang ko", make_process(), ROOT).stdout
    assert "설정" in korean
    assert run_line("config show", make_process(environ={"OPSCTL_LANG": "ko"}), ROOT).stdout == korean
    assert (
        "Configuration" in run_line("config show --lang en", make_process(environ={"OPSCTL_LANG": "ko"}), ROOT).stdout
    )
    assert "Configuration" in run_line("config show", make_process(environ={"OPSCTL_LANG": "xx"}), ROOT).stdout
