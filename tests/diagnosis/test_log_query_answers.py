"""The filters, evaluated by the stand-in's own reading of the language: what each finds and what it leaves out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.log_query import (
    LineChoice,
    execution_query,
    execution_window,
    lines_before_query,
    platform_query,
    unlabelled_query,
)
from opsctl.diagnosis.models import ExecutionName
from opsctl.diagnosis.ports import LogQuery
from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.log_filter import compile_filter

NAME = ExecutionName("", "p", "asia-northeast3", "migrations", "migrations-h5x5h")
CREATED, COMPLETED = "2026-01-12T02:00:00.1Z", "2026-01-12T02:00:41.9Z"
WINDOW = execution_window({"createTime": CREATED, "completionTime": COMPLETED}, 0)


def line(number: str, **changes: Any) -> dict[str, Any]:
    """A line of the second attempt of the fourth task, `changes` made to it."""
    log = changes.pop("log", "run.googleapis.com%2Fstderr")
    labels = {
        "run.googleapis.com/execution_name": changes.pop("execution", NAME.execution),
        "run.googleapis.com/task_index": changes.pop("task", "3"),
        "run.googleapis.com/task_attempt": changes.pop("attempt", "1"),
    }
    resource = {"job_name": changes.pop("job", NAME.job), "location": changes.pop("location", NAME.location)}
    entry = {
        "insertId": number,
        "timestamp": "2026-01-12T02:00:22.000000001Z",
        "logName": f"projects/p/logs/{log}",
        "resource": {"type": changes.pop("type", "cloud_run_job"), "labels": resource},
        "labels": {key: value for key, value in labels.items() if value is not None},
        "textPayload": "Error: connect ENOENT",
    }
    return entry | changes


ENTRIES = [
    line("plain"),
    line("first-moment", timestamp="2026-01-12T01:59:00.1Z"),
    line("too-early", timestamp="2026-01-12T01:59:00.099999999Z"),
    line("last-moment", timestamp="2026-01-12T02:10:41.9Z"),
    line("too-late", timestamp="2026-01-12T02:10:41.900000001Z"),
    line("other-execution", execution="migrations-h5x5x"),
    line("longer-name", execution="migrations-h5x5h2"),
    line("other-job", job="migrations-2"),
    line("other-region", location="asia-northeast1"),
    line("service", type="cloud_run_revision"),
    line("no-execution", execution=None),
    line("no-execution-other-job", execution=None, job="x"),
    line("system", log="run.googleapis.com%2Fvarlog%2Fsystem", severity="WARNING", attempt="0"),
    line("end", log="cloudaudit.googleapis.com%2Fsystem_event", severity="ERROR", task=None, attempt=None),
    line("other-task", task="13"),
    line("a-moment-later", timestamp="2026-01-12T02:00:22.000000002Z", severity="CRITICAL"),
    line("object", textPayload=None, jsonPayload={"message": 'said "no"\nand left', "severity": "x"}),
]
ALL = {
    "plain", "first-moment", "last-moment", "system", "end", "other-task", "a-moment-later", "object",
}  # fmt: skip


def find(query: LogQuery, entries: list[dict[str, Any]] = ENTRIES) -> set[str]:
    chosen = compile_filter(query.filter)
    return {entry["insertId"] for entry in entries if chosen.matches(entry)}


def test_all_lines_of_an_execution_and_no_others() -> None:
    assert find(execution_query(NAME, WINDOW)) == ALL


def test_lines_of_the_platform_only() -> None:
    assert find(platform_query(NAME, WINDOW)) == {"system", "end"}


def test_lines_that_name_no_execution() -> None:
    assert find(unlabelled_query(NAME, WINDOW)) == {"no-execution"}


def test_one_attempt_of_one_task() -> None:
    assert find(execution_query(NAME, WINDOW, LineChoice(task=3, attempt=1))) == ALL - {"system", "end", "other-task"}
    assert find(execution_query(NAME, WINDOW, LineChoice(attempt=0))) == {"system"}


def test_lines_before_a_moment_leave_it_out() -> None:
    moment = parse_time("2026-01-12T02:00:22.000000002Z")
    assert moment is not None
    found = find(lines_before_query(NAME, WINDOW, moment, LineChoice()))
    assert found == ALL - {"a-moment-later", "last-moment"}


def test_since_a_moment_takes_it_in() -> None:
    moment = parse_time("2026-01-12T02:00:22.000000002Z")
    found = find(execution_query(NAME, WINDOW, LineChoice(since_ns=moment)))
    assert found == {"a-moment-later", "last-moment"}


def test_a_severity_and_what_is_worse() -> None:
    assert find(execution_query(NAME, WINDOW, LineChoice(severity="error"))) == {"end", "a-moment-later"}
    assert find(execution_query(NAME, WINDOW, LineChoice(severity="DEFAULT"))) == ALL


def test_a_text_in_any_payload() -> None:
    assert find(execution_query(NAME, WINDOW, LineChoice(contains='SAID "no"\nand'))) == {"object"}
    assert find(execution_query(NAME, WINDOW, LineChoice(contains="enoent"))) == ALL - {"object"}


@given(st.text(min_size=1, max_size=60))
def test_a_text_is_looked_for_as_it_is(text: str) -> None:
    """Whatever it holds it is one more condition, and finds the line that says it."""
    query = execution_query(NAME, WINDOW, LineChoice(contains=text))
    assert find(query, [line("saying", textPayload=f"<{text}>")]) == {"saying"}
    assert find(query) <= ALL


@given(st.text(st.sampled_from('"\\ ()ORAND\n-:=*'), max_size=40))
def test_no_text_widens_a_query(text: str) -> None:
    assert find(execution_query(NAME, WINDOW, LineChoice(contains=text))) <= ALL
