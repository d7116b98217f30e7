"""What is stuck, and what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from opsctl.migration.kubernetes.models import Container, ContainerPhase, JobFacts, Pod, Termination, WorkMark, Writer
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble, find_troubles
from tests.fakes.clock import EPOCH
from tests.migration.kubernetes.old_job import old_job

NOW = EPOCH + timedelta(hours=1)
JOB = read_job(old_job())
POD = Pod("p", "uid", "Running", "p", EPOCH, EPOCH, containers=(Container("migrate", ContainerPhase.RUNNING, 0),))
HUNG = WorkMark(NOW, 95, None, NOW - timedelta(minutes=20))


@pytest.mark.parametrize(
    ("changes", "trouble", "remedy"),
    [
        ({"is_complete": True}, Trouble.JOB_COMPLETE, Remedy.NONE),
        ({"is_suspended": True}, Trouble.JOB_SUSPENDED, Remedy.NONE),
        ({"is_deleting": True}, Trouble.JOB_ENDING, Remedy.NONE),
        ({"failed_reason": "BackoffLimitExceeded"}, Trouble.JOB_FAILED, Remedy.RECREATE_JOB),
    ],
)
def test_what_the_job_says_comes_first(changes: dict[str, object], trouble: Trouble, remedy: Remedy) -> None:
    (found,) = find_troubles(replace(JOB, **changes), [POD], HUNG, now=NOW, patience_seconds=300)  # type: ignore[arg-type]
    assert (found.trouble, found.remedy) == (trouble, remedy)


def test_a_running_pod_that_finishes_nothing_is_deleted() -> None:
    assert _find(POD, HUNG) == [Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, "p", since=NOW - timedelta(minutes=20))]


def test_a_pod_at_work_and_a_young_one_are_left_alone() -> None:
    assert _find(POD, replace(HUNG, last_progress_at=NOW - timedelta(seconds=299))) == []
    assert _find(replace(POD, started_at=NOW - timedelta(seconds=299)), HUNG) == []


@pytest.mark.parametrize("mark", [WorkMark(NOW, None, None), WorkMark(NOW, 95, None)])
def test_nothing_is_held_against_a_pod_when_it_is_not_known_when_it_finished_something(mark: WorkMark) -> None:
    assert _find(POD, mark) == [Finding(Trouble.UNKNOWN_PROGRESS, Remedy.NONE, "p")]


def test_a_run_that_says_what_it_waits_for_does_not_hang() -> None:
    mark = replace(HUNG, writers=(Writer("p", True, NOW),), waiting_reason="Mongo cannot be reached")
    since = NOW - timedelta(minutes=20)
    assert _find(POD, mark) == [Finding(Trouble.WAITING, Remedy.NONE, "p", "Mongo cannot be reached", since)]
    silent = replace(mark, writers=(Writer("p", False, NOW - timedelta(minutes=9)),))
    assert [found.trouble for found in _find(POD, silent)] == [Trouble.SILENT]


def test_a_migration_that_never_finished_anything_hangs_since_the_pod_began() -> None:
    assert [found.since for found in _find(POD, WorkMark(NOW, 0, None))] == [EPOCH]


def test_a_lease_that_stands_still_makes_its_pod_silent_and_not_the_others() -> None:
    dead = Writer("p", False, NOW - timedelta(minutes=9), 0)
    live = Writer("q", True, NOW, 1)
    mark = WorkMark(NOW, 95, 400, NOW, "running", (dead, live))
    other = replace(POD, name="q", host="q")
    assert [(found.trouble, found.pod) for found in _find(POD, mark, other)] == [(Trouble.SILENT, "p")]


def test_a_shard_that_is_alive_and_idle_hangs_however_busy_the_others_are() -> None:
    begun = NOW - timedelta(seconds=300)
    idle, busy = Writer("p", True, NOW, 0, idle_since=begun), Writer("q", True, NOW, 1, idle_since=NOW)
    mark = WorkMark(NOW, 95, 400, NOW, "running", (idle, busy))
    other = replace(POD, name="q", host="q")
    assert _find(POD, mark, other) == [Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, "p", since=begun)]
    younger = replace(idle, idle_since=begun + timedelta(seconds=1))
    assert _find(POD, replace(mark, writers=(younger, busy)), other) == []


def test_a_paused_run_is_not_stuck() -> None:
    assert [found.trouble for found in _find(POD, replace(HUNG, state="paused"))] == [Trouble.RUN_PAUSED]


@pytest.mark.parametrize(
    ("reason", "trouble", "remedy"),
    [
        ("ImagePullBackOff", Trouble.IMAGE, Remedy.NONE),
        ("CreateContainerConfigError", Trouble.CONTAINER_CONFIG, Remedy.NONE),
        ("CrashLoopBackOff", Trouble.CRASHING, Remedy.DELETE_POD),
    ],
)
def test_containers_that_do_not_start(reason: str, trouble: Trouble, remedy: Remedy) -> None:
    last = Termination("OOMKilled", 137, None, None)
    container = Container("m", ContainerPhase.WAITING, 3, False, reason, "text", last_termination=last)
    (found,) = _find(replace(POD, phase="Pending", containers=(container,)), HUNG)
    assert (found.trouble, found.remedy) == (trouble, remedy)
    assert found.detail == ("OOMKilled (137)" if reason == "CrashLoopBackOff" else f"{reason}: text")


def test_a_pod_without_a_node_on_a_lost_node_or_ending_for_too_long() -> None:
    cases: list[tuple[Pod, Trouble | None]] = [
        (replace(POD, phase="Pending", unschedulable_message="0/3 nodes"), Trouble.UNSCHEDULABLE),
        (replace(POD, is_node_lost=True), Trouble.NODE_LOST),
        (replace(POD, deleted_at=NOW - timedelta(seconds=90)), Trouble.STUCK_ENDING),
        (replace(POD, deleted_at=NOW - timedelta(seconds=9)), None),
        (replace(POD, phase="Pending"), Trouble.NOT_STARTED),
        (replace(POD, phase="Pending", created_at=NOW - timedelta(seconds=9)), None),
    ]
    for pod, expected in cases:
        assert [found.trouble for found in _find(pod, HUNG)] == ([expected] if expected else [])


def test_a_job_without_pods_says_how_the_last_one_ended() -> None:
    evicted = replace(POD, phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
    (found,) = find_troubles(JOB, [evicted], HUNG, now=NOW, patience_seconds=300)
    assert (found.trouble, found.remedy) == (Trouble.NO_PODS, Remedy.RECREATE_JOB)
    assert found.detail == "Evicted: The node was low on resource: memory."


def _find(pod: Pod, mark: WorkMark, *others: Pod, job: JobFacts = JOB, now: datetime = NOW) -> list[Finding]:
    return list(find_troubles(job, [pod, *others], mark, now=now, patience_seconds=300))
