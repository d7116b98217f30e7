"""From a snapshot to everything that a report says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsctl.status.answers import Slice, Snapshot
from opsctl.status.estimate import Forecast, fill_history, forecast, idle_seconds, mean_rate, without_idle_end
from opsctl.status.figures import (
    count_documents,
    count_failures,
    count_images,
    count_objects,
    first_trace,
    measure_elapsed,
)
from opsctl.status.models import Assessment, Basis, DocumentFigures, Eta, ImageFigures, Rate, State, Verdict
from opsctl.status.ports import StatusSettings
from opsctl.status.presence import mark_ended
from opsctl.status.shards import list_shards
from opsctl.status.state import judge

FARTHEST = timedelta(days=3650)
"""Beyond this a date says nothing."""

SHORTEST_WINDOW_SECONDS = 1.0
"""A start that found nothing to do has no rate."""

_CALM_LENGTHS = 12.0  # a gap of 12 mean distances happens by chance once in e^12 times


def assess(snapshot: Snapshot, settings: StatusSettings) -> Assessment:
    """Figures, state, rate and time left."""
    snapshot = mark_ended(snapshot)
    documents, images = count_documents(snapshot), count_images(snapshot)
    history = _history(snapshot)
    shards = list_shards(snapshot, idle_limit_seconds=_idle_limit(history, settings, parts=_count_parts(snapshot)))
    foreseen = None if images.remaining is None else forecast(history, max(1, images.remaining))
    verdict = judge(
        snapshot,
        documents,
        images,
        settings,
        shards or (),
        idle_seconds=idle_seconds(history),
        idle_limit_seconds=_idle_limit(history, settings),
    )
    return Assessment(
        taken_at=snapshot.taken_at,
        profile=settings.profile,
        verdict=verdict,
        documents=documents,
        images=images,
        objects=count_objects(snapshot),
        job=snapshot.job,
        rate=_measure_rate(verdict.state, history, foreseen, snapshot, documents),
        eta=_estimate(verdict, images, foreseen, snapshot, documents),
        gaps=snapshot.gaps,
        run_id=snapshot.run.run_id if snapshot.run else None,
        elapsed_seconds=measure_elapsed(snapshot),
        throttle_reason=snapshot.run.throttle_reason if snapshot.run else None,
        failed_by_class=count_failures(snapshot),
        shards=shards,
    )


def _history(snapshot: Snapshot) -> Sequence[Slice]:
    """What the run kept; else the uploads that the documents tell of, if all of them were read."""
    if snapshot.run is not None:
        return snapshot.run.slices
    tally = snapshot.images
    return fill_history(tally.slices, snapshot.taken_at) if tally is not None and tally.is_complete else ()


def _count_parts(snapshot: Snapshot) -> int:
    """Processes that share the pace of the run."""
    return max(1, sum(shard.is_held for shard in snapshot.run.shards)) if snapshot.run is not None else 1


def _idle_limit(history: Sequence[Slice], settings: StatusSettings, *, parts: int = 1) -> float:
    """So long without an image is neither a slow download nor chance, at the pace the run had before it went quiet; for
    one of `parts` processes, at its part of the pace."""
    slow_download = 2 * settings.image_timeout_seconds
    before = forecast(without_idle_end(history), 1)
    return slow_download if before is None else max(slow_download, _CALM_LENGTHS * parts / before.low_rate)


def _measure_rate(
    state: State, history: Sequence[Slice], foreseen: Forecast | None, snapshot: Snapshot, documents: DocumentFigures
) -> Rate:
    """Of the present while it moves, of the whole run once it is complete; else there is none."""
    if not state.is_moving and not state.is_complete:
        return Rate(None, None, None)
    window_seconds = foreseen.window_seconds if foreseen and state.is_moving else None
    measured = mean_rate(history, window_seconds)
    if measured is not None and measured[2] >= SHORTEST_WINDOW_SECONDS:
        images, docs, seconds = measured
        return Rate(round(images, 4), round(docs * 3600, 2), timedelta(seconds=round(seconds, 1)))
    since_start = _documents_per_second(snapshot, documents)
    if since_start is None:
        return Rate(None, None, None)
    return Rate(None, round(since_start[0] * 3600, 2), timedelta(seconds=round(since_start[1], 1)))


def _estimate(
    verdict: Verdict, images: ImageFigures, foreseen: Forecast | None, snapshot: Snapshot, documents: DocumentFigures
) -> Eta:
    now = snapshot.taken_at
    if verdict.state.is_complete or verdict.state is State.FINISHING or images.remaining == 0:
        return _none(Basis.NOTHING_LEFT)
    if not verdict.state.is_moving:
        return _none(Basis.NOT_MOVING)
    if images.remaining is None:
        return _estimate_from_documents(snapshot, documents)
    if foreseen is None:
        return _none(Basis.TOO_EARLY)
    since = images.as_of
    return Eta(
        p10=_moment(since, foreseen.p10_seconds, now),
        p50=_moment(since, foreseen.p50_seconds, now),
        p90=_moment(since, foreseen.p90_seconds, now),
        basis=Basis.RUN_HISTORY if snapshot.run is not None else Basis.UPLOAD_TIMES,
        track_record=foreseen.track_record,
    )


def _estimate_from_documents(snapshot: Snapshot, documents: DocumentFigures) -> Eta:
    """A collection that is too large to be walked through: what was done since the first trace, without a range."""
    if documents.remaining is None:
        return _none(Basis.REMAINDER_UNKNOWN)
    since_start = _documents_per_second(snapshot, documents)
    if since_start is None:
        return _none(Basis.RATE_UNKNOWN)
    done_at = _moment(snapshot.taken_at, documents.remaining / since_start[0], snapshot.taken_at)
    return Eta(None, done_at, None, Basis.DOCUMENTS_SINCE_START)


def _documents_per_second(snapshot: Snapshot, documents: DocumentFigures) -> tuple[float, float] | None:
    """Rate since the first trace, or since the start of the Job when that was not seen, and the seconds since then."""
    began = first_trace(snapshot) or (snapshot.job.started_at if snapshot.job else None)
    if snapshot.run is not None or began is None or not documents.processed:
        return None  # a run's own history says it better, or it is too early
    seconds = (snapshot.taken_at - began).total_seconds()
    return (documents.processed / seconds, seconds) if seconds > 0 else None


def _moment(since: datetime, seconds: float | None, now: datetime) -> datetime | None:
    """A time in the future, to the second."""
    if seconds is None or seconds > FARTHEST.total_seconds():
        return None
    return max(now, since + timedelta(seconds=seconds)).replace(microsecond=0)


def _none(basis: Basis) -> Eta:
    return Eta(None, None, None, basis)
