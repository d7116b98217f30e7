"""Where the cluster says something else than Mongo and S3."""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.status.answers import RunRecord, Snapshot
from opsctl.status.figures import RECENT_SECONDS, last_trace
from opsctl.status.job import Job
from opsctl.status.job_problems import is_host_of
from opsctl.status.models import Remark

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
    if run is not None:
        yield from _compare_with_live_run(job, run)
    if _ended_too_early(job, snapshot, open_documents - arrived):
        yield Remark("job-complete-but-open", {"job": job.name, "documents": open_documents})
    if run is None and _is_written_after_its_end(job, snapshot):
        yield Remark("job-over-but-writing", {"ended": job.ended_at, "at": last_trace(snapshot)})
    if job.look_alikes and (job.active or job.live_pods):
        yield Remark("two-jobs", {"job": job.name, "other": ", ".join(job.look_alikes[:3])})


def _compare_with_live_run(job: Job, run: RunRecord) -> Iterator[Remark]:
    """A run may be at work elsewhere, but not in a pod that is not there, and not beside a Job that works too."""
    inside = [host for host in run.hosts if is_host_of(job, host)]
    gone = [host for host in inside if job.knows_no_live_pod]
    if gone and not job.active:
        yield Remark("run-live-no-pod", {"run": run.run_id, "host": gone[0]})
    elsewhere = [host for host in run.hosts if host not in inside]
    if elsewhere and any(pod.is_at_work for pod in job.live_pods):
        yield Remark("writer-beside-job", {"run": run.run_id, "host": elsewhere[0], "job": job.name})


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
