"""Collected evidence made ready: value facts taken, then secrets masked.

What was read from a file and what was collected live go the same way, so a replay finds what the live run found. Facts
that a file holds already were taken from values that are no longer there: they are kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsctl.diagnosis.models import SECTIONS, Evidence, LogEntry, Section, SectionStatus
from opsctl.diagnosis.redact import Masker, TokenBook
from opsctl.diagnosis.value_facts import ValueFact, take_record_facts, take_value_facts

VALUE_FACTS = "value_facts"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Evidence without secrets, and how many values of each kind were masked, now and when it was saved."""

    evidence: Evidence
    masked_by_kind: Mapping[str, int]


def mask_evidence(evidence: Evidence) -> Prepared:
    """Takes the value facts of all sections, then masks all of them. Doing it twice changes nothing more."""
    tokens = _open_book(evidence)
    facts = _merge(evidence, _take_facts(evidence, tokens))
    masker = Masker(tokens)
    sections = {
        name: section if section.data is None else replace(section, data=masker.mask_section(name, section.data))
        for name, section in _in_order(evidence)
    }
    if facts or evidence.section(VALUE_FACTS).data is not None:
        sections[VALUE_FACTS] = Section(SectionStatus.OK, data={"facts": facts})
    # Reasons and sources are written by tools, and tools write addresses with passwords in them.
    sections = {
        name: replace(
            section,
            reason=None if section.reason is None else masker.mask_text(section.reason),
            source=None if section.source is None else masker.mask_text(section.source),
        )
        for name, section in sections.items()
    }
    entries = tuple(_mask_entries(masker, evidence.entries))
    kinds: Counter[str] = Counter(evidence.masked_before)
    for item in masker.report().items:
        kinds[item.kind] += item.count
    masked = replace(evidence, sections=sections, entries=entries, masked_before=dict(kinds))
    return Prepared(masked, dict(kinds))


def _mask_entries(masker: Masker, entries: tuple[LogEntry, ...]) -> Iterator[LogEntry]:
    """The entries without secrets; an entry itself when there is none in it, so that it is not in memory twice."""
    for entry, masked in zip(entries, masker.mask_entries(entries), strict=True):
        yield entry if masked == entry else masked


def _in_order(evidence: Evidence) -> Iterator[tuple[str, Section]]:
    """Tokens are given in the order of first appearance: the order of the sections must not depend on the file."""
    yield from ((name, evidence.sections[name]) for name in SECTIONS if name in evidence.sections)
    yield from ((name, section) for name, section in sorted(evidence.sections.items()) if name not in SECTIONS)


def _take_facts(evidence: Evidence, tokens: TokenBook) -> Iterator[ValueFact]:
    for name, section in _in_order(evidence):
        if section.data is not None and name not in ("logs", VALUE_FACTS):
            yield from take_value_facts(name, section.data, tokens)
    for entry in evidence.entries:
        if entry.proto is not None:
            yield from take_record_facts(entry.number, entry.proto, tokens)


def _merge(evidence: Evidence, taken: Iterable[ValueFact]) -> list[Mapping[str, Any]]:
    """The facts of the file, then those of values that are still in it."""
    data = evidence.section(VALUE_FACTS).data or {}
    kept = _listed(data.get("facts"))
    seen = {(fact.get("section"), fact.get("pointer")) for fact in kept}
    fresh = [fact.to_json() for fact in taken if (fact.section, fact.pointer) not in seen]
    return [*kept, *fresh]


def _open_book(evidence: Evidence) -> TokenBook:
    """A token book that knows the tokens of an earlier masking."""
    facts = _listed((evidence.section(VALUE_FACTS).data or {}).get("facts"))
    named = [fact.get("token") for fact in facts]
    tokens = TokenBook(token for token in named if isinstance(token, str))
    for section in evidence.sections.values():
        if section.data is not None:
            tokens.reserve(json.dumps(section.data, ensure_ascii=False, default=str))
    for entry in evidence.entries:
        tokens.reserve(entry.text if entry.text is not None else str(entry.json or entry.proto))
    return tokens


def _listed(value: object) -> list[Mapping[str, Any]]:
    """The objects of what should be a list of objects."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
