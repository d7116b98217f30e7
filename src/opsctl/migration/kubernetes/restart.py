"""Carrying a restart out: one step after the other, the manifest on disk before the Job is deleted, progress confirmed.

A step that fails ends the restart with a report that says what was done, what was not, and how to go on. Being asked to
stop never leaves the Job deleted: what lies between the deletion and the creation is finished first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind, Permission, Pod, WorkMark
from opsctl.migration.kubernetes.ports import Cluster, JsonObject, WorkLog
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart_models import (
    RestartOutcome,
    RestartPlan,
    RestartReport,
    Step,
    StepKind,
    StepResult,
    StepState,
)
from opsctl.migration.kubernetes.restart_plan import check_name, explain, find_pods
from opsctl.migration.kubernetes.trouble import Finding, Trouble, find_troubles

POLL_SECONDS = 2.0
# Beyond the time that the pods themselves are given to end.
GONE_SECONDS = 60.0


class ManifestKeeper(Protocol):
    """Where the manifest of a Job is kept while there is no Job. Raises DataError."""

    def keep(self, key: JobKey, manifest: JsonObject) -> str:
        """Write it; returns the path."""

    def discard(self, path: str) -> None:
        """It is not needed any more."""


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
) -> tuple[RestartReport, OpsctlError | None]:
    """Do what the plan says, and wait up to `wait_seconds` for a new pod to make progress.

    Returns the report, and the error that ended it early; before anything was changed errors are raised instead. That
    no progress was seen in time is no error but an outcome.
    """
    restart = _Restart(plan, ports, wait_seconds, stop)
    await restart.look_first()
    error: OpsctlError | None = None
    is_over = False
    for step in plan.steps:
        if is_over or (stop.is_set() and not restart.is_between):
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
        except _NotConfirmedError as failure:
            restart.note(step, StepState.FAILED, str(failure))
            is_over = True
        else:
            restart.note(step, StepState.DONE, detail)
    return restart.report(), error


def describe_plan(plan: RestartPlan, clock: Clock) -> RestartReport:
    """The report of a dry run, or of a restart that has nothing to do."""
    outcome = RestartOutcome.PLANNED if plan.steps else RestartOutcome.NOTHING_TO_DO
    results = tuple(StepResult(step, StepState.SKIPPED) for step in plan.steps)
    return _report(plan, clock, outcome, results)


class _NotConfirmedError(Exception):
    """No progress was seen in time."""


@dataclass(slots=True)
class _Restart:
    plan: RestartPlan
    ports: RestartPorts
    wait_seconds: float
    stop: asyncio.Event
    results: list[StepResult] = field(default_factory=list)
    has_changed: bool = False
    is_between: bool = False
    kept: str | None = None
    job: JobFacts | None = None
    deadline: float = 0.0
    before: WorkMark | None = None
    after: WorkMark | None = None
    pods: tuple[Pod, ...] = ()
    obstacles: tuple[Finding, ...] = ()

    async def look_first(self) -> None:
        self.before = await self.ports.work.look()

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
        failed = [result for result in self.results if result.state is not StepState.DONE]
        waits = (StepKind.WAIT_POD, StepKind.WAIT_PROGRESS)
        if not failed:
            outcome = RestartOutcome.MENDED
        elif all(result.step.kind in waits for result in failed):
            outcome = RestartOutcome.NOT_CONFIRMED
        else:
            outcome = RestartOutcome.INCOMPLETE
        report = _report(self.plan, self.ports.clock, outcome, tuple(self.results))
        return RestartReport(
            **{name: getattr(report, name) for name in ("taken_at", "namespace", "job", "outcome", "findings")},
            owners=report.owners,
            other_writers=report.other_writers,
            steps=report.steps,
            new_pods=tuple(pod.name for pod in self.pods),
            documents_before=self.before.documents_processed if self.before else None,
            documents_after=self.after.documents_processed if self.after else None,
            kept_manifest=self.kept,
            obstacles=self.obstacles,
        )

    # -- steps

    async def _check_creation(self, _step: Step) -> str | None:
        key = self.plan.job.key
        for verb, name in (("create", None), ("delete", key.name)):
            permission = Permission(verb, Kind.JOB.group, Kind.JOB.plural, key.namespace, name)
            if not await self.ports.cluster.may(permission):
                raise AccessDeniedError(
                    f"not allowed to {permission}",
                    hint="the Role of `opsctl migrate manifest` grants it; nothing was changed",
                    permission=str(permission),
                )
        await self.ports.cluster.create(check_name(self._manifest()), dry_run=True)
        return None

    async def _keep_manifest(self, _step: Step) -> str | None:
        self.kept = self.ports.keeper.keep(self.plan.job.key, self._manifest())
        return self.kept

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

    async def _delete_job(self, step: Step) -> str | None:
        key = self.plan.job.key
        try:
            await self.ports.cluster.delete(Kind.JOB, key.namespace, key.name, uid=step.uid or "")
        except UnavailableError as error:
            self.has_changed = True
            raise retell(error, f"whether Job {key} was deleted is not known", self._how_to_go_on()) from error
        except OpsctlError:
            self._discard()
            raise
        self.has_changed = self.is_between = True
        return None

    async def _wait_gone(self, step: Step) -> str | None:
        key, clock = self.plan.job.key, self.ports.clock
        deadline = clock.monotonic() + self.plan.job.grace_seconds + GONE_SECONDS
        while clock.monotonic() < deadline:
            try:
                found = read_job(await self.ports.cluster.get(Kind.JOB, key.namespace, key.name))
            except NotFoundError:
                return None
            except UnavailableError:
                found = None
            if found is not None and found.uid != step.uid:
                raise _recreated(key)
            await clock.sleep(POLL_SECONDS)
        raise UnavailableError(
            f"Job {key} is still being deleted: its pods have not ended", hint=self._how_to_go_on(), code="not-gone"
        )

    async def _create_job(self, _step: Step) -> str | None:
        key = self.plan.job.key
        try:
            created = await self.ports.cluster.create(self._manifest())
        except OpsctlError as error:
            what = f"Job {key} was deleted and could not be created again"
            raise retell(error, what, self._how_to_go_on()) from error
        self.job = read_job(created)
        self.is_between = False
        self._discard()
        return None

    async def _wait_pod(self, _step: Step) -> str | None:
        self.deadline = self.ports.clock.monotonic() + self.wait_seconds
        while True:
            await self._look_at_pods()
            running = [pod.name for pod in self.pods if pod.is_running or pod.phase == "Succeeded"]
            if running:
                return ", ".join(running)
            await self._poll_again("no new pod runs yet")

    async def _wait_progress(self, _step: Step) -> str | None:
        seen = self.before
        while True:
            mark = await self._look_at_work()
            if mark is not None:
                self.after = mark
                if mark.state in ("complete", "complete_with_failures"):
                    return mark.state
                if seen is not None and _has_progressed(seen, mark, self.pods):
                    return None
                seen = _merge(seen, mark)
            await self._poll_again("the new pod runs, but nothing was finished yet")
            await self._look_at_pods()

    # -- inside

    async def _poll_again(self, what: str) -> None:
        clock = self.ports.clock
        if clock.monotonic() >= self.deadline or self.stop.is_set():
            await self._find_obstacles()
            waited = "asked to stop" if self.stop.is_set() else f"after {self.wait_seconds:g} s"
            raise _NotConfirmedError(f"{what} ({waited})")
        await sleep_unless(self.stop, clock, POLL_SECONDS)

    async def _look_at_pods(self) -> None:
        """A server that is away for a moment is asked again."""
        old = {pod.uid for pod in self.plan.pods}
        with suppress(UnavailableError):
            pods = await find_pods(self.ports.cluster, self.job or self.plan.job)
            self.pods = tuple(pod for pod in pods if pod.uid not in old)

    async def _look_at_work(self) -> WorkMark | None:
        try:
            return await self.ports.work.look()
        except UnavailableError:
            return None

    async def _find_obstacles(self) -> None:
        key, now = self.plan.job.key, self.ports.clock.now()
        mark = self.after or self.before or WorkMark(now, None, None)
        with suppress(UnavailableError, NotFoundError):
            job = read_job(await self.ports.cluster.get(Kind.JOB, key.namespace, key.name))
            found = find_troubles(job, self.pods, mark, now=now, patience_seconds=self.wait_seconds)
            self.obstacles = await explain(
                self.ports.cluster, key, tuple(one for one in found if one.trouble is not Trouble.NO_PROGRESS)
            )

    def _manifest(self) -> JsonObject:
        if self.plan.manifest is None:
            raise TypeError("a plan that creates the Job has its manifest")
        return self.plan.manifest

    def _discard(self) -> None:
        if self.kept is not None:
            self.ports.keeper.discard(self.kept)
            self.kept = None

    def _how_to_go_on(self) -> str:
        return f"its manifest is in {self.kept}; create it with: kubectl create -f {self.kept}"


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
    )


def _has_progressed(before: WorkMark, now: WorkMark, pods: tuple[Pod, ...]) -> bool:
    """More is done than there was, and where the workers are known, one of the new pods is among them."""
    hosts = {pod.host for pod in pods}
    if now.writers and not any(writer.host in hosts for writer in now.writers):
        return False
    return _is_more(before.documents_processed, now.documents_processed) or _is_more(
        before.images_finished, now.images_finished
    )


def _is_more(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now > before


def _merge(seen: WorkMark | None, mark: WorkMark) -> WorkMark:
    """What to compare the next look with. The counter of images begins at 0 with each start; the count of documents
    is that of the first look, unless it was not known then."""
    if seen is None or seen.documents_processed is None:
        return mark
    return WorkMark(mark.taken_at, seen.documents_processed, mark.images_finished, mark.last_progress_at, mark.state)


def retell(error: OpsctlError, message: str, hint: str) -> OpsctlError:
    """The same error, with what it means here in front."""
    text = f"{message}: {error.message}"
    if isinstance(error, AccessDeniedError):
        return AccessDeniedError(text, hint=hint, code=error.code, permission=error.permission)
    return type(error)(text, hint=hint, code=error.code)


def _recreated(key: JobKey) -> OpsctlError:
    return OpsctlError(
        f"somebody else created Job {key} again while it was being deleted",
        hint="look at it with opsctl status; a CronJob, Argo CD or Helm may look after it",
        code="recreated",
    )
