"""Many processes, one run: every document once, whoever dies, sleeps, comes late or comes twice."""

from __future__ import annotations

import asyncio
import copy
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.errors import BusyError
from opsctl.migration.models import RunState
from opsctl.migration.report import MigrationReport
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.shards import ShardChoice
from tests.fakes.virtual_time import run_virtual
from tests.fakes.wire import CrashError, CrashPoint
from tests.fakes.world import World
from tests.migration.sharded_worlds import IDS, MANY, check_all_done, make_world
from tests.migration.sleepers import Sleeper

T = TypeVar("T")


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


@pytest.mark.parametrize("falls_asleep_after", [n / 40 for n in range(1, 16)])
async def test_a_process_that_wakes_up_late_writes_nothing(falls_asleep_after: float) -> None:
    world = make_world(MANY)
    world.images.seconds_per_image = 0.1
    sleeper = Sleeper(world, ShardChoice(0, 2))
    task = sleeper.start()
    await world.clock.sleep(falls_asleep_after)
    sleeper.fall_asleep()
    for index in (0, 1):
        assert (await world.start(shard=ShardChoice(index, 2))).state is RunState.COMPLETE
    record, rows = world.runs.newest, copy.deepcopy(world.documents.rows)
    sleeper.wake_up()
    with pytest.raises(BusyError):
        await task
    assert world.runs.newest == record
    assert world.documents.rows == rows
    await check_all_done(world, MANY, fetched_once=False)
