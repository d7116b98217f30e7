"""Many processes, one run: who may begin, wait, take over and stop."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from opsctl.errors import BusyError, UsageError
from opsctl.migration.models import RunState, Selection, StopReason
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.shards import ShardChoice
from tests.migration.sharded_worlds import HOST, MANY, begin, check_all_done, kill, make_world


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
