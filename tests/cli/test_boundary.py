"""The boundary: exit codes, envelopes, messages, for every way in which a command can end."""

import io
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.boundary import run
from opsctl.cli.process import Process
from opsctl.errors import ExitCode
from tests.cli.probe_command import ERRORS
from tests.cli.processes import PROBE, Stream, make_process, run_line, run_words

ENVELOPE_KEYS = ["schema", "command", "status", "exitCode", "data", "errors"]


def test_a_success_is_one_envelope_and_nothing_else() -> None:
    ended = run_line("probe -o json")
    envelope = json.loads(ended.stdout)
    assert list(envelope) == ENVELOPE_KEYS
    assert envelope["schema"] == "opsctl.probe/v1"
    assert envelope["command"] == "probe"
    assert (envelope["status"], envelope["exitCode"], envelope["errors"]) == ("ok", 0, [])
    assert envelope["data"]["takenAt"] == "2026-01-12T03:04:05+00:00"
    assert envelope["data"]["unknownCount"] is None
    assert envelope["data"]["fullName"] == "현대 아반떼"
    assert "현대 아반떼" in ended.stdout
    assert ended.stdout.endswith("}\n")
    assert ended.stderr == ""
    assert ended.exit_code == 0


def test_the_command_of_an_envelope_is_dotted() -> None:
    assert json.loads(run_line("deep probe -o json").stdout)["schema"] == "opsctl.deep.probe/v1"


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_told_on_stderr_and_as_an_envelope(kind: str) -> None:
    ended = run_line(f"probe {kind} -o json")
    envelope = json.loads(ended.stdout)
    assert list(envelope) == ENVELOPE_KEYS
    assert ended.exit_code == envelope["exitCode"] == ERRORS[kind].exit_code
    assert envelope["status"] == "error"
    assert envelope["data"] is None
    assert envelope["errors"] == [{"code": kind, "message": "This went wrong: 현대 아반떼", "hint": "Do it better."}]
    assert ended.stderr == "error: This went wrong: 현대 아반떼\nhint: Do it better.\n"


@pytest.mark.parametrize("output", ["table", "markdown", "csv", "name"])
def test_after_an_error_stdout_is_empty_for_people(output: str) -> None:
    ended = run_line(f"probe unavailable -o {output}")
    assert (ended.exit_code, ended.stdout) == (5, "")


def test_after_an_error_yaml_and_ndjson_hold_the_envelope_too() -> None:
    assert yaml.safe_load(run_line("probe busy -o yaml").stdout)["exitCode"] == 9
    ended = run_line("probe busy -o ndjson")
    assert ended.stdout.count("\n") == 1
    assert json.loads(ended.stdout)["errors"][0]["code"] == "busy"


@pytest.mark.parametrize(
    "line",
    [
        "probe --no-such-option -o json",
        "-o json probe --limit x",
        "probe -ojson --limit -1",
        "probe -qo json --limit",
        "probe --output=json one two three",
        "prob --output json",
        "deep nothing -o json",
        "probe -o json --lang de",
        "-o json",
    ],
)
def test_a_usage_error_is_an_envelope_when_json_is_asked_for(line: str) -> None:
    ended = run_line(line)
    envelope = json.loads(ended.stdout)
    assert list(envelope) == ENVELOPE_KEYS
    assert ended.exit_code == envelope["exitCode"] == 2
    assert envelope["errors"][0]["code"] == "usage"
    assert envelope["errors"][0]["message"]
    assert ended.stderr.startswith("error: ")


def test_a_usage_error_without_json_leaves_stdout_empty() -> None:
    ended = run_line("probe --no-such-option")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--no-such-option" in ended.stderr
    assert "opsctl probe --help" in ended.stderr


@pytest.mark.parametrize(
    ("action", "code", "status"),
    [
        ("findings", 3, "findings"),
        ("partial", 4, "partial"),
        ("pending", 8, "ok"),
        ("busy_code", 0, "ok"),
        ("interrupted", 130, "partial"),
        ("terminated", 143, "partial"),
    ],
)
def test_exit_code_and_status_of_an_outcome(action: str, code: int, status: str) -> None:
    ended = run_line(f"probe {action} -o json")
    envelope = json.loads(ended.stdout)
    assert (ended.exit_code, envelope["exitCode"], envelope["status"]) == (code, code, status)
    assert envelope["data"] is not None


@pytest.mark.parametrize(
    ("action", "code"), [("findings", 0), ("partial", 0), ("pending", 0), ("interrupted", 130), ("unavailable", 5)]
)
def test_exit_zero_forgives_findings_partial_and_pending_only(action: str, code: int) -> None:
    ended = run_line(f"probe {action} --exit-zero -o json")
    assert ended.exit_code == json.loads(ended.stdout)["exitCode"] == code


def test_exit_zero_does_not_hide_what_was_found() -> None:
    assert json.loads(run_line("probe findings --exit-zero -o json").stdout)["status"] == "findings"


def test_a_run_that_stopped_half_way_tells_report_and_error() -> None:
    ended = run_line("probe stopped -o json")
    envelope = json.loads(ended.stdout)
    assert (ended.exit_code, envelope["exitCode"], envelope["status"]) == (5, 5, "error")
    assert envelope["data"]["limit"] == 10
    assert envelope["errors"] == [{"code": "unavailable", "message": "Mongo went away.", "hint": "Start again."}]
    assert ended.stderr == "error: Mongo went away.\nhint: Start again.\n"


