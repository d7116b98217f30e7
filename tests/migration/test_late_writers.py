"""A process that was stopped, suspended or cut off for longer than its lease: what it sends late changes nothing.

The new owner has nothing finished yet when the old one wakes up. Only so is it seen whether the old one is shut out of
documents that nobody else has written.
"""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from opsctl.errors import BusyError
from opsctl.migration.models import RunState, Selection
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.shards import ShardChoice
from tests.fakes.virtual_time import run_virtual
from tests.fakes.world import World
from tests.migration.sharded_worlds import MANY, check_all_done, make_world
from tests.migration.sleepers import PausedClock, Sleeper

T = TypeVar("T")
SHARDS = (None, ShardChoice(0, 2))


async def be_overtaken(sleeper: Sleeper, world: World, *, asleep_after: float) -> None:
    """Fall asleep in the middle, be taken over, and wake up while the new owner waits for its first image."""
    task = sleeper.start()
    await world.clock.sleep(asleep_after)
    sleeper.fall_asleep()
    world.images.seconds_per_image = 20.0
    heir = asyncio.create_task(world.start(shard=sleeper.shard))
    await world.clock.sleep(LEASE_SECONDS + 10)
    assert not heir.done()
    before, stored = copy.deepcopy(world.documents.rows), set(world.objects.stored)
    sleeper.wake_up()
    with pytest.raises(BusyError):
        await task
    assert world.documents.rows == before
    if sleeper.knows_the_time:
        assert len(set(world.objects.stored) - stored) <= world.limits.workers, "only what was on its way"
    world.images.seconds_per_image = 0.01
    assert (await heir).state is RunState.COMPLETE


@pytest.mark.parametrize("knows_the_time", [True, False], ids=["stopped", "paused with its clocks"])
@pytest.mark.parametrize("shard", SHARDS, ids=["alone", "a shard"])
@pytest.mark.parametrize("asleep_after", [n / 40 for n in range(4, 17)])
async def test_the_heir_finds_every_document_as_it_left_it(
    asleep_after: float, shard: ShardChoice | None, knows_the_time: bool
) -> None:
    world = make_world(MANY)
    world.images.seconds_per_image = 0.1
    sleeper = Sleeper(world, shard, knows_the_time=knows_the_time)
    await be_overtaken(sleeper, world, asleep_after=asleep_after)
    if shard is not None:
        await world.start(shard=ShardChoice(1, 2))
    await check_all_done(world, MANY, fetched_once=False)


async def test_what_another_run_closed_is_shut_too() -> None:
    """Other options, other places: what the late one would write is not what the new run was told to do."""
    world = make_world(MANY)
    world.images.seconds_per_image = 0.1
    sleeper = Sleeper(world, None, knows_the_time=False)
    task = sleeper.start()
    await world.clock.sleep(0.3)
    sleeper.fall_asleep()
    world.layout = replace(world.layout, prefix="elsewhere")
    world.images.seconds_per_image = 20.0
    heirs = [asyncio.create_task(world.start(shard=ShardChoice(index, 2))) for index in (0, 1)]
    await world.clock.sleep(LEASE_SECONDS + 15)
    sleeper.wake_up()
    with pytest.raises(BusyError):
        await task
    world.images.seconds_per_image = 0.01
    assert [(await heir).state for heir in heirs] == [RunState.COMPLETE] * 2
    written = [row for row in world.documents.rows if row.run_id == "vehicles-2"]
    assert {entry.key.split("/")[0] for row in written for entry in row.stored} == {"elsewhere"}
    record = world.runs.newest
    assert record.plan is not None
    assert record.plan.images_stored + record.counters.images_stored == record.plan.images == sum(MANY.values())


async def test_a_document_that_was_shut_is_not_read_and_written_again() -> None:
    """Its clocks have not noticed: what it has read after the fence may be written only under a lease confirmed later.

    Whoever emptied the bucket meanwhile gets no document that names objects which are gone.
    """
    world = make_world({"x": 1})
    world.images.seconds_per_image = 0.1
    sleeper = Sleeper(world, None, knows_the_time=False)
    sleeper.doze_before("documents.record")
    task = sleeper.start()
    await sleeper.asleep.wait()
    world.objects.stored.clear()
    world.images.seconds_per_image = 40.0
    heir = asyncio.create_task(world.start())
    await world.clock.sleep(LEASE_SECONDS + 5)
    sleeper.wake_up()
    with pytest.raises(BusyError):
        await task
    assert not world.documents.row("x").is_processed
    assert (await heir).state is RunState.COMPLETE
    await check_all_done(world, {"x": 1}, fetched_once=False)


# -- between two writes of a start


async def test_who_falls_asleep_before_it_begins_its_run_begins_none() -> None:
    world = make_world(MANY)
    await leave_half_done(world)
    sleeper = Sleeper(world, None)
    sleeper.doze_before("runs.create")
    task = sleeper.start(Selection(image_types=("exterior",)))
    await sleeper.asleep.wait()
    assert (world.runs.newest.run_id, world.runs.newest.is_closed) == ("vehicles-1", True)
    report = await world.start()
    assert (report.run_id, report.state) == ("vehicles-2", RunState.COMPLETE)
    before = copy.deepcopy(world.runs.records)
    sleeper.wake_up()
    assert (await task).run_id == "vehicles-3", "the one that it would have begun is there already"
    assert {name: world.runs.records[name] for name in before} == before
    await check_nothing_twice(world)


async def test_who_falls_asleep_before_it_closes_a_run_closes_none() -> None:
    world = make_world(MANY)
    await leave_half_done(world)
    sleeper = Sleeper(world, ShardChoice(0, 3))
    sleeper.doze_before("runs.close")
    task = sleeper.start()
    await sleeper.asleep.wait()
    assert world.runs.newest.lease.owner == "sleeper"
    world.images.seconds_per_image = 8.0
    heir = asyncio.create_task(world.start())
    await world.clock.sleep(LEASE_SECONDS + 5)
    sleeper.wake_up()
    with pytest.raises(BusyError):
        await task
    assert list(world.runs.records) == ["vehicles-1"]
    assert (await heir).state is RunState.COMPLETE
    await check_nothing_twice(world)


async def leave_half_done(world: World) -> None:
    world.images.seconds_per_image = 0.1
    task = asyncio.create_task(world.start())
    await world.clock.sleep(0.3)
    task.cancel()
    await asyncio.wait({task})
    world.images.seconds_per_image = 0.01


async def check_nothing_twice(world: World) -> None:
    assert all(row.is_processed for row in world.documents.rows)
    assert (await world.verify()).difference_count == 0
    assert len(world.objects.stored) == sum(MANY.values())


def test_a_paused_clock_shows_what_it_showed() -> None:
    async def look() -> tuple[datetime, datetime, datetime]:
        clock = PausedClock()
        before = clock.now()
        clock.paused_at = clock.monotonic()
        await asyncio.sleep(30)
        during = clock.now()
        clock.resume()
        await asyncio.sleep(1)
        return before, during, clock.now()

    before, during, after = run_virtual(look)
    assert (during, after) == (before, before + timedelta(seconds=1))
