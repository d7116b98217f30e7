"""Errors of many runtimes and tools, one log entry a line, become one message; two errors stay two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from opsctl.diagnosis.facts.joining import LONGEST_GAP_NS, MOST_LINES, Line, join_lines
from opsctl.diagnosis.facts.levels import find_level
from opsctl.diagnosis.facts.model import Level, Message, Origin
from tests.diagnosis.runs import START_NS, facts_of, failed_run, log_entry, to_evidence

HERE = Path(__file__).parent
MILLISECOND = 1_000_000


def join(text: str, blank: str = " ") -> list[str]:
    """The messages of the lines of a text, each an entry a millisecond after the one before. `blank` stands for a blank
    line; without text it is no entry."""
    lines = [line or blank for line in text.strip("\n").split("\n")]
    entries = (
        Line(line, START_NS + n * MILLISECOND, Origin.STDERR, find_level("DEFAULT", line), 0, 0, n)
        for n, line in enumerate(lines)
        if line
    )
    return ["\n".join(part.text for part in block) for block in join_lines(entries)]


# What tools print, one file an error.
ONE_ERROR = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "one_error").glob("*.txt"))}


@pytest.mark.parametrize("blank", [" ", ""], ids=["blank-lines-kept", "blank-lines-dropped"])
@pytest.mark.parametrize("text", ONE_ERROR.values(), ids=ONE_ERROR.keys())
def test_lines_of_one_error_are_one_message(text: str, blank: str) -> None:
    found = join(text, blank)
    assert len(found) == 1, found


@pytest.mark.parametrize("text", ONE_ERROR.values(), ids=ONE_ERROR.keys())
def test_what_stands_around_an_error_stays_apart(text: str) -> None:
    """A line before and one after, as loggers write them, join nothing; the error in one entry reads the same."""
    lines = [line or " " for line in text.strip("\n").split("\n")]
    before, after = "2026-01-01 12:00:00 INFO starting", "2026-01-01 12:00:01 INFO stopped"
    found = [m.text for m in facts_of(failed_run([before, *lines, after])).logs.messages if m.origin is Origin.STDERR]
    whole = [m.text for m in facts_of(failed_run(["\n".join(lines)])).logs.messages if m.origin is Origin.STDERR]
    assert [found[0], found[-1]] == [before, after]
    assert found[1:-1] == whole == ["\n".join(lines)]


TWO_ERRORS = {
    "errors": ("Error: connect ECONNREFUSED 10.0.0.3:5432", "Error: password authentication failed"),
    "tracebacks": (
        'Traceback (most recent call last):\n  File "/a.py", line 1, in a\nValueError: 1',
        'Traceback (most recent call last):\n  File "/b.py", line 1, in b\nValueError: 2',
    ),
    "java": (
        "java.lang.RuntimeException: 1\n\tat a.B.c(B.java:1)",
        "java.lang.RuntimeException: 2\n\tat a.B.c(B.java:1)",
    ),
    "psql": ('ERROR:  relation "a" already exists', 'ERROR:  relation "b" does not exist\nLINE 1: SELECT'),
    "logged": ("2026-01-01 ERROR a failed", "2026-01-01 ERROR b failed"),
    "logged-then-plain": ("ERROR a failed", "Error: b failed"),
    "alembic": ("INFO  [alembic.runtime.migration] Running upgrade", 'Traceback (most recent call last):\n  File "/a"'),
    "npm-and-program": ("Error: it broke\n    at a (/a.js:1:1)", "npm error code 1\nnpm error path /app"),
    "panic": ("panic: 1\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:1", "panic: 2"),
    "greedy-then-logged": ("Error: P3009\n\nfailed migrations", "[2026-01-01T12:00:00] next"),
    "python-then-logged": ('Traceback (most recent call last):\n  File "/a"\nValueError: 1', "INFO: shutting down"),
    "shouted": ("Error:", "2026-01-01 12:00:00 INFO starting"),
    "prose-after": ("Error: it broke", "at 12:00 the job will run again"),
    "docker-build": ("#4 DONE 0.1s", "#5 [2/4] RUN npm ci"),
}


@pytest.mark.parametrize(("first", "second"), TWO_ERRORS.values(), ids=TWO_ERRORS.keys())
def test_two_errors_stay_two(first: str, second: str) -> None:
    assert [_without_blanks(text) for text in join(f"{first}\n{second}")] == [
        _without_blanks(first),
        _without_blanks(second),
    ]


def test_a_pause_ends_a_message() -> None:
    def messages(gap_ns: int) -> int:
        lines = ("Error: it broke", "    at a (/a.js:1:1)")
        entries = [log_entry(line, START_NS + n * gap_ns) for n, line in enumerate(lines)]
        return sum(m.origin is Origin.STDERR for m in _messages(entries))

    assert messages(LONGEST_GAP_NS) == 1
    assert messages(LONGEST_GAP_NS + 1) == 2


def test_streams_are_joined_apart() -> None:
    """stdout and stderr, tasks, attempts and containers write between each other's lines."""
    trace = ["Error: it broke", "    at a (/a.js:1:1)", "    at b (/b.js:1:1)"]
    others: list[dict[str, Any]] = [{"log": "stdout"}, {"attempt": 1}]
    entries = []
    for number, line in enumerate(trace):
        at = START_NS + number * MILLISECOND
        entries.append(log_entry(line, at))
        entries += [log_entry(f"  step {number}", at + 1 + n, **other) for n, other in enumerate(others)]
        sidecar = log_entry(f"proxy {number}", at + 9)
        sidecar["labels"] = {**sidecar["labels"], "container_name": "proxy"}
        entries.append(sidecar)
    found = [m.text for m in _messages(entries)]
    assert "\n".join(trace) in found
    assert found.count("  step 0\n  step 1\n  step 2") == 2
    assert [text for text in found if text.startswith("proxy")] == ["proxy 0", "proxy 1", "proxy 2"]


