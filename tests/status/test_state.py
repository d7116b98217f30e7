"""Every state, from the snapshot that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from opsctl.status.answers import Gap, ImageTally, RunCounters, RunPlan, Snapshot
from opsctl.status.assessment import assess
from opsctl.status.models import Basis, State, Verdict
from tests.status.values import NOW, SETTINGS, ago, all_done, objects, run, slices, snapshot, tally

PLAN = RunPlan(documents=475, documents_processed=95, images=1800, images_stored=370, images_failed=12)
DONE = RunCounters(documents_complete=380, images_stored=1410, images_failed=8)
UNREAD = (Gap("run_record", "denied", "no"),)


def verdict(taken: Snapshot) -> Verdict:
    return assess(taken, SETTINGS).verdict


def code(taken: Snapshot) -> tuple[State, str | None]:
    found = verdict(taken)
    return found.state, found.reason.code if found.reason else None


# -- with a run record: (changes of the run, state, code)


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({}, State.RUNNING, None),
        ({"state": "planned", "plan": None, "slices": ()}, State.RUNNING, "planning"),
        ({"state": "stopping"}, State.RUNNING, "stopping"),
        ({"state": "pausing"}, State.PAUSED, "pausing"),
        ({"state": "paused"}, State.PAUSED, "paused-silently"),
        ({"state": "paused", "state_reason": "night", "heartbeat_at": ago(9000)}, State.PAUSED, "paused"),
        ({"throttle_reason": "img.example asked for a pause of 30 s"}, State.THROTTLED, "throttled"),
        ({"counters": DONE}, State.FINISHING, None),
        ({"heartbeat_at": ago(30)}, State.RUNNING, None),
        ({"heartbeat_at": ago(31)}, State.SILENT, "silent"),
        ({"state": "planned", "heartbeat_at": ago(31)}, State.SILENT, "silent"),
        ({"state": "pausing", "heartbeat_at": ago(31)}, State.SILENT, "silent"),
        ({"heartbeat_at": NOW + timedelta(minutes=5)}, State.RUNNING, None),
        ({"is_process_gone": True}, State.SILENT, "process-gone"),
        ({"slices": slices([0.7] * 60 + [0.0] * 11)}, State.RUNNING, None),
        ({"slices": slices([0.7] * 60 + [0.0] * 40)}, State.STALLED, "no-progress"),
        ({"slices": slices([0.7] * 60 + [0.0] * 40), "throttle_reason": "S3 is away"}, State.THROTTLED, "throttled"),
        ({"state": "stopped", "state_reason": "stopped on request"}, State.STALLED, "run-stopped"),
        (
            {"state": "stopped", "state_reason": "stopped on request", "stop_code": "request"},
            State.STALLED,
            "stopped-request",
        ),
        ({"state": "failed"}, State.STALLED, "run-failed-silently"),
    ],
)
def test_the_state_of_a_run(changes: dict[str, object], state: State, reason: str | None) -> None:
    taken = snapshot(run=run(**changes), images=None, objects=objects(count=800))
    assert code(taken) == (state, reason)


def test_a_slow_run_may_be_quiet_for_longer() -> None:
    """One image in two minutes is this run's pace: six minutes without one are nothing."""
    slow = [0.1 if number % 12 == 0 else 0.0 for number in range(720)]
    history = slices(slow + [0.0] * 36)
    assert code(snapshot(run=run(slices=history), images=None))[0] is State.RUNNING
    assert code(snapshot(run=run(slices=slices(slow + [0.0] * 400)), images=None))[0] is State.STALLED


def test_a_run_that_never_finished_an_image_stalls_as_well() -> None:
    assert code(snapshot(run=run(slices=slices([0.0] * 13)), images=None))[0] is State.STALLED
    assert code(snapshot(run=run(slices=slices([0.0] * 11)), images=None))[0] is State.RUNNING


