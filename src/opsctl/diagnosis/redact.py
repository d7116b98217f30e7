"""Masks the secrets of evidence before anything of it is shown, saved or diagnosed.

In this order: take the value facts of all sections, mask the sections, mask the log lines. A secret that is known from
a variable, an argument or an address is then found wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.entry_text import message_key
from opsctl.diagnosis.models import LogEntry
from opsctl.diagnosis.redact_keys import KeyParts, Said, find_keys, said_by
from opsctl.diagnosis.redact_places import JsonValue, Place, rewrite
from opsctl.diagnosis.redact_text import TextMasker
from opsctl.diagnosis.redact_tokens import TokenBook
from opsctl.reporting.redact import KeyBatches

__all__ = ["MaskedItem", "MaskedReport", "Masker", "TokenBook"]

LOGS = "logs"
# Tokens of log lines that the report lists one by one; of the others it gives the number.
_MOST_TOKENS_OF_LOGS = 500
# Members of a LogEntry that Google fills in.
_FIXED_MEMBERS = frozenset(
    {"insertId", "timestamp", "receiveTimestamp", "severity", "logName", "resource", "trace", "spanId", "traceSampled"}
)
_PLAIN_ID = re.compile(r"[\w.~-]{0,64}")


@dataclass(frozen=True, slots=True)
class MaskedItem:
    """A secret that was masked, and how often: `pointer` inside of the section's data, or "logs" for all lines.

    `token` is None for the many secrets of log lines that are only counted.
    """

    section: str
    pointer: str
    kind: str
    token: str | None
    count: int


@dataclass(frozen=True, slots=True)
class MaskedReport:
    """What was masked, in the order of its first appearance."""

    items: tuple[MaskedItem, ...]

    @property
    def count(self) -> int:
        """How many times something was masked."""
        return sum(item.count for item in self.items)


class Masker:
    """Masks evidence, section by section and line by line. Masking twice changes nothing more."""

    def __init__(self, tokens: TokenBook) -> None:
        self._text = TextMasker(tokens)
        self._counts: dict[tuple[str, str, str, str | None], int] = {}
        self._labels: dict[str, dict[str, Any]] = {}
        self._last_labels: tuple[Mapping[str, Any], dict[str, Any]] = ({}, {})
        self._keys = KeyBatches()
        # The resource is kept beside its id, which could be given to another object otherwise.
        self._plain_heads: dict[tuple[str, str, int], Any] = {}
        self._section = LOGS
        self._tokens_of_logs = 0

    def mask_section(self, name: str, data: JsonValue) -> JsonValue:
        """A copy of a section's data without secrets: same keys, same types."""
        if name == LOGS and isinstance(data, Mapping):
            entries = data.get("entries")
            rest = self._rewrite(name, {key: value for key, value in data.items() if key != "entries"})
            if not isinstance(entries, (list, tuple)):
                return self._rewrite(name, data)
            keys = find_keys(self._keys, map(_said_in, entries))
            masked = [self._mask_raw_entry(entry, keys.get(place, ())) for place, entry in enumerate(entries)]
            return {key: masked if key == "entries" else rest[key] for key in data}
        return self._rewrite(name, data)

    def mask_entries(self, entries: Sequence[LogEntry]) -> Iterator[LogEntry]:
        """Log entries without secrets, one after the other. A key that is printed line by line, an entry each, goes on
        in the entries of the next call."""
        keys = find_keys(self._keys, map(said_by, entries))
        return (self._mask_entry(entry, keys.get(place, ())) for place, entry in enumerate(entries))

    def _mask_entry(self, entry: LogEntry, keys: KeyParts) -> LogEntry:
        entry = self._mask_head(entry)
        labels = self._mask_labels(entry.labels)
        if entry.text is not None:
            return entry._replace(text=self._mask_line(entry.text, keys), labels=labels)
        if entry.json is not None:
            return entry._replace(json=self._mask_payload(entry.json, keys), labels=labels)
        if entry.proto is not None:
            return entry._replace(proto=self._rewrite(LOGS, entry.proto), labels=labels)
        return entry._replace(labels=labels)

    def _mask_head(self, entry: LogEntry) -> LogEntry:
        """Names and ids are Google's own and repeat; in a file made by hand anything may stand there."""
        head = (entry.log_name, entry.severity, id(entry.resource))
        if _PLAIN_ID.fullmatch(entry.insert_id) and head in self._plain_heads:
            return entry
        masked = entry._replace(
            log_name=self.mask_text(entry.log_name),
            severity=self.mask_text(entry.severity),
            insert_id=self.mask_text(entry.insert_id),
            resource=None if entry.resource is None else self._rewrite(LOGS, entry.resource),
            split=None if entry.split is None else self._rewrite(LOGS, entry.split),
        )
        if masked._replace(insert_id=entry.insert_id) == entry and entry.split is None:
            self._plain_heads[head] = entry.resource
        return masked

    def mask_text(self, text: str) -> str:
        """A log line or a message without secrets, also those that are known from other places."""
        masked = self._text.mask_text(text)
        if self._text.hits:
            self._count(LOGS, LOGS)
        return masked

    def report(self) -> MaskedReport:
        """What has been masked so far."""
        return MaskedReport(tuple(MaskedItem(*place, count) for place, count in self._counts.items()))

    def _rewrite(self, section: str, data: JsonValue, *, has_fields: bool = False) -> JsonValue:
        self._section = section
        return rewrite(data, self._change, has_fields=has_fields)

    def _change(self, place: Place, value: Any) -> Any:
        masked = self._text.mask_value(place, value) if isinstance(value, str) else self._text.mask_number(place, value)
        if self._text.hits:
            self._count(self._section, LOGS if self._section == LOGS else place.pointer)
        return masked

    def _mask_raw_entry(self, entry: JsonValue, keys: KeyParts) -> JsonValue:
        """A LogEntry in Google's JSON. There may be hundreds of thousands: only what can hold a secret is walked."""
        if not isinstance(entry, Mapping):
            return self._rewrite(LOGS, entry)
        masked: dict[str, Any] = {}
        for key, value in entry.items():
            if key in _FIXED_MEMBERS:
                masked[key] = value
            elif key == "textPayload" and isinstance(value, str):
                masked[key] = self._mask_line(value, keys)
            elif key == "jsonPayload" and isinstance(value, Mapping):
                masked[key] = self._mask_payload(value, keys)
            elif key == "labels" and isinstance(value, Mapping):
                masked[key] = self._mask_labels(value)
            else:
                masked[key] = self._rewrite(LOGS, {key: value})[key]
        return masked

    def _mask_labels(self, labels: Mapping[str, Any]) -> dict[str, Any]:
        """Labels repeat in thousands of lines: each set of them is masked once and shared."""
        if labels is self._last_labels[0]:
            return self._last_labels[1]
        key = str(labels)
        masked = self._labels.get(key)
        if masked is None:
            masked = self._rewrite(LOGS, {"labels": labels})["labels"]
            self._labels[key] = masked
        self._last_labels = (labels, masked)
        return masked

    def _mask_line(self, text: str, keys: KeyParts) -> str:
        """One line of a stream, with the parts of it that belong to a private key."""
        return self.mask_text(self._mask_keys(text, keys) if keys else text)

    def _mask_payload(self, payload: Mapping[str, Any], keys: KeyParts) -> JsonValue:
        key = message_key(payload) if keys else None
        if key is not None:
            payload = {**payload, key: self._mask_keys(payload[key], keys)}
        return self._rewrite(LOGS, payload, has_fields=True)

    def _mask_keys(self, text: str, keys: KeyParts) -> str:
        masked = self._text.mask_parts(text, keys, "private-key")
        self._count(LOGS, LOGS)
        return masked

    def _count(self, section: str, pointer: str) -> None:
        for kind, token in self._text.hits:
            key: tuple[str, str, str, str | None] = (section, pointer, kind, token)
            if section == LOGS and key not in self._counts:
                self._tokens_of_logs += 1
                if self._tokens_of_logs > _MOST_TOKENS_OF_LOGS:
                    key = (section, pointer, kind, None)
            self._counts[key] = self._counts.get(key, 0) + 1


def _said_in(entry: JsonValue) -> Said | None:
    """What a LogEntry in Google's JSON says, and in which stream."""
    if not isinstance(entry, Mapping):
        return None
    text, payload = entry.get("textPayload"), entry.get("jsonPayload")
    return Said.of(entry.get("logName"), entry.get("labels"), text, payload)
