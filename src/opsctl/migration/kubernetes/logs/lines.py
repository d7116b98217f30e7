"""Lines of pod logs: their times, their order, and which of them are new.

The API writes the time in front of each line, in RFC 3339 with nanoseconds: `2025-12-23T05:42:00.123456789Z text`.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

# One line is data of a person's terminal, not a way to fill the memory.
LONGEST_LINE = 64 * 1024
Moment = tuple[datetime, int]

# What a node says in place of lines, with status 200: https://github.com/kubernetes/kubernetes/issues/98236 and
# `ReadLogs` of its container runtimes. Real lines have a time in front.
_NOTICE = re.compile(
    r"unable to retrieve container logs for |failed to (?:open log file|try resolving symlinks|create fsnotify)"
    r"|rpc error: |Internal Error: "
)
_TIMED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")
_BEGINNING: Moment = (datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `at` is None when the server wrote no time; `nanoseconds` is what is finer than its microseconds.
    `is_previous` is of the container before its restart; `index` the completion index of the pod."""

    at: datetime | None
    pod: str
    container: str
    text: str
    index: int | None = None
    is_previous: bool = False
    nanoseconds: int = 0


@dataclass(frozen=True, slots=True)
class LineSource:
    """Where lines come from."""

    pod: str
    container: str
    index: int | None = None
    is_previous: bool = False


def read_line(raw: bytes, source: LineSource) -> LogLine:
    """One line as the API sends it, whatever is in it."""
    text = raw[: LONGEST_LINE + 64].decode("utf-8", errors="replace").rstrip("\r\n")
    found = _TIMED.match(text)
    at, nanoseconds = _moment(found) if found else (None, 0)
    rest = text[found.end() :] if found and at else text
    if len(rest) > LONGEST_LINE or len(raw) > LONGEST_LINE + 64:
        rest = rest[: LONGEST_LINE - 1] + "…"
    return LogLine(at, source.pod, source.container, rest, source.index, source.is_previous, nanoseconds)


def find_notice(line: LogLine) -> str | None:
    """The node's own words, when this is no line of the container: the log is gone, or cannot be followed."""
    return line.text if line.at is None and _NOTICE.match(line.text) else None


def merge_lines(sources: Iterable[Sequence[LogLine]]) -> Iterator[LogLine]:
    """Lines of several sources by time; each source keeps its own order, and a line without a time stays behind the
    one before it. Lines of the same instant come in the order of the sources."""
    keyed = [_keyed(lines, number) for number, lines in enumerate(sources)]
    return (line for _, _, _, line in heapq.merge(*keyed, key=lambda item: item[:3]))


class Cursor:
    """How far a source was read. The API takes whole seconds as a beginning, so what was read of that second comes
    again; lines of the same instant are told apart by counting them."""

    def __init__(self) -> None:
        self._last: Moment | None = None
        self._seen = 0
        self.begin()

    @property
    def since(self) -> datetime | None:
        """What to ask from; None before the first line."""
        return self._last[0].replace(microsecond=0) if self._last else None

    def begin(self) -> None:
        """A reading begins, from `since`."""
        self._before, self._seen_before = self._last, self._seen
        self._now, self._same = self._last or _BEGINNING, 0

    def is_new(self, line: LogLine) -> bool:
        """Whether the next line of this reading was in none before."""
        before = self._before
        self._now = max(self._now, (line.at, line.nanoseconds)) if line.at else self._now
        if before is not None and line.at is not None and (line.at, line.nanoseconds) < before:
            return False
        if before is not None and self._now == before:
            self._same += 1
            if self._same <= self._seen_before:
                return False
        self._seen = self._seen + 1 if self._now == self._last else 1
        self._last = self._now
        return True


def _keyed(lines: Sequence[LogLine], number: int) -> Iterator[tuple[Moment, int, int, LogLine]]:
    moment = _BEGINNING
    for position, line in enumerate(lines):
        if line.at is not None:
            # Never back: a clock that was set must not tear a source apart.
            moment = max(moment, (line.at, line.nanoseconds))
        yield moment, number, position, line


def _moment(found: re.Match[str]) -> tuple[datetime | None, int]:
    fraction = (found[2] or "").ljust(9, "0")
    try:
        at = datetime.fromisoformat(f"{found[1]}.{fraction[:6]}{found[3]}")
        return at.astimezone(UTC), int(fraction[6:])
    except (ValueError, OverflowError):
        return None, 0