def test_a_finished_run_with_nothing_open_is_complete() -> None:
    done = run(state="complete", finished_at=ago(60), counters=DONE)
    assert code(all_done(run=done)) == (State.COMPLETE, None)
    failed = run(state="complete_with_failures", finished_at=ago(60), counters=DONE)
    walked = replace(all_done().images or ImageTally(True), stored=1780, failed=20, stored_keys=1780)
    taken = all_done(run=failed, images=walked, objects=objects(count=1780))
    assert code(taken) == (State.COMPLETE_WITH_FAILURES, "images-failed")


def test_a_stopped_run_with_nothing_open_is_complete_too() -> None:
    assert code(all_done(run=run(state="stopped", state_reason="stopped on request")))[0] is State.COMPLETE


def test_complete_but_open_is_a_contradiction() -> None:
    taken = snapshot(run=run(state="complete", finished_at=ago(60)), processed=163, objects=None)
    found = verdict(taken)
    assert found.state is State.CONTRADICTORY
    assert [(remark.code, remark.values["documents"]) for remark in found.contradictions] == [
        ("complete-but-open", 312)
    ]
    assert found.reason == found.contradictions[0]


def test_documents_that_the_run_gave_up_are_none() -> None:
    counters = RunCounters(documents_complete=378, documents_failed=2, images_stored=1400)
    record = run(state="complete_with_failures", finished_at=ago(60), counters=counters)
    assert code(snapshot(run=record, processed=473, objects=None)) == (State.COMPLETE_WITH_FAILURES, "documents-failed")
    assert code(snapshot(run=record, processed=472, objects=None)) == (State.CONTRADICTORY, "complete-but-open")


def test_documents_that_came_later_are_none() -> None:
    taken = snapshot(run=run(state="complete", finished_at=ago(60)), documents=480, processed=475, objects=None)
    assert code(taken) == (State.STALLED, "arrived-later")


def test_what_a_selection_left_out_is_none() -> None:
    taken = snapshot(run=run(state="complete", finished_at=ago(60), has_selection=True), processed=163, objects=None)
    assert code(taken) == (State.STALLED, "outside-selection")


def test_counts_that_are_not_exact_prove_nothing() -> None:
    done = run(state="complete", finished_at=ago(60), counters=RunCounters(documents_complete=100))
    taken = snapshot(run=done, documents=None, processed=None, images=None, objects=None)
    assert code(taken)[0] is not State.CONTRADICTORY


# -- without a run record: the old Job


def test_the_old_job_runs_while_something_was_uploaded_lately() -> None:
    assert code(snapshot()) == (State.RUNNING, "recent-upload")
    by_objects = snapshot(images=tally(last_upload_at=ago(4000)), objects=objects(newest_at=ago(299)))
    assert code(by_objects) == (State.RUNNING, "recent-upload")


def test_the_old_job_stalls_when_nothing_was_uploaded_for_long() -> None:
    quiet = snapshot(images=tally(last_upload_at=ago(301)), objects=objects(newest_at=ago(301)))
    assert code(quiet) == (State.STALLED, "no-recent-upload")


def test_nothing_done_is_not_started() -> None:
    untouched = tally(stored=0, failed=0, stored_keys=0, planned_open=1800, first_upload_at=None, last_upload_at=None)
    nothing = objects(count=0, size_bytes=0, oldest_at=None, newest_at=None, last_key=None)
    assert code(snapshot(processed=0, images=untouched, objects=nothing)) == (State.NOT_STARTED, None)
    assert code(snapshot(processed=0, images=untouched, objects=None))[0] is State.NOT_STARTED


def test_an_empty_collection_is_not_complete() -> None:
    empty = ImageTally(is_complete=True)
    assert code(snapshot(documents=0, processed=0, images=empty, objects=None)) == (State.NOT_STARTED, "no-documents")


def test_all_processed_is_complete() -> None:
    assert code(all_done()) == (State.COMPLETE, None)
    walked = tally(planned_open=0, stored=1788, failed=12, stored_keys=1788, last_upload_at=ago(3600))
    taken = all_done(images=walked, objects=objects(count=1788, newest_at=ago(3600)))
    assert code(taken) == (State.COMPLETE_WITH_FAILURES, "images-failed")


