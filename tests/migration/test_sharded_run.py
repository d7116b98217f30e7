"""Many processes, one run: every document once, whoever dies, sleeps, comes late or comes twice."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import pytest
from bson import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.errors import BusyError, UsageError
from opsctl.migration.models import RunState, Selection, StopReason
from opsctl.migration.report import MigrationReport
from opsctl.migration.run import Services
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.shards import ShardChoice
from opsctl.migration.start import migrate_images
from tests.fakes.virtual_time import run_virtual
from tests.fakes.wire import CrashError, CrashPoint, Wire
from tests.fakes.world import LIMITS, World

T = TypeVar("T")
HOST = "https://img.example.com"
IDS = st.one_of(
    st.integers(-50, 50),
    st.text("abz가", max_size=3),
    st.integers(1, 200).map(lambda number: ObjectId(f"{number:024x}")),
)


def make_world(images: dict[object, int], **limits: object) -> World:
    """A collection of documents with as many images each."""
    world = World(limits=replace(LIMITS, workers=3, **limits))  # type: ignore[arg-type]
    for number, (identifier, count) in enumerate(images.items()):
        urls = [f"{HOST}/{number}-{n}.jpg" for n in range(count)]
        world.documents.insert(id=identifier, vehicle_name=f"car {number}", exterior_images=urls)
    return world


async def check_all_done(world: World, images: dict[object, int], *, fetched_once: bool = True) -> None:
    """Nothing is lost, stored twice or falsely done, and the record says what happened."""
    assert all(row.is_processed for row in world.documents.rows)
    entries = [entry for row in world.documents.rows for entry in row.stored]
    assert len(entries) == sum(images.values())
    assert sorted(entry.key for entry in entries) == sorted(world.objects.stored)
    report = await world.verify()
    assert (report.difference_count, report.objects) == (0, len(entries))
    if fetched_once:
        assert set(Counter(request.url for request in world.images.requests).values()) <= {1}
    record = world.runs.newest
    assert record.state is RunState.COMPLETE
    assert record.plan is not None
    done = record.counters
    assert record.plan.documents == len(images)
    assert record.plan.images_stored + done.images_stored == record.plan.images == len(entries)
    assert sum(shard.counters.images_stored for shard in record.shards) == done.images_stored
    assert all(lease.owner is None for lease in record.leases)
    assert record.all_in_flight == record.in_flight


@given(
    images=st.dictionaries(IDS, st.integers(0, 5), max_size=25),
    delays=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_every_document_is_moved_once(images: dict[object, int], delays: list[float]) -> None:
    async def work() -> None:
        world = make_world(images)
        count = len(delays)

        async def start(index: int) -> MigrationReport:
            await world.clock.sleep(delays[index])
            return await world.start(shard=ShardChoice(index, count))

        reports = await asyncio.gather(*(start(index) for index in range(count)))
        assert len(world.runs.records) == 1
        assert {report.state for report in reports} == {RunState.COMPLETE}
        assert sum(report.plan.documents for report in reports) == len(images)
        assert sum(report.counters.images_stored for report in reports) == sum(images.values())
        assert [report.shard and report.shard.index for report in reports] == list(range(count))
        await check_all_done(world, images)

    run_virtual(work)


@given(
    images=st.dictionaries(IDS, st.integers(0, 6), min_size=4, max_size=16),
    count=st.integers(1, 4),
    kills=st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 1.0)), min_size=1, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_whoever_is_killed_another_goes_on(
    images: dict[object, int], count: int, kills: list[tuple[int, float]]
) -> None:
    async def keep_running(world: World, index: int, deaths: list[float]) -> None:
        """What Kubernetes does: start the shard's process again, whatever ended it."""
        for lives in deaths:
            running = asyncio.ensure_future(world.start(shard=ShardChoice(index, count)))
            await asyncio.wait({running}, timeout=lives)
            running.cancel()
            await asyncio.wait({running})
        began = world.clock.monotonic()
        report = await world.start(shard=ShardChoice(index, count))
        assert report.state is RunState.COMPLETE
        assert world.clock.monotonic() - began < 60 + 3 * LEASE_SECONDS

    async def work() -> None:
        world = make_world(images)
        deaths = [[seconds for shard, seconds in kills if shard == index] for index in range(count)]
        await asyncio.gather(*(keep_running(world, index, deaths[index]) for index in range(count)))
        assert len(world.runs.records) == 1
        await check_all_done(world, images, fetched_once=False)

    run_virtual(work)


