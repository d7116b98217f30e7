"""The pages of `docs/explanation/reports/`: what the diagnosis prints for practice incidents, and how its ranking moves
with the evidence."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from docs.generator.markdown import code, join, table

from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.models import SECTIONS
from opsctl.diagnosis.prepare import Prepared, mask_evidence
from opsctl.diagnosis.rank import Ranking, rank_causes
from opsctl.diagnosis.report import DiagnosisReport
from opsctl.diagnosis.rules import load_rules
from opsctl.diagnosis.view import MOST_SHOWN, diagnosis_view
from opsctl.lab.incidents import INCIDENTS, Incident, write_incident
from opsctl.reporting.language import LANGUAGES
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.redact import Redactor
from opsctl.reporting.texts import Catalogue

INCIDENT = "o4o-api-migrations-h5x5h"
SIBLINGS = (
    f"{INCIDENT}-logs-denied",
    "o4o-api-migrations-k2p9d",
    "o4o-api-migrations-q8w3n",
    "o4o-api-migrations-d4m7s",
)
SHOWN_CAUSES = 3


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, before it is put into words."""

    prepared: Prepared
    facts: Facts
    ranking: Ranking

    def report(self, texts: Catalogue) -> DiagnosisReport:
        """The report with its sentences in the language of `texts`."""
        return build_report(self.prepared.evidence, self.facts, self.ranking, self.prepared.masked_by_kind, texts)


def render_reports() -> dict[str, str]:
    """File name -> the report of the incident in each language, exactly as `-o markdown` prints it in UTC."""
    diagnosis = diagnose(INCIDENTS[INCIDENT])
    return {f"{INCIDENT}.{language}.md": _report(diagnosis, Catalogue(language, UTC)) for language in LANGUAGES}


def ranking_page() -> str:
    """How the ranking moves with each variant of the incident and of its siblings."""
    return join(
        "# How evidence moves the ranking",
        "One failure, seen with more and more of its evidence. What was not seen counts for *unknown*, never for "
        "another\ncause: with nothing but the conditions there is hardly anything to say, and the diagnosis says so.",
        *_sections(INCIDENTS[INCIDENT]),
        "## Its siblings",
        "The same job, failing for other reasons; in the first one the log may not be read.",
        *(part for name in SIBLINGS for part in _sections(INCIDENTS[name], level=3)),
        "What the figures mean: [how a diagnosis is made](../diagnosis.md). Try it:\n"
        "[practise on recorded incidents](../../how-to/practise-incidents.md).",
    )


def diagnose(incident: Incident, sections: Collection[str] | None = None) -> Diagnosis:
    """The diagnosis of an incident, through a file, as a user makes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "incident.json"
        write_incident(incident, path, sections)
        prepared = mask_evidence(read_evidence(path))
    facts = derive_facts(prepared.evidence)
    return Diagnosis(prepared, facts, rank_causes(load_rules(), facts))


def _report(diagnosis: Diagnosis, texts: Catalogue) -> str:
    return render_markdown(diagnosis_view(diagnosis.report(texts), texts), texts, clean=Redactor())


def _sections(incident: Incident, level: int = 2) -> Iterator[str]:
    columns = ("variant", "evidence added", "first", "second", "third", "unknown", "ruled out by it")
    yield f"{'#' * level} {incident.name}"
    yield f"Right answer: {code(incident.cause)}."
    yield table(columns, _rows(incident))


def _rows(incident: Incident) -> Iterator[tuple[str, ...]]:
    held, refuted = frozenset[str](), frozenset[str]()
    for variant in incident.variants:
        ranking = diagnose(incident, variant.sections).ranking
        named = [f"{code(found.rule.cause)} {_percent(found.probability)}" for found in ranking.findings[:SHOWN_CAUSES]]
        added = [code(name) for name in SECTIONS if name in variant.sections and name not in held]
        ruled_out = [found.rule.cause for found in ranking.ruled_out]
        news = [code(cause) for cause in ruled_out if cause not in refuted]
        cells = (*named, *[""] * (SHOWN_CAUSES - len(named)), _percent(ranking.unknown), ", ".join(news))
        yield variant.name, ", ".join(added) or "none", *cells
        held |= frozenset(variant.sections)
        refuted |= frozenset(ruled_out)


def _percent(share: float) -> str:
    if share > MOST_SHOWN:
        return f"> {MOST_SHOWN:.1%}".replace("%", " %")
    return "< 0.1 %" if share < 1 - MOST_SHOWN else f"{share:.1%}".replace("%", " %")
