"""Log entries of an evidence file: from Google's JSON to `LogEntry` and back, within bounds of memory.

Of very many entries the oldest and the newest are kept, and of the middle the errors, what the platform wrote and the
lines just before it: the ends of attempts stand there.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from operator import attrgetter
from typing import Any

from opsctl.diagnosis.models import LogEntry
from opsctl.diagnosis.timestamps import format_time, parse_time

OLDEST_KEPT = 100_000
NEWEST_KEPT = 150_000
# Kept of the middle: at most so many entries, so many of them before each line of the platform.
MIDDLE_KEPT = 10_000
LINES_BEFORE_AN_END = 100
# What a diagnosis takes for the entries, the oldest and the newest each; for the middle an eighth.
MOST_BYTES = 112_000_000
# The entry and the message that is made of it, without their text.
_BYTES_PER_ENTRY = 600
LONGEST_TEXT = 64_000  # characters
LONGEST_PAYLOAD_BYTES = 256_000

_GAP = " ... "
_NO_LABELS: dict[str, str] = {}
_LONGEST_NAME = 256
_LONGEST_ID = 128
_LONGEST_SHARED = 40
_MOST_SHARED = 10_000
_SERIOUS = frozenset(("ERROR", "CRITICAL", "ALERT", "EMERGENCY"))
# LogSeverity as numbers, which protobuf's JSON allows as well.
_SEVERITIES = {
    0: "DEFAULT",
    100: "DEBUG",
    200: "INFO",
    300: "NOTICE",
    400: "WARNING",
    500: "ERROR",
    600: "CRITICAL",
    700: "ALERT",
    800: "EMERGENCY",
}


class SharedParts:
    """One copy of the names, labels and resources that thousands of lines repeat. `misses` counts what was not known:
    labels that differ from line to line are not shared and weigh."""

    def __init__(self) -> None:
        self.misses = 0
        self._texts: dict[str, str] = {}
        self._labels: dict[tuple[tuple[str, Any], ...], dict[str, str]] = {}
        self._resources: dict[tuple[Any, ...], dict[str, Any]] = {}
        # Most lines have the labels and the resource of the line before.
        self._last_labels: tuple[object, dict[str, str]] = (None, _NO_LABELS)
        self._last_resource: tuple[object, dict[str, Any] | None] = (None, None)

    def value(self, text: str) -> str:
        """The same text, shared when it is short: unique ones would only fill the table."""
        return text if len(text) > _LONGEST_SHARED else self.name(text)

    def name(self, text: str) -> str:
        """The same text, shared."""
        found = self._texts.get(text)
        if found is None:
            if len(self._texts) >= _MOST_SHARED:
                self._texts.clear()
            found = self._texts[text] = text
        return found

    def labels(self, labels: object) -> dict[str, str]:
        """The labels of an entry that are texts."""
        if labels != self._last_labels[0]:
            self._last_labels = (labels, self._find_labels(labels))
        return self._last_labels[1]

    def resource(self, resource: object) -> dict[str, Any] | None:
        """The monitored resource of an entry: `type` and `labels`."""
        if resource != self._last_resource[0]:
            self._last_resource = (resource, self._find_resource(resource))
        return self._last_resource[1]

    def _find_labels(self, labels: object) -> dict[str, str]:
        if not isinstance(labels, dict):
            return _NO_LABELS
        texts = {name: value for name, value in labels.items() if isinstance(value, str)}
        if not texts:
            return _NO_LABELS
        key = tuple(texts.items())
        found = self._labels.get(key)
        if found is None:
            found = {self.name(name[:_LONGEST_NAME]): self.value(_shorten(value)) for name, value in key}
            self._remember(self._labels, key, found)
        return found

    def _find_resource(self, resource: object) -> dict[str, Any] | None:
        if not isinstance(resource, dict):
            return None
        kind, labels = resource.get("type"), self._find_labels(resource.get("labels"))
        # Labels are shared, so that the same ones are the same object.
        key = (kind if isinstance(kind, str) else None, id(labels))
        found = self._resources.get(key)
        if found is None or found.get("labels", _NO_LABELS) is not labels:
            found = {"type": self.name(kind[:_LONGEST_NAME])} if isinstance(kind, str) else {}
            if labels:
                found["labels"] = labels
            self._remember(self._resources, key, found)
        return found

    def _remember(self, table: dict[Any, Any], key: object, value: object) -> None:
        self.misses += 1
        if len(table) >= _MOST_SHARED:
            table.clear()
        table[key] = value


def to_entry(number: int, raw: object, shared: SharedParts) -> LogEntry:
    """A LogEntry of Google's JSON. What is not an object becomes a line of text. Very long texts keep their begin and
    end, very large payloads their begin."""
    if not isinstance(raw, dict):
        raw = {"textPayload": raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)}
    get = raw.get
    text, payload, proto = get("textPayload"), get("jsonPayload"), get("protoPayload")
    log_name, insert_id, split = get("logName"), get("insertId"), get("split")
    severity, time_ns = get("severity"), parse_time(get("timestamp"))
    kept_text = kept_payload = kept_proto = None
    if isinstance(text, str):
        kept_text = text if len(text) <= LONGEST_TEXT else _shorten(text)
    elif isinstance(payload, dict):
        kept_payload = _bound(payload, shared)
    elif isinstance(proto, dict):
        kept_proto = _bound(proto, shared)
    return LogEntry(
        number,
        time_ns if time_ns is not None else parse_time(get("receiveTimestamp")),
        shared.name(log_name[:_LONGEST_NAME]) if isinstance(log_name, str) else "",
        "DEFAULT" if severity is None else _severity(severity, shared),
        shared.labels(get("labels")),
        kept_text,
        kept_payload,
        kept_proto,
        insert_id[:_LONGEST_ID] if isinstance(insert_id, str) else "",
        shared.resource(get("resource")),
        None if split is None else _read_split(split),
    )


def from_entry(entry: LogEntry) -> dict[str, Any]:
    """Google's JSON of a log entry: the fields that it has."""
    has_severity = entry.severity != "DEFAULT"
    fields = {
        "insertId": entry.insert_id or None,
        "timestamp": None if entry.time_ns is None else format_time(entry.time_ns),
        "severity": entry.severity if has_severity else None,
        "logName": entry.log_name or None,
        "resource": entry.resource,
        "labels": entry.labels or None,
        "textPayload": entry.text,
        "jsonPayload": entry.json,
        "protoPayload": entry.proto,
        "split": entry.split,
    }
    return {name: value for name, value in fields.items() if value is not None}


