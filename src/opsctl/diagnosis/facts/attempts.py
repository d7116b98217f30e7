"""Attempts, rebuilt from the labels and times of log lines and from the tasks: the API keeps only the last one.

How an attempt ended is told, in this order, by the platform's line in varlog/system, the task's last result (for the
last attempt), and the condition of the execution. An `exit code: 0` inside a failure message is no success: timeouts
and kills for memory are reported so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from opsctl.diagnosis.facts.model import Attempt, End, ExecutionFacts, Message, Origin, Outcome, Pointer
from opsctl.diagnosis.facts.outcome import RESULT
from opsctl.diagnosis.facts.tasks import AttemptResult, TaskFacts
from opsctl.diagnosis.models import LogEntry

_TIMEOUT = re.compile(
    r"maximum timeout of|configured timeout was reached|task timeout (?:reached|exceeded)", re.IGNORECASE
)
_MEMORY = re.compile(r"memory limit of .{1,60} exceeded|configured memory limit was reached", re.IGNORECASE)
_CANCELLED = re.compile(r"\bcancell?ed\b", re.IGNORECASE)
_EXIT = re.compile(r"Container called exit\((-?\d{1,9})\)")
# gVisor names the process that a signal hit: only 1 is the container's own.
_SIGNAL = re.compile(r"Container terminated on signal (\d{1,3})|Uncaught signal: (\d{1,3}), pid=(\d+)")
_NEVER = re.compile(
    r"failed to (?:load|start|resolve binary path|create init)|exec format error|exec likely failed"
    r"|error finding executable|container import|image .{1,300} not found",
    re.IGNORECASE,
)
_TASK = re.compile(r"-task(\d{1,8}) failed")
# Shells and init programs report a child's death by a signal as 128 and its number (POSIX, "Exit Status").
_SIGNAL_CODES = {128 + number: number for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 24, 25, 31)}


# How an attempt ended of which nobody says it, by what became of the execution.
_ENDS = {
    Outcome.RUNNING: End.RUNNING,
    Outcome.CANCELLED: End.CANCELLED,
    Outcome.SUCCEEDED: End.SUCCEEDED,
    Outcome.UNTOLD: End.UNKNOWN,
}


@dataclass(slots=True)
class _Draft:
    """An attempt while its lines are read."""

    task: int
    number: int
    end: End | None = None
    exit_code: int | None = None
    signal: int | None = None
    own_signal: bool = False
    is_unexplained: bool = False
    first_ns: int | None = None
    last_ns: int | None = None
    ended_ns: int | None = None
    lines: int = 0
    pointers: list[Pointer] = field(default_factory=list)

    def finish(self, end: End) -> Attempt:
        signal = self.signal if self.signal is not None else _SIGNAL_CODES.get(self.exit_code or 0)
        return Attempt(
            self.task, self.number, self.end or end, self.exit_code, signal, self.first_ns, self.last_ns,
            self.ended_ns, self.lines, tuple(self.pointers),
        )  # fmt: skip


def derive_attempts(
    execution: ExecutionFacts,
    tasks: Iterable[TaskFacts],
    messages: Iterable[Message],
    entries: Sequence[LogEntry] = (),
) -> tuple[Attempt, ...]:
    """All attempts, in order of their begin; the earliest failing one speaks first.

    `messages` have been assigned to attempts (`assign_attempts`); `entries`, in the order of their numbers, give the
    time of the last line of a message of several lines.
    """
    drafts: dict[tuple[int, int], _Draft] = {}
    stated: list[Message] = []
    for message in messages:
        if message.origin is Origin.AUDIT:
            stated.append(message)
        elif message.origin is not Origin.CONDITION and message.task >= 0 and message.attempt >= 0:
            key = (message.task, message.attempt)
            draft = drafts.get(key)
            if draft is None:
                draft = drafts[key] = _Draft(*key)
            _read_message(draft, message, entries)
    last_numbers = _read_tasks(tasks, drafts, execution)
    _read_conditions([(item.message, item.pointer) for item in execution.conditions], drafts)
    if not execution.conditions:
        _read_conditions([(item.text, item.locate(0)) for item in stated], drafts)
    attempts = [draft.finish(_default_end(draft, last_numbers, execution)) for draft in drafts.values()]
    return _in_order(attempts, execution)


def _read_message(draft: _Draft, message: Message, entries: Sequence[LogEntry]) -> None:
    if message.origin is Origin.SYSTEM:
        _read_platform_line(draft, message)
        return
    draft.lines += len(message.parts) or 1
    draft.first_ns = draft.first_ns if draft.first_ns is not None else message.time_ns
    last_ns = _time_of_last_line(message, entries) or message.time_ns
    if last_ns is not None:
        draft.last_ns = max(last_ns, draft.last_ns or last_ns)


def _time_of_last_line(message: Message, entries: Sequence[LogEntry]) -> int | None:
    if not message.parts:
        return None
    number = message.parts[-1][1]
    index = bisect_left(entries, number, key=lambda entry: entry.number)
    return entries[index].time_ns if index < len(entries) and entries[index].number == number else None


def _read_platform_line(draft: _Draft, message: Message) -> None:
    text = message.text
    exit_match, signal_match = _EXIT.search(text), _SIGNAL.search(text)
    if _TIMEOUT.search(text):
        draft.end = End.TIMEOUT
    elif _MEMORY.search(text):
        draft.end = End.MEMORY
    elif exit_match is not None:
        draft.exit_code = int(exit_match[1])
        # After a kill the container may still report a code: the kill stays what ended it.
        if draft.end is None or (draft.end is End.SIGNALLED and not draft.own_signal):
            draft.end = End.EXITED if draft.exit_code else End.SUCCEEDED
    elif signal_match is not None:
        _read_signal(draft, signal_match)
    elif _NEVER.search(text):
        draft.end = draft.end or End.NEVER_STARTED
    else:
        return
    draft.ended_ns = message.time_ns or draft.ended_ns
    draft.pointers.append(message.pointer._replace(excerpt=" ".join(text.split())[:300]))


def _read_signal(draft: _Draft, match: re.Match[str]) -> None:
    """A child process may die of a signal and the container go on: only the container's own end counts."""
    if match[1]:
        draft.signal, draft.own_signal = int(match[1]), True
        draft.end = End.SIGNALLED if draft.end in (None, End.EXITED, End.SUCCEEDED) else draft.end
    elif match[3] == "1":
        draft.signal = draft.signal or int(match[2])
        draft.end = draft.end or End.SIGNALLED


