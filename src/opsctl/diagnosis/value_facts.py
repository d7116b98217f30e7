"""Facts about values that are gone once the values are masked (section `value_facts` of the evidence)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.redact_places import JsonValue, Place, point, rewrite
from opsctl.diagnosis.redact_text import TextMasker
from opsctl.diagnosis.redact_tokens import TokenBook
from opsctl.diagnosis.redact_values import Role
from opsctl.diagnosis.value_traits import traits_of
from opsctl.reporting.redact import is_masked

__all__ = ["TokenBook", "ValueFact", "take_value_facts"]

_LONGEST_NAME = 300
_SPACE = re.compile(r"\s")
_NAME_PARTS = re.compile(r"[/:@]")
# Said of most labels and arguments, and of no use there.
_ORDINARY = frozenset({"number", "boolean"})


@dataclass(frozen=True, slots=True)
class ValueFact:
    """What was seen in one value. `pointer` is RFC 6901 inside of the section's data, `length` in characters.

    `token` stands for the secret in the value, of an address for its password; None when nothing in it is secret.
    """

    section: str
    pointer: str
    traits: tuple[str, ...]
    length: int
    token: str | None

    def to_json(self) -> dict[str, Any]:
        """The fact as it stands in an evidence file."""
        return {
            "section": self.section,
            "pointer": self.pointer,
            "traits": list(self.traits),
            "length": self.length,
            "token": self.token,
        }


def take_value_facts(section: str, data: JsonValue, tokens: TokenBook) -> tuple[ValueFact, ...]:
    """Facts of the environment, arguments, labels and annotations in a section's data, in their order.

    Of `logs` only the audit records are read: they hold the whole execution. Secrets that are seen go into `tokens`, so
    that they are found elsewhere. A value that was masked before gives no fact; one of which a part was masked has the
    trait "masked".
    """
    taking = _Taking(section, tokens)
    if section == "logs" and isinstance(data, Mapping):
        for number, entry in enumerate(data.get("entries") or ()):
            if isinstance(entry, Mapping) and "protoPayload" in entry:
                rewrite(entry["protoPayload"], taking.see, pointer=f"/entries/{number}/protoPayload")
    else:
        rewrite(data, taking.see)
    return tuple(taking.facts)


def take_record_facts(number: int, record: JsonValue, tokens: TokenBook) -> tuple[ValueFact, ...]:
    """The same for one audit record, the `protoPayload` of log entry `number`."""
    taking = _Taking("logs", tokens)
    rewrite(record, taking.see, pointer=point(point("/entries", number), "protoPayload"))
    return tuple(taking.facts)


class _Taking:
    def __init__(self, section: str, tokens: TokenBook) -> None:
        self._section = section
        self._tokens = tokens
        self._masker = TextMasker(tokens)
        self.facts: list[ValueFact] = []

    def see(self, place: Place, value: Any) -> Any:
        """Notes the facts of a value. The value stays."""
        if not isinstance(value, str) or is_masked(value):
            return value
        if place.role in (Role.TEXT, Role.FIELD):
            # Names of jobs, images, instances: a weak password that equals one must not blot it out everywhere.
            if len(value) <= _LONGEST_NAME and not _SPACE.search(value):
                self._tokens.spare(part for part in _NAME_PARTS.split(value) if part)
            return value
        self._masker.mask_value(place, value)
        hits = self._masker.hits
        token = hits[-1].token if hits else None
        traits = traits_of(value, place.name if place.role is Role.ENV else "")
        if place.role is not Role.ENV:
            traits = tuple(trait for trait in traits if trait not in _ORDINARY)
        if traits or token is not None:
            self.facts.append(ValueFact(self._section, place.pointer, traits, len(value), token))
        return value
