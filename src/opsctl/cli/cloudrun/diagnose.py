"""`opsctl cloudrun diagnose`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.evidence_file import read_evidence, write_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.facts.model import Outcome as Ending
from opsctl.diagnosis.prepare import Prepared, mask_evidence
from opsctl.diagnosis.rank import Ranking, rank_causes
from opsctl.diagnosis.report import DiagnosisReport
from opsctl.diagnosis.rules import load_rules
from opsctl.diagnosis.view import diagnosis_view
from opsctl.errors import ExitCode, UsageError
from opsctl.reporting.view import Texts


def diagnose(
    context: AppContext,
    execution: Annotated[
        str | None, typer.Argument(metavar="[EXECUTION]", help="Id or full name; must be the one in the evidence.")
    ] = None,
    from_evidence: Annotated[
        Path | None, typer.Option("--from-evidence", metavar="FILE", help="Read an evidence file; touches no network.")
    ] = None,
    save_evidence: Annotated[
        Path | None,
        typer.Option("--save-evidence", metavar="FILE", help="Write what was read, redacted (.json or .json.gz)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --save-evidence replace a file.")] = False,
) -> Outcome:
    """Explains why a Cloud Run job execution failed: ranked causes with evidence, what was ruled out, what to do next.

    Reads only. Secrets are masked before anything is shown or saved.

    Ends with 3 when the execution failed, with 0 when it succeeded, was cancelled or still runs, with 4 when the
    evidence does not tell.
    """
    if from_evidence is None:
        raise UsageError(
            "There is nothing to diagnose: no evidence file was given.",
            hint="opsctl cloudrun diagnose --from-evidence FILE; collecting from Google Cloud is not built yet.",
        )
    with without_collector():
        return _diagnose(context, execution, from_evidence, save_evidence, force=force)


def _diagnose(
    context: AppContext, execution: str | None, from_evidence: Path, save_evidence: Path | None, *, force: bool
) -> Outcome:
    evidence = read_evidence(from_evidence)
    name = evidence.name
    if execution is not None and execution not in (name.full, name.execution):
        raise UsageError(
            f"{from_evidence} is evidence of {name.execution}, not of {execution}.",
            hint="Leave the execution out, or name the file of that execution.",
        )
    prepared = mask_evidence(evidence)
    if save_evidence is not None:
        write_evidence(save_evidence, prepared.evidence, overwrite=force)
        context.announce(context.texts.get("diagnose.saved", path=str(save_evidence)))
    diagnosis = explain(prepared)
    report = diagnosis.report(context.texts)
    return Outcome(
        report,
        view=lambda texts: diagnosis_view(report, texts),
        exit_code=_EXIT_CODES[diagnosis.facts.execution.outcome],
    )


@contextmanager
def without_collector() -> Iterator[None]:
    """Hundreds of thousands of plain values without cycles: walking them again and again took a quarter of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, before it is put into words."""

    prepared: Prepared
    facts: Facts
    ranking: Ranking

    def report(self, texts: Texts) -> DiagnosisReport:
        """The report with its sentences in the language of `texts`."""
        return build_report(self.prepared.evidence, self.facts, self.ranking, self.prepared.masked_by_kind, texts)


def explain(prepared: Prepared) -> Diagnosis:
    """Derives the facts and judges every rule on them."""
    facts = derive_facts(prepared.evidence)
    return Diagnosis(prepared, facts, rank_causes(load_rules(), facts))


_EXIT_CODES = {
    Ending.FAILED: ExitCode.FINDINGS,
    Ending.SUCCEEDED: ExitCode.OK,
    Ending.CANCELLED: ExitCode.OK,
    Ending.RUNNING: ExitCode.OK,
    Ending.UNTOLD: ExitCode.PARTIAL,
}


COMMAND = CommandSpec(
    diagnose,
    examples=(
        Example("Why did it fail?", "opsctl cloudrun diagnose --from-evidence incident.json"),
        Example(
            "An incident report for a ticket, in Korean",
            "opsctl cloudrun diagnose --from-evidence incident.json.gz -o markdown --lang ko > report.md",
        ),
        Example(
            "The first cause, for a script",
            "opsctl cloudrun diagnose --from-evidence incident.json -o json | jq -r '.data.findings[0].cause'",
        ),
    ),
)