def _read_tasks(
    tasks: Iterable[TaskFacts], drafts: dict[tuple[int, int], _Draft], execution: ExecutionFacts
) -> dict[int, int]:
    """Last results of the tasks. Returns the number of the last attempt of each task."""
    last_numbers: dict[int, int] = {}
    for task in tasks:
        seen = [number for index, number in drafts if index == task.index]
        number = last_numbers[task.index] = max([task.retried, *seen])
        result = task.result
        if result is None:
            continue
        before = drafts.get((task.index, number - 1))
        current = drafts.get((task.index, number))
        is_going_on = execution.outcome is Outcome.RUNNING and not task.has_ended
        if is_going_on and before is not None and current is not None and current.end is None:
            # The newest attempt still runs: the result is that of the one before.
            current = before
        draft = current or drafts.setdefault((task.index, number), _Draft(task.index, number))
        _read_result(draft, result)
    return last_numbers


def _read_result(draft: _Draft, result: AttemptResult) -> None:
    draft.pointers.append(result.pointer)
    if _apply_message(draft, result.message):
        return
    if result.exit_code:
        draft.exit_code = draft.exit_code if draft.exit_code is not None else result.exit_code
        draft.end = draft.end or End.EXITED
    elif result.term_signal:
        draft.signal = draft.signal or result.term_signal
        draft.end = draft.end or End.SIGNALLED
    elif result.is_success:
        draft.exit_code = draft.exit_code if draft.exit_code is not None else 0
        draft.end = draft.end or End.SUCCEEDED
    elif "container exited with an error" in result.message:
        draft.end = draft.end or End.EXITED
    else:
        # It failed, and neither a code nor known words say how: it may never have started.
        draft.is_unexplained = True


def _apply_message(draft: _Draft, message: str) -> bool:
    """Ends that only the message tells; the numbers beside it are 0 then."""
    if _TIMEOUT.search(message):
        draft.end = End.TIMEOUT
    elif _MEMORY.search(message):
        draft.end = End.MEMORY
    elif _NEVER.search(message):
        draft.end = End.NEVER_STARTED
    elif _CANCELLED.search(message):
        draft.end = End.CANCELLED
    else:
        return False
    return True


def _read_conditions(statements: Iterable[tuple[str, Pointer]], drafts: dict[tuple[int, int], _Draft]) -> None:
    """`Task E-task0 failed with exit code: 1 and message: ...` for what neither log nor task told."""
    for text, pointer in statements:
        match, named = RESULT.search(text), _TASK.search(text)
        if match is None:
            continue
        task = int(named[1]) if named else 0
        draft = max((d for d in drafts.values() if d.task == task), key=lambda d: d.number, default=None)
        if draft is None:
            draft = drafts.setdefault((task, 0), _Draft(task, 0))
        draft.pointers.append(pointer)
        if draft.end in (None, End.EXITED, End.SUCCEEDED) and not _apply_message(draft, match["message"]):
            code = int(match["code"] or 0) or None
            if draft.end is End.SUCCEEDED:
                # The result of a task that says nothing reads like a success: the platform's words are clearer.
                draft.exit_code = None
            draft.exit_code = draft.exit_code or code
            draft.end = End.EXITED


def _default_end(draft: _Draft, last_numbers: Mapping[int, int], execution: ExecutionFacts) -> End:
    """An attempt that no one told the end of."""
    if draft.number < last_numbers.get(draft.task, draft.number):
        # It was retried: so it failed.
        return End.EXITED
    if execution.outcome is not Outcome.FAILED:
        return _ENDS[execution.outcome]
    if execution.has_started is False:
        return End.NEVER_STARTED
    return End.UNKNOWN if draft.is_unexplained and not draft.lines else End.EXITED


def _in_order(attempts: Iterable[Attempt], execution: ExecutionFacts) -> tuple[Attempt, ...]:
    """By begin. One without any time begins right after the attempt before it, the first one with the execution."""
    keyed = []
    before: dict[int, int] = {}
    for attempt in sorted(attempts, key=lambda found: (found.task, found.number)):
        least = before.get(attempt.task, execution.started_ns or 0)
        begin = next((t for t in (attempt.first_output_ns, attempt.ended_ns) if t is not None), least)
        begin = max(begin, least) if attempt.task in before else begin
        before[attempt.task] = begin
        keyed.append(((begin, attempt.number, attempt.task), attempt))
    return tuple(attempt for _, attempt in sorted(keyed, key=lambda pair: pair[0]))
