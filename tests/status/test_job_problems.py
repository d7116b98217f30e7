"""What the cluster says is wrong, from the pods that show it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opsctl.status.answers import Snapshot
from opsctl.status.assessment import assess
from opsctl.status.job import Job, Pod, count_indexes
from opsctl.status.job_problems import is_named_by
from opsctl.status.models import Remark, State, Verdict
from tests.status.job_values import (
    JOB_NAME,
    POD_NAME,
    complete_job,
    condition,
    ended,
    failed_job,
    failed_pod,
    indexed_job,
    job,
    pod,
    shard,
    waiting,
)
from tests.status.values import SETTINGS, ago, all_done, objects, run, slices, snapshot, tally

OLD = {"last_upload_at": ago(900)}
QUIET = snapshot(images=tally(**OLD), objects=objects(newest_at=ago(900)))
"""The old Job: nothing was uploaded for a quarter of an hour."""


def verdict(taken: Snapshot, of: Job | None) -> Verdict:
    return assess(replace(taken, job=of), SETTINGS).verdict


def codes(taken: Snapshot, of: Job | None) -> tuple[State, list[str]]:
    found = verdict(taken, of)
    return found.state, [remark.code for remark in found.problems]


def only_problem(of: Job) -> Remark:
    (problem,) = verdict(QUIET, of).problems
    return problem


# -- one pod that stands still: (pod, code, values)


@pytest.mark.parametrize(
    ("given", "code", "values"),
    [
        (pod(last_termination=ended("OOMKilled", 137), restarts=3), "pod-out-of-memory",
         {"ended_seconds": 720, "restarts": 3}),
        (waiting("CrashLoopBackOff", phase="Running", last_termination=ended("OOMKilled", 137)), "pod-out-of-memory",
         {"restarts": 0}),
        (waiting("CrashLoopBackOff", phase="Running", last_termination=ended("Error", 2), restarts=5),
         "pod-crash-loop", {"exit_code": 2, "restarts": 5}),
        (waiting("CrashLoopBackOff", phase="Running"), "pod-crash-loop", {"exit_code": None, "ended_seconds": None}),
        (waiting("ImagePullBackOff", "Back-off pulling image"), "pod-image-pull",
         {"detail": "ImagePullBackOff: Back-off pulling image"}),
        (waiting("ErrImagePull"), "pod-image-pull", {"detail": "ErrImagePull"}),
        (waiting("InvalidImageName"), "pod-image-pull", {}),
        (waiting("CreateContainerConfigError", 'secret "cloud-credentials" not found'), "pod-set-up",
         {"detail": 'CreateContainerConfigError: secret "cloud-credentials" not found'}),
        (waiting("ContainerCreating", created_at=ago(60), pending_reason="FailedMount: no volume"), "pod-pending",
         {"detail": "FailedMount: no volume"}),
        (pod(phase="Pending", pending_reason="Unschedulable: 0/3 nodes are available"), "pod-pending",
         {"detail": "Unschedulable: 0/3 nodes are available"}),
        (pod(phase="Pending", created_at=ago(301)), "pod-starting", {"quiet_seconds": 301}),
        (pod(deleted_at=ago(61)), "pod-terminating", {"quiet_seconds": 61}),
        (pod(phase="Unknown"), "pod-lost", {"node": "node-1"}),
        (pod(reason="NodeLost"), "pod-lost", {}),
        (failed_pod(reason="Evicted", message="low on memory"), "pod-evicted", {"detail": "Evicted: low on memory"}),
        (failed_pod(), "pod-failed", {"exit_code": 1, "ended_seconds": 720}),
        (failed_pod(last_termination=ended("Error", 137)), "pod-killed", {"exit_code": 137}),
        (failed_pod(last_termination=ended("Error", None, signal=9)), "pod-killed", {"exit_code": None}),
        (failed_pod(last_termination=None), "pod-failed-silently", {}),
        (pod(last_line_at=ago(700)), "pod-quiet", {"quiet_seconds": 700}),
        (pod(last_line_at=None, has_lines=False), "pod-no-lines", {}),
        (pod(last_line_at=None, has_lines=None), "pod-running", {}),
    ],
)  # fmt: skip
def test_why_a_migration_stands_still(given: Pod, code: str, values: dict[str, Any]) -> None:
    problem = only_problem(job(given, active=1))
    assert problem.code == code
    assert {"pod": POD_NAME, "others": 0, **values}.items() <= problem.values.items()


@pytest.mark.parametrize("given", [pod(phase="Pending", created_at=ago(20)), pod(deleted_at=ago(5))])
def test_a_pod_that_has_just_begun_or_ended_is_no_problem(given: Pod) -> None:
    assert codes(QUIET, job(given, active=1)) == (State.STALLED, [])


# -- the Job as a whole


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (failed_job(), ["job-backoff-limit", "pod-failed"]),
        (failed_job("DeadlineExceeded"), ["job-deadline", "pod-failed"]),
        (failed_job("PodFailurePolicy", failed_pod(last_termination=None)), ["job-failed", "pod-failed-silently"]),
        (job(failed_pod(), conditions=(condition("FailureTarget", "BackoffLimitExceeded"),)),
         ["job-backoff-limit", "pod-failed"]),
        (job(is_suspended=True, active=0, pods=()), ["job-suspended"]),
        (job(parallelism=0, active=0, pods=()), ["job-none-wanted"]),
        (job(active=0, pods=(), warning="FailedCreate: exceeded quota"), ["job-no-pod"]),
        (job(active=0, pods=()), ["job-no-pod-silently"]),
        (job(active=0, pods=None), []),
        (job(active=0, pods=(), has_all_pods=False), []),
        (indexed_job(shard(0), failed_indexes="2,3"), ["job-failed-indexes"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_job(given: Job, expected: list[str]) -> None:
    assert codes(QUIET, given) == (State.STALLED, expected)


def test_pods_with_the_same_problem_are_told_together() -> None:
    pods = [shard(number, phase="Pending", pending_reason=f"Unschedulable: {number}") for number in range(500)]
    (problem,) = verdict(QUIET, indexed_job(*pods, completions=500)).problems
    assert problem == Remark("pod-pending", {"pod": pods[0].name, "others": 499, "detail": "Unschedulable: 0"})


def test_the_gravest_comes_first_and_the_list_is_short() -> None:
    pods = [
        shard(0, last_termination=ended("Error", 1)),
        shard(1, deleted_at=ago(90)),
        shard(2, phase="Pending", pending_reason="Unschedulable"),
        waiting("CrashLoopBackOff", index=3),
        waiting("ErrImagePull", index=4),
        shard(5, last_termination=ended("OOMKilled", 137)),
        failed_pod(index=6, reason="Evicted"),
    ]
    assert codes(QUIET, indexed_job(*pods))[1] == [
        "pod-out-of-memory",
        "pod-evicted",
        "pod-image-pull",
        "pod-crash-loop",
        "pod-pending",
        "pod-terminating",
    ]


def test_only_the_last_failure_of_an_index_is_told() -> None:
    pods = [failed_pod(name=f"p-{number}", index=0, started_at=ago(1000 - number)) for number in range(5)]
    problem = only_problem(indexed_job(*pods, active=1, has_all_pods=False))
    assert (problem.values["pod"], problem.values["others"]) == ("p-4", 0)


# -- a run of our own


SILENT = snapshot(run=run(heartbeat_at=ago(120), hosts=(POD_NAME,)))
STALLED = snapshot(run=run(slices=slices([0.7] * 60 + [0.0] * 40), hosts=(POD_NAME,)), images=None)


def test_a_silent_run_whose_pod_is_gone() -> None:
    """Kubernetes has started another pod, which waits for its node."""
    given = job(pod(name=f"{JOB_NAME}-7abcd", phase="Pending", pending_reason="Unschedulable: no node"))
    state, problems = codes(SILENT, given)
    assert (state, problems) == (State.SILENT, ["pod-pending", "pod-gone"])


def test_a_silent_run_elsewhere_says_nothing_of_pods() -> None:
    elsewhere = snapshot(run=run(heartbeat_at=ago(120), hosts=("laptop",)))
    assert codes(elsewhere, job(pod(last_line_at=ago(700))))[1] == ["pod-quiet"]
    assert "pod-gone" not in codes(elsewhere, job(active=0, pods=()))[1]


def test_a_run_that_hangs_in_a_healthy_pod() -> None:
    assert codes(STALLED, job(pod(last_line_at=ago(400)))) == (State.STALLED, ["pod-quiet"])


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (job(pod(last_termination=ended("OOMKilled", 137, 599))), ["pod-out-of-memory"]),
        (job(pod(last_termination=ended("OOMKilled", 137, 601))), []),
        (indexed_job(shard(0), failed_pod(index=0)), []),
        (indexed_job(shard(0), failed_pod(index=1)), ["pod-failed"]),
        (indexed_job(shard(0), failed_indexes="1"), []),
        (complete_job(), []),
    ],
)
def test_what_is_over_does_not_trouble_a_run_that_moves(given: Job, problems: list[str]) -> None:
    assert codes(snapshot(run=run(), images=None), given) == (State.RUNNING, problems)


def test_nothing_is_wrong_with_what_is_complete() -> None:
    assert codes(all_done(), failed_job(seconds_ago=7200)) == (State.COMPLETE, [])


# -- the old Job: what the Job says about the state


UNTOUCHED = snapshot(
    processed=0,
    images=tally(stored=0, failed=0, stored_keys=0, first_upload_at=None, last_upload_at=None),
    objects=objects(count=0, size_bytes=0, oldest_at=None, newest_at=None, last_key=None),
)


@pytest.mark.parametrize(
    ("taken", "given", "state", "code"),
    [
        (QUIET, job(), State.STALLED, "no-recent-upload"),
        (QUIET, job(pod(started_at=ago(100))), State.RUNNING, "job-just-started"),
        (QUIET, job(waiting("ErrImagePull", started_at=ago(100))), State.STALLED, "no-recent-upload"),
        (snapshot(images=tally(last_upload_at=ago(200)), objects=None), failed_job(seconds_ago=250), State.STALLED,
         "no-recent-upload"),
        (snapshot(images=tally(last_upload_at=ago(30)), objects=None), failed_job(seconds_ago=10), State.RUNNING,
         "recent-upload"),
        (UNTOUCHED, None, State.NOT_STARTED, None),
        (UNTOUCHED, job(started_at=None, active=0, pods=()), State.NOT_STARTED, None),
        (UNTOUCHED, job(is_suspended=True, active=0, pods=()), State.NOT_STARTED, None),
        (UNTOUCHED, job(pod(started_at=ago(100)), started_at=ago(110)), State.RUNNING, "job-just-started"),
        (UNTOUCHED, job(pod(phase="Pending", created_at=ago(15)), started_at=ago(20)), State.NOT_STARTED, None),
        (UNTOUCHED, job(waiting("ErrImagePull"), started_at=ago(20)), State.STALLED, "job-stored-nothing"),
        (UNTOUCHED, job(), State.STALLED, "job-stored-nothing"),
        (UNTOUCHED, failed_job(), State.STALLED, "job-stored-nothing"),
    ],
)  # fmt: skip
def test_the_state_of_the_old_job(taken: Snapshot, given: Job | None, state: State, code: str | None) -> None:
    found = verdict(taken, given)
    assert (found.state, found.reason.code if found.reason else None) == (state, code)


def test_the_start_of_the_job_is_the_beginning() -> None:
    taken = replace(snapshot(images=None, objects=None, last_upload_at=ago(10)), job=job())
    found = assess(taken, SETTINGS)
    assert found.elapsed_seconds == 2640
    assert found.rate.documents_per_hour == pytest.approx(95 / 2640 * 3600, abs=0.01)
    over = assess(replace(QUIET, job=failed_job(seconds_ago=600)), SETTINGS)
    assert over.elapsed_seconds == 2040


# -- names


@pytest.mark.parametrize(
    ("host", "is_its"),
    [
        (POD_NAME, True),
        (f"{JOB_NAME}-7abcd", True),
        (f"{JOB_NAME}-2-7abcd", False),
        (f"{JOB_NAME}-verify", False),
        (f"{JOB_NAME}-", False),
        ("laptop", False),
    ],
)
def test_a_host_is_told_by_its_name(host: str, is_its: bool) -> None:
    assert is_named_by(job(pods=()), host) is is_its


def test_hosts_of_an_indexed_job() -> None:
    given = indexed_job()
    assert is_named_by(given, f"{JOB_NAME}-3")
    assert is_named_by(given, f"{JOB_NAME}-12-abcde")
    assert not is_named_by(given, f"{JOB_NAME}-abcde")


def test_a_long_name_is_cut_by_the_cluster() -> None:
    assert is_named_by(job(name="m" * 63, pods=()), "m" * 58 + "abcde")


@pytest.mark.parametrize(
    ("ranges", "count"), [(None, 0), ("", 0), ("0", 1), ("0-3", 4), ("0-2,5", 4), ("1,x,3-", 1), ("5-2", 0)]
)
def test_indexes_are_counted(ranges: str | None, count: int) -> None:
    assert count_indexes(ranges) == count
