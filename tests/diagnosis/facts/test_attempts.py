"""How attempts ended, told from platform lines, task results and conditions, with and without labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from opsctl.diagnosis.facts.model import Attempt, End, Facts, Outcome
from tests.diagnosis.runs import (
    EXITED,
    NAME,
    OUT_OF_MEMORY,
    START_NS,
    TIMED_OUT,
    facts_of,
    failed_run,
    log_entry,
    to_evidence,
)

SECOND = 1_000_000_000
ERROR = "Error: it broke"


def task(message: str = EXITED, *, code: int | None = 10, index: int = 0, retried: int = 0, **result: Any) -> Any:
    """A task of Google's JSON whose last attempt ended so; fields with the value 0 are left out, as Google does."""
    status = {**({"code": code} if code else {}), **({"message": message} if message else {})}
    fields = {"index": index or None, "retried": retried or None}
    return {
        "name": f"{NAME}/tasks/orders-migrate-x7k2p-task{index}",
        **{key: value for key, value in fields.items() if value is not None},
        "lastAttemptResult": {**({"status": status} if status else {}), **result},
    }


def facts(
    tasks: Sequence[Any] = (), entries: Sequence[Any] = (), execution: Any = None, condition: str | None = None
) -> Facts:
    """Facts of an execution that ended, of these parts only."""
    data: dict[str, Any] = {
        "name": NAME,
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:10:00Z",
    }
    if condition is not None:
        data["conditions"] = [{"type": "Completed", "state": "CONDITION_FAILED", "message": condition}]
    sections = {"execution": {**data, **(execution or {})}, "tasks": {"tasks": list(tasks)}, "logs": {}}
    return facts_of(to_evidence(sections, entries, ()))


def ends(found: Sequence[Attempt]) -> list[tuple[int, int, End]]:
    return [(attempt.task, attempt.number, attempt.end) for attempt in found]


def system(text: str, seconds: float, attempt: int = 0, **labels: str) -> dict[str, Any]:
    return relabel(log_entry(text, START_NS + int(seconds * SECOND), log="varlog/system", attempt=attempt), **labels)


def stderr(text: str, seconds: float, attempt: int = 0, **labels: str) -> dict[str, Any]:
    return relabel(log_entry(text, START_NS + int(seconds * SECOND), attempt=attempt), **labels)


def relabel(entry: dict[str, Any], **labels: str) -> dict[str, Any]:
    """An entry with other labels of task; `unlabelled="yes"`: with none but the execution's."""
    prefix = "run.googleapis.com/"
    kept = dict(entry["labels"])
    if labels.pop("unlabelled", ""):
        kept = {f"{prefix}execution_name": kept[f"{prefix}execution_name"]}
    return {**entry, "labels": {**kept, **{f"{prefix}{key}": value for key, value in labels.items()}}}


@pytest.mark.parametrize(
    ("result", "end", "exit_code", "signal"),
    [
        (task(exitCode=3), End.EXITED, 3, None),
        (task(exitCode=137), End.EXITED, 137, 9),
        (task(exitCode=143), End.EXITED, 143, 15),
        (task(exitCode=139), End.EXITED, 139, 11),
        (task(exitCode=134), End.EXITED, 134, 6),
        (task(exitCode=255), End.EXITED, 255, None),
        (task(), End.EXITED, None, None),  # code 10 and no exit code: it failed
        (task(termSignal=11), End.SIGNALLED, None, 11),
        (task(TIMED_OUT), End.TIMEOUT, None, None),
        (task(TIMED_OUT, code=4), End.TIMEOUT, None, None),
        (task(OUT_OF_MEMORY), End.MEMORY, None, None),
        (task(OUT_OF_MEMORY, termSignal=9), End.MEMORY, None, None),
        (task("The task was cancelled."), End.CANCELLED, None, None),
        (task('terminated: Application failed to start: failed to load /bin/sh: exec format error'),
         End.NEVER_STARTED, None, None),
        (task('failed to resolve binary path: error finding executable "uvicorn" in PATH [/bin]: no such file'),
         End.NEVER_STARTED, None, None),
        (task("", code=0), End.SUCCEEDED, 0, None),
        (task("", code=0, exitCode=0), End.SUCCEEDED, 0, None),
        (task("", code=0, exitCode="2"), End.EXITED, 2, None),
    ],
)  # fmt: skip
def test_the_result_of_a_task(result: Any, end: End, exit_code: int | None, signal: int | None) -> None:
    (attempt,) = facts([result]).attempts
    assert (attempt.end, attempt.exit_code, attempt.signal) == (end, exit_code, signal)


