"""The tasks of an execution, each with the result of its last attempt: the API keeps no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.facts.model import Pointer
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text, objects, point
from opsctl.diagnosis.models import Evidence

_INDEX = re.compile(r"-task(\d{1,8})$")


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """google.cloud.run.v2.TaskAttemptResult. `exit_code` and `term_signal` are 0 when not set: the two cannot be told
    apart, so `status_code` and `message` come first."""

    status_code: int
    message: str
    exit_code: int
    term_signal: int
    pointer: Pointer
    message_pointer: str

    @property
    def is_success(self) -> bool:
        """Whether it says, by having nothing to complain of, that the attempt succeeded."""
        return not (self.status_code or self.message or self.exit_code or self.term_signal)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """One task. `retried` counts its retries as the API states them: the last attempt has that number."""

    index: int
    retried: int
    has_ended: bool
    result: AttemptResult | None


def derive_tasks(evidence: Evidence) -> tuple[TaskFacts, ...]:
    """The tasks of `tasks`, in v2 JSON or in the v1 shape (`status.index`, `status.lastAttemptResult`)."""
    return tuple(_read_tasks(as_object(evidence.section("tasks").data).get("tasks")))


def count_failures(tasks: Iterable[TaskFacts]) -> int:
    """How many tasks failed in their last attempt."""
    return sum(task.result is not None and not task.result.is_success for task in tasks)


def _read_tasks(value: object) -> Iterator[TaskFacts]:
    for pointer, task in objects(value, "/tasks"):
        status, base = as_object(task.get("status")), pointer
        if status:
            # v1: what v2 has at the top is in `status`.
            fields, base = status, f"{pointer}/status"
        else:
            fields = task
        named = _INDEX.search(as_text(task.get("name")) or as_text(as_object(task.get("metadata")).get("name")))
        index = as_count(fields.get("index"))
        if index is None:
            index = int(named[1]) if named else 0
        yield TaskFacts(
            max(index, 0),
            max(as_count(fields.get("retried")) or 0, 0),
            bool(fields.get("completionTime")),
            _read_result(fields.get("lastAttemptResult"), f"{base}/lastAttemptResult"),
        )


def _read_result(value: object, pointer: str) -> AttemptResult | None:
    if not isinstance(value, dict):
        return None
    result: Mapping[str, Any] = value
    status = as_object(result.get("status"))
    message = as_text(status.get("message"))
    code, signal = as_count(result.get("exitCode")) or 0, as_count(result.get("termSignal")) or 0
    shown = message or (f"termSignal {signal}" if signal else f"exitCode {code}")
    return AttemptResult(
        as_count(status.get("code")) or 0,
        message,
        code,
        signal,
        point("tasks", pointer, shown),
        f"{pointer}/status/message",
    )
