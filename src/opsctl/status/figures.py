"""Numbers with their method and age, from what the sources answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from opsctl.status.answers import ImageTally, RunCounters, RunPlan, RunRecord, RunShard, Snapshot, latest
from opsctl.status.models import DocumentFigures, ImageFigures, Method, ObjectFigures, Scope

RECENT_SECONDS = 300.0
"""Without a run record nobody says that he is at work: an upload within this time does."""


def count_documents(snapshot: Snapshot) -> DocumentFigures:
    """Exact counts; where time did not suffice, the database's bookkeeping and the counters of the run."""
    counted = counter_run(snapshot)
    is_exact = snapshot.documents is not None and snapshot.processed is not None
    total = snapshot.documents if snapshot.documents is not None else snapshot.documents_estimate
    processed, as_of = snapshot.processed, snapshot.taken_at
    if processed is None and counted is not None and counted.plan is not None and not counted.has_selection:
        processed = counted.plan.documents_processed + counted.counters.documents_complete
        as_of = last_word(counted)
    return DocumentFigures(
        total=total,
        processed=processed,
        partial=snapshot.partial,
        remaining=None if total is None or processed is None else max(0, total - processed),
        method=Method.EXACT if is_exact else Method.COUNTER,
        as_of=as_of,
    )


def count_images(snapshot: Snapshot) -> ImageFigures:
    """The walk through the documents when it came to its end, else the counters of the run, else what the walk saw."""
    tally, run = snapshot.images, counter_run(snapshot)
    if tally is not None and tally.is_complete:
        return _walked(tally, snapshot.taken_at)
    if run is not None and run.plan is not None:
        return _counted(run)
    if tally is None or not tally.documents:
        return ImageFigures(None, None, None, None, Method.LOWER_BOUND, snapshot.taken_at)
    return ImageFigures(tally.planned, tally.stored, tally.failed, None, Method.LOWER_BOUND, snapshot.taken_at)


def count_objects(snapshot: Snapshot) -> ObjectFigures:
    """The whole listing; of one that was cut short the run's counter, else at least what was listed."""
    tally, run = snapshot.objects, counter_run(snapshot)
    if tally is not None and tally.is_complete:
        return ObjectFigures(tally.count, tally.size_bytes, tally.newest_at, Method.EXACT, snapshot.taken_at)
    if run is not None and run.plan is not None and not run.has_selection:
        stored = run.plan.images_stored + run.counters.images_stored
        if tally is None or stored >= tally.count:
            return ObjectFigures(stored, None, None, Method.COUNTER, last_word(run))
    if tally is None:
        return ObjectFigures(None, None, None, Method.LOWER_BOUND, snapshot.taken_at)
    return ObjectFigures(tally.count, tally.size_bytes, tally.newest_at, Method.LOWER_BOUND, snapshot.taken_at)


def count_failures(snapshot: Snapshot) -> Mapping[str, int] | None:
    """Finally failed images by class; None when the documents were not all walked through."""
    tally = snapshot.images
    return dict(sorted(tally.failed_by_class.items())) if tally is not None and tally.is_complete else None


def measure_elapsed(snapshot: Snapshot) -> float | None:
    """Seconds since the start of the run, else of the Job, else since the first trace; until the end if it is over."""
    run = snapshot.run
    if run is not None:
        end = snapshot.taken_at if run.is_live(snapshot.taken_at) else last_word(run)
        return max(0.0, (end - run.started_at).total_seconds())
    job = snapshot.job
    if job is not None and job.started_at is not None:
        return max(0.0, ((job.ended_at or snapshot.taken_at) - job.started_at).total_seconds())
    began = first_trace(snapshot)
    if began is None:
        return None
    is_done = snapshot.documents is not None and snapshot.documents == snapshot.processed
    end = (last_trace(snapshot) or snapshot.taken_at) if is_done else snapshot.taken_at
    return max(0.0, (end - began).total_seconds())


def first_trace(snapshot: Snapshot) -> datetime | None:
    """The oldest upload that documents tell of; without any, the oldest object. None when not all was looked at."""
    tally, objects = snapshot.images, snapshot.objects
    if tally is not None and tally.first_upload_at is not None:
        return tally.first_upload_at
    return objects.oldest_at if objects is not None and objects.is_complete else None


def last_trace(snapshot: Snapshot) -> datetime | None:
    """The newest sign of work that was seen, in documents or in the bucket; there may be newer ones elsewhere."""
    tally, objects = snapshot.images, snapshot.objects
    in_documents = latest(tally.last_upload_at if tally else None, snapshot.last_upload_at)
    return latest(in_documents, objects.newest_at if objects else None)


def counter_run(snapshot: Snapshot) -> RunRecord | None:
    """The run, if its counters may stand for the present: nobody else has counted since."""
    return snapshot.run if snapshot.run is not None and snapshot.run.plan is not None else None


def last_word(run: RunRecord) -> datetime:
    """When the record was last written."""
    return latest(run.heartbeat_at, run.finished_at) or run.heartbeat_at


def _walked(tally: ImageTally, now: datetime) -> ImageFigures:
    remaining = max(0, tally.planned - tally.stored - tally.failed)
    return ImageFigures(tally.planned, tally.stored, tally.failed, remaining, Method.EXACT, now)


def _counted(run: RunRecord) -> ImageFigures:
    plan = run.plan
    assert plan is not None  # noqa: S101 - the caller has looked
    if run.shards:
        return _add_up([count_shard_images(run, shard) for shard in run.shards], run)
    return _count_planned(run, plan, run.counters, is_over=run.is_over, as_of=last_word(run))


def count_shard_images(run: RunRecord, shard: RunShard) -> ImageFigures:
    """The counters of one shard."""
    return _count_planned(run, shard.plan, shard.counters, is_over=shard.is_over, as_of=shard.last_word_at)


def _count_planned(run: RunRecord, plan: RunPlan, done: RunCounters, *, is_over: bool, as_of: datetime) -> ImageFigures:
    """A run that opens failed images again has all of them before it; what it counts as failed has failed once more."""
    before = 0 if run.retries_failed and not is_over else plan.images_failed
    stored = plan.images_stored + done.images_stored
    failed = before + done.images_failed
    if run.retries_failed and is_over:
        failed = max(0, plan.images - stored)
    # Documents that were added or changed since: more is done than was planned, and the plan grows with it.
    planned = max(plan.images, stored + failed)
    return ImageFigures(
        planned=planned,
        stored=stored,
        failed=failed,
        remaining=planned - stored - failed,
        method=Method.COUNTER,
        as_of=as_of,
        scope=Scope.SELECTION if run.has_selection else Scope.COLLECTION,
    )


def _add_up(parts: Sequence[ImageFigures], run: RunRecord) -> ImageFigures:
    return ImageFigures(
        planned=sum(part.planned or 0 for part in parts),
        stored=sum(part.stored or 0 for part in parts),
        failed=sum(part.failed or 0 for part in parts),
        remaining=sum(part.remaining or 0 for part in parts),
        method=Method.COUNTER,
        as_of=last_word(run),
        scope=parts[0].scope,
    )