@pytest.mark.parametrize(
    ("message", "end", "exit_code"),
    [
        ("failed with exit code: 1 and message: The container exited with an error.", End.EXITED, 1),
        ("failed with message: The container exited with an error.", End.EXITED, None),
        ("failed with exit code: 0 and message: The configured timeout was reached.", End.TIMEOUT, None),
        ("failed with message: The configured timeout was reached.", End.TIMEOUT, None),
        ("failed with exit code: 0 and message: The configured memory limit was reached.", End.MEMORY, None),
        ("failed with exit code: 0 and message: Something new.", End.EXITED, None),
    ],
)
def test_the_condition_alone(message: str, end: End, exit_code: int | None) -> None:
    found = facts(condition=f"Task orders-migrate-x7k2p-task2 {message}")
    assert ends(found.attempts) == [(2, 0, end)]
    assert found.attempts[0].exit_code == exit_code
    assert found.execution.outcome is Outcome.FAILED


def test_a_silent_result_is_no_success_when_the_platform_says_failed() -> None:
    found = facts(
        [task("", code=0)], condition="Task x-task0 failed with exit code: 2 and message: The container exited"
    )
    assert (found.attempts[0].end, found.attempts[0].exit_code) == (End.EXITED, 2)


@pytest.mark.parametrize(
    ("lines", "end", "exit_code", "signal"),
    [
        (["Container called exit(1)."], End.EXITED, 1, None),
        (["Container called exit(0)."], End.SUCCEEDED, 0, None),
        (["Container called exit(137)."], End.EXITED, 137, 9),
        (["Container terminated on signal 11."], End.SIGNALLED, None, 11),
        (["Memory limit of 512 MiB exceeded with 566 MiB used.", "Container terminated on signal 9."],
         End.MEMORY, None, 9),
        (["Terminating task because it has reached the maximum timeout of 300 seconds.",
          "Container terminated on signal 15."], End.TIMEOUT, None, 15),
        # The program answered the timeout's SIGTERM with an exit of its own.
        (["Terminating task because it has reached the maximum timeout of 300 seconds.", "Container called exit(143)."],
         End.TIMEOUT, 143, 15),
        # A child died, the container went on and ended by itself.
        (["Uncaught signal: 11, pid=42, tid=42, fault_addr=0", "Container called exit(1)."], End.EXITED, 1, None),
        (["Uncaught signal: 9, pid=42, tid=42, fault_addr=0", "Container called exit(0)."], End.SUCCEEDED, 0, None),
        (["Uncaught signal: 6, pid=1, tid=1, fault_addr=0"], End.SIGNALLED, None, 6),
        (["Uncaught signal: 6, pid=1, tid=1, fault_addr=0", "Container called exit(134)."], End.EXITED, 134, 6),
        (["Application exec likely failed"], End.NEVER_STARTED, None, None),
    ],
)  # fmt: skip
def test_the_platforms_lines(lines: list[str], end: End, exit_code: int | None, signal: int | None) -> None:
    entries = [stderr("hello", 1), *(system(line, 5 + n / 1000) for n, line in enumerate(lines))]
    (attempt,) = facts(entries=entries).attempts
    assert (attempt.end, attempt.exit_code, attempt.signal) == (end, exit_code, signal)
    assert attempt.ended_ns is not None
    assert attempt.ended_ns >= START_NS + 5 * SECOND


def test_a_child_that_died_does_not_end_the_attempt() -> None:
    (attempt,) = facts(entries=[system("Uncaught signal: 11, pid=42, tid=42, fault_addr=0", 1)]).attempts
    assert attempt.signal is None
    assert attempt.end is not End.SIGNALLED


def test_what_a_program_says_about_exits_is_not_the_platform() -> None:
    entries = [stderr("Container called exit(3).", 1), stderr("The configured timeout was reached.", 2)]
    (attempt,) = facts([task(exitCode=1)], entries).attempts
    assert (attempt.end, attempt.exit_code) == (End.EXITED, 1)


