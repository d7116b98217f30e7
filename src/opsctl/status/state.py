"""What the migration is doing, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsctl.status.answers import RunRecord, Snapshot
from opsctl.status.contradictions import count_arrived, count_open, find_contradictions
from opsctl.status.figures import RECENT_SECONDS, last_trace
from opsctl.status.job import Job
from opsctl.status.job_contradictions import SETTLED_SECONDS
from opsctl.status.job_problems import find_problems, is_broken
from opsctl.status.models import DocumentFigures, ImageFigures, Method, Remark, ShardFigures, State, Verdict
from opsctl.status.ports import StatusSettings
from opsctl.status.shards import name_trouble, name_waiting

_TOLD_BY_SHARD = (State.RUNNING, State.THROTTLED, State.FINISHING, State.STALLED, State.SILENT)

_BY_INTENT = {
    "pausing": Verdict(State.PAUSED, Remark("pausing")),
    "stopping": Verdict(State.RUNNING, Remark("stopping")),
    "planned": Verdict(State.RUNNING, Remark("planning")),
}


def judge(
    snapshot: Snapshot,
    documents: DocumentFigures,
    images: ImageFigures,
    settings: StatusSettings,
    shards: Sequence[ShardFigures],
    *,
    idle_seconds: float,
    idle_limit_seconds: float,
) -> Verdict:
    """The state. `idle_seconds` is the running time without a finished image; above the limit a live run is stalled."""
    stalled_seconds = idle_seconds if idle_seconds > idle_limit_seconds else None
    verdict = _judge(snapshot, documents, images, settings, stalled_seconds)
    verdict = replace(verdict, reason=_name_shards(verdict, snapshot, shards))
    return replace(verdict, problems=find_problems(snapshot, verdict.state))


def _judge(
    snapshot: Snapshot,
    documents: DocumentFigures,
    images: ImageFigures,
    settings: StatusSettings,
    stalled_seconds: float | None,
) -> Verdict:
    contradictions = find_contradictions(snapshot, documents, settings)
    if contradictions:
        return Verdict(State.CONTRADICTORY, contradictions[0], contradictions)
    run = snapshot.run
    if run is None:
        return _judge_traces(snapshot, documents, images)
    if run.is_over:
        return _judge_finished_run(run, snapshot, documents, images)
    if not run.is_open:
        return _judge_ended_run(run, documents, images)
    if run.state != "paused" and not run.is_live(snapshot.taken_at):
        code = "process-gone" if run.is_process_gone else "silent"
        return Verdict(State.SILENT, Remark(code, {"quiet_seconds": run.quiet_seconds(snapshot.taken_at)}))
    return _judge_live_run(run, images, stalled_seconds)


def _name_shards(verdict: Verdict, snapshot: Snapshot, shards: Sequence[ShardFigures]) -> Remark | None:
    """The shards that are not well in place of what can be said of the run as a whole."""
    if verdict.state not in _TOLD_BY_SHARD or snapshot.run is None or snapshot.run.stop_code is not None:
        return verdict.reason
    waiting = name_waiting(shards) if verdict.state is State.SILENT else None
    return name_trouble(shards, snapshot.taken_at) or waiting or verdict.reason


def _judge_live_run(run: RunRecord, images: ImageFigures, stalled_seconds: float | None) -> Verdict:
    if run.state == "paused":
        return Verdict(State.PAUSED, _with_detail("paused", run.state_reason))
    if run.state in _BY_INTENT:
        return _BY_INTENT[run.state]
    if run.throttle_reason is not None:
        return Verdict(State.THROTTLED, Remark("throttled", {"detail": run.throttle_reason}))
    if images.remaining == 0:
        return Verdict(State.FINISHING)
    if stalled_seconds is not None:
        return Verdict(State.STALLED, Remark("no-progress", {"quiet_seconds": stalled_seconds}))
    return Verdict(State.RUNNING)


def _judge_ended_run(run: RunRecord, documents: DocumentFigures, images: ImageFigures) -> Verdict:
    """Stopped or failed: nobody is at work, unless nothing is left to be done."""
    if documents.total and documents.remaining == 0 and documents.method is Method.EXACT:
        return _judge_done(images)
    if run.stop_code is not None:
        return Verdict(State.STALLED, Remark(f"stopped-{run.stop_code}"))
    return Verdict(State.STALLED, _with_detail(f"run-{run.state}", run.state_reason))


def _judge_finished_run(
    run: RunRecord, snapshot: Snapshot, documents: DocumentFigures, images: ImageFigures
) -> Verdict:
    """Complete, as far as it was told to go."""
    left = count_open(documents) - run.counters.documents_failed
    if left > 0:
        code = "arrived-later" if left <= count_arrived(snapshot, documents) else "outside-selection"
        return Verdict(State.STALLED, Remark(code, {"documents": left}))
    if run.counters.documents_failed:
        failed = {"documents": run.counters.documents_failed}
        return Verdict(State.COMPLETE_WITH_FAILURES, Remark("documents-failed", failed))
    if run.state == "complete_with_failures":
        return Verdict(State.COMPLETE_WITH_FAILURES, _name_failures(images))
    return _judge_done(images)


def _judge_traces(snapshot: Snapshot, documents: DocumentFigures, images: ImageFigures) -> Verdict:
    """Without a run record: from what another tool left behind."""
    if documents.total == 0:
        return Verdict(State.NOT_STARTED, Remark("no-documents"))
    if documents.remaining == 0:
        return _judge_done(images)
    trace = last_trace(snapshot)
    if trace is not None:
        return _judge_last_trace(trace, snapshot)
    if not _has_seen_all(snapshot) or documents.processed != 0 or documents.partial:
        return Verdict(State.UNKNOWN, Remark("no-trace"))
    return Verdict(State.NOT_STARTED) if snapshot.job is None else _judge_idle_job(snapshot.job, snapshot.taken_at)


def _judge_last_trace(trace: datetime, snapshot: Snapshot) -> Verdict:
    job, now = snapshot.job, snapshot.taken_at
    quiet_seconds = max(0.0, (now - trace).total_seconds())
    if quiet_seconds <= _recent_seconds(job, now):
        return Verdict(State.RUNNING, Remark("recent-upload", {"quiet_seconds": quiet_seconds}))
    started = _started_seconds(job, now)
    if started is not None:
        return Verdict(State.RUNNING, Remark("job-just-started", {"quiet_seconds": started}))
    if not _has_seen_all(snapshot):
        return Verdict(State.UNKNOWN, Remark("trace-may-be-old", {"at": trace}))
    return Verdict(State.STALLED, Remark("no-recent-upload", {"quiet_seconds": quiet_seconds, "at": trace}))


def _judge_idle_job(job: Job, now: datetime) -> Verdict:
    """Nothing has been stored yet."""
    started = _started_seconds(job, now)
    if started is not None:
        return Verdict(State.RUNNING, Remark("job-just-started", {"quiet_seconds": started}))
    if job.is_suspended or job.started_at is None:
        return Verdict(State.NOT_STARTED)
    idle_seconds = max(0.0, (now - job.started_at).total_seconds())
    if idle_seconds <= RECENT_SECONDS and not is_broken(job, now):
        return Verdict(State.NOT_STARTED)
    return Verdict(State.STALLED, Remark("job-stored-nothing", {"quiet_seconds": idle_seconds}))


def _recent_seconds(job: Job | None, now: datetime) -> float:
    """Of a Job that cannot work on, an upload tells less: only that of a moment ago says that somebody is at work."""
    return SETTLED_SECONDS if job is not None and is_broken(job, now) else RECENT_SECONDS


def _started_seconds(job: Job | None, now: datetime) -> float | None:
    """How long ago the newest pod began, when that was a moment ago: its first image may still be on its way."""
    starts = [pod.started_at for pod in job.live_pods if pod.is_at_work and pod.started_at] if job else []
    if job is None or job.is_over or not starts:
        return None
    seconds = max(0.0, (now - max(starts)).total_seconds())
    return seconds if seconds <= RECENT_SECONDS else None


def _has_seen_all(snapshot: Snapshot) -> bool:
    """All documents or all objects were looked at, and there is really no run record: no newer trace can exist."""
    if any(gap.source == "run_record" for gap in snapshot.gaps):
        return False
    walked = snapshot.images is not None and snapshot.images.is_complete
    return walked or (snapshot.objects is not None and snapshot.objects.is_complete)


def _judge_done(images: ImageFigures) -> Verdict:
    if images.method is Method.LOWER_BOUND and not images.failed:
        return Verdict(State.COMPLETE, Remark("images-not-counted"))
    failed = _name_failures(images)
    return Verdict(State.COMPLETE_WITH_FAILURES if failed else State.COMPLETE, failed)


def _name_failures(images: ImageFigures) -> Remark | None:
    return Remark("images-failed", {"images": images.failed}) if images.failed else None


def _with_detail(code: str, detail: str | None) -> Remark:
    return Remark(code, {"detail": detail}) if detail else Remark(f"{code}-silently")