MANY: dict[object, int] = {f"d{n:02d}": 1 + n % 3 for n in range(12)}


async def start_until_crash(world: World, point: CrashPoint | None, shard: ShardChoice) -> bool:
    try:
        await world.start(crash=point, shard=shard)
    except CrashError:
        return True
    except BaseExceptionGroup as errors:
        if errors.subgroup(CrashError) is None:
            raise
        return True
    return False


def count_calls() -> int:
    async def work() -> int:
        world = make_world(MANY)
        await world.start(shard=ShardChoice(0, 2))
        return len(world.wire.calls)

    return int(run_virtual(work))


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_crash_at_every_call_of_the_first_process(after_effect: bool) -> None:
    """It begins the run, cuts it and does half of it."""

    async def work(number: int) -> None:
        world = make_world(MANY)
        assert await start_until_crash(world, CrashPoint(number, after_effect), ShardChoice(0, 2))
        for index in (1, 0):
            report = await world.start(shard=ShardChoice(index, 2))
            assert report.state is RunState.COMPLETE
        assert len(world.runs.records) == 1
        await check_all_done(world, MANY, fetched_once=False)

    calls = count_calls()
    assert calls > 40
    for number in range(1, calls + 1):
        run_virtual(partial(work, number))


# -- a process that wakes up too late


@dataclass(slots=True)
class SleepyWire(Wire):
    """Its process sleeps from the moment `asleep` is cleared: what it has sent arrives when it wakes up."""

    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, name: str, effect: Callable[[], T]) -> T:
        await self.awake.wait()
        # Zero arguments would need the class that `slots=True` has replaced.
        return await Wire.call(self, name, effect)


