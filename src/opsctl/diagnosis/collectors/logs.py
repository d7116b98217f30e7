"""Collects the log of an execution: all logs, all attempts, bounded by the execution's own times.

One merged query. A very long log is read from both ends; of its middle what the platform wrote, and the lines before
each end of an attempt. What was left out is said. That nothing was found is explained as far as that can be: retention,
exclusion filters, lines that name no execution, lines that have not arrived yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from opsctl.diagnosis.collectors.answers import empty, seen
from opsctl.diagnosis.evidence_entries import KeptEntries, left_out_reason
from opsctl.diagnosis.facts.reading import as_object, as_text
from opsctl.diagnosis.log_query import (
    ATTEMPT_LABEL,
    AUDIT_RETENTION_DAYS,
    DAY_NS,
    INGESTION_SECONDS,
    RETENTION_DAYS,
    TASK_LABEL,
    LineChoice,
    TimeWindow,
    active_exclusions,
    execution_query,
    execution_window,
    lines_before_query,
    merge,
    platform_query,
    unlabelled_query,
    window_around,
)
from opsctl.diagnosis.models import ExecutionName, JsonObject, LogEntry, Section
from opsctl.diagnosis.ports import LogPage, LogQuery, Logs
from opsctl.diagnosis.timestamps import parse_time, to_nanoseconds
from opsctl.errors import OpsctlError

SOURCE = "logging.googleapis.com/v2 entries:list"
_ENTRY_BYTES = 700


@dataclass(frozen=True, slots=True)
class LogBounds:
    """How many reads of a thousand lines each are spent: the quota is 60 a minute for the whole project.

    `attempt_ends`: attempts in the middle of a very long log whose last lines are read. `ask_again_seconds`: pause
    before an execution that has just ended is asked for once more.
    """

    oldest_pages: int = 20
    newest_pages: int = 16
    platform_pages: int = 4
    attempt_ends: int = 8
    lines_before_end: int = 200
    unlabelled_pages: int = 2
    ask_again_seconds: float = 8.0


class LogReading:
    """Reads the log of one execution, google.cloud.run.v2.Execution or empty. `tell` hears how many lines there are.
    What was read stays when reading ends early."""

    def __init__(
        self,
        logs: Logs,
        name: ExecutionName,
        execution: JsonObject,
        *,
        now: Callable[[], datetime],
        bounds: LogBounds,
        tell: Callable[[int], None],
    ) -> None:
        self._logs, self._name, self._execution = logs, name, execution
        self._now, self._bounds, self._tell = now, bounds, tell
        self._found: list[JsonObject] = []
        self._reads = 0
        self._is_cut = False
        self._filter = ""
        self._remarks: list[str] = []
        self._kept: tuple[tuple[LogEntry, ...], int] | None = None

    @property
    def has_entries(self) -> bool:
        """Whether anything was read."""
        return bool(self._found)

    def entries(self) -> tuple[tuple[LogEntry, ...], int]:
        """The entries, each once, oldest first, within the bounds of memory; and how many those bounds left out."""
        if self._kept is None:
            kept = KeptEntries()
            for entry in merge(self._found):
                kept.add(entry, _ENTRY_BYTES)
            self._kept = kept.all(), kept.dropped
            self._found.clear()
        return self._kept

    def section(self, problem: str | None = None) -> Section:
        """The section `logs`; `problem` says why reading ended early."""
        is_cut = self._is_cut or problem is not None
        entries, dropped = self.entries()
        if not entries:
            return empty("; ".join((*((problem,) if problem else ()), *self._remarks)) or "no lines", SOURCE)
        reasons = [problem, *self._remarks, left_out_reason(dropped, len(entries)) if dropped else None]
        data: dict[str, Any] = {"filter": self._filter, "truncated": is_cut, "reads": self._reads}
        return seen(data, SOURCE, reasons)

    async def read(self) -> None:
        """Reads what the bounds allow. Raises what the port raises."""
        now_ns = to_nanoseconds(self._now())
        window = self._window(now_ns)
        query = execution_query(self._name, window)
        self._filter = query.filter
        await self._read_both_ends(query, window)
        if not self._execution and not self._found:
            # Records of the end outlive the lines by a year, and tell what ran.
            long_ago = window_around(now_ns - AUDIT_RETENTION_DAYS * DAY_NS, now_ns)
            await self._take(platform_query(self._name, long_ago), self._bounds.platform_pages)
        if self._may_still_arrive(now_ns):
            await asyncio.sleep(self._bounds.ask_again_seconds)
            await self._take(query, self._bounds.oldest_pages)
            if self._may_still_arrive(now_ns):
                self._remarks.append("the execution ended less than a minute before: lines may still arrive")
        if self._execution and not self._execution.get("completionTime"):
            self._remarks.append("the execution still ran: more lines may have come")
        if not self._has_output():
            await self._explain_silence(window, now_ns)

    def _window(self, now_ns: int) -> TimeWindow:
        if self._execution:
            return execution_window(self._execution, now_ns)
        return window_around(now_ns - RETENTION_DAYS * DAY_NS, now_ns)

    async def _read_both_ends(self, query: LogQuery, window: TimeWindow) -> None:
        if not await self._take(query, self._bounds.oldest_pages):
            return
        begin = _time(self._found[-1])
        before = len(self._found)
        is_more = await self._take(replace(query, newest_first=True), self._bounds.newest_pages, until=begin)
        end = min((_time(entry) for entry in self._found[before:]), default=0)
        if not is_more or end <= begin:
            return
        self._is_cut = True
        self._remarks.append(
            f"the log has more than {len(self._found)} lines: its begin and its end were read, and of the middle the "
            "ends of attempts"
        )
        middle = TimeWindow(begin, end)
        before = len(self._found)
        await self._take(platform_query(self._name, middle), self._bounds.platform_pages)
        ends = [entry for entry in self._found[before:] if as_object(entry.get("labels")).get(ATTEMPT_LABEL)]
        for entry in _first_of_each_attempt(ends)[: self._bounds.attempt_ends]:
            labels = as_object(entry.get("labels"))
            choice = LineChoice(task=_number(labels.get(TASK_LABEL)), attempt=_number(labels.get(ATTEMPT_LABEL)))
            last = lines_before_query(self._name, window, _time(entry) + 1, choice)
            await self._take(replace(last, page_size=self._bounds.lines_before_end), 1)

    async def _explain_silence(self, window: TimeWindow, now_ns: int) -> None:
        """No line of the program: why, as far as it can be told."""
        before = len(self._found)
        await self._take(unlabelled_query(self._name, window), self._bounds.unlabelled_pages)
        extra = len(self._found) - before
        if extra:
            self._remarks.append(
                f"{extra} lines name no execution and were taken by job and time: they may be of another one"
            )
            return
        age_ns = now_ns - window.end_ns
        if age_ns > RETENTION_DAYS * DAY_NS:
            self._remarks.append(
                f"the execution is older than {RETENTION_DAYS} days, for which lines are usually kept; audit records "
                f"are kept for {AUDIT_RETENTION_DAYS}"
            )
        elif age_ns > DAY_NS and self._execution.get("startTime"):
            self._remarks.append(
                f"no line of the program was found: {RETENTION_DAYS} days is what lines are usually kept for, and a "
                "project can have chosen less"
            )
        self._remarks.extend(await self._exclusions())

    async def _exclusions(self) -> list[str]:
        try:
            exclusions = await self._logs.list_exclusions(self._name.project)
        except OpsctlError:
            return ["whether log exclusion filters hide lines could not be asked"]
        return [
            f"a log exclusion filter may hide lines: {found.get('name', '')} {found.get('filter', '')}".strip()
            for found in active_exclusions(exclusions)
        ]

    async def _take(self, query: LogQuery, most_pages: int, until: int | None = None) -> bool:
        """Reads pages; True when there are more of them. With `until` it ends at the first line of that time."""
        pages = 0
        async with aclosing(_as_generator(self._logs, query)) as answers:
            async for page in answers:
                pages += 1
                self._reads += 1
                self._found.extend(page.entries)
                self._tell(len(self._found))
                if until is not None and page.entries and _time(page.entries[-1]) <= until:
                    return False
                if pages >= most_pages and page.has_more:
                    return True
        return False

    def _has_output(self) -> bool:
        return any("stdout" in _log(entry) or "stderr" in _log(entry) for entry in self._found)

    def _may_still_arrive(self, now_ns: int) -> bool:
        completed = parse_time(self._execution.get("completionTime"))
        if completed is None or now_ns - completed > INGESTION_SECONDS * 1_000_000_000:
            return False
        # The record of the end is the last line of an execution.
        return not any("system_event" in _log(entry) for entry in self._found)


async def _as_generator(logs: Logs, query: LogQuery) -> AsyncGenerator[LogPage, None]:
    async for page in logs.read(query):
        yield page


def _first_of_each_attempt(entries: list[JsonObject]) -> list[JsonObject]:
    found: dict[tuple[object, object], JsonObject] = {}
    for entry in entries:
        labels = as_object(entry.get("labels"))
        found.setdefault((labels.get(TASK_LABEL), labels.get(ATTEMPT_LABEL)), entry)
    return list(found.values())


def _time(entry: JsonObject) -> int:
    return parse_time(entry.get("timestamp")) or 0


def _log(entry: JsonObject) -> str:
    return as_text(entry.get("logName"))


def _number(label: object) -> int | None:
    return int(label) if isinstance(label, str) and label.isascii() and label.isdigit() else None
