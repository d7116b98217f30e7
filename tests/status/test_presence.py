"""A process whose pod has ended is gone at once; one whose pod merely cannot be found is not."""

from __future__ import annotations

from dataclasses import replace

from opsctl.status.answers import RunRecord
from opsctl.status.assessment import assess
from opsctl.status.job import Job
from opsctl.status.models import Assessment, Remark, State
from tests.status.job_values import (
    JOB_NAME,
    POD_NAME,
    condition,
    ended,
    failed_job,
    failed_pod,
    indexed_job,
    job,
    shard,
)
from tests.status.values import SETTINGS, ago, run, run_shard, sharded_run, snapshot

LIVE = run(hosts=(POD_NAME,))
KILLED = failed_pod(last_termination=ended("OOMKilled", 137, seconds_ago=4))


def look(record: RunRecord, of: Job) -> Assessment:
    return assess(snapshot(run=record, images=None, job=of), SETTINGS)


def test_a_pod_that_was_killed_a_moment_ago() -> None:
    """The lease is three seconds old; nobody has to wait until it has run out."""
    found = look(LIVE, failed_job("BackoffLimitExceeded", KILLED, seconds_ago=2))
    assert found.verdict.state is State.SILENT
    assert found.verdict.reason == Remark("process-gone", {"quiet_seconds": 3.0})
    assert [problem.code for problem in found.verdict.problems] == [
        "job-backoff-limit",
        "pod-out-of-memory",
        "pod-gone",
    ]


def test_its_successor_has_not_taken_the_lease_yet() -> None:
    found = look(LIVE, job(KILLED, replace(KILLED, name=f"{JOB_NAME}-abcde", phase="Running", host="other")))
    assert found.verdict.state is State.SILENT


def test_words_from_a_pod_long_after_its_end() -> None:
    zombie = replace(KILLED, last_termination=ended("Error", 1, seconds_ago=60))
    found = look(LIVE, failed_job("BackoffLimitExceeded", zombie, seconds_ago=58))
    assert [remark.code for remark in found.verdict.contradictions] == ["run-live-no-pod"]


def test_a_job_that_was_suspended_a_moment_ago() -> None:
    pods_gone = job(active=0, pods=(), is_suspended=True, conditions=(condition("Suspended", seconds_ago=6),))
    assert look(LIVE, pods_gone).verdict.contradictions == ()
    long_ago = replace(pods_gone, conditions=(condition("Suspended", seconds_ago=60),))
    assert [remark.code for remark in look(LIVE, long_ago).verdict.contradictions] == ["run-live-no-pod"]


def test_a_run_elsewhere_is_not_ended_by_a_pod() -> None:
    assert look(run(hosts=("laptop",)), failed_job("BackoffLimitExceeded", KILLED)).verdict.state is State.RUNNING


def test_one_shard_of_four() -> None:
    """The pod of its index has failed and its successor is not there yet; the host's name is that of the index."""
    pods = [shard(index) for index in range(4)]
    pods[2] = failed_pod(
        name=pods[2].name, host=pods[2].host, index=2, last_termination=ended("OOMKilled", 137, seconds_ago=4)
    )
    found = look(sharded_run(*(run_shard(index) for index in range(4))), indexed_job(*pods))
    assert (found.verdict.state, found.verdict.reason) == (
        State.RUNNING,
        Remark("shards-gone", {"shards": "2", "others": 0, "quiet_seconds": 3.0}),
    )
    again = look(sharded_run(*(run_shard(index) for index in range(4))), indexed_job(*pods, shard(2, name="next")))
    assert (again.verdict.state, again.verdict.reason) == (State.RUNNING, None)


def test_a_lease_of_the_planner_counts_too() -> None:
    shards = (run_shard(0, is_held=False, state="complete", finished_at=ago(5)),)
    record = sharded_run(*shards, hosts=(POD_NAME,))
    assert look(record, failed_job("BackoffLimitExceeded", KILLED, seconds_ago=2)).verdict.state is State.SILENT
