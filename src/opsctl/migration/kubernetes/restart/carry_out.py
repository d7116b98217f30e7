"""Carrying a restart out: one step after the other, the manifest on disk before the Job is deleted, progress confirmed.

A step that fails ends the restart with a report that says what was done, what was not, and how to go on. Being asked to
stop never leaves the Job deleted: what lies between the deletion and the creation is finished first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from opsctl.errors import NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.models import JobFacts, Kind, WorkMark
from opsctl.migration.kubernetes.ports import Cluster, WorkLog
from opsctl.migration.kubernetes.restart.confirmation import Confirmation, NotConfirmedError
from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartPlan,
    RestartReport,
    Step,
    StepKind,
    StepResult,
    StepState,
    WhyNot,
)
from opsctl.migration.kubernetes.restart.recreation import ManifestKeeper, Recreation
from opsctl.migration.kubernetes.trouble import Trouble
from opsctl.migration.kubernetes.work_log import RECORDS_AWAY

_WAITS = (StepKind.WAIT_POD, StepKind.WAIT_PROGRESS)
# Nothing is wrong with these, though no image is on its way.
_AS_WANTED = (Trouble.JOB_COMPLETE, Trouble.RUN_PAUSED)


@dataclass(frozen=True, slots=True)
class RestartPorts:
    """What a restart works with."""

    cluster: Cluster
    work: WorkLog
    keeper: ManifestKeeper
    clock: Clock


async def run_restart(
    plan: RestartPlan,
    ports: RestartPorts,
    *,
    wait_seconds: float,
    stop: asyncio.Event,
    on_step: Callable[[Step], None] = lambda _step: None,
    on_poll: Callable[[WorkMark | None], None] = lambda _mark: None,
) -> tuple[RestartReport, OpsctlError | None]:
    """Do what the plan says, and wait up to `wait_seconds` for a new pod to make progress.

    Returns the report, and the error that ended it early; before anything was changed errors are raised instead. That
    no progress was seen in time is no error but an outcome. `on_poll` is called every few seconds while something is
    waited for, with what the migration's records said last. Cancelled while there is no Job it still reports: what was
    deleted must not be kept secret.
    """
    restart = _Restart(plan, ports, wait_seconds, stop, on_poll)
    await restart.look_first()
    error: OpsctlError | None = None
    is_over = False
    for step in plan.steps:
        if is_over or (stop.is_set() and not restart.recreation.is_between):
            restart.note(step, StepState.SKIPPED)
            continue
        on_step(step)
        try:
            detail = await restart.do(step)
        except OpsctlError as failure:
            restart.note(step, StepState.FAILED, failure.message)
            if not restart.has_changed:
                raise
            error, is_over = failure, True
        except NotConfirmedError as failure:
            restart.note(step, StepState.FAILED)
            restart.why_not, is_over = failure.why, True
        except asyncio.CancelledError:
            if not restart.recreation.is_between:
                raise
            error, is_over = restart.recreation.cut_off(), True
            restart.note(step, StepState.FAILED, error.message)
        else:
            restart.note(step, StepState.DONE, detail)
    return restart.report(), error


def describe_plan(plan: RestartPlan, clock: Clock) -> RestartReport:
    """The report of a dry run, or of a restart that has nothing to do."""
    outcome = RestartOutcome.PLANNED
    if not plan.steps:
        is_well = all(found.trouble in _AS_WANTED for found in plan.findings)
        outcome = RestartOutcome.NOTHING_TO_DO if is_well else RestartOutcome.NO_REMEDY
    results = tuple(StepResult(step, StepState.SKIPPED) for step in plan.steps)
    return _report(plan, clock, outcome, results)


@dataclass(slots=True)
class _Restart:
    plan: RestartPlan
    ports: RestartPorts
    wait_seconds: float
    stop: asyncio.Event
    on_poll: Callable[[WorkMark | None], None]
    results: list[StepResult] = field(default_factory=list)
    has_changed: bool = False
    why_not: WhyNot | None = None
    job: JobFacts = field(init=False)
    recreation: Recreation = field(init=False)
    confirmation: Confirmation = field(init=False)

    def __post_init__(self) -> None:
        plan, ports = self.plan, self.ports
        self.job = plan.job
        self.recreation = Recreation(
            ports.cluster,
            ports.keeper,
            ports.clock,
            plan.job,
            plan.pods,
            dict(plan.manifest or {}),
            lambda: self.on_poll(None),
        )
        deleted = {step.uid for step in plan.steps if step.kind is StepKind.DELETE_POD and step.uid is not None}
        self.confirmation = Confirmation(
            ports.cluster,
            ports.work,
            ports.clock,
            self.wait_seconds,
            self.stop,
            plan.pods,
            frozenset(deleted),
            None,
            self.on_poll,
        )

    async def look_first(self) -> None:
        try:
            self.confirmation.before = await self.ports.work.look()
        except RECORDS_AWAY as error:
            self.confirmation.unknown_because = error.message

    async def do(self, step: Step) -> str | None:
        steps: Mapping[StepKind, Callable[[Step], Awaitable[str | None]]] = {
            StepKind.CHECK_CREATION: self._check_creation,
            StepKind.KEEP_MANIFEST: self._keep_manifest,
            StepKind.DELETE_POD: self._delete_pod,
            StepKind.DELETE_JOB: self._delete_job,
            StepKind.WAIT_GONE: self._wait_gone,
            StepKind.CREATE_JOB: self._create_job,
            StepKind.WAIT_POD: self._wait_pod,
            StepKind.WAIT_PROGRESS: self._wait_progress,
        }
        return await steps[step.kind](step)

    def note(self, step: Step, state: StepState, detail: str | None = None) -> None:
        self.results.append(StepResult(step, state, detail))

    def report(self) -> RestartReport:
        seen, kept, outcome = self.confirmation, self.recreation.kept, self._outcome()
        # The path of a file that was removed again would lead nowhere.
        steps = tuple(
            replace(result, detail=kept) if result.step.kind is StepKind.KEEP_MANIFEST else result
            for result in self.results
        )
        return replace(
            _report(self.plan, self.ports.clock, outcome, steps),
            new_pods=tuple(pod.name for pod in seen.pods),
            documents_before=seen.before.documents_processed if seen.before else None,
            documents_after=seen.after.documents_processed if seen.after else None,
            kept_manifest=kept,
            why_not=(self.why_not or WhyNot.STOPPED) if outcome is RestartOutcome.NOT_CONFIRMED else None,
            obstacles=seen.obstacles,
            unknown_because=seen.unknown_because,
        )

    def _outcome(self) -> RestartOutcome:
        failed = [result for result in self.results if result.state is not StepState.DONE]
        if not failed:
            return RestartOutcome.MENDED
        if all(result.step.kind in _WAITS for result in failed):
            return RestartOutcome.NOT_CONFIRMED
        return RestartOutcome.INCOMPLETE

    async def _check_creation(self, _step: Step) -> str | None:
        await self.recreation.check()
        return None

    async def _keep_manifest(self, _step: Step) -> str | None:
        return self.recreation.keep()

    async def _delete_pod(self, step: Step) -> str | None:
        try:
            await self.ports.cluster.delete(Kind.POD, self.plan.job.key.namespace, step.target, uid=step.uid or "")
        except NotFoundError:
            return None  # replaced meanwhile: what was wanted
        except UnavailableError:
            self.has_changed = True  # perhaps: an answer that is lost proves nothing
            raise
        self.has_changed = True
        return None

    async def _delete_job(self, _step: Step) -> str | None:
        try:
            await self.recreation.delete()
        except UnavailableError:
            self.has_changed = True
            raise
        self.has_changed = True
        return None

    async def _wait_gone(self, _step: Step) -> str | None:
        await self.recreation.wait_until_gone()
        return None

    async def _create_job(self, _step: Step) -> str | None:
        self.job = await self.recreation.create()
        return None

    async def _wait_pod(self, _step: Step) -> str | None:
        return await self.confirmation.wait_for_pods(self.job)

    async def _wait_progress(self, _step: Step) -> str | None:
        return await self.confirmation.wait_for_progress(self.job)


def _report(plan: RestartPlan, clock: Clock, outcome: RestartOutcome, steps: tuple[StepResult, ...]) -> RestartReport:
    return RestartReport(
        taken_at=clock.now(),
        namespace=plan.job.key.namespace,
        job=plan.job.key.name,
        outcome=outcome,
        findings=plan.findings,
        owners=plan.owners,
        other_writers=plan.other_writers,
        steps=steps,
        documents_before=plan.documents_processed,
        unknown_because=plan.unknown_because,
    )
