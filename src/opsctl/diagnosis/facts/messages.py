"""From log entries to messages: ordered, each once, stack traces and multi-line errors in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opsctl.diagnosis.facts.entries import ATTEMPT_LABEL, TASK_LABEL, order_entries, origin_of
from opsctl.diagnosis.facts.joining import Line, join_lines
from opsctl.diagnosis.facts.levels import find_level
from opsctl.diagnosis.facts.model import ExecutionFacts, Level, Message, Origin, Pointer
from opsctl.diagnosis.facts.payloads import read_payload
from opsctl.diagnosis.facts.reading import point
from opsctl.diagnosis.facts.tasks import TaskFacts
from opsctl.diagnosis.models import LogEntry

CONTAINER_LABEL = "container_name"


def collect_messages(
    entries: Iterable[LogEntry], execution: ExecutionFacts, tasks: Iterable[TaskFacts]
) -> list[Message]:
    """Everything that was said about and by the execution. Conditions and task results first, then the log in order
    of (time, insert id)."""
    messages = [*_condition_messages(execution), *_task_messages(tasks)]
    position = len(messages)
    messages = [message._replace(position=number) for number, message in enumerate(messages)]
    for block in join_lines(_lines(entries)):
        messages.append(_to_message(block, position))
        position += 1
    return messages


def _to_message(block: list[Line], position: int) -> Message:
    first = block[0]
    pointer = Pointer("logs", f"/entries/{first.number}")
    if len(block) == 1:
        text = first.text
        return Message(position, text, first.time_ns, first.origin, first.level, first.task, first.attempt, pointer)
    # Blank lines at the end belong to nothing.
    while block[-1].text.isspace():
        block.pop()
    parts, offset = [], 0
    for line in block:
        parts.append((offset, line.number))
        offset += len(line.text) + 1
    level = max(line.level for line in block)
    text = "\n".join(line.text for line in block)
    return Message(
        position, text, first.time_ns, first.origin, level, first.task, first.attempt, pointer, 1.0, tuple(parts)
    )


def _condition_messages(execution: ExecutionFacts) -> Iterator[Message]:
    for condition in execution.conditions:
        if condition.message or condition.reason:
            level = Level.ERROR if condition.state == "CONDITION_FAILED" else Level.INFO
            text = " ".join(part for part in (condition.message, condition.reason) if part)
            yield Message(0, text, None, Origin.CONDITION, level, -1, -1, condition.pointer)


def _task_messages(tasks: Iterable[TaskFacts]) -> Iterator[Message]:
    for task in tasks:
        if task.result is not None and task.result.message:
            place = point(task.result.pointer.section, task.result.message_pointer, task.result.message)
            yield Message(0, task.result.message, None, Origin.CONDITION, Level.ERROR, task.index, task.retried, place)


def _lines(entries: Iterable[LogEntry]) -> Iterator[Line]:
    origins: dict[str, Origin] = {}
    numbers: dict[str | None, int] = {None: -1}
    for entry in order_entries(entries):
        origin = origins.get(entry.log_name)
        if origin is None:
            origin = origins[entry.log_name] = origin_of(entry.log_name)
        text, severity, is_structured = read_payload(entry, origin)
        if not text:
            continue
        labels = entry.labels
        task, attempt = labels.get(TASK_LABEL), labels.get(ATTEMPT_LABEL)
        for label in (task, attempt):
            if label not in numbers:
                numbers[label] = label_number(label)
        yield Line(
            text, entry.time_ns, origin, find_level(severity, text), numbers[task], numbers[attempt], entry.number,
            labels.get(CONTAINER_LABEL, ""), is_structured,
        )  # fmt: skip


def label_number(label: str | None) -> int:
    """The number in a label; -1 when it is not there or is none."""
    return int(label) if label is not None and label.isascii() and label.isdigit() and len(label) < 10 else -1
