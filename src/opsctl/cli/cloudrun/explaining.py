"""Explains evidence for a command: masks it, keeps it, judges every rule on it, puts the answer into words."""

from __future__ import annotations

from pathlib import Path

from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.evidence_file import read_evidence, write_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Outcome as Ending
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.diagnosis.view import diagnosis_view
from opsctl.errors import ExitCode, UsageError

__all__ = ["explain", "load_rules", "read_named"]


def read_named(path: Path, execution: str | None) -> Evidence:
    """The evidence in a file. Raises `UsageError` when it is not about the execution that was named."""
    evidence = read_evidence(path)
    name = evidence.name
    if execution is not None and execution not in (name.full, name.execution):
        raise UsageError(
            f"{path} is evidence of {name.execution}, not of {execution}.",
            hint="Leave the execution out, or name the file of that execution.",
        )
    return evidence


def explain(context: AppContext, evidence: Evidence, save_evidence: Path | None, *, force: bool) -> Outcome:
    """The report, and how the command ends. What is saved is masked before."""
    prepared = mask_evidence(evidence)
    if save_evidence is not None:
        write_evidence(save_evidence, prepared.evidence, overwrite=force)
        context.announce(context.texts.get("diagnose.saved", path=str(save_evidence)))
    facts = derive_facts(prepared.evidence)
    ranking = rank_causes(load_rules(), facts)
    report = build_report(prepared.evidence, facts, ranking, prepared.masked_by_kind, context.texts)
    return Outcome(
        report,
        view=lambda texts: diagnosis_view(report, texts),
        exit_code=_EXIT_CODES[facts.execution.outcome],
    )


_EXIT_CODES = {
    Ending.FAILED: ExitCode.FINDINGS,
    Ending.SUCCEEDED: ExitCode.OK,
    Ending.CANCELLED: ExitCode.OK,
    Ending.RUNNING: ExitCode.OK,
    Ending.UNTOLD: ExitCode.PARTIAL,
}
