"""`opsctl cloudrun diagnose`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import Choice, collect_evidence, load_cloudrun_profile
from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.diagnosis.build_report import build_report
from opsctl.diagnosis.collect import CollectSettings
from opsctl.diagnosis.evidence_file import read_evidence, write_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.facts.model import Outcome as Ending
from opsctl.diagnosis.models import Evidence
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
        str | None,
        typer.Argument(metavar="[EXECUTION]", help="Id, full name or console URL; with a file: the one in it."),
    ] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="JOB", help="The job that was executed.")] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The newest execution of --job.")] = False,
    latest_failed: Annotated[
        bool, typer.Option("--latest-failed", help="The newest execution of --job that failed.")
    ] = False,
    project: Annotated[str | None, typer.Option("--project", metavar="ID", help="Google Cloud project.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Region of the job; searched for when not known.")
    ] = None,
    repo: Annotated[
        Path | None, typer.Option("--repo", metavar="FOLDER", help="Git checkout: what changed since the last success.")
    ] = None,
    no_image: Annotated[bool, typer.Option("--no-image", help="Do not look into the container image.")] = False,
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

    Collects from Cloud Run, Cloud Logging, IAM, Secret Manager, Cloud SQL, the image registry and git, and goes on
    where a permission is missing. Reads only, never the value of a secret; secrets in what it reads are masked before
    anything is shown or saved.

    Ends with 3 when the execution failed, with 0 when it succeeded, was cancelled or still runs, with 4 when the
    evidence does not tell.
    """
    choice = Choice(execution, job, latest, latest_failed)
    if from_evidence is not None:
        _refuse_live_options(choice, project, region, repo, no_image=no_image)
    with without_collector():
        if from_evidence is not None:
            evidence = _read(from_evidence, execution)
        else:
            profile = load_cloudrun_profile(
                context, project=project, region=region, repository=None if repo is None else str(repo)
            )
            settings = CollectSettings(without_image="--no-image" if no_image else None)
            evidence = collect_evidence(context, profile, choice, settings)
        return _diagnose(context, evidence, save_evidence, force=force)


def _refuse_live_options(
    choice: Choice, project: str | None, region: str | None, repo: Path | None, *, no_image: bool
) -> None:
    given = {
        "--job": choice.job,
        "--latest": choice.latest,
        "--latest-failed": choice.latest_failed,
        "--project": project,
        "--region": region,
        "--repo": repo,
        "--no-image": no_image,
    }
    named = [option for option, value in given.items() if value]
    if named:
        raise UsageError(
            f"{named[0]} says what to collect, and --from-evidence collects nothing.", hint=f"Leave out {named[0]}."
        )


def _read(path: Path, execution: str | None) -> Evidence:
    evidence = read_evidence(path)
    name = evidence.name
    if execution is not None and execution not in (name.full, name.execution):
        raise UsageError(
            f"{path} is evidence of {name.execution}, not of {execution}.",
            hint="Leave the execution out, or name the file of that execution.",
        )
    return evidence


def _diagnose(context: AppContext, evidence: Evidence, save_evidence: Path | None, *, force: bool) -> Outcome:
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
        Example("Why did it fail?", "opsctl cloudrun diagnose o4o-api-migrations-h5x5h"),
        Example(
            "The last failure of a job, and the evidence kept for later",
            "opsctl cloudrun diagnose --job o4o-api-migrations --latest-failed --save-evidence incident.json.gz",
        ),
        Example(
            "An incident report for a ticket from it, in Korean",
            "opsctl cloudrun diagnose --from-evidence incident.json.gz -o markdown --lang ko > report.md",
        ),
    ),
)
