"""`opsctl cloudrun diagnose`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import Choice, collect_evidence, load_cloudrun_profile
from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.diagnosis.collect import CollectSettings
from opsctl.errors import UsageError


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
        if from_evidence is None:
            profile = load_cloudrun_profile(
                context, project=project, region=region, repository=None if repo is None else str(repo)
            )
            settings = CollectSettings(without_image="--no-image" if no_image else None)
            settings = settings.within(context.options.timeout_seconds)
            evidence = collect_evidence(context, profile, choice, settings, meanwhile=_load_explaining)
        from opsctl.cli.cloudrun.explaining import explain, read_named  # noqa: PLC0415

        if from_evidence is not None:
            evidence = read_named(from_evidence, execution)
        return explain(context, evidence, save_evidence, force=force)


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


def _load_explaining() -> None:
    """What explains evidence takes as long to load as a few answers take to come: it is loaded beside them."""
    from opsctl.cli.cloudrun import explaining  # noqa: PLC0415

    explaining.load_rules()


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