def test_retries_are_told_apart_by_their_labels() -> None:
    found = facts_of(failed_run(attempts=[[ERROR, "    at a (/a.js:1:1)"], ["Error: already exists"]]))
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 1, End.EXITED)]
    assert [attempt.output_lines for attempt in found.attempts] == [2, 1]
    assert found.first_failure is found.attempts[0]
    assert len(found.attempts[0].pointers) == 1  # its own platform line; the task's result is the last attempt's
    assert any(pointer.section == "tasks" for pointer in found.attempts[1].pointers)


def test_a_retry_that_succeeded() -> None:
    entries = [stderr(ERROR, 1), system("Container called exit(1).", 2), stderr("ok", 3, 1)]
    entries.append(system("Container called exit(0).", 4, 1))
    assert ends(facts([task("", code=0, retried=1)], entries).attempts) == [(0, 0, End.EXITED), (0, 1, End.SUCCEEDED)]


def test_an_earlier_attempt_without_platform_lines_failed_because_it_was_retried() -> None:
    found = facts([task("", code=0, retried=1)], [stderr(ERROR, 1), stderr("ok", 9, 1)])
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 1, End.SUCCEEDED)]


def test_labels_know_of_more_attempts_than_the_api() -> None:
    """The result is that of the newest attempt, even when `retried` is missing or behind."""
    entries = [stderr(ERROR, 1), system("Container called exit(1).", 2), stderr(ERROR, 3, 1)]
    found = facts([task(TIMED_OUT)], entries)
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 1, End.TIMEOUT)]


def test_the_api_knows_of_more_attempts_than_the_log() -> None:
    found = facts([task(exitCode=4, retried=3)], [stderr(ERROR, 1)])
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 3, End.EXITED)]
    assert found.attempts[-1].exit_code == 4


def test_while_a_retry_runs_the_result_is_that_of_the_attempt_before() -> None:
    running = {"completionTime": None, "runningCount": 1}
    found = facts([task(exitCode=7, retried=1)], [stderr(ERROR, 1), stderr("again", 9, 1)], running)
    assert found.execution.outcome is Outcome.RUNNING
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 1, End.RUNNING)]
    assert found.attempts[0].exit_code == 7


def test_tasks_without_attempts_make_none() -> None:
    assert facts([{"index": 0}, {"index": 1, "retried": 0}, "?", {}]).attempts == ()


def test_several_tasks_in_the_order_of_their_begin() -> None:
    """One after the other: the retry of the first comes before the first attempt of the second."""
    entries = [
        stderr("a", 1), system("Container called exit(1).", 2),
        stderr("b", 3, 1), system("Container called exit(0).", 4, 1),
        stderr("c", 5, 0, task_index="1"), system("Container called exit(2).", 6, 0, task_index="1"),
    ]  # fmt: skip
    found = facts([task("", code=0, retried=1), task(exitCode=2, index=1)], entries, {"taskCount": 2})
    assert ends(found.attempts) == [(0, 0, End.EXITED), (0, 1, End.SUCCEEDED), (1, 0, End.EXITED)]


def test_the_index_of_a_task_is_in_its_name_too() -> None:
    unnamed = task(exitCode=2, index=3)
    del unnamed["index"]
    assert ends(facts([unnamed]).attempts) == [(3, 0, End.EXITED)]


def test_tasks_in_the_shape_of_v1() -> None:
    result = {"exitCode": 5, "status": {"code": 10, "message": EXITED}}
    v1 = {"metadata": {"name": "e-task1"}, "status": {"index": 1, "retried": 2, "lastAttemptResult": result}}
    (attempt,) = facts([v1]).attempts
    assert (attempt.task, attempt.number, attempt.exit_code) == (1, 2, 5)
    assert attempt.pointers[0].pointer == "/tasks/0/status/lastAttemptResult"


def test_times_of_an_attempt() -> None:
    entries = [
        stderr("a", 1),
        stderr(ERROR, 2),
        stderr("    at a (/a.js:1:1)", 2.5),
        system("Container called exit(1).", 9),
    ]
    (attempt,) = facts(entries=entries).attempts
    times = (attempt.first_output_ns, attempt.last_output_ns, attempt.ended_ns)
    assert [(time - START_NS) / SECOND for time in times if time is not None] == [1, 2.5, 9]
    assert attempt.output_lines == 3


