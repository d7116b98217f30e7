"""Private keys that are printed line by line, a log entry each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from opsctl.diagnosis.entry_text import MESSAGE_KEYS
from opsctl.diagnosis.models import LogEntry
from opsctl.reporting.redact import KeyLines

# Parts of one text, in order.
KeyParts = Sequence[tuple[int, int]]


class Said(NamedTuple):
    """The text of an entry, and what tells its stream from others: entries of one container have the same labels."""

    log_name: object
    labels: object
    text: str

    @classmethod
    def of(cls, log_name: object, labels: object, text: object, payload: object) -> Said | None:
        """The line, or the message of a structured one; None for an entry that has neither."""
        if isinstance(text, str):
            return cls(log_name, labels, text)
        if not isinstance(payload, Mapping):
            return None
        key = message_key(payload)
        return None if key is None else cls(log_name, labels, payload[key])


class EntryKeys:
    """Finds the parts of entries that belong to private keys. What is open stays open from call to call."""

    def __init__(self) -> None:
        self._lines: KeyLines[int] = KeyLines()
        self._count = 0

    def find(self, entries: Iterable[Said | None]) -> dict[int, KeyParts]:
        """The parts by the places of these entries, those before an end whose begin is missing among them."""
        first = self._count
        found: dict[int, list[tuple[int, int]]] = {}
        for number, said in enumerate(entries, first):
            self._count = number + 1
            if said is None or not self._lines.concerns(said.text):
                continue
            stream = (str(said.log_name), str(said.labels))
            for place, part in self._lines.take(stream, said.text, number):
                if place >= first:
                    found.setdefault(place - first, []).append(part)
        return {place: sorted(parts) for place, parts in found.items()}


def said_by(entry: LogEntry) -> Said | None:
    """What an entry says, and in which stream."""
    return Said.of(entry.log_name, entry.labels, entry.text, entry.json)


def message_key(payload: Mapping[str, Any]) -> str | None:
    """Where the words of a structured line stand."""
    return next((key for key in MESSAGE_KEYS if isinstance(payload.get(key), str) and payload[key]), None)
