"""`opsctl migrate images`."""

import gc
from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.migrate.shard_choice import choose_shard
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import Places, describe_places, open_migration
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import Profile
from opsctl.errors import ExitCode, OpsctlError
from opsctl.migration.models import RunState, Selection
from opsctl.migration.report import MigrationReport
from opsctl.migration.report import Progress as Moment
from opsctl.migration.shards import ShardChoice
from opsctl.migration.start import migrate_images, plan_only
from opsctl.migration.view import migration_view
from opsctl.reporting.progress import Progress

# Beyond the engine's own bound for what is in flight: writing the last records may take a moment too.
DRAIN_SECONDS = 30.0
GC_THRESHOLD = 20_000


def images(
    context: AppContext,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Stop after this many documents.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="FILTER", help="Only documents that match this MongoDB filter (extended JSON)."
        ),
    ] = None,
    image_type: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only images of this type; may be given several times."),
    ] = None,
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", help="Images in flight at once.")] = None,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Try finally failed images again, and those that another tool skipped."),
    ] = False,
    accept_failures: Annotated[
        bool,
        typer.Option("--accept-failures", help="End with 0 when all that is missing are images that failed for good."),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Only this part of the collection, counted from 0; other processes do the others.",
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            "--shards", min=1, metavar="N", help="How many parts there are; which one, the Job's environment says."
        ),
    ] = None,
) -> Outcome:
    """Fetch the images of all open documents, store them in S3, and record them in Mongo.

    Safe to stop at any moment (Ctrl-C, SIGTERM, kill -9) and to start again: it goes on where it stopped. Original
    fields are never written; each document gets all its s3_* fields in one guarded update.

    In an Indexed Job (JOB_COMPLETION_INDEX with --shards or OPSCTL_SHARDS) and in a Cloud Run Job with several tasks
    each process takes the shard of its index. A dry run always looks at the whole.
    """
    choice = choose_shard(shard, shards, context.environ)
    profile = context.load_profile({"images.workers": ("--workers", workers)})
    places = describe_places(profile)
    selection = Selection(where, tuple(image_type or ()), limit, retry_failed)
    context.announce(
        context.texts.get("migrate.announce", profile=places.profile, source=places.source, target=places.target)
    )
    if not dry_run and not yes:
        _ask(context, profile, places, selection)
    return _run(context, profile, selection, choice, dry_run=dry_run, accept_failures=accept_failures)


def _ask(context: AppContext, profile: Profile, places: Places, selection: Selection) -> None:
    """Count first, so that the question says how much it is about."""

    async def count(stop: StopRequest) -> MigrationReport:
        async with open_migration(profile, selection) as (settings, services):
            return await plan_only(settings, services, stop=stop, on_progress=lambda _moment: None)

    plan = run_async(count, drain_seconds=0)
    images = sum(host.images for host in plan.planned_hosts)
    question = context.texts.get("migrate.ask", images=images, documents=plan.open_documents, target=places.target)
    context.confirm(question, assume_yes=False)


def _run(
    context: AppContext,
    profile: Profile,
    selection: Selection,
    shard: ShardChoice | None,
    *,
    dry_run: bool,
    accept_failures: bool,
) -> Outcome:
    def outcome(report: MigrationReport, stop: StopRequest, error: OpsctlError | None = None) -> Outcome:
        code = choose_exit_code(report, selection, accept_failures=accept_failures)
        return _outcome(report, code, stop, error)

    async def main(stop: StopRequest) -> Outcome:
        cut_short: list[MigrationReport] = []
        async with open_migration(profile, selection) as (settings, services):
            if dry_run:
                report = await plan_only(settings, services, stop=stop, on_progress=on_progress)
                return outcome(report, stop)
            try:
                report = await migrate_images(
                    settings,
                    services,
                    owner_id=uuid4().hex,
                    stop=stop,
                    on_progress=on_progress,
                    on_cut_short=cut_short.append,
                    shard=shard,
                )
            except OpsctlError as error:
                if not cut_short:
                    raise
                return outcome(cut_short[0], stop, error)
            return outcome(report, stop)

    # Nothing of a run is cyclic garbage; walking all that was imported again and again costs a fifth of its time.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 50, 50)
    with context.progress() as progress:
        on_progress = follow(progress, context)
        return run_async(main, drain_seconds=DRAIN_SECONDS, use_uvloop=True)


def follow(progress: Progress, context: AppContext) -> Callable[[Moment], None]:
    """Draws a run's progress."""
    shown: list[str] = []

    def draw(moment: Moment) -> None:
        t = context.texts.get
        phase = "planning" if moment.phase == "planning" else "moving"
        if phase not in shown:
            shown.append(phase)
            progress.phase(t(f"migrate.phase_{phase}"))
        if moment.phase == "planning":
            progress.update(moment.plan.documents, None, t("migrate.counting_note", images=moment.plan.images))
            return
        plan, done = moment.plan, moment.counters
        before = plan.images_stored + plan.images_failed
        note = t(
            "migrate.progress_note",
            rate=round(moment.images_per_second),
            failed=plan.images_failed + done.images_failed,
        )
        if moment.waiting_reason:
            note = f"{note}; {t('migrate.progress_waiting', reason=moment.waiting_reason)}"
        progress.update(before + done.images_finished, plan.images, note)

    return draw


def _outcome(report: MigrationReport, code: ExitCode, stop: StopRequest, error: OpsctlError | None) -> Outcome:
    """The report, what stopped the run if anything did, and the code to end with: an interruption comes first."""
    if stop.exit_code is ExitCode.UNAVAILABLE and error is None:
        error = TimedOutError("the run did not end within --timeout", hint="start it again to go on")
    return Outcome(
        report, view=lambda texts: migration_view(report, texts), exit_code=stop.exit_code or code, error=error
    )


def choose_exit_code(report: MigrationReport, selection: Selection, *, accept_failures: bool) -> ExitCode:
    """4 when a document that should have been dealt with is still open, or, unless that is accepted, images have failed
    for good. Who tries again on a 4 wants it accepted: another try changes nothing about those."""
    done = report.counters
    some_failed = report.state is RunState.COMPLETE_WITH_FAILURES or done.images_failed
    some_left = report.open_documents and selection.limit is None and not selection.image_types
    is_partial = done.images_later or some_left or (some_failed and not accept_failures)
    return ExitCode.PARTIAL if is_partial and not report.dry_run else ExitCode.OK


COMMAND = CommandSpec(
    images,
    examples=(
        Example("What would be done?", "opsctl migrate images --dry-run"),
        Example("The second of four processes that share the work", "opsctl migrate images --yes --shard 1/4"),
        Example("Run it in a Job: no questions, JSON at the end", "opsctl migrate images --yes -o json"),
    ),
    choices=(("--type", ("basic", "exterior", "interior", "color")),),
)