def sleepy_services(world: World, wire: Wire) -> Services:
    """The same stores behind another connection."""
    stores = [copy.copy(store) for store in (world.documents, world.images, world.objects, world.runs)]
    for store in stores:
        for name in ("_wire", "wire"):
            if hasattr(store, name):
                setattr(store, name, wire)
    documents, images, objects, runs = stores
    return Services(documents, images, objects, runs, world.clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("falls_asleep_after", [n / 40 for n in range(1, 16)])
async def test_a_process_that_wakes_up_late_writes_nothing(falls_asleep_after: float) -> None:
    world, wire = make_world(MANY), SleepyWire()
    wire.awake.set()
    world.images.seconds_per_image = 0.1
    sleeper = asyncio.ensure_future(
        migrate_images(
            world.settings(),
            sleepy_services(world, wire),
            owner_id="sleeper",
            stop=asyncio.Event(),
            on_progress=lambda _moment: None,
            shard=ShardChoice(0, 1 + 1),
        )
    )
    await world.clock.sleep(falls_asleep_after)
    wire.awake.clear()
    for index in (0, 1):
        assert (await world.start(shard=ShardChoice(index, 2))).state is RunState.COMPLETE
    record, rows = world.runs.newest, copy.deepcopy(world.documents.rows)
    wire.awake.set()
    with pytest.raises(BusyError):
        await sleeper
    assert world.runs.newest == record
    assert world.documents.rows == rows
    await check_all_done(world, MANY, fetched_once=False)


# -- who may start what


async def begin(world: World, *choices: ShardChoice) -> list[asyncio.Task[MigrationReport]]:
    """Processes that work for a while."""
    world.images.seconds_per_image = 30.0
    tasks = [asyncio.create_task(world.start(shard=choice)) for choice in choices]
    await world.clock.sleep(3.0)
    assert not any(task.done() for task in tasks)
    return tasks


async def kill(tasks: list[asyncio.Task[MigrationReport]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_shard_is_worked_on_by_one() -> None:
    world = make_world(MANY)
    tasks = await begin(world, ShardChoice(0, 2), ShardChoice(1, 2))
    with pytest.raises(BusyError):
        await world.start(shard=ShardChoice(0, 2))
    await kill(tasks)


@pytest.mark.parametrize("shard", [None, ShardChoice(0, 3)], ids=["alone", "otherwise cut"])
async def test_a_run_that_is_shared_otherwise_is_taken_only_when_nobody_works(shard: ShardChoice | None) -> None:
    world = make_world(MANY)
    tasks = await begin(world, ShardChoice(0, 2), ShardChoice(1, 2))
    with pytest.raises(BusyError):
        await world.start(shard=shard)
    await kill(tasks)
    left = set(world.runs.newest.all_in_flight)
    assert left
    world.images.seconds_per_image = 0.01
    await world.start(shard=shard)
    first, second = sorted(world.runs.records.values(), key=lambda record: record.sequence)
    assert (first.state, first.state_reason) == (RunState.STOPPED, "a run with other options took over")
    assert second.shard_count == (shard.count if shard else None)
    for index in range(1, shard.count if shard else 1):
        await world.start(shard=ShardChoice(index, 3))
    assert all(row.is_processed for row in world.documents.rows)
    assert world.runs.newest.state is RunState.COMPLETE


async def test_a_run_of_one_process_is_cut_once_that_process_is_gone() -> None:
    world = make_world(MANY)
    world.images.seconds_per_image = 30.0
    alone = asyncio.create_task(world.start())
    await world.clock.sleep(3.0)
    with pytest.raises(BusyError):
        await world.start(shard=ShardChoice(0, 2))
    await kill([alone])
    left = set(world.runs.newest.in_flight)
    world.images.seconds_per_image = 0.01
    for index in (0, 1):
        await world.start(shard=ShardChoice(index, 2))
    assert left
    assert set(world.runs.newest.in_flight) == left
    await check_all_done(world, MANY, fetched_once=False)


async def test_who_comes_again_after_the_end_finds_nothing_to_do() -> None:
    world = make_world(MANY)
    for index in (0, 1, 1):
        assert (await world.start(shard=ShardChoice(index, 2))).state is RunState.COMPLETE
    assert len(world.runs.records) == 1
    await check_all_done(world, MANY)


async def test_new_documents_begin_a_new_run() -> None:
    world = make_world(MANY)
    for index in (0, 1):
        await world.start(shard=ShardChoice(index, 2))
    world.documents.insert(id="new", vehicle_name="new", main_image=f"{HOST}/new.jpg")
    for index in (0, 1):
        await world.start(shard=ShardChoice(index, 2))
    assert sorted(world.runs.records) == ["vehicles-1", "vehicles-2"]
    assert world.runs.newest.state is RunState.COMPLETE
    assert world.documents.row("new").is_processed


async def test_what_is_inserted_while_shards_work_belongs_to_one_of_them() -> None:
    world = make_world(MANY)
    await world.start(shard=ShardChoice(0, 2))
    for identifier in ("a", "zz"):
        world.documents.insert(id=identifier, vehicle_name="new", main_image=f"{HOST}/{identifier}.jpg")
    await world.start(shard=ShardChoice(1, 2))
    assert world.documents.row("zz").is_processed
    assert not world.documents.row("a").is_processed
    await world.start(shard=ShardChoice(0, 2))
    assert all(row.is_processed for row in world.documents.rows)


async def test_a_limit_and_shards_do_not_go_together() -> None:
    world = make_world(MANY)
    with pytest.raises(UsageError):
        await world.start(Selection(limit=3), shard=ShardChoice(0, 2))
    assert world.runs.records == {}


# -- planning


async def test_who_waits_for_the_planner_waits_as_long_as_it_lives_and_no_longer() -> None:
    world = make_world(MANY)
    world.wire.latency_seconds = 4.0  # a slow collection: six pages, and a heartbeat between them
    planner = asyncio.create_task(world.start(shard=ShardChoice(0, 2)))
    await world.clock.sleep(30.0)
    waiting = asyncio.create_task(world.start(shard=ShardChoice(1, 2)))
    await world.clock.sleep(2.0)
    assert world.runs.newest.shards == ()
    await kill([planner])
    world.wire.latency_seconds = 0.001
    died_at = world.clock.monotonic()
    await waiting
    assert LEASE_SECONDS - 1 <= world.clock.monotonic() - died_at <= LEASE_SECONDS + 10
    assert world.runs.newest.lease.epoch == 2
    await world.start(shard=ShardChoice(0, 2))
    await check_all_done(world, MANY)


async def test_who_is_told_to_stop_while_another_plans_stops() -> None:
    world = make_world(MANY)
    world.wire.latency_seconds = 4.0
    planner = asyncio.create_task(world.start(shard=ShardChoice(0, 2)))
    await world.clock.sleep(30.0)
    stop = asyncio.Event()
    waiting = asyncio.create_task(world.start(shard=ShardChoice(1, 2), stop=stop))
    await world.clock.sleep(20.0)
    stop.set()
    report = await waiting
    assert (report.state, report.state_reason, report.run_id) == (RunState.STOPPED, StopReason.REQUEST, None)
    await kill([planner])


async def test_a_planner_that_is_told_to_stop_leaves_the_planning_to_the_next() -> None:
    world = make_world(MANY)
    world.wire.latency_seconds = 4.0
    stop = asyncio.Event()
    planner = asyncio.create_task(world.start(shard=ShardChoice(0, 2), stop=stop))
    await world.clock.sleep(30.0)
    stop.set()
    assert (await planner).state is RunState.STOPPED
    assert (world.runs.newest.state, world.runs.newest.lease.owner) == (RunState.STOPPED, None)
    world.wire.latency_seconds = 0.001
    began = world.clock.monotonic()
    for index in (0, 1):
        await world.start(shard=ShardChoice(index, 2))
    assert world.clock.monotonic() - began < LEASE_SECONDS
    await check_all_done(world, MANY)


async def test_what_another_tool_left_half_done_is_looked_for_in_every_shard() -> None:
    world = make_world(MANY)
    alone = make_world(MANY)
    await alone.start()
    found = list(itertools.islice(alone.objects.stored.items(), 20))
    for key, stored in found:
        world.objects.place(key, stored.body, content_type="image/jpeg", has_checksum=False)
    reports = await asyncio.gather(*(world.start(shard=ShardChoice(index, 3)) for index in range(3)))
    assert sum(report.counters.images_found for report in reports) == len(found)
    await check_all_done(world, MANY)


async def test_the_bucket_is_not_searched_for_what_the_other_shards_store() -> None:
    world = make_world(MANY)
    for index in (0, 1):
        await world.start(shard=ShardChoice(index, 2))
    assert world.wire.calls.count("objects.list") == 1


# -- hosts


async def test_all_processes_together_ask_a_host_no_more_than_one_would() -> None:
    images: dict[object, int] = {f"d{n:03d}": 4 for n in range(60)}
    world = make_world(images, per_host_concurrency=5, per_host_rate=20.0)
    world.images.seconds_per_image = 0.4
    tasks = [asyncio.create_task(world.start(shard=ShardChoice(index, 4))) for index in range(4)]
    seen: list[int] = []
    while not all(task.done() for task in tasks):
        await world.clock.sleep(0.1)
        if world.clock.monotonic() > 2.0:
            seen.append(sum(world.images._open_by_host.values()))
    assert max(seen) <= 5
    times = [request.at_seconds for request in world.images.requests if request.at_seconds > 2.0]
    assert len(times) / (times[-1] - times[0]) <= 20.5
    await asyncio.gather(*tasks)
    await check_all_done(world, images)
