"""What `status` asks a cluster: the Job, its pods, and why those that do not run do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar
from urllib.parse import quote

from opsctl.adapters.kube.job_reading import (
    BENIGN_WAITS,
    JsonObject,
    event_time,
    is_controlled_by,
    main_container,
    number,
    parse_time,
    part,
    program_of,
    read_event,
    read_job,
    read_pod,
    text,
)
from opsctl.errors import AccessDeniedError, DataError, OpsctlError, UnavailableError
from opsctl.status.answers import Gap, JobAnswer
from opsctl.status.gaps import gap_of, silence_of
from opsctl.status.job import Job, Pod

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

MOST_PODS = 5000
MOST_JOBS = 500
MOST_PODS_ASKED = 10
"""Pods whose events, and whose last log lines, are asked for one by one."""

SETTLE_SECONDS = 0.2
AT_ONCE = 8
_SOURCE = "kubernetes"
_ORDER = ("pods", "the Job", "events", "logs", "other Jobs")
_PATIENCE = "opsctl status --recount waits longer."
_LINE_BYTES = 256
_UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")


class Client(Protocol):
    """What is used of `KubeClient`."""

    async def get(self, path: str, query: Query = ()) -> JsonObject: ...

    def list(self, path: str, query: Query = ()) -> AsyncIterator[JsonObject]: ...

    def stream(self, path: str, query: Query = ()) -> AsyncIterator[bytes]: ...

    async def close(self) -> None: ...


class KubeJobs:
    """Implements `status.ports.JobSource` for one Job. `open_client` signs in, on first use."""

    def __init__(self, open_client: Callable[[], Awaitable[Client]], namespace: str, job: str) -> None:
        self._open = open_client
        self._namespace = namespace
        self._name = job
        self._client: Client | None = None

    async def connect(self) -> None:
        """Read the kubeconfig and sign in, once. Raises ConfigError, AccessDeniedError, UnavailableError."""
        if self._client is None:
            self._client = await self._open()

    async def read(self, budget_seconds: float | None) -> JobAnswer:
        """The Job with its pods. Raises NotFoundError, AccessDeniedError, UnavailableError when the Job itself cannot
        be read."""
        await self.connect()
        assert self._client is not None  # noqa: S101 - connect has set it
        return await _Reading(self._client, self._namespace, self._name, budget_seconds).run()

    async def close(self) -> None:
        """Close the client, if there is one."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


@dataclass(slots=True)
class _Found:
    """A pod, and what is needed to ask about it."""

    pod: Pod
    uid: str
    container: str | None


