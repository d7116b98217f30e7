"""Logging: stderr only, redacted, JSON for collectors."""

import json

import pytest

from tests.cli.processes import make_process, run_line, run_words

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ("", {"WARNING", "ERROR"}),
        ("-q", {"ERROR"}),
        ("-v", {"INFO", "WARNING", "ERROR"}),
        ("-vv", {"DEBUG", "INFO", "WARNING", "ERROR"}),
        ("-q -vv", {"ERROR"}),
    ],
)
def test_how_much_is_shown(flags: str, shown: set[str]) -> None:
    ended = run_line(f"probe log {flags} -o json")
    lines = ended.stderr.splitlines()
    assert {line.rpartition(" at ")[2] for line in lines if " at " in line} == shown
    json.loads(ended.stdout)


@pytest.mark.parametrize(
    ("flags", "shown"),
    [("", {"WARNING", "ERROR"}), ("-v", {"WARNING", "ERROR"}), ("-vv", {"INFO", "WARNING", "ERROR"})],
)
def test_libraries_never_log_their_headers(flags: str, shown: set[str]) -> None:
    lines = run_line(f"probe log {flags}").stderr.splitlines()
    assert {line.rpartition("library ")[2] for line in lines if "library " in line} == shown


def test_plain_lines() -> None:
    ended = run_words(["probe", "log", "--name", "x\x1b[31m\ny"])
    assert ended.stderr.splitlines()[0] == "warning: x\\x1b[31m"
    assert "\x1b" not in ended.stderr


def test_json_lines_in_a_pod() -> None:
    ended = run_words(["probe", "log", "--name", "현대\x9b\nmongodb://u:canary@h"], make_process(environ=POD))
    entries = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [entry["severity"] for entry in entries] == ["WARNING", "WARNING", "ERROR", "ERROR"]
    assert set(entries[0]) == {"time", "severity", "message", "logger"}
    assert entries[0]["message"] == "현대\x9b\nmongodb://***@h at WARNING"
    assert entries[0]["logger"] == "opsctl.probe"
    assert entries[0]["time"].endswith("+00:00")
    assert "\x9b" not in ended.stderr


@pytest.mark.parametrize("name", ["KUBERNETES_SERVICE_HOST", "CLOUD_RUN_JOB"])
def test_the_error_that_ends_a_command_is_an_entry_too(name: str) -> None:
    ended = run_line("probe denied", make_process(environ={name: "x"}))
    entry = json.loads(ended.stderr)
    assert ended.exit_code == 6
    assert (entry["severity"], entry["code"], entry["hint"]) == ("ERROR", "denied", "Do it better.")
    assert entry["message"].startswith("This went wrong")


def test_a_person_in_a_pod_reads_text() -> None:
    ended = run_line("probe denied", make_process(environ=POD, is_terminal=True))
    assert ended.stderr.startswith("error: ")


def test_secrets_do_not_get_into_logs() -> None:
    ended = run_words(["probe", "log", "-vv", "--name", "https://u:canary@h/?X-Amz-Signature=canary"])
    assert "canary" not in ended.stderr
    assert ended.stderr.count("***") >= 4
