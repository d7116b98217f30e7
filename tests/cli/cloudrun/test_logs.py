"""`opsctl cloudrun logs` on the local Google."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from opsctl.cli.cloudrun.log_command import wait_for_stop
from opsctl.cli.signals import StopRequest
from opsctl.errors import ExitCode
from opsctl.lab.google.faults import Action, Fault
from tests.cli.cloudrun.local_google import NAME, Terminal, open_terminal
from tests.cli.processes import Stream

LOGGING = "logging.googleapis.com"
PLAIN = re.compile(r"2026-01-12 \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d (?:-|[A-Z]+) +(?:\d+/\d+|-)(?: \[[a-z ]+\])? .*")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with open_terminal(tmp_path) as opened:
        yield opened


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_log_by_attempt_with_what_the_platform_wrote(terminal: Terminal) -> None:
    ended = terminal.run("logs", NAME)
    assert (ended.exit_code, ended.stderr) == (0, "")
    parts = [ended.stdout.index(text) for text in ("Task 0, attempt 0", "Task 0, attempt 1", "The whole execution")]
    assert parts == sorted(parts)
    assert ended.stdout.count("Container called exit(1).") == 2
    assert "scandir '/app/dist/database/migrations'" in ended.stdout
    assert "0/1 tasks were a success" in ended.stdout[parts[2] :]


@pytest.mark.parametrize(("columns", "language"), [("80", "en"), ("80", "ko"), ("200", "en")])
def test_no_line_is_wider_than_the_terminal(
    terminal: Terminal, columns: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    process = terminal.process(stdout=Stream(is_terminal=True))
    ended = terminal.run("logs", NAME, "--lang", language, "--no-color", process=process)
    assert max(map(cell_len, ended.stdout.splitlines())) <= int(columns)


def test_plain_lines_are_made_for_grep(terminal: Terminal) -> None:
    lines = terminal.run("logs", NAME, "-o", "text").stdout.splitlines()
    assert all(PLAIN.fullmatch(line) for line in lines)
    assert any(line.endswith("0/1 [platform] Container called exit(1).") for line in lines)
    assert any("ERROR   0/0     at main (file:///app/dist/migrate.js:63:21)" in line for line in lines)


def test_one_object_a_line_and_one_document_hold_the_same(terminal: Terminal) -> None:
    data = terminal.data("logs", NAME)
    assert objects(terminal.run("logs", NAME, "-o", "ndjson").stdout) == data["lines"]
    assert (data["execution"], data["job"], data["outcome"]) == (NAME, "o4o-api-migrations", "failed")
    assert (data["cut"], data["silence"]) == (None, [])
    assert {line["source"] for line in data["lines"]} == {"stdout", "stderr", "system", "audit"}


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--attempt", "1"), 6),
        (("--attempt", "1", "--severity", "error"), 1),
        (("--severity", "WARN"), 5),
        (("--contains", "CONNECTION"), 4),
        (("--tail", "2"), 2),
        (("--tail", "1", "--contains", "listMigrations"), 1),
        (("--task", "0"), 12),
    ],
)
def test_options_narrow_it(terminal: Terminal, words: tuple[str, ...], count: int) -> None:
    for output in ("ndjson", "json"):
        text = terminal.run("logs", NAME, *words, "-o", output).stdout
        lines = objects(text) if output == "ndjson" else json.loads(text)["data"]["lines"]
        assert len(lines) == count


def test_the_newest_execution_of_a_job(terminal: Terminal) -> None:
    assert terminal.data("logs", "--job", "o4o-api-migrations", "--latest-failed")["execution"] == NAME
    ended = terminal.run("logs", "--job", "o4o-api-migration", "--latest-failed")
    assert ended.exit_code == 7
    assert "o4o-api-migrations" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        (NAME, "--latest"),
        ("--job", "x"),
        ("--job", "x", "--latest", "--latest-failed"),
        (NAME, "--severity", "loud"),
        (NAME, "--follow", "--tail", "3"),
        (NAME, "--follow", "-o", "json"),
        (NAME, "-o", "csv"),
    ],
)
def test_a_wrong_call_ends_with_2(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run("logs", *words).exit_code == 2
    assert terminal.cloud.calls == []


def test_following_what_has_ended_tells_it_and_ends(terminal: Terminal) -> None:
    ended = terminal.run("logs", NAME, "--follow", "-o", "ndjson")
    assert ended.exit_code == 0
    assert objects(ended.stdout) == terminal.data("logs", NAME)["lines"]
    assert f"{NAME}: failed." in ended.stderr
    assert terminal.run("logs", NAME, "-f", "-q").stderr == ""


def test_a_log_that_may_not_be_read_ends_with_6(terminal: Terminal) -> None:
    terminal.cloud.faults.add(Fault(Action.DENY, LOGGING))
    ended = terminal.run("logs", NAME)
    assert (ended.exit_code, ended.stdout) == (6, "")
    assert "logging.logEntries.list is missing: gcloud projects add-iam-policy-binding netureyoutube" in ended.stderr
    assert "--role=roles/logging.viewer" in ended.stderr


def test_the_log_is_read_although_the_execution_may_not_be(terminal: Terminal) -> None:
    lines = terminal.data("logs", NAME)["lines"]
    terminal.cloud.faults.add(Fault(Action.DENY, "run.googleapis.com"))
    data = terminal.data("logs", NAME)
    assert (data["outcome"], len(data["lines"])) == ("untold", len(lines))
    terminal.cloud.faults.add(Fault(Action.EMPTY, LOGGING, path="entries:list"))
    assert terminal.run("logs", NAME).exit_code == 6


def test_no_lines_are_explained(terminal: Terminal) -> None:
    terminal.cloud.faults.add(Fault(Action.EMPTY, LOGGING, path="entries:list"))
    ended = terminal.run("logs", NAME)
    assert ended.exit_code == 0
    assert "No lines." in ended.stdout
    assert "Nothing tells why" in ended.stdout
    plain = terminal.run("logs", NAME, "-o", "text")
    assert (plain.stdout, plain.exit_code) == ("", 0)
    assert "No lines." in plain.stderr
    none = terminal.run("logs", NAME, "--contains", "no such text", "--lang", "ko")
    assert "로그가 없습니다." in none.stdout


def test_a_name_that_never_was_ends_with_7_and_near_names(terminal: Terminal) -> None:
    for words in ((), ("--tail", "3"), ("-o", "ndjson"), ("--follow",)):
        ended = terminal.run("logs", "o4o-api-migrations-h5x5x", *words)
        assert ended.exit_code == 7
        assert NAME in ended.stderr


def test_the_log_of_an_execution_that_was_deleted_is_still_read(terminal: Terminal) -> None:
    lines = terminal.data("logs", NAME)["lines"]
    executions = terminal.cloud.world.executions
    for name in [name for name in executions if name.endswith(NAME)]:
        del executions[name]
    data = terminal.data("logs", NAME)
    assert (data["outcome"], data["createdAt"]) == ("untold", None)
    assert [line["text"] for line in data["lines"]] == [line["text"] for line in lines]


def test_control_characters_of_a_line_are_made_visible(terminal: Terminal) -> None:
    first = next(item for item in terminal.cloud.world.entries if "textPayload" in item)
    first["textPayload"] = "a\x07b\x1b]0;title\x07c\u202ed"
    for output in ("table", "text", "markdown"):
        text = terminal.run("logs", NAME, "-o", output).stdout
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
        assert "\\x07" in text.replace("\\\\", "\\")


def test_planted_secrets_are_nowhere(terminal: Terminal) -> None:
    first = next(item for item in terminal.cloud.world.entries if "textPayload" in item)
    first["textPayload"] = "postgres://o4o:Tr0ub4dor-and-3-more@db/x password=hunter2hunter2"
    for output in ("table", "text", "ndjson", "json", "yaml", "markdown"):
        ended = terminal.run("logs", NAME, "-o", output, "-vv")
        assert "Tr0ub4dor" not in ended.stdout + ended.stderr
        assert "hunter2" not in ended.stdout + ended.stderr
        assert "postgres://" in ended.stdout.replace("\\", "")


async def test_waiting_ends_with_the_request_to_stop() -> None:
    stop = StopRequest()
    assert not await wait_for_stop(stop, 0.001)
    asyncio.get_running_loop().call_soon(stop.request, ExitCode.INTERRUPTED)
    assert await wait_for_stop(stop, 60)
