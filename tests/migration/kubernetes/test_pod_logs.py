"""The logs of a Job's pods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from opsctl.errors import NotFoundError, UnavailableError
from opsctl.migration.kubernetes.pod_logs import LogWishes, Silence, follow_logs, read_logs
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.old_job import KEY, old_job


class Scene:
    """Two pods; the first was restarted once."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(FakeClock())
        self.job = self.cluster.add(old_job())
        self.add("a", restarts=1, lines=[b"2025-12-23T05:42:03Z a2"])
        self.add("b", lines=[b"2025-12-23T05:42:02Z b1", b"2025-12-23T05:42:04Z b2"])
        self.cluster.logs["a", "migrate", True] = [b"2025-12-23T05:42:01Z a1"]

    def add(self, name: str, *, restarts: int = 0, lines: list[bytes] | None = None, **status: Any) -> dict[str, Any]:
        state = {"running": {"startedAt": "2025-12-23T05:42:00Z"}}
        container = {"name": "migrate", "restartCount": restarts, "state": state}
        values = {"phase": "Running", "containerStatuses": [container], "startTime": "2025-12-23T05:42:00Z", **status}
        if lines is not None:
            self.cluster.logs[name, "migrate", False] = lines
        return self.cluster.add_pod(self.job, name, **values)

    def end(self) -> None:
        self.job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        for key, pod in self.cluster.objects.items():
            if key[0] == "pods":
                pod["status"]["phase"] = "Succeeded"


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_all_pods_are_one_log_with_what_was_before_a_restart(scene: Scene) -> None:
    report = await read_logs(scene.cluster, KEY, LogWishes())
    assert [(line.pod, line.text, line.is_previous) for line in report.lines] == [
        ("a", "a1", True),
        ("b", "b1", False),
        ("a", "a2", False),
        ("b", "b2", False),
    ]
    assert report.silences == ()


async def test_one_pod_and_one_container_that_must_be_there(scene: Scene) -> None:
    report = await read_logs(scene.cluster, KEY, LogWishes(pods=("b",), previous=False))
    assert {line.pod for line in report.lines} == {"b"}
    with pytest.raises(NotFoundError, match="no pod 'c'"):
        await read_logs(scene.cluster, KEY, LogWishes(pods=("c",)))
    with pytest.raises(NotFoundError, match="container 'proxy'"):
        await read_logs(scene.cluster, KEY, LogWishes(container="proxy"))


async def test_only_so_many_pods_are_read_and_the_others_are_named(scene: Scene) -> None:
    report = await read_logs(scene.cluster, KEY, LogWishes(most_pods=1))
    assert {line.pod for line in report.lines} == {"b"}
    assert report.silences == (Silence("left-out", "a"),)


async def test_why_a_pod_says_nothing(scene: Scene) -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    scene.add("c", phase="Pending", containerStatuses=[{"name": "migrate", "state": waiting}])
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}
    scene.add("d", phase="Pending", conditions=[condition], containerStatuses=[])
    scene.add("e", lines=[])
    scene.add("f", phase="Failed", reason="Evicted", message="memory")
    report = await read_logs(scene.cluster, KEY, LogWishes())
    assert report.silences == (
        Silence("not-started", "c", "ImagePullBackOff: no such image"),
        Silence("not-started", "d", "0/3 nodes"),
        Silence("no-output", "e"),
        Silence("no-log", "f", "Evicted: memory"),
    )


async def test_a_missing_right_is_named_and_a_log_that_broke_off_too(scene: Scene) -> None:
    scene.cluster.failing["cut b"] = UnavailableError("reset by peer")
    report = await read_logs(scene.cluster, KEY, LogWishes())
    assert report.silences == (Silence("cut", "b", "reset by peer"),)
    assert [line.text for line in report.lines] == ["a1", "b1", "a2", "b2"]
    scene.cluster.denied.add("get pods/log")
    report = await read_logs(scene.cluster, KEY, LogWishes())
    assert set(report.silences) == {Silence("denied", pod, "get pods/log") for pod in "ab"}


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [({"suspend": True}, {}, "suspended"), ({}, {"succeeded": 1}, "pods-deleted"), ({}, {}, "no-pods")],
)
async def test_why_a_job_has_no_lines(scene: Scene, spec: Any, status: Any, reason: str) -> None:
    for name in scene.cluster.pods():
        del scene.cluster.objects["pods", KEY.namespace, name]
    scene.job["spec"] |= spec
    scene.job["status"] = status
    report = await read_logs(scene.cluster, KEY, LogWishes())
    assert [silence.reason for silence in report.silences] == [reason]


async def test_following_goes_on_over_a_restart_a_new_pod_and_a_new_job(scene: Scene) -> None:
    logs, objects = scene.cluster.logs, scene.cluster.objects

    def restart_container() -> None:
        logs["b", "migrate", True] = [*logs["b", "migrate", False], b"2025-12-23T05:42:05Z b3"]
        logs["b", "migrate", False] = [b"2025-12-23T05:42:07Z b4"]
        objects["pods", KEY.namespace, "b"]["status"]["containerStatuses"][0]["restartCount"] = 1

    def replace_pod() -> None:
        del objects["pods", KEY.namespace, "a"]
        scene.add("c", lines=[b"2025-12-23T05:42:08Z c1"])

    def delete_job() -> None:
        del objects["jobs", KEY.namespace, KEY.name]

    def create_job() -> None:
        scene.job = scene.cluster.add(old_job())
        scene.end()

    def fail() -> None:
        scene.cluster.failing["list pods"] = UnavailableError("reset")

    found = await _follow(scene, [restart_container, fail, replace_pod, delete_job, create_job])
    assert found == ["a1", "b1", "a2", "b2", "b3", "b4", "c1"]


async def test_a_job_that_stays_away_ends_the_following(scene: Scene) -> None:
    def delete_job() -> None:
        del scene.cluster.objects["jobs", KEY.namespace, KEY.name]

    with pytest.raises(NotFoundError):
        await _follow(scene, [delete_job])


async def test_a_server_that_stays_away_ends_the_following(scene: Scene) -> None:
    def fail() -> None:
        scene.cluster.failing["get jobs"] = UnavailableError("down")

    with pytest.raises(UnavailableError):
        await _follow(scene, [fail] * 8)


async def test_being_asked_to_stop_ends_the_following(scene: Scene) -> None:
    assert await _follow(scene, [lambda: None], stop_after=1.0) == ["a1", "b1", "a2", "b2"]


async def _follow(scene: Scene, changes: list[Callable[[], None]], stop_after: float | None = None) -> list[str]:
    """Each change happens between two polls."""
    stop = asyncio.Event()

    async def change() -> None:
        await asyncio.sleep(1.0)
        for each in changes:
            each()
            await asyncio.sleep(2.0)
        if stop_after is not None:
            await asyncio.sleep(stop_after)
            stop.set()

    changing = asyncio.ensure_future(change())
    async with asyncio.timeout(3600):
        lines = follow_logs(scene.cluster, KEY, LogWishes(), scene.cluster.clock, stop)
        texts = [line.text async for line in lines]
    await changing
    return texts
