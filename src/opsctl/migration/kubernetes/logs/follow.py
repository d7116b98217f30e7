"""Follows the logs of a Job over restarts of containers, new pods, and a Job that is created again.

Each container that is at work has a tail (`logs.tail`). Every two seconds, less often where a look takes long, the Job
and its pods are looked at: tails begin for what is new, and end with what has ended. A server that is away is waited
for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from opsctl.errors import NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.kubernetes.job_pods import find_pods
from opsctl.migration.kubernetes.logs.channel import Channel
from opsctl.migration.kubernetes.logs.choice import Instance, choose_pods, containers_of, instances_of, is_wished
from opsctl.migration.kubernetes.logs.lines import LineSource, LogLine, merge_lines
from opsctl.migration.kubernetes.logs.models import LogWishes, Silence
from opsctl.migration.kubernetes.logs.silence import add_events, explain_job, explain_waiting, without_shards
from opsctl.migration.kubernetes.logs.tail import LastReading, Tail
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind, Pod
from opsctl.migration.kubernetes.ports import Cluster, JsonObject
from opsctl.migration.kubernetes.reading import read_job

POLL_SECONDS = 2.0
# Between two looks at what has ended, while the last lines are read.
ENDING_SECONDS = 0.5
# How much longer than a look the pause behind it is.
REST_FACTOR = 4.0
LONGEST_REST_SECONDS = 15.0
# Lines that come so shortly one after the other are put in order.
SETTLE_SECONDS = 0.2
# The first lines of all pods are merged; one that does not answer holds them up no longer than that.
CATCH_UP_SECONDS = 5.0
# A control plane that is upgraded is away for minutes.
OUTAGE_SECONDS = 600.0
# A Job that is being created again is away for as long as its pods take to end.
AWAY_SECONDS = 120.0
# Each is a connection that stays open.
MOST_TAILS = 40


@dataclass(frozen=True, slots=True)
class FollowOutput:
    """Where lines go, and what there is to say beside them: once each. `tell` knows the reasons of Silence, and
    `outage` (the server is away: `detail`), `answers-again`, `job-gone`, `job-again`. `prepare` is given the Job, as it
    is then, before the first lines of containers that have started meanwhile."""

    write: Callable[[Sequence[LogLine]], None]
    tell: Callable[[Sequence[Silence]], None]
    prepare: Callable[[JsonObject], None]


async def follow_logs(
    cluster: Cluster, key: JobKey, wishes: LogWishes, output: FollowOutput, *, clock: Clock, stop: asyncio.Event
) -> JobFacts | None:
    """Write lines as they come, until the Job has ended, or the pods or shards that were wished for have, or `stop` is
    set. The Job as it was at the end; None when it was stopped.

    Raises NotFoundError for a Job, pod or container that is not there at the beginning and for a Job that is deleted
    and stays away, AccessDeniedError, and UnavailableError when the server stays away.
    """
    follower = _Follower(cluster, key, wishes, clock, stop, output, Channel(clock, stop))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follower.heed_stop()), group.create_task(follower.watch(group))]
        try:
            await follower.write()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 a closed pipe: the group would wrap it
            follower.channel.fail(error)
        finally:
            for task in (*tasks, *(tail.task for tail in follower.tails.values() if tail.task)):
                task.cancel()
    if follower.channel.error is not None:
        raise follower.channel.error
    return None if stop.is_set() else follower.job


@dataclass(slots=True)
class _Follower:
    cluster: Cluster
    key: JobKey
    wishes: LogWishes
    clock: Clock
    stop: asyncio.Event
    output: FollowOutput
    channel: Channel
    job: JobFacts | None = None
    tails: dict[tuple[str, str, int], Tail] = field(default_factory=dict)
    finished: set[tuple[str, str, int]] = field(default_factory=set)
    prepared: set[tuple[str, str, int]] = field(default_factory=set)
    told: set[Silence] = field(default_factory=set)
    outage_since: float | None = None
    away_since: float | None = None
    is_ending: bool = False
    is_over: bool = False

    async def write(self) -> None:
        """Lines in the order of their times, and notes, as they come."""
        channel = self.channel
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await channel.caught_up.wait()
        while True:
            await channel.arrived.wait()
            channel.arrived.clear()
            await sleep_unless(channel.over, self.clock, SETTLE_SECONDS)
            if lines := list(merge_lines(channel.take_lines())):
                self.output.write(lines)
            self._tell(channel.take_notes())
            if channel.over.is_set():
                return

    async def heed_stop(self) -> None:
        """Ctrl-C does not wait for a server."""
        await self.stop.wait()
        self.channel.end()

    async def watch(self, group: asyncio.TaskGroup) -> None:
        """Look at the Job again and again."""
        try:
            while not self.is_over and not self.stop.is_set():
                began_at = self.clock.monotonic()
                await self._look_safely(group)
                if not self.is_over:
                    pause = max(ENDING_SECONDS if self.is_ending else POLL_SECONDS, self._rest(began_at))
                    await sleep_unless(self.stop, self.clock, pause)
            self.channel.end()
        except OpsctlError as error:
            self.channel.fail(error)

    def _rest(self, began_at: float) -> float:
        """Thousands of pods, or a server that is slow, are not asked for all the time."""
        return min(LONGEST_REST_SECONDS, REST_FACTOR * (self.clock.monotonic() - began_at))

    async def _look_safely(self, group: asyncio.TaskGroup) -> None:
        try:
            await self._look(group)
        except UnavailableError as error:
            if self.job is None:
                raise
            self._wait_for_server(error)
        except NotFoundError as error:
            if self.job is None:
                raise
            self._wait_for_job(error)

    def _wait_for_server(self, error: UnavailableError) -> None:
        now = self.clock.monotonic()
        if self.outage_since is None:
            self.outage_since = now
            self.channel.is_cut_off = True
            self.channel.tell(Silence("outage", detail=error.message))
        elif now - self.outage_since > OUTAGE_SECONDS:
            raise error

    def _wait_for_job(self, error: NotFoundError) -> None:
        now = self.clock.monotonic()
        if self.away_since is None:
            self.away_since = now
            self.channel.tell(Silence("job-gone"))
            self._update_tails({}, now)
        elif now - self.away_since > AWAY_SECONDS:
            raise error

    async def _look(self, group: asyncio.TaskGroup) -> None:
        began_at = self.clock.monotonic()
        document = await self.cluster.get(Kind.JOB, self.key.namespace, self.key.name)
        job = read_job(document)
        pods = await find_pods(self.cluster, job)
        is_first = self.job is None
        chosen = choose_pods(pods, self.wishes, job) if is_first else [pod for pod in pods if self._is_wished(pod)]
        instances = self._instances(chosen)
        self._prepare(document, instances)
        self._note_return()
        self.job = job
        self._update_tails(instances, began_at)
        self._start_tails(group, chosen)
        await self._explain(job, pods, chosen)
        if is_first and not self.tails:
            self.channel.caught_up.set()
        self.is_ending = self._has_ended(job, pods, chosen)
        self.is_over = self.is_ending and not self.tails

    def _prepare(self, job: JsonObject, instances: Collection[tuple[str, str, int]]) -> None:
        if not self.prepared.issuperset(instances):
            self.output.prepare(job)
            self.prepared.update(instances)

    def _is_wished(self, pod: Pod) -> bool:
        return is_wished(pod, self.wishes)

    def _note_return(self) -> None:
        if self.outage_since is not None:
            self.channel.is_cut_off = False
            self.channel.tell(Silence("answers-again"))
        if self.away_since is not None:
            self.channel.tell(Silence("job-again"))
        self.outage_since = self.away_since = None

    def _instances(self, pods: Sequence[Pod]) -> dict[tuple[str, str, int], tuple[Pod, Instance]]:
        return {
            instance.key: (pod, instance)
            for pod in pods
            for container in containers_of(pod, self.wishes)
            for instance in instances_of(pod, container, previous=True)
        }

    def _update_tails(self, now: dict[tuple[str, str, int], tuple[Pod, Instance]], looked_at: float) -> None:
        """Tell each tail when its container has ended, and where the rest of its lines can be had."""
        for key, tail in list(self.tails.items()):
            if tail.is_done:
                del self.tails[key]
                self.finished.add(key)
            elif key not in now:
                tail.finish(LastReading.NONE)
            else:
                tail.pod, instance = now[key]
                if instance.has_ended:
                    tail.finish(LastReading.of(instance))
                else:
                    tail.confirm(looked_at)

    def _start_tails(self, group: asyncio.TaskGroup, pods: Sequence[Pod]) -> None:
        for pod in pods:
            for container in containers_of(pod, self.wishes):
                for instance in instances_of(pod, container, previous=self.wishes.previous):
                    if instance.key in self.finished or instance.key in self.tails:
                        continue
                    if len(self.tails) >= MOST_TAILS:
                        self._tell_once(Silence("later", pod.name))
                    else:
                        self._start(group, pod, instance)

    def _start(self, group: asyncio.TaskGroup, pod: Pod, instance: Instance) -> None:
        source = LineSource(pod.name, instance.container, pod.index, instance.is_previous)
        tail = Tail(self.cluster, self.key.namespace, pod, source, self.wishes, self.channel)
        if instance.has_ended:
            tail.finish(LastReading.of(instance))
        self.tails[instance.key] = tail
        self.channel.expect()
        tail.task = group.create_task(tail.run())

    async def _explain(self, job: JobFacts, pods: Sequence[Pod], chosen: Sequence[Pod]) -> None:
        """Why there is nothing to follow, as long as that is so."""
        silences = [silence for pod in chosen if (silence := explain_waiting(pod)) is not None]
        if not pods and not self._has_ended(job, pods, chosen):
            silences.append(await explain_job(self.cluster, self.key, job))
        elif not chosen and self.wishes.shards:
            silences.append(without_shards(self.wishes))
        new = [silence for silence in silences if silence not in self.told]
        self.told.update(new)
        for silence in await add_events(self.cluster, self.key.namespace, new, pods):
            self.told.add(silence)
            self.channel.tell(silence)

    def _tell_once(self, silence: Silence) -> None:
        if silence not in self.told:
            self.told.add(silence)
            self.channel.tell(silence)

    def _tell(self, notes: Sequence[Silence]) -> None:
        if notes:
            self.output.tell(notes)

    def _has_ended(self, job: JobFacts, pods: Sequence[Pod], chosen: Sequence[Pod]) -> bool:
        """Whether nothing more can come: of the Job, or of what was wished for."""
        if (job.is_complete or job.failed_reason is not None) and all(pod.is_over for pod in pods):
            return True
        if self.wishes.pods and not self.wishes.shards:
            # A pod of another name takes the place of one that is gone.
            return all(pod.is_over for pod in chosen)
        done = {pod.index for pod in pods if pod.phase == "Succeeded"}
        return bool(self.wishes.shards) and not self.wishes.pods and done >= set(self.wishes.shards)
