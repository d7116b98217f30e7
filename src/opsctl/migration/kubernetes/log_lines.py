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

_TIMED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?")
_BEGINNING: Moment = (datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `at` is None when the server wrote no time; `is_previous` is of the container before its restart."""

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
    return LogLine(at, source.pod, source.container, rest[:LONGEST_LINE], source.index, source.is_previous, nanoseconds)


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

    @property
    def since(self) -> datetime | None:
        """What to ask from; None before the first line."""
        return self._last[0].replace(microsecond=0) if self._last else None

    def take_new(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """The lines that were not there before."""
        new: list[LogLine] = []
        before, same = self._last, 0
        now = before or _BEGINNING
        for line in lines:
            now = max(now, (line.at, line.nanoseconds)) if line.at else now
            if before is not None and line.at is not None and (line.at, line.nanoseconds) < before:
                continue
            if before is not None and now == before:
                same += 1
                if same <= self._seen:
                    continue
            self._advance(now)
            new.append(line)
        return new

    def _advance(self, moment: Moment) -> None:
        self._seen = self._seen + 1 if moment == self._last else 1
        self._last = moment


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
