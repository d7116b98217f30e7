"""Which attempt wrote a line that has no label: told by the platform's lines about attempts that ended, and times.

Logging libraries that talk to the API themselves, and hand-made evidence, give lines without the labels
`run.googleapis.com/task_index` and `task_attempt`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from opsctl.diagnosis.facts.model import ExecutionFacts, Message, Origin
from opsctl.diagnosis.facts.tasks import TaskFacts

_ENDED = re.compile(
    r"Container called exit\(|Container terminated on signal|maximum timeout of|Memory limit of .{1,60} exceeded"
)
# The lines of one end (memory, then the signal) are this close together at most; the next attempt takes longer.
_SAME_END_NS = 1_000_000_000


def assign_attempts(
    messages: Sequence[Message], execution: ExecutionFacts, tasks: Iterable[TaskFacts]
) -> list[Message]:
    """The messages, with task and attempt where a label lacks and there is one task only.

    With several tasks a line without labels stays nobody's (-1): it cannot be told whose it is.
    """
    spoken = [message for message in messages if _is_from_container(message)]
    if all(message.task >= 0 and message.attempt >= 0 for message in spoken):
        return list(messages)
    task = _only_task(spoken, execution, tuple(tasks))
    if task is None:
        return list(messages)
    borders = _find_borders(spoken)
    return [
        _assign(message, task, borders)
        if _is_from_container(message) and (message.task < 0 or message.attempt < 0)
        else message
        for message in messages
    ]


def _is_from_container(message: Message) -> bool:
    return message.origin is not Origin.CONDITION and message.origin is not Origin.AUDIT


def _only_task(spoken: Iterable[Message], execution: ExecutionFacts, tasks: tuple[TaskFacts, ...]) -> int | None:
    indexes = {message.task for message in spoken if message.task >= 0} | {task.index for task in tasks}
    if len(indexes) > 1 or (execution.task_count or 1) > 1:
        return None
    return next(iter(indexes), 0)


def _find_borders(spoken: Iterable[Message]) -> list[tuple[int, int]]:
    """(time, attempt) of each end that the platform reports, in order of time. Without labels the ends are counted."""
    borders: list[tuple[int, int]] = []
    ends = (m for m in spoken if m.origin is Origin.SYSTEM and m.time_ns is not None and _ENDED.search(m.text))
    for message in ends:
        time_ns = message.time_ns or 0
        if message.attempt >= 0:
            number = message.attempt
        elif borders and time_ns - borders[-1][0] <= _SAME_END_NS:
            number = borders[-1][1]
        else:
            number = borders[-1][1] + 1 if borders else 0
        borders.append((time_ns, number))
    return borders


def _assign(message: Message, task: int, borders: Sequence[tuple[int, int]]) -> Message:
    number = message.attempt
    if number < 0:
        number = 0
        if borders:
            place = bisect_left(borders, (message.time_ns or 0, -1))
            # Behind the last end that is known another attempt may run; its last words may also come late.
            late = message.time_ns is not None and message.time_ns - borders[-1][0] > _SAME_END_NS
            number = borders[place][1] if place < len(borders) else borders[-1][1] + late
    return message._replace(task=task, attempt=number)
