"""Carrying a restart out at the terminal: progress, the folder for manifests, the code to end with."""

from __future__ import annotations

from opsctl.cli.context import AppContext
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.manifest_folder import keeper_of
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import open_work_log
from opsctl.cli.signals import StopRequest, run_async
from opsctl.config import Profile
from opsctl.errors import ExitCode, OpsctlError
from opsctl.migration.clock import SystemClock
from opsctl.migration.kubernetes.models import WorkMark
from opsctl.migration.kubernetes.restart.carry_out import RestartPorts, describe_plan, run_restart
from opsctl.migration.kubernetes.restart.models import RestartOutcome, RestartPlan, RestartReport, Step, StepKind
from opsctl.migration.kubernetes.restart.view import restart_view
from opsctl.migration.kubernetes.work_log import LeaseWatch
from opsctl.reporting.progress import Progress

_EXIT_CODES = {
    RestartOutcome.NO_REMEDY: ExitCode.FINDINGS,
    RestartOutcome.NOT_CONFIRMED: ExitCode.FINDINGS,
    RestartOutcome.INCOMPLETE: ExitCode.PARTIAL,
}
_WAITS = (StepKind.WAIT_GONE, StepKind.WAIT_POD, StepKind.WAIT_PROGRESS)


def plan_outcome(plan: RestartPlan) -> Outcome:
    """The end of a command that changes nothing."""
    return _outcome(describe_plan(plan, SystemClock()), None, None)


def carry_out(
    context: AppContext, profile: Profile, plan: RestartPlan, watch: LeaseWatch, *, wait_seconds: float
) -> Outcome:
    """Does what the plan says. A request to stop is heard between the steps, never between deletion and creation."""
    keeper = keeper_of(context.environ)

    async def main(stop: StopRequest) -> Outcome:
        async with open_cluster(profile) as (cluster, _), open_work_log(profile, watch) as work:
            ports = RestartPorts(cluster, work, keeper, watch.clock)
            report, error = await run_restart(
                plan, ports, wait_seconds=wait_seconds, stop=stop, on_step=told.begin, on_poll=told.go_on
            )
        return _outcome(report, error, stop.exit_code)

    with context.progress() as progress:
        told = _Told(context, progress, plan.job.grace_seconds)
        return run_async(main)


class _Told:
    """Tells each step, and that it goes on: short ones as lines, until a first wait has drawn a bar."""

    def __init__(self, context: AppContext, progress: Progress, grace_seconds: int) -> None:
        self._context = context
        self._progress = progress
        self._grace_seconds = grace_seconds
        self._monotonic = SystemClock().monotonic
        self._began = 0.0
        self._is_waiting = self._has_waited = False

    def begin(self, step: Step) -> None:
        text = self._context.texts.get(f"kubernetes.begin_{step.kind}", target=step.target, grace=self._grace_seconds)
        self._is_waiting = step.kind in _WAITS
        self._has_waited = self._has_waited or self._is_waiting
        if not self._has_waited:
            self._context.announce(text)
            return
        self._began = self._monotonic()
        self._progress.phase(text)

    def go_on(self, mark: WorkMark | None) -> None:
        if not self._is_waiting:
            return
        done = mark.documents_processed if mark is not None else None
        note = self._context.texts.get("kubernetes.progress_documents", documents=done) if done is not None else ""
        self._progress.update(round(self._monotonic() - self._began), None, note)


def _outcome(report: RestartReport, error: OpsctlError | None, stopped: ExitCode | None) -> Outcome:
    """An interruption comes first; what stopped the restart comes before what it found."""
    if stopped is ExitCode.UNAVAILABLE and error is None:
        error = TimedOutError("no progress was seen within --timeout", hint="watch it with: opsctl status --watch")
    code = stopped or _EXIT_CODES.get(report.outcome, ExitCode.OK)
    return Outcome(report, view=lambda texts: restart_view(report, texts), exit_code=code, error=error)
