"""Applying a manifest: what differs is shown, asked about once, and then changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from opsctl.cli.context import AppContext
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.manifest_folder import keeper_of
from opsctl.cli.migrate.manifest_secrets import refuse_undecided
from opsctl.cli.migrate.manifest_settings import PreparedManifest
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import open_work_log
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import Profile
from opsctl.errors import ExitCode, OpsctlError
from opsctl.migration.clock import SystemClock
from opsctl.migration.kubernetes.manifest.apply import apply_plan, outcome_of
from opsctl.migration.kubernetes.manifest.plan import ApplyPlan, PlannedObject, plan_apply, try_on_server
from opsctl.migration.kubernetes.manifest.replace import (
    OldJobKeeper,
    check_replacement,
    check_writers,
    plan_replacement,
    replace_job,
)
from opsctl.migration.kubernetes.manifest.report import (
    ManifestOutcome,
    ManifestReport,
    ObjectReport,
    ObjectState,
    list_notes,
)
from opsctl.migration.kubernetes.manifest.view import diff_lines, manifest_view, warning_lines
from opsctl.migration.kubernetes.work_log import LeaseWatch

# For the answer to a change that is on its way.
DRAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ApplyWishes:
    """What the flags say of applying."""

    dry_run: bool
    yes: bool
    replaces: bool
    despite_writers: bool


def apply_manifest(context: AppContext, profile: Profile, prepared: PreparedManifest, wishes: ApplyWishes) -> Outcome:
    """Compare, show, ask, change. Raises what is wrong before anything was changed; afterwards it is in the report."""
    context.announce(context.texts.get("kubernetes.announce", profile=profile.name, job=str(prepared.job)))
    plan = run_async(lambda _stop: _compare(profile, prepared, wishes), drain_seconds=0)
    planned = _report(prepared, plan, ManifestOutcome.PLANNED, plan.reports(ObjectState.PLANNED))
    if not plan.changes_anything:
        return _outcome(prepared, _report(prepared, plan, ManifestOutcome.UNCHANGED, planned.objects))
    if plan.replaced is not None and not wishes.replaces:
        refused = _report(prepared, plan, ManifestOutcome.REFUSED, plan.reports(ObjectState.NOT_TRIED))
        return _outcome(prepared, refused, error=plan.replaced.immutable_error())
    refuse_undecided(profile, plan.objects)
    keeper = OldJobKeeper(keeper_of(context.environ), (plan.replaced and plan.replaced.live) or {})
    run_async(lambda _stop: _check(profile, plan, wishes, keeper), drain_seconds=0)
    if wishes.dry_run:
        return _outcome(prepared, planned)
    if not wishes.yes:
        for line in (*diff_lines(planned.objects, context.texts), *warning_lines(planned, context.texts)):
            context.announce(line)
    question = "manifest_ask" if plan.replaced is None else "manifest_ask_replace"
    context.confirm(
        context.texts.get(f"kubernetes.{question}", namespace=prepared.job.namespace, job=str(prepared.job)),
        assume_yes=wishes.yes,
    )
    # A Job that was deleted is created again before anybody may leave.
    drain_seconds = DRAIN_SECONDS if plan.replaced is None else None
    report, error, exit_code = run_async(
        lambda stop: _apply(profile, prepared, plan, keeper, stop), drain_seconds=drain_seconds
    )
    is_read = not (wishes.yes or context.options.quiet or context.options.output is OutputFormat.MARKDOWN)
    return _outcome(prepared, report, error=error, exit_code=exit_code, with_changes=not is_read)


async def _compare(profile: Profile, prepared: PreparedManifest, wishes: ApplyWishes) -> ApplyPlan:
    async with open_cluster(profile) as (cluster, _):
        return await plan_apply(
            cluster,
            prepared.documents,
            prepared.is_secret,
            roles=prepared.roles,
            takeover=prepared.takeover,
            replaces=wishes.replaces,
        )


async def _check(profile: Profile, plan: ApplyPlan, wishes: ApplyWishes, keeper: OldJobKeeper) -> None:
    async with open_cluster(profile) as (cluster, _):
        await try_on_server(cluster, plan)
        if plan.replaced is None:
            return
        await check_replacement(plan_replacement(cluster, keeper, SystemClock(), plan.replaced))
        if not wishes.despite_writers:
            async with open_work_log(profile, LeaseWatch(SystemClock())) as work:
                await check_writers(cluster, work, plan.replaced)


async def _apply(
    profile: Profile, prepared: PreparedManifest, plan: ApplyPlan, keeper: OldJobKeeper, stop: StopRequest
) -> tuple[ManifestReport, OpsctlError | None, ExitCode]:
    async with open_cluster(profile) as (cluster, _):

        async def replace_it(item: PlannedObject) -> None:
            await replace_job(plan_replacement(cluster, keeper, SystemClock(), item), keeper)

        objects, error = await apply_plan(cluster, plan, replace_it, stop)
    report = replace(_report(prepared, plan, outcome_of(objects), objects), kept_manifest=keeper.path)
    return report, error, stop.exit_code or ExitCode.OK


def _report(
    prepared: PreparedManifest, plan: ApplyPlan, outcome: ManifestOutcome, objects: tuple[ObjectReport, ...]
) -> ManifestReport:
    return ManifestReport(
        prepared.job.namespace,
        prepared.job.name,
        outcome,
        tuple(document.body for document in prepared.documents),
        list_notes(prepared.documents),
        objects,
        plan.warnings,
    )


def _outcome(
    prepared: PreparedManifest,
    report: ManifestReport,
    *,
    error: OpsctlError | None = None,
    exit_code: ExitCode = ExitCode.OK,
    with_changes: bool = True,
) -> Outcome:
    """`with_changes` is False when the person has just read them."""
    view = partial(manifest_view, report, command=prepared.command, with_changes=with_changes)
    return Outcome(report, view=view, exit_code=exit_code, error=error)
