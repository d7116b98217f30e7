"""Waiting for new pods, and for what they finish; and why there is none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from opsctl.errors import NotFoundError, UnavailableError
from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.kubernetes.job_pods import find_pods
from opsctl.migration.kubernetes.models import JobFacts, Kind, Pod, WorkMark, Writer
from opsctl.migration.kubernetes.ports import Cluster, WorkLog
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart.models import WhyNot
from opsctl.migration.kubernetes.restart.plan import explain
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble, find_troubles
from opsctl.migration.kubernetes.work_log import RECORDS_AWAY

POLL_SECONDS = 2.0
_COMPLETE = "Complete"
_OVER = ("complete", "complete_with_failures")
# What is no obstacle to a new pod: it was given all the time there is, or nobody can tell.
_NO_OBSTACLES = (Trouble.NO_PROGRESS, Trouble.UNKNOWN_PROGRESS, Trouble.JOB_COMPLETE)


class NotConfirmedError(Exception):
    """No progress was seen in time, or there will be none."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(slots=True)
class Confirmation:
    """What is seen of the new pods of a Job. `old` are the pods that were there before, `deleted` the uids of those
    that are to go, `before` what was done then."""

    cluster: Cluster
    work: WorkLog
    clock: Clock
    wait_seconds: float
    stop: asyncio.Event
    old: tuple[Pod, ...]
    deleted: frozenset[str]
    before: WorkMark | None
    on_poll: Callable[[WorkMark | None], None]
    deadline: float = 0.0
    pods: tuple[Pod, ...] = ()
    are_old_gone: bool = False
    after: WorkMark | None = None
    unknown_because: str | None = None
    obstacles: tuple[Finding, ...] = ()
    _seen: WorkMark | None = None
    _seen_alone: WorkMark | None = None

    async def wait_for_pods(self, job: JobFacts) -> str | None:
        """Returns when a new pod runs: an old one may take its grace before a new one is made. Raises
        NotConfirmedError."""
        grace_seconds = job.grace_seconds if self.deleted else 0
        self.deadline = self.clock.monotonic() + grace_seconds + self.wait_seconds
        while True:
            await self._look_at_pods(job)
            if any(pod.is_running or pod.phase == "Succeeded" for pod in self.pods):
                return None
            if await self._pause(job, WhyNot.NO_POD):
                return _COMPLETE

    async def wait_for_progress(self, job: JobFacts) -> str | None:
        """Returns when a new pod has finished something; the word of the run when it is over. Raises
        NotConfirmedError."""
        self.deadline = self.clock.monotonic() + self.wait_seconds
        while True:
            await self._look_at_work()
            if self.after is not None and self._has_progressed(self.after):
                return None
            if (word := self._word_of_the_end()) is not None:
                return word
            if any(pod.phase == "Succeeded" for pod in self.pods):
                return "Succeeded"
            if await self._pause(job, WhyNot.UNKNOWN if self.unknown_because else WhyNot.NO_PROGRESS):
                return _COMPLETE
            await self._look_at_pods(job)

    def _has_progressed(self, now: WorkMark) -> bool:
        """More is done than before, and by a new pod: whose lease it is, or when no old pod is left to have done it."""
        before, self._seen = self._seen, _newer(self._seen, now)
        if now.writers:
            hosts = {pod.host for pod in self.pods}
            own = [writer for writer in now.writers if writer.is_alive and writer.host in hosts]
            return before is not None and any(_writer_has_progressed(before, now, writer) for writer in own)
        if not self.are_old_gone:
            return False
        before, self._seen_alone = self._seen_alone, _newer(self._seen_alone, now)
        if before is None:
            return False
        done = _is_more(before.documents_processed, now.documents_processed)
        return done or _is_more(before.images_finished, now.images_finished)

    def _word_of_the_end(self) -> str | None:
        """A run that is over now and was not before."""
        if self.before is None or self.after is None or self.before.state in _OVER:
            return None
        return self.after.state if self.after.state in _OVER else None

    async def _look_at_work(self) -> None:
        """Records that are away for a moment are asked again."""
        try:
            self.after = await self.work.look()
        except RECORDS_AWAY as error:
            self.after, self.unknown_because = None, error.message
        else:
            self.unknown_because = None

    async def _look_at_pods(self, job: JobFacts) -> None:
        """A server that is away for a moment is asked again."""
        old = {pod.uid for pod in self.old}
        with suppress(UnavailableError):
            pods = await find_pods(self.cluster, job)
            self.pods = tuple(pod for pod in pods if pod.uid not in old)
            if not self.are_old_gone:
                self.are_old_gone = not any(pod.uid in self.deleted and not pod.is_over for pod in pods)

    async def _pause(self, job: JobFacts, why: WhyNot) -> bool:
        """True when the Job is complete: there is nothing more to wait for."""
        self.on_poll(self.after)
        is_complete, end = await self._find_end(job)
        if is_complete:
            return True
        if end is None and self.clock.monotonic() < self.deadline and not self.stop.is_set():
            await sleep_unless(self.stop, self.clock, POLL_SECONDS)
            return False
        await self._find_obstacles(job)
        raise NotConfirmedError(end or (WhyNot.STOPPED if self.stop.is_set() else why))

    async def _find_end(self, job: JobFacts) -> tuple[bool, WhyNot | None]:
        """Whether the Job is complete, and why no pod will come any more, when none lives."""
        if any(not pod.is_over for pod in self.pods):
            return False, None
        try:
            now = read_job(await self.cluster.get(Kind.JOB, job.key.namespace, job.key.name))
        except UnavailableError:
            return False, None
        except NotFoundError:
            return False, WhyNot.JOB_GONE
        return now.is_complete and now.uid == job.uid, _find_verdict(job, now)

    async def _find_obstacles(self, job: JobFacts) -> None:
        now = self.clock.now()
        mark = self.after or WorkMark(now, None, None)
        with suppress(UnavailableError, NotFoundError):
            latest = read_job(await self.cluster.get(Kind.JOB, job.key.namespace, job.key.name))
            found = find_troubles(latest, self.pods, mark, now=now, patience_seconds=0)
            found = tuple(replace(one, remedy=Remedy.NONE) for one in found if one.trouble not in _NO_OBSTACLES)
            self.obstacles = await explain(self.cluster, latest, self.pods, found)


def _find_verdict(job: JobFacts, now: JobFacts) -> WhyNot | None:
    if now.uid != job.uid:
        return WhyNot.JOB_REPLACED
    if now.is_deleting:
        return WhyNot.JOB_ENDING
    if now.failed_reason is not None:
        return WhyNot.JOB_FAILED
    return WhyNot.JOB_SUSPENDED if now.is_suspended else None


def _newer(before: WorkMark | None, now: WorkMark) -> WorkMark:
    """What to compare the next look with: a count that took too long does not make the one before unknown."""
    if before is None or now.documents_processed is not None:
        return now
    return replace(now, documents_processed=before.documents_processed)


def _writer_has_progressed(before: WorkMark, now: WorkMark, writer: Writer) -> bool:
    """Compared with the same process: the figures of another one are no beginning."""
    same = next((one for one in before.writers if (one.host, one.shard) == (writer.host, writer.shard)), None)
    if same is None:
        return False
    if writer.images_finished is not None:
        return _is_more(same.images_finished, writer.images_finished)
    return _is_more(before.documents_processed, now.documents_processed)


def _is_more(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now > before
