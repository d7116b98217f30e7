"""`opsctl migrate restart`."""

from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.restarting import carry_out, plan_outcome
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import open_work_log
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import KubernetesSection, Profile
from opsctl.migration.clock import SystemClock
from opsctl.migration.kubernetes.restart.models import RestartPlan, RestartWishes
from opsctl.migration.kubernetes.restart.plan import plan_restart
from opsctl.migration.kubernetes.restart.view import ask, plan_lines
from opsctl.migration.kubernetes.work_log import LeaseWatch

PATIENCE_SECONDS = 300.0
# What is finished is written down every ten to fifteen seconds.
LEAST_PATIENCE_SECONDS = 30
WAIT_SECONDS = 180.0


def restart(
    context: AppContext,
    pod: Annotated[
        list[str] | None,
        typer.Option("--pod", metavar="NAME", help="This pod, stuck or not; may be given several times."),
    ] = None,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Delete the Job and create it again with the same specification.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although a process that is no pod of the Job is at work.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            min=LEAST_PATIENCE_SECONDS,
            metavar="SECONDS",
            help="A pod hangs when nothing was finished for this long.",
        ),
    ] = PATIENCE_SECONDS,
    wait: Annotated[
        float, typer.Option("--wait", min=1, metavar="SECONDS", help="How long to wait for progress afterwards.")
    ] = WAIT_SECONDS,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what is stuck and what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting anything.")] = False,
) -> Outcome:
    """Say what keeps the migration's Job from going on and why, mend it, and wait until a new pod makes progress.

    A hung pod is deleted, and Kubernetes makes a new one; what is finished stays finished. A Job that has failed is
    deleted and created again with the same specification, which is kept on disk until the new Job is there. Ctrl-C in
    between finishes the creation first.

    Ends with 3 when no progress was seen, or when something is wrong that a restart does not mend.
    """
    profile = context.load_profile()
    section = profile.section(KubernetesSection)
    job = f"{section.namespace}/{section.job}"
    context.announce(context.texts.get("kubernetes.announce", profile=profile.name, job=job))
    wishes = RestartWishes(tuple(pod or ()), recreate, force, patience)
    watch = LeaseWatch(SystemClock())
    plan = _look(profile, wishes, watch)
    if dry_run or not plan.steps:
        return plan_outcome(plan)
    _tell(context, plan)
    if not yes:
        plan = _agree(context, profile, wishes, watch, plan)
    return carry_out(context, profile, plan, watch, wait_seconds=wait) if plan.steps else plan_outcome(plan)


def _look(profile: Profile, wishes: RestartWishes, watch: LeaseWatch) -> RestartPlan:
    async def main(_stop: StopRequest) -> RestartPlan:
        async with open_cluster(profile) as (cluster, key), open_work_log(profile, watch) as work:
            return await plan_restart(cluster, work, key, wishes, watch.clock)

    return run_async(main, drain_seconds=0)


def _tell(context: AppContext, plan: RestartPlan) -> None:
    for line in plan_lines(plan, context.texts):
        context.announce(line)


def _agree(
    context: AppContext, profile: Profile, wishes: RestartWishes, watch: LeaseWatch, plan: RestartPlan
) -> RestartPlan:
    """Asks until what was agreed to is still what there is to do: a question may stand for hours."""
    while plan.steps:
        context.confirm(ask(plan, context.texts), assume_yes=False)
        again = _look(profile, wishes, watch)
        if again.steps == plan.steps:
            return again
        plan = again
        context.announce(context.texts.get("kubernetes.plan_changed"))
        _tell(context, plan)
    return plan


COMMAND = CommandSpec(
    restart,
    examples=(
        Example("What is stuck, and what would help?", "opsctl migrate restart --dry-run"),
        Example("Mend it without being asked", "opsctl migrate restart --yes"),
        Example("This pod, whatever its state", "opsctl migrate restart --pod car-image-migration-6zf4p"),
    ),
)
