"""Reports of runs that tests make up."""

from __future__ import annotations

from datetime import UTC

from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.command_values import CommandValues, command_values
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.rank import Ranked
from opsctl.diagnosis.report import DiagnosisReport, Finding
from opsctl.reporting.language import Language
from opsctl.reporting.texts import Catalogue
from tests.diagnosis.runs import diagnose_run, facts_of

TEXTS = Catalogue("en", UTC)


def report_of(evidence: Evidence, language: Language = "en") -> DiagnosisReport:
    """The report on a run, in UTC."""
    return build_report(evidence, facts_of(evidence), diagnose_run(evidence), {}, Catalogue(language, UTC))


def first_of(evidence: Evidence) -> Finding:
    """The first finding on a run."""
    return report_of(evidence).findings[0]


def judged(evidence: Evidence) -> tuple[Facts, Ranked]:
    """The facts of a run and its first finding before it is put into words."""
    return facts_of(evidence), diagnose_run(evidence).findings[0]


def values_of(evidence: Evidence) -> CommandValues:
    """What commands about the first finding name."""
    facts, found = judged(evidence)
    return command_values(facts, found.support)