def test_a_message_points_at_each_of_its_lines() -> None:
    evidence = failed_run(["Error: it broke", "    at a (/a.js:1:1) {", "  code: 'E1'", "}"])
    message = next(m for m in facts_of(evidence).logs.messages if m.text.startswith("Error"))
    place = message.locate(message.text.index("E1"))
    assert (place.pointer, place.excerpt) == ("/entries/2", "code: 'E1'")
    assert message.locate(0).pointer == "/entries/0"
    assert message.locate(len(message.text) - 1).pointer == "/entries/3"


def test_a_message_is_as_bad_as_its_worst_line() -> None:
    lines = ["psql:/a.sql:1: NOTICE:  skipping", "  more", "ERROR:  it broke", "DETAIL:  why"]
    levels = [m.level for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert levels == [Level.DEFAULT, Level.ERROR]


def test_structured_lines_are_whole() -> None:
    lines: list[str | dict[str, Any]] = [
        {"severity": "ERROR", "message": "it broke"},
        "    at a (/a.js:1:1)",
        {"message": "  indented"},
    ]
    found = [m.text for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert found == ["it broke", "    at a (/a.js:1:1)", "  indented"]


def test_blank_lines_are_no_messages() -> None:
    found = [m.text for m in facts_of(failed_run([" ", "", "a", "  ", "b", " "])).logs.messages]
    assert [text for text in found if text in ("a", "b") or not text.strip()] == ["a", "b"]


def test_platform_lines_are_never_joined() -> None:
    system = ["Memory limit of 512 MiB exceeded", "  with 530 MiB used", "Container called exit(1)."]
    found = [m.text for m in facts_of(failed_run(["a"], system=system)).logs.messages if m.origin is Origin.SYSTEM]
    assert found == system


def test_an_endless_trace_is_cut_into_pieces() -> None:
    lines = ["Error: it broke", *(f"    at f{n} (/a.js:{n}:1)" for n in range(MOST_LINES + 50))]
    found = [m for m in facts_of(failed_run(lines)).logs.messages if m.origin is Origin.STDERR]
    assert len(found[0].parts) == MOST_LINES
    assert sum(len(m.parts) for m in found) == len(lines)


def _without_blanks(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip())


def _messages(entries: Sequence[dict[str, Any]]) -> tuple[Message, ...]:
    return facts_of(to_evidence({"logs": {}}, entries, ())).logs.messages
