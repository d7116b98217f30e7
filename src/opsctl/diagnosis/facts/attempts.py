"""Attempts, rebuilt from the labels and times of log lines and from the tasks: the API keeps only the last one.

How an attempt ended is told, in this order, by the platform's line in varlog/system, the task's last result (for the
last attempt), and the condition of the execution. An `exit code: 0` inside a failure message is no success: timeouts
and kills for memory are reported so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsctl.diagnosis.facts.model import Attempt, End, ExecutionFacts, Message, Origin, Outcome, Pointer
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text, objects, point
from opsctl.diagnosis.models import Evidence

TIMEOUT_WORDS = ("maximum timeout of", "configured timeout was reached", "task timeout")
_MEMORY = re.compile(r"memory limit of .* exceeded|configured memory limit was reached", re.IGNORECASE)
_EXIT = re.compile(r"Container called exit\((-?\d+)\)")
_SIGNAL = re.compile(r"Container terminated on signal (\d+)|Uncaught signal: (\d+)")
_RESULT = re.compile(r"failed with (?:exit code: (?P<code>-?\d+) and )?message: (?P<message>.*)", re.DOTALL)
_NEVER = (
    "failed to load",
    "failed to start",
    "failed to resolve binary path",
    "exec format error",
    "failed to create init",
)


@dataclass(slots=True)
class _Draft:
    """An attempt while its lines are read."""

    task: int
    number: int
    end: End | None = None
    exit_code: int | None = None
    signal: int | None = None
    first_ns: int | None = None
    last_ns: int | None = None
    ended_ns: int | None = None
    lines: int = 0
    pointers: list[Pointer] = field(default_factory=list)

    def finish(self, end: End) -> Attempt:
        return Attempt(
            self.task, self.number, self.end or end, self.exit_code, self.signal, self.first_ns, self.last_ns,
            self.ended_ns, self.lines, tuple(self.pointers),
        )  # fmt: skip


def derive_attempts(evidence: Evidence, execution: ExecutionFacts, messages: Iterable[Message]) -> tuple[Attempt, ...]:
    """All attempts, in order of their begin; the earliest failing one speaks first."""
    drafts: dict[tuple[int, int], _Draft] = {}
    for message in messages:
        if message.origin is Origin.CONDITION or message.origin is Origin.AUDIT:
            continue
        key = (max(message.task, 0), max(message.attempt, 0))
        draft = drafts.setdefault(key, _Draft(*key))
        if message.origin is Origin.SYSTEM:
            _read_platform_line(draft, message)
        else:
            draft.lines += 1
            draft.first_ns = draft.first_ns if draft.first_ns is not None else message.time_ns
            draft.last_ns = message.time_ns or draft.last_ns
    last_numbers = _read_tasks(evidence, drafts)
    _read_conditions(execution, drafts)
    attempts = [draft.finish(_default_end(draft, last_numbers, execution)) for draft in drafts.values()]
    return tuple(sorted(attempts, key=lambda found: (found.number, found.first_output_ns or 0, found.task)))


def _read_platform_line(draft: _Draft, message: Message) -> None:
    text = message.text
    exit_match, signal_match = _EXIT.search(text), _SIGNAL.search(text)
    place = message.pointer._replace(excerpt=text[:300])
    if any(word in text for word in TIMEOUT_WORDS):
        draft.end = End.TIMEOUT
    elif _MEMORY.search(text):
        draft.end = End.MEMORY
    elif exit_match is not None:
        code = int(exit_match[1])
        draft.exit_code = code
        # After a kill the container may still report a code: the kill stays what ended it.
        draft.end = draft.end or (End.EXITED if code else End.SUCCEEDED)
    elif signal_match is not None:
        draft.signal = int(signal_match[1] or signal_match[2])
        # A child process may die of a signal and the container go on: only the container's own end counts.
        if signal_match[1]:
            draft.end = draft.end or End.SIGNALLED
    else:
        return
    draft.ended_ns = message.time_ns or draft.ended_ns
    draft.pointers.append(place)


def _read_tasks(evidence: Evidence, drafts: dict[tuple[int, int], _Draft]) -> dict[int, int]:
    """Last results of the tasks. Returns the number of the last attempt of each task."""
    last_numbers: dict[int, int] = {}
    tasks = as_object(evidence.section("tasks").data).get("tasks")
    for pointer, task in objects(tasks, "/tasks"):
        index = as_count(task.get("index")) or 0
        number = as_count(task.get("retried")) or 0
        last_numbers[index] = number
        result = task.get("lastAttemptResult")
        if not isinstance(result, dict):
            continue
        draft = drafts.setdefault((index, number), _Draft(index, number))
        _read_result(draft, result, f"{pointer}/lastAttemptResult")
    return last_numbers


def _read_result(draft: _Draft, result: Mapping[str, Any], pointer: str) -> None:
    status = as_object(result.get("status"))
    message = as_text(status.get("message"))
    code, signal = as_count(result.get("exitCode")) or 0, as_count(result.get("termSignal")) or 0
    draft.pointers.append(point("tasks", pointer, message or f"exitCode {code}"))
    if _apply_message(draft, message):
        return
    if code:
        draft.exit_code = code
        draft.end = draft.end or End.EXITED
    elif signal:
        draft.signal = signal
        draft.end = draft.end or End.SIGNALLED
    elif not as_count(status.get("code")) and not message:
        draft.exit_code = 0
        draft.end = draft.end or End.SUCCEEDED


def _apply_message(draft: _Draft, message: str) -> bool:
    """Ends that only the message tells; the numbers beside it are 0 then."""
    lower = message.lower()
    if any(word in lower for word in TIMEOUT_WORDS):
        draft.end = End.TIMEOUT
    elif _MEMORY.search(message):
        draft.end = End.MEMORY
    elif any(word in lower for word in _NEVER):
        draft.end = End.NEVER_STARTED
    elif "cancel" in lower:
        draft.end = End.CANCELLED
    else:
        return False
    return True


def _read_conditions(execution: ExecutionFacts, drafts: dict[tuple[int, int], _Draft]) -> None:
    """`Task E-task0 failed with exit code: 1 and message: ...` for what neither log nor task told."""
    for condition in execution.conditions:
        match = _RESULT.search(condition.message)
        if match is None:
            continue
        index = re.search(r"-task(\d+) failed", condition.message)
        task = int(index[1]) if index else 0
        draft = max((d for d in drafts.values() if d.task == task), key=lambda d: d.number, default=None)
        if draft is None:
            draft = drafts.setdefault((task, 0), _Draft(task, 0))
        draft.pointers.append(condition.pointer)
        if draft.end in (None, End.EXITED) and not _apply_message(draft, match["message"]):
            code = int(match["code"] or 0)
            draft.exit_code = draft.exit_code if draft.exit_code is not None else code or None
            draft.end = draft.end or End.EXITED


def _default_end(draft: _Draft, last_numbers: Mapping[int, int], execution: ExecutionFacts) -> End:
    """An attempt that no one told the end of."""
    if draft.number < last_numbers.get(draft.task, draft.number):
        # It was retried: so it failed.
        return End.EXITED
    if execution.outcome is Outcome.RUNNING:
        return End.RUNNING
    if execution.outcome is Outcome.CANCELLED:
        return End.CANCELLED
    if execution.outcome is Outcome.SUCCEEDED:
        return End.SUCCEEDED
    if execution.outcome is Outcome.FAILED:
        return End.NEVER_STARTED if execution.has_started is False else End.EXITED
    return End.UNKNOWN
