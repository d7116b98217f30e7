"""From pages of log entries to lines that a person reads: each once, in order, stack traces in one piece, masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opsctl.diagnosis.entry_text import text_of
from opsctl.diagnosis.evidence_entries import SharedParts, to_entry
from opsctl.diagnosis.facts.entries import ATTEMPT_LABEL, TASK_LABEL, order_entries, origin_of
from opsctl.diagnosis.facts.joining import LONGEST_GAP_NS, Line, join_lines
from opsctl.diagnosis.facts.levels import find_level
from opsctl.diagnosis.facts.messages import CONTAINER_LABEL, label_number
from opsctl.diagnosis.facts.model import Level, Origin
from opsctl.diagnosis.facts.payloads import read_payload
from opsctl.diagnosis.models import JsonObject, LogEntry
from opsctl.diagnosis.redact import Masker
from opsctl.diagnosis.timestamps import to_datetime

# Entries that wait for the rest of their stack trace; more are never held back.
MOST_WAITING = 3_000
# Of so many entries it is remembered that they were seen.
_MOST_REMEMBERED = 60_000
# What runtimes print of their own accord: an error, although nobody gave it a severity.
_THROWN = re.compile(
    r"^(?:(?:Uncaught |Unhandled )?(?:[A-Za-z_][\w.$]{0,80})?(?:Error|Exception|Fault)(?: \[\w{1,60}\])?(?::|$)"
    r"|Traceback \(most recent|panic: |Exception in thread |thread '[^'\n]{0,80}' (?:\(\d+\) )?panicked)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that was said: a line, or the lines of a stack trace in one.

    `severity` is Google's word, DEFAULT when the entry has none; `level` is that or what the text itself says: debug,
    info, default, warning, error, fatal. `source`: stdout, stderr, system (the platform about the container), audit
    (the record of the end) or other. `task` and `attempt` are None for what belongs to no task. `entry_count`: how many
    log entries it was put together from. `payload`: a structured line as it was written, secrets masked.
    """

    time: datetime | None
    severity: str
    level: str
    source: Origin
    task: int | None
    attempt: int | None
    container: str | None
    text: str
    entry_count: int
    insert_id: str
    payload: Mapping[str, Any] | None


class LineBuilder:
    """Takes entries page by page and gives back lines as soon as nothing more can belong to them.

    `masker` has seen the execution, so that secrets of its variables are known. Entries that come twice are taken once.
    """

    def __init__(self, masker: Masker) -> None:
        self.entry_count = 0
        self.program_count = 0
        self.newest_ns: int | None = None
        self.has_end_record = False
        self._masker = masker
        self._shared = SharedParts()
        self._seen: dict[tuple[object, ...], None] = {}
        self._waiting: list[LogEntry] = []

    def add(self, entries: Iterable[JsonObject]) -> list[LogLine]:
        """The lines that are whole now, oldest first."""
        self._waiting += self._masker.mask_entries([self._take(raw) for raw in entries if self._is_new(raw)])
        return self._close(self._horizon())

    def flush(self) -> list[LogLine]:
        """The rest: nothing more is to come."""
        return self._close(None)

    def _is_new(self, raw: JsonObject) -> bool:
        insert_id = raw.get("insertId")
        if not insert_id:
            return True
        key = (raw.get("logName"), raw.get("timestamp"), insert_id)
        if key in self._seen:
            return False
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen = dict.fromkeys(list(self._seen)[_MOST_REMEMBERED // 2 :])
        self._seen[key] = None
        return True

    def _take(self, raw: JsonObject) -> LogEntry:
        entry = to_entry(self.entry_count, raw, self._shared)
        self.entry_count += 1
        origin = origin_of(entry.log_name)
        self.program_count += not origin.is_platform
        self.has_end_record |= origin is Origin.AUDIT
        if entry.time_ns is not None:
            self.newest_ns = max(self.newest_ns or entry.time_ns, entry.time_ns)
        return entry

    def _horizon(self) -> int | None:
        """Lines that ended before are whole: a pause that long ends a stack trace."""
        if self.newest_ns is None or len(self._waiting) > MOST_WAITING:
            return None
        return self.newest_ns - LONGEST_GAP_NS

    def _close(self, horizon_ns: int | None) -> list[LogLine]:
        by_number = {entry.number: entry for entry in self._waiting}
        closed: list[LogLine] = []
        left: set[int] = set()
        for block in join_lines(_lines(self._waiting)):
            last_ns = block[-1].time_ns
            if left or (horizon_ns is not None and last_ns is not None and last_ns >= horizon_ns):
                left.update(line.number for line in block)
            else:
                closed.append(_to_log_line(block, by_number[block[0].number]))
        self._waiting = _keep(self._waiting, left)
        return closed


def _keep(entries: list[LogEntry], numbers: set[int]) -> list[LogEntry]:
    """The entries of those numbers, with all parts of a split one: it goes by the number of its first part."""
    if not numbers:
        return []
    uids = {entry.split.get("uid") for entry in entries if entry.split and entry.number in numbers}
    return [entry for entry in entries if entry.number in numbers or (entry.split and entry.split.get("uid") in uids)]


def _lines(entries: Iterable[LogEntry]) -> Iterator[Line]:
    for entry in order_entries(entries):
        origin = origin_of(entry.log_name)
        text = text_of(entry, origin)
        if not text:
            continue
        _, severity, is_structured = read_payload(entry, origin)
        yield Line(
            text,
            entry.time_ns,
            origin,
            find_level(severity, text),
            label_number(entry.labels.get(TASK_LABEL)),
            label_number(entry.labels.get(ATTEMPT_LABEL)),
            entry.number,
            entry.labels.get(CONTAINER_LABEL, ""),
            is_structured,
        )


def _to_log_line(block: list[Line], entry: LogEntry) -> LogLine:
    first = block[0]
    while len(block) > 1 and block[-1].text.isspace():
        block.pop()
    text = "\n".join(line.text for line in block)
    level = max(line.level for line in block)
    if level is Level.DEFAULT and not first.origin.is_platform and _THROWN.search(text):
        level = Level.ERROR
    return LogLine(
        time=to_datetime(first.time_ns),
        severity=entry.severity,
        level=level.name.lower(),
        source=first.origin,
        task=first.task if first.task >= 0 else None,
        attempt=first.attempt if first.attempt >= 0 else None,
        container=first.stream or None,
        text=text,
        entry_count=len(block),
        insert_id=entry.insert_id,
        payload=entry.json,
    )
