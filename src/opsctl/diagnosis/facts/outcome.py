"""What became of an execution, and whether any container of it ran.

The condition `Completed` is the verdict. Without it: the counts, the audit record, the tasks, the platform's own lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsctl.diagnosis.facts.entries import ATTEMPT_LABEL, TASK_LABEL, origin_of
from opsctl.diagnosis.facts.model import Condition, Origin, Outcome
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text
from opsctl.diagnosis.facts.tasks import TaskFacts
from opsctl.diagnosis.models import LogEntry

# `Task E-task0 failed with exit code: 1 and message: ...`; before mid 2025 without the exit code.
RESULT = re.compile(r"failed with (?:exit code: (?P<code>-?\d{1,9}) and )?message: (?P<message>.*)", re.DOTALL)
# What only a container that ran can end with.
_RAN = re.compile(
    r"failed with exit code: [^0]|container exited with an error|configured (?:timeout|memory limit) was reached",
    re.IGNORECASE,
)
_EXIT = re.compile(r"Container called exit\((-?\d{1,9})\)")
_KILLED = re.compile(r"Container terminated on signal|Terminating task because|Memory limit of .{1,60} exceeded")
# Not of any context that a client library cancelled.
_CANCELLED = re.compile(r"\b(?:execution|task|job)\b.{0,80}\bcancell?ed\b|\bcancell?ed by\b", re.IGNORECASE)
_IN_PROGRESS = ("CONDITION_PENDING", "CONDITION_RECONCILING")


def find_outcome(
    fields: Mapping[str, Any], conditions: Iterable[Condition], entries: Sequence[LogEntry], tasks: Sequence[TaskFacts]
) -> Outcome:
    """What became of the execution. `fields` are those of the execution, v2 shape, empty when it was not seen."""
    completed = next((condition for condition in conditions if condition.kind == "Completed"), None)
    stated = _stated_outcome(fields, completed) if completed is not None else None
    if stated is not None:
        return stated
    if fields.get("completionTime"):
        counted = _count_outcome(fields)
        return counted if counted is not Outcome.UNTOLD else _outcome_elsewhere(entries, tasks)
    in_progress = completed is not None and completed.state in _IN_PROGRESS
    if in_progress or (as_count(fields.get("runningCount")) or 0) > 0:
        return Outcome.RUNNING
    return _outcome_elsewhere(entries, tasks)


def has_started(
    fields: Mapping[str, Any], conditions: Iterable[Condition], entries: Iterable[LogEntry], tasks: Iterable[TaskFacts]
) -> bool | None:
    """Whether a container of the execution ever ran; None when nothing tells. An execution that has ended and has no
    `startTime` never started."""
    conditions = tuple(conditions)
    started = next((condition for condition in conditions if condition.kind == "Started"), None)
    if fields.get("startTime") or (started is not None and started.state == "CONDITION_SUCCEEDED"):
        return True
    if any(_RAN.search(condition.message) for condition in conditions) or any(map(_has_run, tasks)):
        return True
    if any(map(_shows_container, entries)):
        return True
    if fields.get("completionTime") or (started is not None and started.state == "CONDITION_FAILED"):
        return False
    return None


def _stated_outcome(fields: Mapping[str, Any], completed: Condition) -> Outcome | None:
    if completed.reason == "CANCELLED":
        return Outcome.CANCELLED
    if completed.reason == "CANCELLING":
        return Outcome.CANCELLED if fields.get("completionTime") else Outcome.RUNNING
    if completed.state == "CONDITION_SUCCEEDED":
        return Outcome.SUCCEEDED
    if completed.state != "CONDITION_FAILED":
        return None
    cancelled, failed = as_count(fields.get("cancelledCount")) or 0, as_count(fields.get("failedCount")) or 0
    # One failed task makes the platform cancel the others: that is a failure.
    is_cancelled = bool(cancelled or _CANCELLED.search(completed.message)) and not RESULT.search(completed.message)
    return Outcome.CANCELLED if is_cancelled and not failed else Outcome.FAILED


def _count_outcome(fields: Mapping[str, Any]) -> Outcome:
    """It has ended and no condition says how: the counts do."""
    failed, cancelled = as_count(fields.get("failedCount")) or 0, as_count(fields.get("cancelledCount")) or 0
    if failed:
        return Outcome.FAILED
    if cancelled:
        return Outcome.CANCELLED
    succeeded, wanted = as_count(fields.get("succeededCount")) or 0, as_count(fields.get("taskCount"))
    return Outcome.SUCCEEDED if wanted and succeeded >= wanted else Outcome.UNTOLD


def _outcome_elsewhere(entries: Sequence[LogEntry], tasks: Iterable[TaskFacts]) -> Outcome:
    """Without the execution: the audit record of its end, then the tasks, then the ends of the containers."""
    for entry in reversed(entries):
        found = _outcome_of_record(entry)
        if found is not None:
            return found
    if any(task.result is not None and not task.result.is_success for task in tasks):
        return Outcome.FAILED
    return _outcome_of_lines(entries)


def _outcome_of_record(entry: LogEntry) -> Outcome | None:
    """What a `system_event` record says. Source: recorded audit records, `Execution E has failed to complete`."""
    if entry.proto is None or origin_of(entry.log_name) is not Origin.AUDIT:
        return None
    status = as_object(entry.proto.get("status"))
    message = as_text(status.get("message"))
    if "completed successfully" in message:
        return Outcome.SUCCEEDED
    if RESULT.search(message):
        return Outcome.FAILED
    if _CANCELLED.search(message):
        return Outcome.CANCELLED
    return Outcome.FAILED if "failed to complete" in message else None


def _outcome_of_lines(entries: Iterable[LogEntry]) -> Outcome:
    """A container that ended badly and was not followed by another: the execution failed as far as can be seen. The
    opposite cannot be told: other tasks may have said nothing."""
    newest: dict[str, int] = {}
    ends: dict[str, tuple[int, int, bool]] = {}
    for entry in entries:
        task = entry.labels.get(TASK_LABEL, "0")
        attempt = as_count(entry.labels.get(ATTEMPT_LABEL)) or 0
        newest[task] = max(newest.get(task, 0), attempt)
        if origin_of(entry.log_name) is Origin.SYSTEM and entry.text is not None:
            exited = _EXIT.search(entry.text)
            if exited is not None or _KILLED.search(entry.text):
                end = (attempt, entry.time_ns or 0, exited is None or int(exited[1]) != 0)
                ends[task] = max(ends.get(task, end), end)
    is_failed = any(is_bad and attempt >= newest[task] for task, (attempt, _, is_bad) in ends.items())
    return Outcome.FAILED if is_failed else Outcome.UNTOLD


def _shows_container(entry: LogEntry) -> bool:
    origin = origin_of(entry.log_name)
    if origin in (Origin.STDOUT, Origin.STDERR):
        return True
    return origin is Origin.SYSTEM and _EXIT.search(entry.text or "") is not None


def _has_run(task: TaskFacts) -> bool:
    result = task.result
    if result is None:
        return False
    return bool(result.exit_code or result.term_signal or _RAN.search(result.message))
