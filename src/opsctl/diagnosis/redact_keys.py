"""Private keys that are printed line by line, a log entry each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from opsctl.diagnosis.entry_text import message_key
from opsctl.diagnosis.models import LogEntry
from opsctl.reporting.redact import KeyBatches

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

    @property
    def stream(self) -> tuple[str, str]:
        """The same for all entries of a stream."""
        return str(self.log_name), str(self.labels)


def find_keys(keys: KeyBatches, entries: Iterable[Said | None]) -> dict[int, list[tuple[int, int]]]:
    """The parts of entries that belong to private keys, by the places of these entries."""
    return keys.find(entries, lambda said: said and said.text, lambda said: said and said.stream)


def said_by(entry: LogEntry) -> Said | None:
    """What an entry says, and in which stream."""
    return Said.of(entry.log_name, entry.labels, entry.text, entry.json)
