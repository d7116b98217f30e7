"""Figures, rate and time left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.models import RunState
from opsctl.status.answers import ImageTally, RunCounters, RunPlan, RunRecord, Slice
from opsctl.status.assessment import assess
from opsctl.status.models import Basis, Method, Scope, State
from tests.status.values import NOW, SETTINGS, ago, all_done, objects, run, slices, snapshot, tally


def test_the_old_job_95_of_475() -> None:
    found = assess(snapshot(), SETTINGS)
    assert found.verdict.state is State.RUNNING
    documents = found.documents
    assert (documents.total, documents.processed, documents.remaining) == (475, 95, 380)
    assert (documents.method, documents.as_of) == (Method.EXACT, NOW)
    images = found.images
    assert (images.planned, images.stored, images.failed, images.remaining) == (1800, 370, 12, 1418)
    assert (found.objects.count, found.objects.bytes, found.objects.newest_at) == (371, 16_000_000, ago(20))
    assert found.elapsed_seconds == 44 * 60
    assert found.failed_by_class == {"unrecorded": 12}
    assert found.run_id is None
    assert found.eta.basis is Basis.UPLOAD_TIMES
    assert found.eta.p50 is not None
    assert found.rate.images_per_second is not None
    left = (found.eta.p50 - NOW).total_seconds()
    assert left == pytest.approx(1418 / found.rate.images_per_second, rel=0.01)


def test_a_live_run_is_told_from_its_counters() -> None:
    found = assess(snapshot(run=run(), images=None, processed=195), SETTINGS)
    images = found.images
    assert (images.planned, images.stored, images.failed, images.remaining) == (1800, 800, 20, 980)
    assert (images.method, images.as_of, images.scope) == (Method.COUNTER, ago(3), Scope.COLLECTION)
    assert found.failed_by_class is None
    assert found.elapsed_seconds == 600
    assert found.eta.basis is Basis.RUN_HISTORY
    assert found.eta.p10 is not None
    assert found.eta.p50 is not None
    assert found.eta.p90 is not None
    assert NOW <= found.eta.p10 <= found.eta.p50 <= found.eta.p90
    assert (found.eta.p50 - NOW).total_seconds() == pytest.approx(1400, rel=0.05)


def test_failed_images_that_are_opened_again_are_left_to_be_done() -> None:
    plan = RunPlan(documents=10, documents_processed=10, images=100, images_stored=80, images_failed=20)
    counters = RunCounters(images_stored=5, images_failed=3)
    again = run(retries_failed=True, plan=plan, counters=counters)
    images = assess(snapshot(run=again, images=None), SETTINGS).images
    assert (images.stored, images.failed, images.remaining) == (85, 3, 12)
    over = run(retries_failed=True, plan=plan, counters=counters, state="complete_with_failures")
    images = assess(snapshot(run=over, images=None, processed=475, objects=None), SETTINGS).images
    assert (images.stored, images.failed, images.remaining) == (85, 15, 0)


def test_a_selection_is_called_one() -> None:
    found = assess(snapshot(run=run(has_selection=True), images=None, objects=None), SETTINGS)
    assert found.images.scope is Scope.SELECTION
    assert found.objects.count is None


def test_counters_stand_in_for_counts_that_took_too_long() -> None:
    taken = snapshot(
        run=run(), documents=None, processed=None, images=None, objects=objects(is_complete=False, count=300)
    )
    found = assess(taken, SETTINGS)
    assert (found.documents.total, found.documents.processed, found.documents.remaining) == (475, 195, 280)
    assert (found.documents.method, found.documents.as_of) == (Method.COUNTER, ago(3))
    assert (found.objects.count, found.objects.bytes, found.objects.method) == (800, None, Method.COUNTER)


def test_a_listing_that_saw_more_than_the_counter_is_the_better_bound() -> None:
    taken = snapshot(run=run(), images=None, objects=objects(is_complete=False, count=900))
    found = assess(taken, SETTINGS).objects
    assert (found.count, found.method) == (900, Method.LOWER_BOUND)


def test_a_large_collection_of_the_old_job_is_estimated_by_documents() -> None:
    walked = ImageTally(
        is_complete=False, documents=20_000, planned=80_000, stored=79_000, failed=1000,
        first_upload_at=ago(36_000), last_upload_at=ago(30_000),
    )  # fmt: skip
    taken = snapshot(
        documents=1_000_000, processed=200_000, images=walked,
        objects=objects(is_complete=False, count=150_000), last_upload_at=ago(10),
    )  # fmt: skip
    found = assess(taken, SETTINGS)
    assert found.verdict.state is State.RUNNING
    assert (found.images.planned, found.images.remaining, found.images.method) == (80_000, None, Method.LOWER_BOUND)
    assert (found.objects.count, found.objects.method) == (150_000, Method.LOWER_BOUND)
    assert (found.eta.p10, found.eta.p90, found.eta.basis) == (None, None, Basis.DOCUMENTS_SINCE_START)
    assert found.eta.p50 == NOW + timedelta(hours=40)
    assert found.rate.documents_per_hour == 20_000


def test_what_is_not_known_is_none() -> None:
    taken = snapshot(processed=None, images=ImageTally(is_complete=False), objects=None)
    found = assess(taken, SETTINGS)
    assert (found.documents.processed, found.documents.remaining) == (None, None)
    assert (found.images.planned, found.images.stored, found.images.failed, found.images.remaining) == (None,) * 4
    assert (found.objects.count, found.objects.bytes, found.objects.newest_at) == (None, None, None)
    assert (found.elapsed_seconds, found.rate.documents_per_hour, found.eta.p50) == (None, None, None)


def test_an_early_run_has_a_rate_and_no_estimate_yet() -> None:
    found = assess(snapshot(run=run(slices=slices([5.0] * 2)), images=None), SETTINGS)
    assert found.rate.images_per_second == 5.0
    assert (found.eta.p50, found.eta.basis) == (None, Basis.TOO_EARLY)


def test_a_run_without_a_history_has_no_rate() -> None:
    assert assess(snapshot(run=run(slices=())), SETTINGS).rate.documents_per_hour is None
    nothing_to_do = run(state="complete", slices=(Slice(ago(60), 0.01, 0, 0),))
    assert assess(all_done(run=nothing_to_do), SETTINGS).rate.images_per_second is None


def test_a_migration_that_is_over_has_its_mean_rate_and_has_stopped_its_clock() -> None:
    done = run(state="complete", started_at=ago(4000), heartbeat_at=ago(3000), finished_at=ago(3000))
    found = assess(all_done(run=done), SETTINGS)
    assert found.elapsed_seconds == 1000
    assert found.rate.images_per_second == pytest.approx(0.7)
    assert found.eta.basis is Basis.NOTHING_LEFT
    old = all_done(
        images=tally(
            planned_open=0, stored=1800, failed=0, stored_keys=1800, first_upload_at=ago(9000), last_upload_at=ago(3600)
        )
    )
    assert assess(old, SETTINGS).elapsed_seconds == 5400


def test_a_date_that_says_nothing_is_none() -> None:
    crawling = run(
        slices=slices([1.0] + [0.0] * 20 + [1.0] + [0.0] * 5),
        plan=RunPlan(10**9, 0, 10**12, 0, 0),
        counters=RunCounters(images_stored=3),
    )
    found = assess(snapshot(run=crawling, images=None, documents=10**9, documents_estimate=10**9), SETTINGS)
    assert (found.eta.p50, found.eta.p90) == (None, None)


any_run = st.builds(
    run,
    slices=st.lists(
        st.builds(
            Slice,
            at=st.just(NOW),
            seconds=st.floats(0.1, 20),
            images=st.integers(0, 1000),
            documents=st.integers(0, 50),
        ),
        max_size=60,
    ).map(tuple),
    counters=st.builds(RunCounters, *[st.integers(0, 3000)] * 4),
    plan=st.builds(RunPlan, *[st.integers(0, 3000)] * 5),
    state=st.sampled_from([state.value for state in RunState]),
    heartbeat_at=st.floats(-1000, 1000).map(ago),
    retries_failed=st.booleans(),
)


@given(any_run, st.one_of(st.none(), st.integers(0, 600)))
def test_whatever_the_record_says_the_report_holds_together(record: RunRecord, processed: int | None) -> None:
    found = assess(snapshot(run=record, images=None, processed=processed), SETTINGS)
    documents, images = found.documents, found.images
    numbers = [documents.total, documents.processed, documents.remaining]
    numbers += [images.planned, images.stored, images.failed, images.remaining, found.objects.count]
    rates = [found.rate.images_per_second, found.rate.documents_per_hour, found.elapsed_seconds]
    assert all(number is None or number >= 0 for number in (*numbers, *rates))
    moments = [moment for moment in (found.eta.p10, found.eta.p50, found.eta.p90) if moment is not None]
    assert moments == sorted(moments)
    assert all(moment >= NOW.replace(microsecond=0) for moment in moments)
    if moments:
        assert found.verdict.state.is_moving
    assert images.planned is not None
    assert images.planned == (images.stored or 0) + (images.failed or 0) + (images.remaining or 0)


def test_the_clock_of_a_run_stops_with_its_last_word() -> None:
    assert assess(snapshot(run=run(heartbeat_at=ago(400))), SETTINGS).elapsed_seconds == 200
