"""Where the cluster says something else than Mongo and S3; and where it only seems to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsctl.status.answers import RunCounters, RunPlan, Snapshot
from opsctl.status.assessment import assess
from opsctl.status.job import Job
from opsctl.status.models import Remark, State
from tests.status.job_values import (
    JOB_NAME,
    POD_NAME,
    complete_job,
    failed_job,
    failed_pod,
    indexed_job,
    job,
    pod,
    shard,
)
from tests.status.values import SETTINGS, ago, objects, run, snapshot, tally

QUIET = snapshot(images=tally(last_upload_at=ago(900)), objects=objects(newest_at=ago(900)))
LIVE = snapshot(run=run(hosts=(POD_NAME,)), images=None)


def contradictions(taken: Snapshot, of: Job) -> tuple[Remark, ...]:
    found = assess(replace(taken, job=of), SETTINGS).verdict
    assert (found.state is State.CONTRADICTORY) == bool(found.contradictions)
    return found.contradictions


def codes(taken: Snapshot, of: Job) -> list[str]:
    return [remark.code for remark in contradictions(taken, of)]


def test_the_old_job_at_work_contradicts_nothing() -> None:
    assert codes(snapshot(), job()) == []


def test_complete_but_documents_remain() -> None:
    found = contradictions(QUIET, complete_job(seconds_ago=850))
    assert found == (Remark("job-complete-but-open", {"job": JOB_NAME, "documents": 380}),)


@pytest.mark.parametrize(
    "taken",
    [
        snapshot(run=run(state="stopped", stop_code="limit"), objects=None),
        snapshot(run=run(state="stopped", has_selection=True), objects=None),
        snapshot(run=run(hosts=("laptop",)), images=None),
        snapshot(documents=None, images=None, objects=None),
        snapshot(processed=475, images=None, objects=None),
    ],
    ids=["told to leave some", "a selection", "somebody works on it", "not counted", "nothing open"],
)
def test_complete_and_documents_remain_for_a_reason(taken: Snapshot) -> None:
    assert "job-complete-but-open" not in codes(taken, complete_job())


def test_documents_that_came_later_are_no_contradiction() -> None:
    plan = RunPlan(documents=475, documents_processed=0, images=1800, images_stored=0, images_failed=0)
    done = run(state="stopped", plan=plan, counters=RunCounters())
    taken = snapshot(run=done, documents=480, processed=475, objects=None)
    assert codes(taken, complete_job()) == []


def test_active_without_a_pod() -> None:
    assert contradictions(QUIET, job(active=2, pods=())) == (Remark("job-active-no-pod", {"active": 2}),)
    assert codes(QUIET, job(failed_pod(), active=1)) == ["job-active-no-pod"]


@pytest.mark.parametrize("given", [job(active=1, pods=None), job(active=1, pods=(), has_all_pods=False)])
def test_pods_that_were_not_read_prove_nothing(given: Job) -> None:
    assert codes(QUIET, given) == []
    assert codes(LIVE, replace(given, active=0)) == []


def test_a_live_run_in_a_pod_that_is_not_there() -> None:
    found = contradictions(LIVE, job(active=0, pods=()))
    assert found == (Remark("run-live-no-pod", {"run": "danawa_vehicle_data-1", "host": POD_NAME}),)


def test_a_live_run_in_its_pod() -> None:
    assert codes(LIVE, job()) == []
    shards = indexed_job(shard(0), shard(1))
    assert codes(snapshot(run=run(hosts=(f"{JOB_NAME}-0", f"{JOB_NAME}-1")), images=None), shards) == []


def test_a_pod_replaced_a_moment_ago() -> None:
    """The lease of the old pod has not run out yet."""
    assert codes(LIVE, job(pod(name=f"{JOB_NAME}-7abcd", host=f"{JOB_NAME}-7abcd"))) == []


def test_a_run_beside_a_job_that_works() -> None:
    taken = snapshot(run=run(hosts=("laptop",)), images=None)
    assert codes(taken, job()) == ["writer-beside-job"]
    assert codes(taken, failed_job()) == []
    assert codes(taken, job(is_suspended=True, active=0, pods=())) == []


def test_images_are_stored_after_the_end_of_the_job() -> None:
    assert codes(snapshot(), failed_job(seconds_ago=600)) == ["job-over-but-writing"]
    assert codes(snapshot(), complete_job(seconds_ago=600)) == ["job-over-but-writing"]
    assert codes(snapshot(), failed_job(seconds_ago=70)) == []
    assert codes(QUIET, failed_job(seconds_ago=2000)) == []


def test_pods_run_though_none_are_wanted() -> None:
    (found,) = contradictions(LIVE, job(parallelism=0))
    assert found == Remark("pods-though-none-wanted", {"job": JOB_NAME, "pods": 1})
    assert codes(LIVE, job(is_suspended=True)) == ["pods-though-suspended"]
    told_to_end = job(pod(deleted_at=ago(5)), parallelism=0)
    assert codes(LIVE, told_to_end) == []
    assert codes(QUIET, job(parallelism=0, active=0, pods=())) == []


def test_two_jobs_that_run_the_same_program() -> None:
    found = contradictions(snapshot(), job(look_alikes=("car-image-migration-2",)))
    assert found == (Remark("two-jobs", {"job": JOB_NAME, "other": "car-image-migration-2"}),)
    assert codes(QUIET, failed_job(look_alikes=("car-image-migration-2",))) == []
