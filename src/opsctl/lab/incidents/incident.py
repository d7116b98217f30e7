"""A practice incident, and the evidence file that it makes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.models import SECTIONS

Json = dict[str, Any]

LEFT_OUT = {"status": "skipped", "reason": "left out for practice"}
NOT_COLLECTED = {"status": "skipped", "reason": "not collected"}


@dataclass(frozen=True, slots=True)
class Variant:
    """A part of the evidence: these sections, the others are marked as skipped."""

    name: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """One recorded failure, complete and always the same.

    `cause` is the right answer, a cause of the diagnosis; `acceptable` are causes that describe the same defect.
    `variants` go from little evidence to all of it, so that one can see what each piece adds. `build` makes the
    evidence, `opsctl.evidence/v1` as a JSON value.
    """

    name: str
    cause: str
    build: Callable[[], Json]
    variants: tuple[Variant, ...]
    acceptable: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The first part of the names of its texts: `incident.{key}_title`, `_story` and `_lesson`."""
        return self.name.replace("-", "_")

    @property
    def title(self) -> str:
        """What one sees at first, in English; it does not tell the cause."""
        from opsctl.reporting.texts import Catalogue  # noqa: PLC0415

        return Catalogue("en").get(f"incident.{self.key}_title")

    @property
    def execution(self) -> str:
        """The full resource name of the execution."""
        return str(self.build()["executionName"])

    def evidence(self) -> Json:
        """All of the evidence, every section with its status. The caller may change it: nothing is shared."""
        return copy.deepcopy(self.build())

    def variant(self, name: str) -> Json:
        """The evidence of a variant. Raises `KeyError` for a name that does not exist."""
        for variant in self.variants:
            if variant.name == name:
                return restrict(self.evidence(), variant.sections)
        raise KeyError(name)


def ladder(*steps: tuple[str, ...]) -> tuple[Variant, ...]:
    """Variants that add up: a step is a name and the sections that it adds; the last one, `all`, holds everything."""
    variants: list[Variant] = []
    held: tuple[str, ...] = ()
    for name, *added in steps:
        held = (*held, *added)
        variants.append(Variant(name, tuple(section for section in SECTIONS if section in held)))
    return (*variants, Variant("all", SECTIONS))


def assemble(name: str, collected_at: str, sections: Json) -> Json:
    """An evidence document. Sections that are not given are skipped; raises `KeyError` for one that does not exist."""
    unknown = set(sections) - set(SECTIONS)
    if unknown:
        raise KeyError(*sorted(unknown))
    return {
        "schema": "opsctl.evidence/v1",
        "collectedAt": collected_at,
        "executionName": name,
        "sections": {section: sections.get(section, dict(NOT_COLLECTED)) for section in SECTIONS},
    }


def restrict(evidence: Json, sections: Collection[str]) -> Json:
    """The same evidence with only these sections. Facts about values of a section go with the section."""
    kept: Json = {name: body if name in sections else dict(LEFT_OUT) for name, body in evidence["sections"].items()}
    facts = kept["value_facts"].get("data")
    if facts is not None:
        seen = [fact for fact in facts["facts"] if fact["section"] in sections]
        kept["value_facts"] = {**kept["value_facts"], "data": {**facts, "facts": seen}}
    return {**evidence, "sections": kept}


def ok(data: Json, source: str) -> Json:
    """A section that was collected whole."""
    return {"status": "ok", "source": source, "data": data}


def partial(data: Json, source: str, reason: str) -> Json:
    """A section of which something is missing."""
    return {"status": "partial", "reason": reason, "source": source, "data": data}


def absent(status: str, reason: str, source: str = "") -> Json:
    """A section without data: `no_data`, `denied`, `not_found`, `error` or `skipped`."""
    return {"status": status, "reason": reason} | ({"source": source} if source else {})
