"""The logs of a Job's pods."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from opsctl.migration.kubernetes.logs.models import LogReport, LogWishes, Silence
from opsctl.migration.kubernetes.logs.reading import AT_ONCE, read_logs
from tests.migration.kubernetes.logs.scene import Scene
from tests.migration.kubernetes.old_job import KEY

EVERYTHING = LogWishes()
GONE = b"unable to retrieve container logs for containerd://61a93aa17bfb193bc125b151ec643c85a9edbcd6fd993f5f1164f2"


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def read(scene: Scene, wishes: LogWishes = EVERYTHING) -> LogReport:
    reading = await read_logs(scene.cluster, KEY, wishes)
    assert reading.error is None
    return reading.report


def texts(report: LogReport) -> list[str]:
    return [line.text for line in report.lines]


async def test_all_pods_are_one_log_with_what_was_before_a_restart(scene: Scene) -> None:
    report = await read(scene)
    assert [(line.pod, line.text, line.is_previous) for line in report.lines] == [
        ("a", "a1", True),
        ("b", "b1", False),
        ("a", "a2", False),
        ("b", "b2", False),
    ]
    assert (report.silences, report.pods, report.state) == ((), 2, "active")


async def test_one_pod_and_one_container_that_must_be_there(scene: Scene) -> None:
    report = await read(scene, LogWishes(pods=("b",), previous=False))
    assert {line.pod for line in report.lines} == {"b"}
    with pytest.raises(NotFoundError, match="no pod 'c'") as caught:
        await read(scene, LogWishes(pods=("c",)))
    assert caught.value.hint == "it has: a, b"
    with pytest.raises(NotFoundError, match="container 'proxy'"):
        await read(scene, LogWishes(container="proxy"))


async def test_the_pods_of_a_shard(scene: Scene) -> None:
    pod = scene.add("c", lines=[b"2025-12-23T05:42:09Z c1"])
    pod["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": "3"}
    report = await read(scene, LogWishes(shards=(3,)))
    assert [(line.text, line.index) for line in report.lines] == [("c1", 3)]
    report = await read(scene, LogWishes(shards=(4, 5)))
    assert report.silences == (Silence("no-such-shard", detail="4, 5"),)


async def test_only_so_many_pods_are_read_those_at_work_first_and_the_others_are_named(scene: Scene) -> None:
    scene.add("c", lines=[b"2025-12-23T05:42:09Z c1"], phase="Succeeded")
    scene.add("d", lines=[b"2025-12-23T05:42:09Z d1"], phase="Failed")
    report = await read(scene, LogWishes(most_pods=3))
    assert {line.pod for line in report.lines} == {"a", "b", "d"}
    assert report.silences == (Silence("left-out", "c"),)


async def test_a_container_that_waits_for_its_restart_is_read_once(scene: Scene) -> None:
    """A kubelet answers both questions with the same lines then."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    container = scene.container("a")
    container |= {"state": {"waiting": waiting}, "lastState": {"terminated": {"exitCode": 1}}, "restartCount": 2}
    scene.cluster.logs["a", "migrate", False] = scene.cluster.logs["a", "migrate", True]
    report = await read(scene, LogWishes(pods=("a",)))
    assert [(line.text, line.is_previous) for line in report.lines] == [("a1", False)]


async def test_why_a_pod_says_nothing(scene: Scene) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    scene.add("c", phase="Pending", containerStatuses=[{"name": "migrate", "state": waiting}])
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}
    scene.add("d", phase="Pending", conditions=[condition], containerStatuses=[])
    scene.add("e", lines=[])
    scene.add("f", phase="Failed", reason="Evicted", message="memory")
    preparing = {"waiting": {"reason": "ContainerCreating"}}
    scene.add("g", phase="Pending", containerStatuses=[{"name": "migrate", "state": preparing}])
    scene.warn("pods", "g", 'MountVolume.SetUp failed: configmap "script" not found')
    scene.add("h", lines=[GONE])
    report = await read(scene)
    assert set(report.silences) == {
        Silence("not-started", "c", "ImagePullBackOff: no such image"),
        Silence("not-started", "d", "0/3 nodes"),
        Silence("no-output", "e"),
        Silence("no-log", "f", "Evicted: memory"),
        Silence("not-started", "g", 'Failed: MountVolume.SetUp failed: configmap "script" not found'),
        Silence("no-log", "h", GONE.decode()),
    }
    assert texts(report) == ["a1", "b1", "a2", "b2"]