def test_lines_without_labels_belong_to_the_attempt_that_ended_after_them() -> None:
    """A logging library writes without labels; the platform's lines have them."""
    entries = [
        stderr("a", 1, unlabelled="yes"), stderr(ERROR, 2, unlabelled="yes"), system("Container called exit(1).", 3),
        stderr("b", 13, unlabelled="yes"), system("Container called exit(1).", 14, 1),
    ]  # fmt: skip
    found = facts([task(exitCode=1, retried=1)], entries)
    assert [(attempt.number, attempt.output_lines) for attempt in found.attempts] == [(0, 2), (1, 1)]
    assert [m.attempt for m in found.logs.messages if m.text in ("a", ERROR, "b")] == [0, 0, 1]


def test_without_any_labels_ends_are_counted() -> None:
    entries = [
        stderr("a", 1, unlabelled="yes"),
        system("Memory limit of 512 MiB exceeded with 530 MiB used.", 3, unlabelled="yes"),
        system("Container terminated on signal 9.", 3.1, unlabelled="yes"),
        stderr("b", 13, unlabelled="yes"), system("Container called exit(2).", 14, unlabelled="yes"),
    ]  # fmt: skip
    assert ends(facts(entries=entries).attempts) == [(0, 0, End.MEMORY), (0, 1, End.EXITED)]


def test_with_several_tasks_a_line_without_labels_is_nobodys() -> None:
    found = facts([task(exitCode=1), task("", code=0, index=1)], [stderr(ERROR, 1, unlabelled="yes")], {"taskCount": 2})
    assert [m.attempt for m in found.logs.messages if m.text == ERROR] == [-1]
    assert sorted(ends(found.attempts)) == [(0, 0, End.EXITED), (1, 0, End.SUCCEEDED)]


@pytest.mark.parametrize("label", ["x", "-1", "", "²", "9" * 30])
def test_a_label_that_is_no_number_counts_as_none(label: str) -> None:
    found = facts([task(exitCode=1)], [stderr(ERROR, 1, task_index=label, task_attempt=label)])
    assert ends(found.attempts) == [(0, 0, End.EXITED)]
    assert found.attempts[0].output_lines == 1


@pytest.mark.parametrize(
    ("execution", "entries", "end"),
    [
        ({"failedCount": 1}, [], End.UNKNOWN),
        ({"failedCount": 1}, [stderr("it ran", 1)], End.EXITED),
        ({"failedCount": 1, "startTime": None}, [], End.NEVER_STARTED),
    ],
)
def test_a_failure_without_a_code_in_unknown_words_may_never_have_started(
    execution: Any, entries: list[Any], end: End
) -> None:
    found = facts([task("User must have permission to read the image, REF.")], entries, execution)
    assert ends(found.attempts) == [(0, 0, end)]


def test_an_execution_that_never_started_has_no_attempts() -> None:
    message = "Image 'europe-west1-docker.pkg.dev/p/r/i' not found."
    found = facts_of(failed_run(message=message, started=False))
    assert found.attempts == ()
    assert found.execution.has_started is False
    assert found.execution.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("execution", "end"),
    [
        ({"completionTime": None, "runningCount": 1}, End.RUNNING),
        ({"cancelledCount": 1}, End.CANCELLED),
        ({"succeededCount": 1, "taskCount": 1}, End.SUCCEEDED),
        ({"failedCount": 1}, End.EXITED),
        ({}, End.UNKNOWN),
    ],
)
def test_an_attempt_whose_end_nobody_tells_follows_the_execution(execution: Any, end: End) -> None:
    (attempt,) = facts(entries=[stderr("a", 1)], execution=execution).attempts
    assert attempt.end is end


def test_the_audit_record_tells_where_the_execution_was_not_seen() -> None:
    record = {
        "timestamp": "2026-01-01T00:01:00Z",
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event",
        "severity": "ERROR",
        "protoPayload": {
            "status": {"code": 10, "message": f"Task e-task0 failed with exit code: 3 and message: {EXITED}"}
        },
    }
    found = facts_of(to_evidence({"logs": {}}, [stderr(ERROR, 1), record], ()))
    assert (found.attempts[0].end, found.attempts[0].exit_code) == (End.EXITED, 3)
    assert found.execution.outcome is Outcome.FAILED
