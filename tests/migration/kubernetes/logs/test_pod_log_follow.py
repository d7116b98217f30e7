"""Following the logs of a Job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from opsctl.migration.kubernetes.logs.channel import MOST_WAITING
from opsctl.migration.kubernetes.logs.follow import MOST_TAILS, FollowOutput, follow_logs
from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.migration.kubernetes.logs.models import LogWishes, Silence
from opsctl.migration.kubernetes.models import JobFacts, Kind, LogRequest
from opsctl.migration.kubernetes.ports import JsonObject
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.logs.scene import Scene
from tests.migration.kubernetes.old_job import KEY, old_job

Change = Callable[[], None]
EVERYTHING = LogWishes()


@pytest.fixture
def scene() -> Scene:
    return Scene()


@dataclass
class Followed:
    """What was written and told. Each change happens between two looks."""

    lines: list[LogLine] = field(default_factory=list)
    notes: list[Silence] = field(default_factory=list)
    job: JobFacts | None = None
    # How many lines were written each time before something was prepared.
    prepared: list[int] = field(default_factory=list)

    def prepare(self, job: JsonObject) -> None:
        assert job["kind"] == "Job"
        self.prepared.append(len(self.lines))

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    @property
    def reasons(self) -> list[str]:
        return [note.reason for note in self.notes]

    async def follow(
        self, scene: Scene, *changes: Change, wishes: LogWishes = EVERYTHING, stop_at: float | None = None
    ) -> Followed:
        stop = asyncio.Event()

        async def change() -> None:
            await asyncio.sleep(1.0)
            for each in changes:
                each()
                await asyncio.sleep(2.0)

        async def halt(seconds: float) -> None:
            await asyncio.sleep(seconds)
            stop.set()

        output = FollowOutput(self.lines.extend, self.notes.extend, self.prepare)
        async with asyncio.timeout(7200):
            changing = [asyncio.ensure_future(change())]
            changing += [] if stop_at is None else [asyncio.ensure_future(halt(stop_at))]
            try:
                self.job = await follow_logs(scene.cluster, KEY, wishes, output, clock=scene.cluster.clock, stop=stop)
            finally:
                for each in changing:
                    each.cancel()
        return self


async def test_it_goes_on_over_a_restart_a_new_pod_and_a_new_job(scene: Scene) -> None:
    logs, objects = scene.cluster.logs, scene.cluster.objects

    def restart_container() -> None:
        logs["b", "migrate", True] = [*logs["b", "migrate", False], b"2025-12-23T05:42:05Z b3"]
        logs["b", "migrate", False] = [b"2025-12-23T05:42:07Z b4"]
        scene.container("b")["restartCount"] = 1

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

    followed = await Followed().follow(scene, restart_container, fail, replace_pod, delete_job, create_job)
    assert followed.texts == ["a1", "b1", "a2", "b2", "b3", "b4", "c1"]
    assert followed.reasons == ["outage", "answers-again", "job-gone", "job-again"]
    assert followed.job is not None
    assert followed.job.is_complete
    # Before the first lines of each start, and not between.
    assert followed.prepared == [0, 4, 6]


async def test_the_last_lines_of_a_job_that_ends_are_there(scene: Scene) -> None:
    def say_and_end() -> None:
        scene.cluster.logs["b", "migrate", False] = [
            *scene.cluster.logs["b", "migrate", False],
            b"2025-12-23T05:42:09Z the end",
        ]
        scene.end("Failed", "Failed")

    followed = await Followed().follow(scene, say_and_end)
    assert followed.texts[-1] == "the end"
    assert followed.job is not None
    assert followed.job.failed_reason == "Reason"


async def test_a_job_that_stays_away_ends_it(scene: Scene) -> None:
    def delete_job() -> None:
        del scene.cluster.objects["jobs", KEY.namespace, KEY.name]

    followed = Followed()
    with pytest.raises(NotFoundError):
        await followed.follow(scene, delete_job)
    assert followed.texts == ["a1", "b1", "a2", "b2"]
    assert "job-gone" in followed.reasons


async def test_a_server_that_stays_away_ends_it_and_was_told_once(scene: Scene) -> None:
    def fail() -> None:
        scene.cluster.failing["get jobs"] = UnavailableError("down")

    followed = Followed()
    with pytest.raises(UnavailableError):
        await followed.follow(scene, *[fail] * 400)
    assert followed.notes == [Silence("outage", detail="down")]


async def test_being_asked_to_stop_ends_it_at_once(scene: Scene) -> None:
    followed = await Followed().follow(scene, stop_at=1.0)
    assert followed.texts == ["a1", "b1", "a2", "b2"]
    assert followed.job is None


async def test_what_is_not_there_or_not_allowed_at_the_beginning_is_an_error(scene: Scene) -> None:
    with pytest.raises(NotFoundError, match="no pod 'x'"):
        await Followed().follow(scene, wishes=LogWishes(pods=("x",)))
    scene.cluster.denied.add("get pods/log")
    with pytest.raises(AccessDeniedError):
        await Followed().follow(scene)
    del scene.cluster.objects["jobs", KEY.namespace, KEY.name]
    with pytest.raises(NotFoundError):
        await Followed().follow(scene)


async def test_an_error_of_the_writer_comes_out_as_it_is(scene: Scene) -> None:
    class ClosedPipe(BaseException):
        pass

    def write(_lines: Sequence[LogLine]) -> None:
        raise ClosedPipe

    with pytest.raises(ClosedPipe):
        await follow_logs(
            scene.cluster,
            KEY,
            LogWishes(),
            FollowOutput(write, lambda _notes: None, Followed().prepare),
            clock=scene.cluster.clock,
            stop=asyncio.Event(),
        )


async def test_why_there_is_nothing_to_follow_is_told_once_and_then_it_begins(scene: Scene) -> None:
    scene.remove_pods()
    scene.job["spec"]["suspend"] = True

    def resume() -> None:
        scene.job["spec"]["suspend"] = False
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        scene.add("c", phase="Pending", containerStatuses=[{"name": "migrate", "state": waiting}])
        scene.warn("pods", "c", "no such volume")

    def start() -> None:
        scene.add("c", lines=[b"2025-12-23T05:42:09Z c1"])

    followed = await Followed().follow(scene, lambda: None, resume, lambda: None, start, scene.end)
    assert followed.notes == [Silence("suspended"), Silence("not-started", "c", "Failed: no such volume")]
    assert followed.texts == ["c1"]


async def test_a_pod_that_was_wished_for_by_name_ends_it_and_a_shard_does_when_it_is_done(scene: Scene) -> None:
    def end_pod() -> None:
        scene.cluster.objects["pods", KEY.namespace, "b"]["status"]["phase"] = "Failed"

    def delete_pod() -> None:
        del scene.cluster.objects["pods", KEY.namespace, "a"]

    assert (await Followed().follow(scene, end_pod, wishes=LogWishes(pods=("b",)))).texts == ["b1", "b2"]
    assert (await Followed().follow(scene, delete_pod, wishes=LogWishes(pods=("a",)))).texts == ["a1", "a2"]
    for name, phase in (("c", "Failed"), ("d", "Succeeded")):
        pod = scene.add(name, lines=[f"2025-12-23T05:42:09Z {name}".encode()], phase=phase)
        pod["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": "2"}
    assert (await Followed().follow(scene, wishes=LogWishes(shards=(2,)))).texts == ["c", "d"]


async def test_a_pod_at_work_whose_node_has_no_log_is_told_once_and_before_its_end(scene: Scene) -> None:
    scene.add("c")
    followed = Followed()
    await followed.follow(scene, *[lambda: None] * 20, stop_at=30.0)
    assert followed.notes == [Silence("no-log", "c", "container 'migrate' of pod 'c' has no log")]
    await followed.follow(scene, *[lambda: None] * 20, scene.end)
    assert followed.reasons == ["no-log"] * 2


async def test_pods_beyond_the_most_are_named_and_come_when_others_have_ended(scene: Scene) -> None:
    scene.remove_pods()
    names = [f"p{number:03}" for number in range(MOST_TAILS + 5)]
    for name in names:
        scene.add(name, lines=[f"2025-12-23T05:42:09Z {name}".encode()])
    followed = await Followed().follow(scene, scene.end)
    assert sorted(followed.texts) == names
    assert followed.reasons == ["later"] * 5


async def test_more_lines_than_are_held_in_memory_come_whole(scene: Scene) -> None:
    lines = [f"2025-12-23T05:{number // 1000:02}:00.{number % 1000:03}Z {number}" for number in range(3 * MOST_WAITING)]
    scene.remove_pods()
    scene.add("c", lines=[line.encode() for line in lines])
    followed = await Followed().follow(scene, scene.end, wishes=LogWishes(tail_lines=None))
    assert followed.texts == [str(number) for number in range(3 * MOST_WAITING)]


class StreamingCluster(FakeCluster):
    """A stream that is followed stays open, as kwok's do; `cuts` of them break off."""

    cuts = 0

    async def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        sent = 0
        while True:
            async for raw in self._rest(request, sent):
                sent += 1
                yield raw
            if not request.follow:
                return
            await asyncio.sleep(0.1)
            if self.cuts:
                self.cuts -= 1
                raise UnavailableError("cut the stream")

    async def _rest(self, request: LogRequest, sent: int) -> AsyncIterator[bytes]:
        number = 0
        async for raw in super().log(request):
            number += 1
            if number > sent:
                yield raw


