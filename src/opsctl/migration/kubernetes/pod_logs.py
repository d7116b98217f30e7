"""The logs of all pods of a Job as one: merged by time, with the containers before their restarts, and the reason when
there are no lines.

Following is polling: a stream of the API ends with its container, its node or its proxy, and what came in between would
be lost. A poll that finds a new pod, or a Job that was created again under the same name, goes on with that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.kubernetes.log_lines import Cursor, LineSource, LogLine, merge_lines, read_line
from opsctl.migration.kubernetes.models import Container, ContainerPhase, JobFacts, JobKey, Kind, LogRequest, Pod
from opsctl.migration.kubernetes.ports import Cluster
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart_plan import find_pods
from opsctl.migration.kubernetes.trouble import describe_end

AT_ONCE = 8
POLL_SECONDS = 2.0
MOST_FAILURES = 5
# A Job that is being created again is away for as long as its pods take to end.
AWAY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class LogWishes:
    """Which lines: of `pods` (all when empty) and `container` (all that are no init containers when None)."""

    pods: tuple[str, ...] = ()
    container: str | None = None
    previous: bool = True
    since: datetime | None = None
    tail_lines: int | None = 1_000
    most_pods: int = 100


@dataclass(frozen=True, slots=True)
class Silence:
    """A pod without lines, or a Job without pods (`pod` None). `reason` is `not-started`, `no-output`, `no-log`,
    `denied`, `cut` (some may be missing), `left-out`, `no-pods`, `suspended` or `pods-deleted`; `detail` are words of
    Kubernetes."""

    reason: str
    pod: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class LogReport:
    """Lines by time, and what has none."""

    namespace: str
    job: str
    lines: tuple[LogLine, ...]
    silences: tuple[Silence, ...]
    pods: int


async def read_logs(cluster: Cluster, key: JobKey, wishes: LogWishes) -> LogReport:
    """The lines that are there now. Raises NotFoundError for a Job, pod or container that is not there."""
    job = read_job(await cluster.get(Kind.JOB, key.namespace, key.name))
    pods = await find_pods(cluster, job)
    chosen = _choose(pods, wishes, job)
    shown = chosen[-wishes.most_pods :]
    limit = asyncio.Semaphore(AT_ONCE)

    async def read(pod: Pod) -> tuple[list[Sequence[LogLine]], Silence | None]:
        async with limit:
            return await _read_pod(cluster, key, pod, wishes)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(pod)) for pod in shown]
    found = [task.result() for task in tasks]
    lines = tuple(merge_lines(part for parts, _ in found for part in parts))
    silences = [silence for _, silence in found if silence is not None]
    silences += [Silence("left-out", pod.name) for pod in chosen[: -wishes.most_pods]]
    if not pods:
        silences.append(_without_pods(job))
    return LogReport(key.namespace, key.name, lines, tuple(silences), len(pods))


async def follow_logs(
    cluster: Cluster, key: JobKey, wishes: LogWishes, clock: Clock, stop: asyncio.Event
) -> AsyncIterator[LogLine]:
    """Lines as they come, until the Job has ended or `stop` is set. Raises NotFoundError for a Job that is not there
    at the beginning, or stays away; UnavailableError when the server does."""
    follower = _Follower(cluster, key, wishes)
    failures, away_since = 0, None
    await cluster.get(Kind.JOB, key.namespace, key.name)
    while not stop.is_set():
        try:
            lines = await follower.poll()
            failures, away_since = 0, None
        except UnavailableError:
            lines, failures = [], failures + 1
            if failures > MOST_FAILURES:
                raise
        except NotFoundError:
            lines, away_since = [], away_since if away_since is not None else clock.monotonic()
            if clock.monotonic() - away_since > AWAY_SECONDS:
                raise
        for line in lines:
            yield line
        if follower.is_over:
            return
        await sleep_unless(stop, clock, POLL_SECONDS)


@dataclass(slots=True)
class _Follower:
    cluster: Cluster
    key: JobKey
    wishes: LogWishes
    is_over: bool = False
    cursors: dict[tuple[str, str, int], Cursor] = field(default_factory=dict)
    finished: set[tuple[str, str, int]] = field(default_factory=set)

    async def poll(self) -> list[LogLine]:
        """What is new. A Job that had ended before this look has nothing more to say after it."""
        job = read_job(await self.cluster.get(Kind.JOB, self.key.namespace, self.key.name))
        pods = await find_pods(self.cluster, job)
        wanted = [pod for pod in pods if not self.wishes.pods or pod.name in self.wishes.pods]
        found = [await self._new_lines(pod, container) for pod in wanted for container in _containers(pod, self.wishes)]
        ended = job.is_complete or job.failed_reason is not None
        self.is_over = ended and all(pod.is_over for pod in pods)
        return list(merge_lines(found))

    async def _new_lines(self, pod: Pod, container: Container) -> list[LogLine]:
        lines: list[LogLine] = []
        before = (pod.uid, container.name, container.restarts - 1)
        if container.restarts and before not in self.finished and (self.wishes.previous or before in self.cursors):
            lines += await self._read(pod, container, before, is_previous=True)
            self.finished.add(before)
        now = (pod.uid, container.name, container.restarts)
        if now not in self.finished and container.phase is not ContainerPhase.WAITING:
            lines += await self._read(pod, container, now, is_previous=False)
            if container.phase is ContainerPhase.TERMINATED:
                self.finished.add(now)
        return lines

    async def _read(
        self, pod: Pod, container: Container, instance: tuple[str, str, int], *, is_previous: bool
    ) -> list[LogLine]:
        is_first = instance not in self.cursors
        cursor = self.cursors.setdefault(instance, Cursor())
        request = LogRequest(
            self.key.namespace,
            pod.name,
            container.name,
            is_previous,
            since=cursor.since or self.wishes.since,
            tail_lines=self.wishes.tail_lines if is_first else None,
        )
        lines: list[LogLine] = []
        # The pod or the container may be gone: the next poll sees what took its place. What broke off comes again.
        with suppress(NotFoundError, DataError, UnavailableError):
            await _read_into(lines, self.cluster, request, pod)
        return cursor.take_new(lines)


async def _read_pod(
    cluster: Cluster, key: JobKey, pod: Pod, wishes: LogWishes
) -> tuple[list[Sequence[LogLine]], Silence | None]:
    parts: list[Sequence[LogLine]] = []
    refusal: OpsctlError | None = None
    for container in _containers(pod, wishes):
        for is_previous in (True, False) if wishes.previous and container.restarts else (False,):
            request = LogRequest(
                key.namespace,
                pod.name,
                container.name,
                is_previous,
                since=wishes.since,
                tail_lines=wishes.tail_lines,
            )
            lines: list[LogLine] = []
            parts.append(lines)
            try:
                await _read_into(lines, cluster, request, pod)
            except OpsctlError as error:
                refusal = error
    if isinstance(refusal, UnavailableError):
        return parts, Silence("cut", pod.name, refusal.message)
    return parts, None if any(parts) else _explain(pod, refusal)


async def _read_into(lines: list[LogLine], cluster: Cluster, request: LogRequest, pod: Pod) -> None:
    """What came before the answer broke off stays in `lines`."""
    source = LineSource(pod.name, request.container, pod.index, request.is_previous)
    async for raw in cluster.log(request):
        lines.append(read_line(raw, source))  # noqa: PERF401 what was read stays when the rest fails


def _explain(pod: Pod, refusal: OpsctlError | None) -> Silence:
    if isinstance(refusal, AccessDeniedError):
        return Silence("denied", pod.name, refusal.permission or refusal.message)
    if pod.unschedulable_message:
        return Silence("not-started", pod.name, pod.unschedulable_message)
    for container in pod.containers:
        if container.phase is ContainerPhase.WAITING and container.waiting_reason:
            message = f": {container.waiting_message}" if container.waiting_message else ""
            return Silence("not-started", pod.name, f"{container.waiting_reason}{message}")
    if pod.phase == "Pending":
        return Silence("not-started", pod.name, pod.message)
    if refusal is not None:
        return Silence("no-log", pod.name, describe_end(pod) or refusal.message)
    return Silence("no-output", pod.name, describe_end(pod))


def _without_pods(job: JobFacts) -> Silence:
    if job.is_suspended:
        return Silence("suspended")
    if job.is_complete or job.failed_reason or job.succeeded or job.failed:
        return Silence("pods-deleted", detail=job.failed_reason)
    return Silence("no-pods")


def _choose(pods: tuple[Pod, ...], wishes: LogWishes, job: JobFacts) -> tuple[Pod, ...]:
    known = {pod.name for pod in pods}
    for name in wishes.pods:
        if name not in known:
            raise NotFoundError(
                f"Job {job.key} has no pod {name!r}",
                hint=f"it has: {', '.join(sorted(known))}" if known else "it has no pods at this moment",
            )
    chosen = tuple(pod for pod in pods if not wishes.pods or pod.name in wishes.pods)
    names = {container.name for pod in chosen for container in pod.containers}
    if wishes.container is not None and chosen and wishes.container not in names:
        raise NotFoundError(
            f"no pod of Job {job.key} has a container {wishes.container!r}",
            hint=f"they have: {', '.join(sorted(names))}",
        )
    return chosen


def _containers(pod: Pod, wishes: LogWishes) -> Iterator[Container]:
    for container in pod.containers:
        if container.name == wishes.container or (wishes.container is None and not container.is_init):
            yield container