def left_out_reason(dropped: int, kept: int) -> str:
    """Why a log is not whole after some of its lines were left out."""
    return f"{dropped} of {dropped + kept} lines, all from the middle, were left out to stay within memory"


class KeptEntries:
    """The entries of one file, added in its order, kept within bounds."""

    def __init__(self) -> None:
        self._shared = SharedParts()
        self._count = 0
        self._oldest: list[LogEntry] = []
        self._oldest_bytes = 0
        self._middle: list[LogEntry] = []
        self._middle_bytes = 0
        self._passing: deque[tuple[LogEntry, int]] = deque(maxlen=LINES_BEFORE_AN_END)
        self._newest: deque[LogEntry] = deque()
        self._newest_bytes = 0
        self._weights: deque[int] = deque()

    @property
    def dropped(self) -> int:
        """How many entries of the middle were left out."""
        return self._count - len(self._oldest) - len(self._middle) - len(self._newest)

    def add(self, raw: object, raw_length: int) -> None:
        """Takes an entry of Google's JSON that was read from a text of that length."""
        misses = self._shared.misses
        entry = to_entry(self._count, raw, self._shared)
        self._count += 1
        weight = _weigh(entry) + (raw_length if self._shared.misses != misses else 0)
        if not self._newest and len(self._oldest) < OLDEST_KEPT and self._oldest_bytes + weight <= MOST_BYTES:
            self._oldest.append(entry)
            self._oldest_bytes += weight
            return
        self._newest.append(entry)
        self._weights.append(weight)
        self._newest_bytes += weight
        while len(self._newest) > NEWEST_KEPT or self._newest_bytes > MOST_BYTES:
            self._drop(self._newest.popleft(), self._weights.popleft())

    def all(self) -> tuple[LogEntry, ...]:
        """The kept entries in the order of the file."""
        return (*self._oldest, *sorted(self._middle, key=attrgetter("number")), *self._newest)

    def _drop(self, entry: LogEntry, weight: int) -> None:
        self._newest_bytes -= weight
        self._passing.append((entry, weight))
        if "varlog" in entry.log_name or "cloudaudit" in entry.log_name:
            for passed, its_weight in self._passing:
                self._keep_middle(passed, its_weight)
            self._passing.clear()
        elif entry.severity in _SERIOUS:
            self._passing.pop()
            self._keep_middle(entry, weight)

    def _keep_middle(self, entry: LogEntry, weight: int) -> None:
        if len(self._middle) < MIDDLE_KEPT and self._middle_bytes + weight <= MOST_BYTES // 8:
            self._middle.append(entry)
            self._middle_bytes += weight