class IdleCluster(FakeCluster):
    """Streams give nothing; what is not followed hangs after its first line, as often as `hangs` says."""

    hangs = 0

    async def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        if request.follow:
            await asyncio.sleep(300)
            raise UnavailableError("sent nothing", code="idle")
        async for raw in super().log(request):
            yield raw
            if self.hangs:
                self.hangs -= 1
                await asyncio.sleep(30)
                raise UnavailableError("sent nothing", code="idle")


class SlowCluster(FakeCluster):
    """The pods take a while to be listed."""

    async def list(self, kind: Kind, namespace: str, **selectors: str | None) -> AsyncIterator[JsonObject]:
        await asyncio.sleep(3.0)
        async for document in super().list(kind, namespace, **selectors):
            yield document


async def test_a_server_for_which_it_is_hard_is_asked_less_often() -> None:
    scene = Scene()
    scene.cluster = SlowCluster(scene.cluster.clock, scene.cluster.objects, logs=scene.cluster.logs)
    await Followed().follow(scene, stop_at=150.0)
    assert scene.cluster.calls.count("list pods") == 10  # a look of three seconds, twelve of rest


async def test_a_connection_that_gives_nothing_is_opened_again_and_not_told() -> None:
    scene = Scene()
    cluster = IdleCluster(scene.cluster.clock, scene.cluster.objects, logs=scene.cluster.logs)
    cluster.hangs = 1
    scene.cluster = cluster
    followed = await Followed().follow(scene, *[lambda: None] * 400, scene.end)
    assert sorted(followed.texts) == ["a1", "a2", "b1", "b2"]
    assert followed.notes == []


async def test_streams_that_break_off_or_never_end_lose_and_repeat_nothing() -> None:
    scene = Scene()
    cluster = StreamingCluster(scene.cluster.clock, scene.cluster.objects, logs=scene.cluster.logs)
    cluster.cuts = 2
    scene.cluster = cluster

    def say(text: str) -> Change:
        def add() -> None:
            cluster.logs["b", "migrate", False] = [*cluster.logs["b", "migrate", False], text.encode()]

        return add

    def delete_pod() -> None:
        say("2025-12-23T05:42:08Z b5")()
        asyncio.get_running_loop().call_later(0.5, lambda: cluster.objects.pop(("pods", KEY.namespace, "b")))

    followed = await Followed().follow(
        scene,
        say("2025-12-23T05:42:05Z b3"),
        say("2025-12-23T05:42:05Z b4"),
        delete_pod,
        lambda: None,
        scene.end,
    )
    assert followed.texts == ["a1", "b1", "a2", "b2", "b3", "b4", "b5"]
