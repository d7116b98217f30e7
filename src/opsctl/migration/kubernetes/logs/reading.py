"""The logs of all pods of a Job as one: merged by time, with the containers before their restarts, and the reason when
there are no lines.

What is held in memory is bounded whatever the pods have written: of each container the newest lines are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from opsctl.errors import AccessDeniedError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.job_pods import find_pods
from opsctl.migration.kubernetes.logs.at_once import do_at_once
from opsctl.migration.kubernetes.logs.choice import Instance, choose_pods, containers_of, instances_of
from opsctl.migration.kubernetes.logs.lines import LineSource, LogLine, find_notice, merge_lines, read_line
from opsctl.migration.kubernetes.logs.models import LogReading, LogReport, LogWishes, Silence
from opsctl.migration.kubernetes.logs.silence import add_events, explain_job, explain_pod, state_of, without_shards
from opsctl.migration.kubernetes.models import JobKey, Kind, LogRequest, Pod
from opsctl.migration.kubernetes.ports import Cluster
from opsctl.migration.kubernetes.reading import read_job

AT_ONCE = 8
MEMORY_BYTES = 64 << 20
# A line's own cost besides its text: the object, its time, its place.
_LINE_BYTES = 256


async def read_logs(
    cluster: Cluster, key: JobKey, wishes: LogWishes, *, memory_bytes: int = MEMORY_BYTES
) -> LogReading:
    """The lines that are there now. Raises NotFoundError for a Job, pod or container that is not there,
    AccessDeniedError and UnavailableError when the Job or its pods cannot be read."""
    job = read_job(await cluster.get(Kind.JOB, key.namespace, key.name))
    pods = await find_pods(cluster, job)
    chosen = choose_pods(pods, wishes, job)
    reader = _Reader(cluster, key, wishes, memory_bytes // max(1, min(len(chosen), wishes.most_pods)))
    found = await do_at_once(reader.read_pod, chosen[: wishes.most_pods], AT_ONCE)
    lines = tuple(merge_lines(part for pod in found for part in pod.parts))
    silences = [silence for pod in found for silence in pod.silences]
    silences += [Silence("left-out", pod.name) for pod in chosen[wishes.most_pods :]]
    if not pods:
        silences.append(await explain_job(cluster, key, job))
    elif not chosen:
        silences.append(without_shards(wishes))
    silences = await add_events(cluster, key.namespace, silences, pods)
    report = LogReport(key.namespace, key.name, state_of(job), len(pods), lines, tuple(silences))
    return LogReading(report, None if lines else _common_refusal(found))


@dataclass(slots=True)
class _PodLines:
    parts: list[Sequence[LogLine]] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    refusal: OpsctlError | None = None


@dataclass(slots=True)
class _Reader:
    cluster: Cluster
    key: JobKey
    wishes: LogWishes
    pod_bytes: int
    # Refusals since the server last answered: when it is down, not every pod needs to wait for that.
    outage: list[UnavailableError] = field(default_factory=list)

    async def read_pod(self, pod: Pod) -> _PodLines:
        found = _PodLines()
        notice: str | None = None
        instances = list(self._instances(pod))
        for instance in instances:
            kept = _NewestLines(self.pod_bytes // len(instances))
            found.parts.append(kept.lines)
            refusal = await self._read(pod, instance, kept)
            notice = kept.notice or notice
            if kept.dropped:
                found.silences.append(Silence("shortened", pod.name, str(kept.dropped)))
            if isinstance(refusal, UnavailableError) and any(found.parts):
                found.silences.append(Silence("cut", pod.name, refusal.message))
            elif instance.is_previous and not kept.lines and not isinstance(refusal, AccessDeniedError):
                said = refusal.message if refusal is not None else kept.notice
                found.silences.append(Silence("no-previous", pod.name, said))
                continue
            found.refusal = refusal or found.refusal
        if not any(found.parts):
            found.silences = [explain_pod(pod, found.refusal, notice)]
        return found

    def _instances(self, pod: Pod) -> Iterator[Instance]:
        for container in containers_of(pod, self.wishes):
            yield from instances_of(pod, container, previous=self.wishes.previous)

    async def _read(self, pod: Pod, instance: Instance, kept: _NewestLines) -> OpsctlError | None:
        """What came before the answer broke off stays in `kept`."""
        if len(self.outage) >= AT_ONCE:
            return self.outage[-1]
        source = LineSource(pod.name, instance.container, pod.index, instance.is_previous)
        request = LogRequest(
            self.key.namespace,
            pod.name,
            instance.container,
            instance.from_previous,
            since=self.wishes.since,
            tail_lines=self.wishes.tail_lines,
        )
        try:
            async for raw in self.cluster.log(request):
                kept.add(read_line(raw, source))
        except UnavailableError as error:
            self.outage.append(error)
            return error
        except OpsctlError as error:
            self.outage.clear()
            return error
        self.outage.clear()
        return None


class _NewestLines:
    """As many of the newest lines as fit into so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self.lines: deque[LogLine] = deque()
        self.dropped = 0
        self.notice: str | None = None
        self._free_bytes = most_bytes

    def add(self, line: LogLine) -> None:
        notice = find_notice(line)
        if notice is not None:
            self.notice = notice
            return
        self.lines.append(line)
        self._free_bytes -= _cost(line)
        while self._free_bytes < 0 and len(self.lines) > 1:
            self._free_bytes += _cost(self.lines.popleft())
            self.dropped += 1


def _cost(line: LogLine) -> int:
    # The widest characters take four bytes each.
    return _LINE_BYTES + len(line.text) * (1 if line.text.isascii() else 4)


def _common_refusal(found: Sequence[_PodLines]) -> OpsctlError | None:
    """What kept every single pod's lines away, when no right or no server did."""
    refusals = [pod.refusal for pod in found if pod.parts]
    if refusals and all(isinstance(refusal, AccessDeniedError | UnavailableError) for refusal in refusals):
        return refusals[0]
    return None