@dataclass(slots=True)
class _Reading:
    """One look at the Job. What fails on the way becomes a gap; all questions end together when the time is over."""

    client: Client
    namespace: str
    name: str
    budget_seconds: float | None
    gaps: dict[str, Gap] = field(default_factory=dict)
    late: dict[str, None] = field(default_factory=dict)
    pods: list[_Found] = field(default_factory=list)
    has_all_pods: bool = False
    _end: float | None = None
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self) -> JobAnswer:
        if self.budget_seconds is not None:
            self._end = asyncio.get_running_loop().time() + self.budget_seconds
        document = await self.client.get(self._job_path)
        job = read_job(document)
        look_alikes, _ = await asyncio.gather(
            self._within("other Jobs", self._find_look_alikes(document, job), ()),
            self._within("pods", self._read_pods(document), None),
        )
        if self._seems_to_contradict(job):
            job = await self._look_again(document)
        warning, _, _ = await asyncio.gather(
            self._within("events", self._read_warning(document, job), None),
            self._within("events", self._ask_why_pending(), None),
            self._within("logs", self._ask_last_lines(), None),
        )
        are_known = self.has_all_pods or bool(self.pods)
        answer = replace(
            job,
            pods=tuple(found.pod for found in self.pods) if are_known else None,
            has_all_pods=self.has_all_pods,
            warning=warning,
            look_alikes=look_alikes,
        )
        return JobAnswer(answer, (*self._list_late(), *self.gaps.values()))

    # -- pods

    def _seems_to_contradict(self, job: Job) -> bool:
        """Pods that are replaced, or told to end, at this very moment look as if there were none, or too many."""
        if self.has_all_pods and not any(found.pod.is_live for found in self.pods):
            return job.active > 0
        wants_none = (job.is_suspended or job.parallelism == 0) and not job.is_over
        return wants_none and any(found.pod.is_at_work for found in self.pods)

    async def _look_again(self, document: JsonObject) -> Job:
        await self._within("pods", asyncio.sleep(SETTLE_SECONDS), None)
        await self._within("pods", self._read_pods(document), None)
        return read_job(await self._within("the Job", self.client.get(self._job_path), document))

    async def _read_pods(self, job: JsonObject) -> None:
        """All that the Job controls. What was read stays when the time ends."""
        uid = text(part(job, "metadata"), "uid") or ""
        self.pods, self.has_all_pods = [], False
        query = [("labelSelector", _pod_selector(job, uid))]
        async for document in self.client.list(f"{self._core}/pods", query):
            if len(self.pods) == MOST_PODS:
                return
            if is_controlled_by(document, uid):
                pod_uid = text(part(document, "metadata"), "uid") or ""
                self.pods.append(_Found(read_pod(document), pod_uid, main_container(document)))
        self.has_all_pods = True

    async def _ask_why_pending(self) -> None:
        """Events of some pods that do not get on and do not say why: the others will have the same reason."""
        waiting = [found for found in self.pods if found.pod.phase == "Pending" and _is_unexplained(found.pod)]
        await self._one_by_one(waiting, self._ask_events)

    async def _ask_events(self, found: _Found) -> None:
        said = await self._newest_warning(found.uid)
        found.pod = replace(found.pod, pending_reason=said)

    async def _ask_last_lines(self) -> None:
        running = [found for found in self.pods if found.pod.phase == "Running" and found.pod.deleted_at is None]
        await self._one_by_one(running, self._ask_last_line)

    async def _ask_last_line(self, found: _Found) -> None:
        """The time of the newest line. A container that cannot be read now tells nothing, and that is no failure."""
        query = [("tailLines", "1"), ("timestamps", "true"), ("limitBytes", str(_LINE_BYTES))]
        if found.container is not None:
            query.append(("container", found.container))
        path = f"{self._core}/pods/{quote(found.pod.name, safe='')}/log"
        try:
            lines = await self._read_lines(path, query)
        except AccessDeniedError:
            raise
        except OpsctlError:
            return
        written = parse_time(lines[0].split(b" ", 1)[0].decode("ascii", "replace")) if lines else None
        if not lines or written is not None:
            found.pod = replace(found.pod, last_line_at=written, has_lines=bool(lines))

    async def _read_lines(self, path: str, query: Query) -> list[bytes]:
        """What a connection that broke has cut is asked for once more, as the client does with every other answer."""
        try:
            return [line async for line in self.client.stream(path, query)]
        except UnavailableError as error:
            if error.code != "cut":
                raise
        return [line async for line in self.client.stream(path, query)]

    async def _one_by_one(self, pods: list[_Found], ask: Callable[[_Found], Awaitable[None]]) -> None:
        async def take_turn(found: _Found) -> None:
            async with self._turns:
                await ask(found)

        answers = await asyncio.gather(*(take_turn(found) for found in pods[:MOST_PODS_ASKED]), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    # -- the Job

    async def _read_warning(self, document: JsonObject, job: Job) -> str | None:
        """Why the Job makes no pods; not asked while it has some, or is over."""
        if job.is_over or job.is_suspended or any(found.pod.is_live for found in self.pods):
            return None
        return await self._newest_warning(text(part(document, "metadata"), "uid") or "")

    async def _newest_warning(self, uid: str) -> str | None:
        query = [("fieldSelector", f"involvedObject.uid={uid},type=Warning")]
        newest: JsonObject | None = None
        async for event in self.client.list(f"{self._core}/events", query):
            if newest is None or event_time(event) >= event_time(newest):
                newest = event
        return read_event(newest) if newest is not None else None

    async def _find_look_alikes(self, document: JsonObject, job: Job) -> tuple[str, ...]:
        """Other Jobs of the namespace that have pods now and run the same program."""
        if job.is_over:
            return ()
        program, found, seen = program_of(document), [], 0
        async for other in self.client.list(f"/apis/batch/v1/namespaces/{quote(self.namespace, safe='')}/jobs"):
            seen += 1
            name = text(part(other, "metadata"), "name")
            if name != self.name and number(part(other, "status"), "active") and program_of(other) == program:
                found.append(name or "?")
            if seen == MOST_JOBS:
                break
        return tuple(found)

    # -- asking

    def _list_late(self) -> tuple[Gap, ...]:
        """All that did not come in time, as one gap: it has one cause."""
        if not self.late:
            return ()
        gap = silence_of(_SOURCE, self.budget_seconds, ", ".join(sorted(self.late, key=_ORDER.index)))
        return (replace(gap, hint=None if self.budget_seconds is None else _PATIENCE),)

    @property
    def _core(self) -> str:
        return f"/api/v1/namespaces/{quote(self.namespace, safe='')}"

    @property
    def _job_path(self) -> str:
        return f"/apis/batch/v1/namespaces/{quote(self.namespace, safe='')}/jobs/{quote(self.name, safe='')}"

    async def _within(self, what: str, question: Awaitable[T], otherwise: T) -> T:
        """The answer, or what stands for it; then a gap says so."""
        try:
            async with asyncio.timeout_at(self._end):
                return await question
        except TimeoutError:
            self.late.setdefault(what)
        except OpsctlError as error:
            gap = gap_of(_SOURCE, error)
            self.gaps.setdefault(what, replace(gap, reason=f"{what}: {gap.reason}"))
        return otherwise


def _is_unexplained(pod: Pod) -> bool:
    return pod.pending_reason is None and pod.waiting_reason in (None, *BENIGN_WAITS)


def _pod_selector(job: JsonObject, uid: str) -> str:
    """The labels by which the Job itself knows its pods; those of its own uid where it has them, which no other pod
    has."""
    labels = part(part(part(job, "spec"), "selector"), "matchLabels")
    own = next((label for label in _UID_LABELS if labels.get(label) == uid), None)
    if own is not None:
        return f"{own}={uid}"
    named = {key: value for key, value in labels.items() if isinstance(value, str)}
    if not named:
        raise DataError("the Job does not say by which labels it knows its pods")
    return ",".join(f"{key}={value}" for key, value in sorted(named.items()))
