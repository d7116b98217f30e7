"""The parts of a divided run: what the run record says of each, joined with the pod that Kubernetes has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from opsctl.status.answers import SILENT_SECONDS, RunRecord, RunShard, Snapshot
from opsctl.status.figures import count_shard_images
from opsctl.status.job import Job, Pod, count_indexes, read_indexes
from opsctl.status.job_problems import is_named_by
from opsctl.status.models import DocumentFigures, Method, Remark, RemarkValue, ShardFigures, ShardState

MOST_INDEXES = 10_000
"""More indexes of a Job without a run record are not listed one by one."""

_MOST_NAMED = 4
_LONG_AGO = datetime.fromtimestamp(0, UTC)


def list_shards(snapshot: Snapshot, *, idle_limit_seconds: float) -> tuple[ShardFigures, ...] | None:
    """By index: those of the run record, else the indexes of the Job. Empty when the work is not divided, None when
    there are more indexes than `MOST_INDEXES`. A shard that finishes nothing for longer than the limit is stalled."""
    run, job = snapshot.run, snapshot.job
    indexed = _Indexes.of(job) if job is not None else None
    if run is not None and run.shards:
        return tuple(_join(run, shard, indexed, snapshot.taken_at, idle_limit_seconds) for shard in run.shards)
    if job is None or indexed is None or not job.is_indexed or not job.completions:
        return ()
    if job.completions > MOST_INDEXES:
        return None
    return tuple(_describe_index(index, indexed) for index in range(job.completions))


def name_trouble(shards: Sequence[ShardFigures], now: datetime) -> Remark | None:
    """The gravest that is wrong with shards of the run record: given up, failed, silent, stalled, stopped."""
    known = [shard for shard in shards if shard.heartbeat_at is not None]
    given_up = [shard for shard in known if shard.is_given_up]
    if given_up:
        return Remark("shards-given-up", _name(given_up))
    failed = [shard for shard in known if shard.state is ShardState.FAILED]
    if failed:
        return _with_reason("shards-failed", failed)
    silent = [shard for shard in known if shard.state is ShardState.SILENT]
    if silent:
        quiet = max(0.0, *((now - (shard.heartbeat_at or now)).total_seconds() for shard in silent))
        # Below this the lease still holds: it is the end of the process that is known.
        code = "shards-silent" if quiet > SILENT_SECONDS else "shards-gone"
        return Remark(code, {**_name(silent), "quiet_seconds": quiet})
    stalled = [shard for shard in known if shard.state is ShardState.STALLED]
    if stalled:
        quiet = max((now - shard.idle_since).total_seconds() for shard in stalled if shard.idle_since is not None)
        return Remark("shards-stalled", {**_name(stalled), "quiet_seconds": max(0.0, quiet)})
    stopped = [shard for shard in known if shard.state is ShardState.STOPPED]
    return _with_reason("shards-stopped", stopped) if stopped else None


def name_waiting(shards: Sequence[ShardFigures]) -> Remark | None:
    """The shards that nobody has, when nobody has any."""
    open_shards = [shard for shard in shards if not shard.state.is_over]
    if not open_shards or any(shard.state is not ShardState.WAITING for shard in open_shards):
        return None
    return Remark("shards-waiting", _name(open_shards))


def name_indexes(indexes: Sequence[int]) -> dict[str, RemarkValue]:
    """The first ranges of indexes, and how many shards are left out."""
    ranges = write_ranges(indexes)
    others = sum(count_indexes(text) for text in ranges[_MOST_NAMED:])
    return {"shards": ", ".join(ranges[:_MOST_NAMED]), "others": others}


def write_ranges(indexes: Iterable[int]) -> list[str]:
    """`0-2`, `5`: indexes in order, neighbours together."""
    ranges: list[list[int]] = []
    for index in sorted(indexes):
        if ranges and index == ranges[-1][1] + 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return [str(first) if first == last else f"{first}-{last}" for first, last in ranges]


# -- the Job by index


@dataclass(frozen=True, slots=True)
class _Indexes:
    """The Job's pods by host and by index, the newest of each, and what has become of its indexes."""

    job: Job
    by_host: Mapping[str, Pod]
    by_index: Mapping[int, Pod]
    counts: Mapping[int, int]
    completed: frozenset[int]
    failed: frozenset[int]

    @classmethod
    def of(cls, job: Job) -> _Indexes:
        pods = sorted(job.pods or (), key=_age_order)
        numbered = [(pod.index, pod) for pod in pods if pod.index is not None]
        counts: dict[int, int] = {}
        for index, _ in numbered:
            counts[index] = counts.get(index, 0) + 1
        most = min(job.completions or 0, MOST_INDEXES)
        return cls(
            job,
            {pod.host: pod for pod in pods if pod.host is not None},
            dict(numbered),
            counts,
            read_indexes(job.completed_indexes, most),
            read_indexes(job.failed_indexes, most),
        )

    def count_retries(self, pod: Pod) -> int:
        """As Kubernetes has counted, else as many pods as are still there."""
        if pod.retries is not None:
            return pod.retries + pod.restarts
        return max(0, self.counts.get(-1 if pod.index is None else pod.index, 1) - 1) + pod.restarts