def _severity(stated: object, shared: SharedParts) -> str:
    if isinstance(stated, str):
        return shared.name(stated[:_LONGEST_NAME]) or "DEFAULT"
    return _SEVERITIES.get(stated, "DEFAULT") if isinstance(stated, int) else "DEFAULT"


def _read_split(split: object) -> dict[str, Any] | None:
    if not isinstance(split, dict):
        return None
    uid, counts = split.get("uid"), {key: split.get(key) for key in ("index", "totalSplits")}
    kept: dict[str, Any] = {"uid": uid[:_LONGEST_ID]} if isinstance(uid, str) else {}
    kept.update((key, count) for key, count in counts.items() if isinstance(count, int))
    return kept or None


def _shorten(text: str) -> str:
    """Begin and end of a very long text: an error stands at one of them. A shortened text stays as it is."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = (LONGEST_TEXT - len(_GAP)) // 2
    return f"{text[:half]}{_GAP}{text[-half:]}"


def _bound(payload: dict[str, Any], shared: SharedParts) -> dict[str, Any]:
    """The payload up to `LONGEST_PAYLOAD_BYTES`, what follows left out; its keys and short texts are shared."""
    return _Bounding(shared).object(payload)


class _Bounding:
    """Walks through one payload and leaves out what comes after its bound. What was bounded once stays as it is."""

    def __init__(self, shared: SharedParts) -> None:
        self._share = shared.value
        self._left = LONGEST_PAYLOAD_BYTES

    def object(self, value: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            bounded, fits = self._take(item, len(key))
            if fits:
                kept[self._share(key)] = bounded
            if self._left < 0:
                break
        return kept

    def _array(self, value: list[Any]) -> list[Any]:
        kept = []
        for item in value:
            bounded, fits = self._take(item, 0)
            if fits:
                kept.append(bounded)
            if self._left < 0:
                break
        return kept

    def _take(self, item: Any, key_length: int) -> tuple[Any, bool]:
        """The item, bounded, and whether its begin is within the bound."""
        if isinstance(item, str):
            item = self._share(_shorten(item))
            key_length += len(item)
        self._left -= key_length + 8
        if self._left < 0:
            return None, False
        if isinstance(item, dict):
            return self.object(item), True
        return (self._array(item) if isinstance(item, list) else item), True


def _weigh(entry: LogEntry) -> int:
    """Bytes that the entry takes in a diagnosis, about."""
    payload = entry.json if entry.json is not None else entry.proto
    if payload is not None:
        # Masking rewrites it, and both are there for a while.
        size = _weigh_value(payload) * 3 // 2
    elif entry.text is not None and "\x1b" in entry.text:
        # The message has a text of its own, without the colours.
        size = sys.getsizeof(entry.text) * 5 // 2
    else:
        size = sys.getsizeof(entry.text) * 5 // 4
    return _BYTES_PER_ENTRY + len(entry.insert_id) + size


def _weigh_value(value: object) -> int:
    if isinstance(value, dict):
        return sys.getsizeof(value) + sum(_weigh_value(item) for item in value.values())
    if isinstance(value, list):
        return sys.getsizeof(value) + sum(_weigh_value(item) for item in value)
    return sys.getsizeof(value)