@pytest.mark.parametrize("lines", [None, [GONE]])
async def test_the_log_before_a_restart_that_is_gone_is_told(scene: Scene, lines: list[bytes] | None) -> None:
    del scene.cluster.logs["a", "migrate", True]
    if lines is not None:
        scene.cluster.logs["a", "migrate", True] = lines
    report = await read(scene)
    assert [(silence.reason, silence.pod) for silence in report.silences] == [("no-previous", "a")]
    assert texts(report) == ["b1", "a2", "b2"]


async def test_a_log_that_broke_off_is_told_and_what_came_is_kept(scene: Scene) -> None:
    scene.cluster.failing["cut b"] = UnavailableError("reset by peer")
    report = await read(scene)
    assert report.silences == (Silence("cut", "b", "reset by peer"),)
    assert texts(report) == ["a1", "b1", "a2", "b2"]


async def test_a_missing_right_is_the_error_when_nothing_could_be_read(scene: Scene) -> None:
    scene.cluster.denied.add("get pods/log")
    reading = await read_logs(scene.cluster, KEY, LogWishes())
    assert isinstance(reading.error, AccessDeniedError)
    assert set(reading.report.silences) == {Silence("denied", pod, "get pods/log") for pod in "ab"}


async def test_a_server_that_is_away_is_not_asked_for_every_pod(scene: Scene) -> None:
    class Away(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            return key == "get pods/log"

        def pop(self, key: str, *_: Any) -> Any:
            return UnavailableError("down")

    for number in range(40):
        scene.add(f"p{number}", lines=[])
    scene.cluster.failing = Away()
    reading = await read_logs(scene.cluster, KEY, LogWishes())
    assert isinstance(reading.error, UnavailableError)
    assert len(reading.report.silences) == 42
    assert {silence.reason for silence in reading.report.silences} == {"cut"}
    assert scene.cluster.calls.count("get pods/log") <= 2 * AT_ONCE


async def test_memory_is_bounded_and_what_was_left_out_is_told(scene: Scene) -> None:
    lines = [f"2025-12-23T05:42:{number // 1000:02}.{number % 1000:03}Z {'x' * 100}".encode() for number in range(9000)]
    scene.cluster.logs["b", "migrate", False] = lines
    reading = await read_logs(scene.cluster, KEY, LogWishes(tail_lines=None), memory_bytes=200_000)
    kept = [line for line in reading.report.lines if line.pod == "b"]
    assert 200 < len(kept) < 500
    assert kept[-1].nanoseconds == 0
    assert kept[-1].at is not None
    assert kept[-1].at.second == 8
    assert reading.report.silences == (Silence("shortened", "b", str(9000 - len(kept))),)


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [
        ({"suspend": True}, {}, "suspended"),
        ({}, {"succeeded": 1}, "pods-deleted"),
        ({}, {"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}, "pods-deleted"),
        ({}, {}, "no-pods"),
    ],
)
async def test_why_a_job_has_no_lines(scene: Scene, spec: Any, status: Any, reason: str) -> None:
    scene.remove_pods()
    scene.job["spec"] |= spec
    scene.job["status"] = status
    assert [silence.reason for silence in (await read(scene)).silences] == [reason]


async def test_why_a_job_gets_no_pods_is_told_by_its_events_if_they_may_be_read(scene: Scene) -> None:
    scene.remove_pods()
    scene.warn("jobs", KEY.name, "exceeded quota: small")
    assert (await read(scene)).silences == (Silence("no-pods", detail="Failed: exceeded quota: small"),)
    scene.cluster.denied.add("list events")
    assert (await read(scene)).silences == (Silence("no-pods"),)


async def test_a_job_that_is_not_there(scene: Scene) -> None:
    del scene.cluster.objects["jobs", KEY.namespace, KEY.name]
    with pytest.raises(NotFoundError):
        await read(scene)