def _age_order(pod: Pod) -> tuple[bool, datetime]:
    """A live pod comes after those that it replaces."""
    return pod.is_live, pod.created_at or _LONG_AGO


def _describe_index(index: int, indexed: _Indexes) -> ShardFigures:
    """One index of a Job without a run record."""
    pod = indexed.by_index.get(index)
    return ShardFigures(
        index=index,
        state=_state_of_index(index, pod, indexed),
        reason=None if pod is None else pod.waiting_reason or pod.pending_reason or _last_reason(pod),
        host=pod.host if pod is not None else None,
        pod=pod.name if pod is not None else None,
        retries=None if pod is None else indexed.count_retries(pod),
        is_given_up=index in indexed.failed,
    )


def _state_of_index(index: int, pod: Pod | None, indexed: _Indexes) -> ShardState:
    if index in indexed.completed:
        return ShardState.COMPLETE
    if index in indexed.failed:
        return ShardState.FAILED
    return ShardState.RUNNING if pod is not None and pod.is_at_work else ShardState.WAITING


def _last_reason(pod: Pod) -> str | None:
    ended = pod.last_termination
    return ended.reason if ended is not None and ended.is_failure else pod.reason


# -- shards of the run record


def _join(
    run: RunRecord, shard: RunShard, indexed: _Indexes | None, now: datetime, idle_limit_seconds: float
) -> ShardFigures:
    """A shard and its pod. Who runs a shard by hand beside the Job is no pod of it."""
    pod, is_given_up = None, False
    if indexed is not None:
        pod = indexed.by_host.get(shard.host or "")
        is_of_job = shard.host is None or shard.host in indexed.by_host or is_named_by(indexed.job, shard.host)
        if is_of_job and indexed.job.is_indexed and indexed.job.completions == len(run.shards):
            pod = pod or indexed.by_index.get(shard.index)
            is_given_up = shard.index in indexed.failed and not shard.is_over and not shard.is_live(now)
    return ShardFigures(
        index=shard.index,
        state=ShardState.FAILED if is_given_up else _state_of(shard, now, idle_limit_seconds),
        reason=shard.state_reason or shard.throttle_reason,
        documents=_count_documents(shard),
        images=count_shard_images(run, shard),
        host=shard.host,
        pod=pod.name if pod is not None else None,
        heartbeat_at=shard.heartbeat_at,
        idle_since=shard.idle_since,
        starts=shard.starts,
        retries=None if pod is None or indexed is None else indexed.count_retries(pod),
        is_given_up=is_given_up,
    )


def _state_of(shard: RunShard, now: datetime, idle_limit_seconds: float) -> ShardState:
    if shard.is_held:
        if not shard.is_live(now):
            return ShardState.SILENT
        if shard.throttle_reason:
            return ShardState.THROTTLED
        return ShardState.STALLED if shard.idle_seconds > idle_limit_seconds else ShardState.RUNNING
    has_ended = shard.is_over or shard.state in ("stopped", "failed")
    return ShardState(shard.state) if has_ended else ShardState.WAITING


def _count_documents(shard: RunShard) -> DocumentFigures:
    plan = shard.plan
    processed = plan.documents_processed + shard.counters.documents_complete
    total = max(plan.documents, processed)
    return DocumentFigures(total, processed, None, total - processed, Method.COUNTER, shard.last_word_at)


# -- words


def _name(shards: Sequence[ShardFigures]) -> dict[str, RemarkValue]:
    return name_indexes([shard.index for shard in shards])


def _with_reason(code: str, shards: Sequence[ShardFigures]) -> Remark:
    detail = next((shard.reason for shard in shards if shard.reason), None)
    values = _name(shards)
    return Remark(code, {**values, "detail": detail}) if detail else Remark(f"{code}-silently", values)
