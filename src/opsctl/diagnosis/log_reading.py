"""Reads the log of one execution: all of it page by page, or its last lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from opsctl.diagnosis.facts.model import Level, Outcome
from opsctl.diagnosis.log_lines import LineBuilder, LogLine
from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.ports import LogQuery, Logs
from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.errors import OpsctlError

# Four minutes of reading within the quota of Cloud Logging.
MOST_ENTRIES = 200_000
Cut = Literal["tail", "limit", "error"]
LEVELS = ("debug", "info", "default", "warning", "error", "fatal")


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which lines are wanted. `least_level` is one of `LEVELS`; `contains` ignores case and looks at whole blocks."""

    task: int | None = None
    attempt: int | None = None
    least_level: str | None = None
    contains: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no line is left out."""
        return self == LogSelection()

    def accepts(self, line: LogLine) -> bool:
        """Whether the line is wanted."""
        return (
            (self.task is None or line.task == self.task)
            and (self.attempt is None or line.attempt == self.attempt)
            and (self.least_level is None or Level[line.level.upper()] >= Level[self.least_level.upper()])
            and (self.contains is None or self.contains.casefold() in line.text.casefold())
        )


@dataclass(frozen=True, slots=True)
class SilenceReason:
    """Why there may be no line of the program. `code`: not-started, running, just-ended, retention, exclusion,
    sink-disabled, exclusions-unknown, selection, nothing-known. `detail`: a name, a permission, a count."""

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """The log of one execution.

    `entries_read` counts entries, a line may be put together from several. `cut`: why there are more lines than are
    here: tail (fewer were asked for), limit or error. `silence`: why there may be nothing of the program, empty when
    there is something.
    """

    execution: str
    job: str
    project: str
    region: str
    outcome: Outcome
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    entries_read: int
    cut: Cut | None
    silence: tuple[SilenceReason, ...]
    lines: tuple[LogLine, ...]


def open_masker(execution: Mapping[str, Any] | None) -> Masker:
    """A masker that knows the secrets of the execution's own variables and arguments."""
    masker = Masker(TokenBook())
    if execution:
        masker.mask_section("execution", execution)
    return masker


class LogReader:
    """Reads one query from its begin. `error` is what stopped it after something had been read."""

    def __init__(self, logs: Logs, query: LogQuery, builder: LineBuilder, *, most_entries: int = MOST_ENTRIES) -> None:
        self.cut: Cut | None = None
        self.error: OpsctlError | None = None
        self._logs = logs
        self._query = query
        self._builder = builder
        self._most_entries = most_entries

    async def read(self, selection: LogSelection) -> AsyncIterator[LogLine]:
        """The wanted lines, oldest first. Raises what `opsctl.diagnosis.ports` names when not even the first page can
        be read; later errors are in `error`."""
        has_page = False
        try:
            async for page in self._logs.read(self._query):
                has_page = True
                for line in filter(selection.accepts, self._builder.add(page.entries)):
                    yield line
                if self._builder.entry_count >= self._most_entries and page.has_more:
                    self.cut = "limit"
                    break
        except OpsctlError as error:
            if not has_page:
                raise
            self.error, self.cut = error, "error"
        for line in filter(selection.accepts, self._builder.flush()):
            yield line


@dataclass(frozen=True, slots=True)
class Tail:
    """The last lines of a log, oldest first. `cut`: why there are others. `error` as in `LogReader`."""

    lines: tuple[LogLine, ...]
    entry_count: int
    program_count: int
    cut: Cut | None = None
    error: OpsctlError | None = None


async def read_tail(
    logs: Logs,
    query: LogQuery,
    open_builder: Callable[[], LineBuilder],
    selection: LogSelection,
    count: int,
    *,
    most_entries: int = MOST_ENTRIES,
) -> Tail:
    """The last `count` wanted lines, read from the end. Raises as `LogReader.read`."""
    newest_first: list[JsonObject] = []
    page_size = max(100, min(2 * count, 1000)) if selection.is_everything else 1000
    tail = Tail((), 0, 0)
    done = -1
    error: OpsctlError | None = None
    try:
        async for page in logs.read(replace(query, newest_first=True, page_size=page_size)):
            newest_first.extend(page.entries)
            # Lines are put together anew for every doubling, not for every page.
            if len(newest_first) >= max(count, 2 * done):
                tail, done = _build_tail(newest_first, open_builder(), selection, count), len(newest_first)
                if len(tail.lines) >= count:
                    return replace(tail, cut="tail") if page.has_more else tail
                if done >= most_entries and page.has_more:
                    return replace(tail, cut="limit")
    except OpsctlError as raised:
        if not newest_first:
            raise
        error = raised
    tail = _build_tail(newest_first, open_builder(), selection, count)
    return tail if error is None else replace(tail, cut="error", error=error)


def _build_tail(newest_first: list[JsonObject], builder: LineBuilder, selection: LogSelection, count: int) -> Tail:
    lines = [*builder.add(reversed(newest_first)), *builder.flush()]
    wanted = [line for line in lines if selection.accepts(line)]
    kept = tuple(wanted[-count:]) if count else ()
    return Tail(kept, builder.entry_count, builder.program_count, cut="tail" if len(kept) < len(wanted) else None)
