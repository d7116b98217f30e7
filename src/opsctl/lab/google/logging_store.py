"""The log entries of a world, in order, and pages of them.

Entries are found by project, by the label of their execution and by time, so that a page of a log with hundreds of
thousands of lines takes milliseconds.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.log_filter import EXECUTION_LABEL, LogFilter
from opsctl.lab.google.logging_json import write_entry
from opsctl.lab.google.logging_retention import Retention, is_required
from opsctl.lab.google.world import World

Json = dict[str, Any]


class Position(NamedTuple):
    """Where an entry stands among all: by time, then by insert id."""

    time_ns: int
    insert_id: str


@dataclass(slots=True)
class Record:
    """An entry and what was read out of it. `is_required` tells that the bucket `_Required` holds it."""

    entry: Json
    position: Position
    arrival_ns: int
    is_required: bool
    _written: bytes = b""

    def written(self) -> bytes:
        """The entry as an answer holds it."""
        if not self._written:
            body = self.entry if "insertId" in self.entry else {**self.entry, "insertId": self.position.insert_id}
            self._written = write_entry(body)
        return self._written


@dataclass(slots=True)
class LogStore:
    """The entries of a world. Entries may be added, removed and replaced at any time; one that was seen is not looked
    at again, so it must not be changed in place."""

    world: World
    _seen: list[Json] = field(default_factory=list)
    _records: dict[int, Record] = field(default_factory=dict)
    _by_project: dict[str, list[Record]] = field(default_factory=dict)
    _by_execution: dict[tuple[str, str], list[Record]] = field(default_factory=dict)

    def read(
        self,
        scopes: Sequence[tuple[str, Retention]],
        chosen: LogFilter,
        *,
        after: Position | None = None,
        newest_first: bool = False,
        limit: int = 50,
    ) -> tuple[list[bytes], Position | None]:
        """The next entries of these projects that match, and the position of the last one if more follow.

        Each project comes with what its buckets still hold. Entries that arrive after the world's `now` are not there
        yet.
        """
        self.refresh()
        now_ns = int(self.world.now().timestamp() * 1_000_000) * 1000
        parts = [self._candidates(project, retention, chosen, after, newest_first) for project, retention in scopes]
        matches = chosen.matches_besides
        page: list[Record] = []
        records = parts[0] if len(parts) == 1 else heapq.merge(*parts, key=_position, reverse=newest_first)
        for record in records:
            if record.arrival_ns > now_ns or not matches(record.entry):
                continue
            if len(page) == limit:
                return [kept.written() for kept in page], page[-1].position
            page.append(record)
        return [kept.written() for kept in page], None

    def refresh(self) -> None:
        """Sort again when something is new. Lists of the same objects are compared quickly."""
        entries = list(self.world.entries)
        if entries == self._seen:
            return
        known = self._records
        self._records = {
            id(entry): known.get(id(entry)) or _read(entry, number) for number, entry in enumerate(entries)
        }
        self._seen = entries
        self._by_project, self._by_execution = _arrange(self._records.values())

    def _candidates(
        self, project: str, retention: Retention, chosen: LogFilter, after: Position | None, newest_first: bool
    ) -> Iterator[Record]:
        if chosen.execution is None:
            records = self._by_project.get(project, [])
        else:
            records = self._by_execution.get((project, chosen.execution), [])
        begin, end = 0, len(records)
        if chosen.first_ns is not None:
            begin = bisect_left(records, chosen.first_ns, key=_time_ns)
        if chosen.last_ns is not None:
            end = bisect_right(records, chosen.last_ns, key=_time_ns)
        if after is not None and newest_first:
            end = min(end, bisect_left(records, after, key=_position))
        elif after is not None:
            begin = max(begin, bisect_right(records, after, key=_position))
        places = range(end - 1, begin - 1, -1) if newest_first else range(begin, end)
        chosen_records = (records[place] for place in places)
        return (
            record
            for record in chosen_records
            if retention.holds(record.entry, record.position.time_ns, required=record.is_required)
        )


def _arrange(
    records: Iterable[Record],
) -> tuple[dict[str, list[Record]], dict[tuple[str, str], list[Record]]]:
    """Records by project and by execution, sorted. Of those with the same project, time and insert id one is kept."""
    by_project: defaultdict[str, list[Record]] = defaultdict(list)
    by_execution: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    seen: set[tuple[str, Position]] = set()
    for record in sorted(records, key=_position):
        project = record.entry["logName"].split("/", 2)[1]
        if (project, record.position) in seen:
            continue
        seen.add((project, record.position))
        by_project[project].append(record)
        execution = record.entry.get("labels", {}).get(EXECUTION_LABEL)
        if execution is not None:
            by_execution[project, execution.casefold()].append(record)
    return dict(by_project), dict(by_execution)


def _read(entry: Json, number: int) -> Record:
    """Raises `ValueError` for an entry without a time; the service gives one to each."""
    time_ns = parse_time(entry.get("timestamp"))
    if time_ns is None:
        raise ValueError(f"log entry without a time: {entry.get('insertId', number)}")
    arrival_ns = parse_time(entry.get("receiveTimestamp"))
    insert_id = entry.get("insertId") or f"lab{number:012d}"
    return Record(
        entry,
        Position(time_ns, insert_id),
        time_ns if arrival_ns is None else arrival_ns,
        is_required(entry),
    )


def _position(record: Record) -> Position:
    return record.position


def _time_ns(record: Record) -> int:
    return record.position.time_ns
