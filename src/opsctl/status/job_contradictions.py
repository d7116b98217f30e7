"""Where the cluster says something else than Mongo and S3."""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.status.answers import RunRecord, Snapshot
from opsctl.status.figures import RECENT_SECONDS, last_trace
from opsctl.status.job import Job, read_indexes
from opsctl.status.job_problems import split_hosts
from opsctl.status.models import Remark
from opsctl.status.presence import speaks_after_end
from opsctl.status.shards import name_indexes

SETTLED_SECONDS = 60.0
"""Sources are not asked in the same instant, and their clocks differ: what is younger is not held against them."""


def find_job_contradictions(snapshot: Snapshot, open_documents: int, arrived: int) -> Iterator[Remark]:
    """`open_documents`: open for certain; `arrived`: those of them that came after a run had counted."""
    job = snapshot.job
    if job is None:
        return
    run = snapshot.run if snapshot.run is not None and snapshot.run.is_live(snapshot.taken_at) else None
    if job.active and job.knows_no_live_pod:
        yield Remark("job-active-no-pod", {"active": job.active})
    at_work = [pod for pod in job.live_pods if pod.is_at_work]
    if at_work and not job.is_over and (job.is_suspended or job.parallelism == 0):
        code = "pods-though-suspended" if job.is_suspended else "pods-though-none-wanted"
        yield Remark(code, {"job": job.name, "pods": len(at_work)})
    if run is not None:
        yield from _compare_with_live_run(job, run)
    yield from _compare_shards(job, snapshot)
    if _ended_too_early(job, snapshot, open_documents - arrived):
        yield Remark("job-complete-but-open", {"job": job.name, "documents": open_documents})
    if run is None and _is_written_after_its_end(job, snapshot):
        yield Remark("job-over-but-writing", {"ended": job.ended_at, "at": last_trace(snapshot)})
    if job.look_alikes and (job.active or job.live_pods):
        yield Remark("two-jobs", {"job": job.name, "other": ", ".join(job.look_alikes[:3])})


def _compare_with_live_run(job: Job, run: RunRecord) -> Iterator[Remark]:
    """A run may be at work elsewhere, but not in a pod that is not there, and not beside a Job that works too."""
    inside, elsewhere = split_hosts(job, run.hosts)
    gone = [host for host in inside if job.knows_no_live_pod and speaks_after_end(run, host, job)]
    if gone and not job.active:
        yield Remark("run-live-no-pod", {"run": run.run_id, "host": gone[0]})
    if elsewhere and any(pod.is_at_work for pod in job.live_pods):
        yield Remark("writer-beside-job", {"run": run.run_id, "host": elsewhere[0], "job": job.name})


def _compare_shards(job: Job, snapshot: Snapshot) -> Iterator[Remark]:
    """Indexes that Kubernetes counts as done whose shards are not, and are not being worked on either."""
    run = snapshot.run
    if run is None or not job.is_indexed or job.completions != len(run.shards) or run.retries_failed:
        return
    if job.started_at is None or run.started_at < job.started_at:
        return
    done = read_indexes(job.completed_indexes, len(run.shards))
    is_open = (shard for shard in run.shards if not shard.is_over and not shard.is_live(snapshot.taken_at))
    found = [shard.index for shard in is_open if shard.index in done]
    if found:
        yield Remark("job-index-done-but-open", {"job": job.name, **name_indexes(found)})


def _ended_too_early(job: Job, snapshot: Snapshot, left: int) -> bool:
    """It says that everything is done, and nobody has been told to leave something or is at work elsewhere."""
    if not job.is_complete or left <= 0:
        return False
    run = snapshot.run
    if run is not None:
        stays_open = run.has_selection or run.stop_code is not None or run.is_live(snapshot.taken_at)
        return not stays_open and left > run.counters.documents_failed
    return not _is_written_after_its_end(job, snapshot)


def _is_written_after_its_end(job: Job, snapshot: Snapshot) -> bool:
    """Without a run record: somebody stores images though the Job is over."""
    trace, ended = last_trace(snapshot), job.ended_at
    if snapshot.run is not None or trace is None or ended is None:
        return False
    is_recent = (snapshot.taken_at - trace).total_seconds() <= RECENT_SECONDS
    return is_recent and (trace - ended).total_seconds() > SETTLED_SECONDS