def test_a_bug_is_told_by_type_and_place_only() -> None:
    ended = run_line("probe bug -o json")
    assert ended.exit_code == 1
    assert "s3cr3t" not in ended.stdout + ended.stderr
    error = json.loads(ended.stdout)["errors"][0]
    assert error["code"] == "internal"
    assert "ValueError" in error["message"]
    assert "Traceback" not in ended.stderr


def test_the_traceback_comes_with_vv_and_without_locals() -> None:
    ended = run_line("probe bug -vv")
    assert "Traceback" in ended.stderr
    assert "s3cr3t-in-a-local" not in ended.stderr.replace('local_secret = "s3cr3t-in-a-local"', "")


def test_of_several_errors_the_one_that_is_understood_is_told() -> None:
    ended = run_line("probe group")
    assert (ended.exit_code, ended.stderr) == (5, "error: Mongo is away.\n")


@pytest.mark.parametrize(
    ("action", "code", "word"), [("interrupt", 130, "interrupted"), ("terminate", 143, "terminated")]
)
def test_signals(action: str, code: int, word: str) -> None:
    ended = run_line(f"probe {action} -o json")
    envelope = json.loads(ended.stdout)
    assert (ended.exit_code, envelope["exitCode"], envelope["status"]) == (code, code, "partial")
    assert envelope["errors"][0]["code"] == word


def test_a_command_that_is_not_installed_is_a_usage_error() -> None:
    ended = run_line("absent")
    assert ended.exit_code == 2
    assert "not part of this installation" in ended.stderr


class _FailingStream(Stream):
    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


@pytest.mark.parametrize(
    "line", ["probe", "probe -o json", "--help", "probe --help", "--version", "probe -o csv", "probe busy -o json"]
)
def test_a_closed_pipe_ends_quietly_with_141(line: str) -> None:
    process = make_process(stdout=_FailingStream(BrokenPipeError()))
    code = _run_only(line, process)
    assert code == (9 if "busy" in line else 141)
    assert isinstance(process.stderr, io.StringIO)
    assert "Broken" not in process.stderr.getvalue()


@pytest.mark.parametrize("line", ["probe", "probe -o json", "probe --help"])
def test_a_full_disk_is_an_error(line: str) -> None:
    process = make_process(stdout=_FailingStream(OSError(28, "No space left on device")))
    assert _run_only(line, process) == 1
    assert isinstance(process.stderr, io.StringIO)
    assert "No space left on device" in process.stderr.getvalue()


def test_a_stderr_that_cannot_be_written_changes_nothing() -> None:
    process = make_process(stderr=_FailingStream(BrokenPipeError()))
    ended = run_line("probe denied -o json", make_process())
    assert _run_only("probe denied -o json", process) == 6
    assert isinstance(process.stdout, io.StringIO)
    assert process.stdout.getvalue() == ended.stdout


def _run_only(line: str, process: Process) -> int:
    return run(line.split(), process, PROBE)


HOSTILE = "\x1b[31mred\x1b[0m\x07\x9b2J\u202e[bold]x[/bold]\x00\r\nline"


@pytest.mark.parametrize("output", ["table", "json", "yaml", "markdown", "csv", "name", "ndjson"])
def test_text_from_outside_is_harmless_in_every_format(output: str) -> None:
    ended = run_words(["probe", "--name", HOSTILE, "-o", output])
    assert ended.exit_code == 0
    assert not set(ended.stdout) & set("\x1b\x07\x9b\u202e\x00"), ended.stdout
    assert "\r" not in ended.stdout.replace("\r\n", "")


@pytest.mark.parametrize("output", ["json", "ndjson", "yaml"])
def test_structured_formats_keep_the_exact_text(output: str) -> None:
    ended = run_words(["probe", "--name", HOSTILE, "-o", output])
    data = (
        yaml.safe_load(ended.stdout)
        if output == "yaml"
        else json.loads(ended.stdout.splitlines()[0] if output == "ndjson" else ended.stdout)
    )
    assert (data["itemName"] if output == "ndjson" else data["data"]["fullName"]) == HOSTILE


def test_an_error_from_outside_is_harmless_on_stderr() -> None:
    ended = run_words(["probe", "busy", "--name", HOSTILE])
    assert "\x1b" not in ended.stderr
    assert "\\x1b[31mred" in ended.stderr


@pytest.mark.parametrize("output", ["table", "json", "yaml", "markdown", "csv", "name", "ndjson"])
@pytest.mark.parametrize("action", ["ok", "busy"])
def test_no_secret_leaves_in_any_format(output: str, action: str) -> None:
    uri = "mongodb://user:canary-s3cr3t@host/?authSource=admin&X-Amz-Signature=canary-s3cr3t"
    ended = run_words(["probe", action, "--name", uri, "-o", output])
    assert "s3cr3t" not in ended.stdout + ended.stderr
    assert "***" in (ended.stdout + ended.stderr).replace("\\*", "*")


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["-o", "json", "probe", "deep", "--", "-v", "--profile", "-qojson"]),
        max_size=6,
    )
)
def test_any_line_ends_with_a_known_code(words: list[str]) -> None:
    ended = run_words(words)
    assert ended.exit_code in set(ExitCode)