def test_complete_says_so_when_the_images_were_not_counted() -> None:
    taken = all_done(images=ImageTally(is_complete=False), objects=None)
    assert code(taken) == (State.COMPLETE, "images-not-counted")


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        (snapshot(images=ImageTally(is_complete=False), objects=None), "no-trace"),
        (
            snapshot(images=ImageTally(is_complete=False), objects=objects(is_complete=False, newest_at=ago(900))),
            "trace-may-be-old",
        ),
        (snapshot(gaps=UNREAD, images=tally(last_upload_at=ago(900)), objects=None), "trace-may-be-old"),
        (snapshot(gaps=UNREAD, processed=0, images=tally(stored=0, last_upload_at=None), objects=None), "no-trace"),
    ],
)
def test_what_was_not_seen_is_unknown_not_healthy(taken: Snapshot, reason: str) -> None:
    assert code(taken) == (State.UNKNOWN, reason)


# -- contradictions between documents and objects


def contradictions(taken: Snapshot) -> list[str]:
    return [remark.code for remark in verdict(taken).contradictions]


def test_stored_images_without_objects() -> None:
    taken = all_done(objects=objects(count=1799, newest_at=ago(3600)))
    assert contradictions(taken) == ["objects-missing"]
    assert verdict(taken).contradictions[0].values["missing"] == 1


def test_objects_that_nothing_explains() -> None:
    assert contradictions(all_done(objects=objects(count=1801, newest_at=ago(3600)))) == ["objects-unexplained"]


def test_what_a_stopped_run_left_of_an_open_document_is_explained() -> None:
    quiet = {"last_upload_at": ago(3600)}
    assert contradictions(snapshot(images=tally(**quiet), objects=objects(count=375, newest_at=ago(3600)))) == []
    too_many = objects(count=370 + 1418 + 12 + 1, newest_at=ago(3600))
    assert contradictions(snapshot(images=tally(**quiet), objects=too_many)) == ["objects-unexplained"]


@pytest.mark.parametrize(
    "taken",
    [
        all_done(objects=objects(count=1799, newest_at=ago(59))),
        all_done(objects=objects(count=1799, newest_at=ago(3600), is_complete=False)),
        all_done(objects=None),
        all_done(run=run(counters=DONE), objects=objects(count=1799, newest_at=ago(3600))),
    ],
    ids=["uploads going on", "listing cut short", "no listing", "live run"],
)
def test_documents_and_objects_are_compared_only_when_that_is_sound(taken: Snapshot) -> None:
    assert contradictions(taken) == []


def test_two_writers() -> None:
    assert contradictions(snapshot(run=run(), has_foreign_writer=True)) == ["two-writers"]


def test_a_run_into_another_bucket() -> None:
    assert contradictions(snapshot(run=run(bucket="elsewhere"), images=None)) == ["other-bucket"]
    assert contradictions(snapshot(run=run(prefix="other"), images=None)) == ["other-bucket"]


@pytest.mark.parametrize("state", [State.STALLED, State.PAUSED, State.SILENT, State.CONTRADICTORY])
def test_no_estimate_and_no_rate_unless_it_moves(state: State) -> None:
    taken = {
        State.STALLED: snapshot(run=run(state="stopped")),
        State.PAUSED: snapshot(run=run(state="paused")),
        State.SILENT: snapshot(run=run(heartbeat_at=ago(100))),
        State.CONTRADICTORY: snapshot(run=run(), has_foreign_writer=True),
    }[state]
    assessed = assess(taken, SETTINGS)
    assert assessed.verdict.state is state
    assert (assessed.eta.p10, assessed.eta.p50, assessed.eta.p90) == (None, None, None)
    assert assessed.eta.basis is Basis.NOT_MOVING
    assert (assessed.rate.images_per_second, assessed.rate.documents_per_hour) == (None, None)
