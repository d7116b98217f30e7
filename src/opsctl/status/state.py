"""What the migration is doing, and why."""

from __future__ import annotations

from opsctl.status.answers import RunRecord, Snapshot
from opsctl.status.contradictions import count_arrived, count_open, find_contradictions
from opsctl.status.figures import last_trace
from opsctl.status.models import DocumentFigures, ImageFigures, Method, Remark, State, Verdict
from opsctl.status.ports import StatusSettings

RECENT_SECONDS = 300.0
"""Without a run record nobody says that he is at work: an upload within this time does."""

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
    *,
    idle_seconds: float,
    idle_limit_seconds: float,
) -> Verdict:
    """The state. `idle_seconds` is the running time without a finished image; above the limit a live run is stalled."""
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
    return _judge_live_run(run, images, idle_seconds if idle_seconds > idle_limit_seconds else None)


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
    can_conclude = _has_seen_all(snapshot)
    if trace is None:
        untouched = can_conclude and documents.processed == 0 and not documents.partial
        return Verdict(State.NOT_STARTED) if untouched else Verdict(State.UNKNOWN, Remark("no-trace"))
    quiet = {"quiet_seconds": max(0.0, (snapshot.taken_at - trace).total_seconds())}
    if quiet["quiet_seconds"] <= RECENT_SECONDS:
        return Verdict(State.RUNNING, Remark("recent-upload", quiet))
    if not can_conclude:
        return Verdict(State.UNKNOWN, Remark("trace-may-be-old", {"at": trace}))
    return Verdict(State.STALLED, Remark("no-recent-upload", {**quiet, "at": trace}))


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
