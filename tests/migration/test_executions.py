"""What a Job does to a run: it starts an index again, is made anew with other numbers, or leaves an index out."""

from __future__ import annotations

import asyncio

import pytest

from opsctl.errors import BusyError
from opsctl.migration.lease import acquire
from opsctl.migration.models import RunState, Selection, StopReason
from opsctl.migration.report import MigrationReport
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.shards import ShardChoice
from opsctl.migration.transfer import TRIES, VISITS
from tests.fakes.images import GONE, LATER
from tests.fakes.wire import CrashError, CrashPoint
from tests.fakes.world import World
from tests.migration.sharded_worlds import HOST, MANY, begin, check_all_done, kill, make_world
from tests.migration.test_lease import living_process

RETRY = Selection(retry_failed=True)


def insert_new(world: World) -> None:
    """Documents that lie in the first and in the last range."""
    for identifier in ("a", "zz"):
        world.documents.insert(id=identifier, vehicle_name="new", main_image=f"{HOST}/{identifier}.jpg")


async def run_job(
    world: World, execution: str | None, count: int = 4, selection: Selection | None = None
) -> list[MigrationReport]:
    """All indexes, one after the other: `parallelism: 1`."""
    choices = [ShardChoice(index, count, execution) for index in range(count)]
    return [await world.start(selection, shard=choice) for choice in choices]


class TestAgain:
    async def test_an_index_that_had_ended_ends_as_before_and_asks_nobody(self) -> None:
        world = make_world(MANY)
        world.images.answers[f"{HOST}/7-0.jpg"] = [GONE]
        states = [report.state for report in await run_job(world, "job-1")]
        asked = len(world.images.requests)
        again = [report.state for report in await run_job(world, "job-1")]
        assert again == states
        assert set(states) == {RunState.COMPLETE, RunState.COMPLETE_WITH_FAILURES}
        assert (len(world.images.requests), len(world.runs.records)) == (asked, 1)
        assert world.runs.newest.state is RunState.COMPLETE_WITH_FAILURES

    async def test_one_that_died_before_it_could_say_so(self) -> None:
        world = make_world(MANY)
        for index in (0, 1, 3):
            await world.start(shard=ShardChoice(index, 4, "job-1"))
        calls = len(world.wire.calls)
        reference = make_world(MANY)
        for index in (0, 1, 3):
            await reference.start(shard=ShardChoice(index, 4, "job-1"))
        await reference.start(shard=ShardChoice(2, 4, "job-1"))
        last = len(reference.wire.calls) - calls
        assert reference.wire.calls[-1] == "runs.finish"
        with pytest.raises(CrashError):
            await world.start(shard=ShardChoice(2, 4, "job-1"), crash=CrashPoint(last, after_effect=True))
        assert world.runs.newest.state is RunState.COMPLETE
        world.wire.crash_at(None)
        insert_new(world)
        report = await world.start(shard=ShardChoice(2, 4, "job-1"))
        assert (report.state, report.counters.requests, len(world.runs.records)) == (RunState.COMPLETE, 0, 1)
        assert world.runs.newest.state is RunState.COMPLETE

    async def test_what_is_new_waits_for_the_next_execution_and_is_cut_anew(self) -> None:
        world = make_world(MANY)
        await run_job(world, "job-1")
        insert_new(world)
        assert (await world.start(shard=ShardChoice(2, 4, "job-1"))).run_id == "vehicles-1"
        reports = await run_job(world, "job-2")
        assert {report.run_id for report in reports} == {"vehicles-2"}
        assert world.runs.newest.execution == "job-2"
        assert all(row.is_processed for row in world.documents.rows)

    async def test_an_execution_that_found_nothing_to_do_is_remembered_too(self) -> None:
        world = make_world(MANY)
        await run_job(world, "job-1")
        await run_job(world, "job-2")
        assert (len(world.runs.records), world.runs.newest.execution) == (1, "job-2")
        insert_new(world)
        await world.start(shard=ShardChoice(2, 4, "job-2"))
        assert len(world.runs.records) == 1

    async def test_failed_images_are_tried_again_once_in_an_execution(self) -> None:
        world = make_world(MANY)
        gone = f"{HOST}/7-0.jpg"
        world.images.answers[gone] = [GONE] * 9
        await run_job(world, "job-1")
        for execution, visits in (("job-2", 2), ("job-2", 2), ("job-3", 3)):
            await run_job(world, execution, selection=RETRY)
            assert world.images.count(gone) == visits
        assert sorted(world.runs.records) == ["vehicles-1", "vehicles-2", "vehicles-3"]
        assert world.runs.newest.state is RunState.COMPLETE_WITH_FAILURES

    async def test_without_the_name_of_an_execution_new_documents_are_a_new_run(self) -> None:
        world = make_world(MANY)
        await run_job(world, None)
        insert_new(world)
        await run_job(world, None)
        assert sorted(world.runs.records) == ["vehicles-1", "vehicles-2"]
        assert world.runs.newest.state is RunState.COMPLETE

    async def test_a_start_by_hand_between_two_of_a_job_takes_nothing_from_it(self) -> None:
        world = make_world(MANY)
        await world.start(shard=ShardChoice(0, 2, "job-1"))
        await world.start(shard=ShardChoice(1, 2))
        assert world.runs.newest.execution == "job-1"
        insert_new(world)
        await world.start(shard=ShardChoice(0, 2, "job-1"))
        assert len(world.runs.records) == 1

    @pytest.mark.parametrize("failure", [GONE, LATER])
    async def test_retries_of_an_index_with_failures_come_to_an_end(self, failure: object) -> None:
        """Whatever the backoff limit is: after three visits nobody is asked any more."""
        world = make_world(MANY)
        bad = f"{HOST}/7-0.jpg"
        world.images.answers[bad] = [failure] * 100  # type: ignore[list-item]
        states = []
        for _ in range(VISITS + 3):
            states += [(await run_job(world, "job-1", 2))[1].state]
        assert states[VISITS:] == [RunState.COMPLETE_WITH_FAILURES] * 3
        assert world.images.count(bad) == (1 if failure is GONE else VISITS * TRIES)
        assert len(world.runs.records) == 1


class TestIndexesApart:
    async def test_one_after_the_other_waits_for_nobody(self) -> None:
        world = make_world(MANY)
        reports = await run_job(world, "job-1")
        assert {report.state for report in reports} == {RunState.COMPLETE}
        assert world.clock.monotonic() < LEASE_SECONDS
        await check_all_done(world, MANY)

    async def test_an_index_that_never_comes_leaves_its_part_and_the_next_job_does_it(self) -> None:
        world = make_world(MANY)
        for index in (0, 2, 3):
            await world.start(shard=ShardChoice(index, 4, "job-1"))
        record = world.runs.newest
        assert (record.state, record.shards[1].state) == (RunState.RUNNING, RunState.PLANNED)
        assert {shard.state for number, shard in enumerate(record.shards) if number != 1} == {RunState.COMPLETE}
        asked = len(world.images.requests)
        await run_job(world, "job-2")
        assert len(world.runs.records) == 1
        assert len(world.images.requests) - asked == record.shards[1].plan.images
        await check_all_done(world, MANY)

    async def test_an_index_that_ended_with_an_error_stops_the_run_with_its_reason(self) -> None:
        world = make_world(MANY)
        stop = asyncio.Event()
        for index in (0, 2, 3):
            await world.start(shard=ShardChoice(index, 4, "job-1"))
        world.wire.before("documents.page", stop.set)
        await world.start(shard=ShardChoice(1, 4, "job-1"), stop=stop)
        assert (world.runs.newest.state, world.runs.newest.state_reason) == (RunState.STOPPED, StopReason.REQUEST)
        await run_job(world, "job-2")
        await check_all_done(world, MANY)


class TestOtherNumbers:
    @pytest.mark.parametrize("before", [None, ShardChoice(0, 2, "job-1")], ids=["alone", "two shards"])
    async def test_a_job_with_other_numbers_starts_all_its_indexes_at_once(self, before: ShardChoice | None) -> None:
        """Each one sees the run that is left; one closes it, one begins the next, one cuts it, and nobody is busy."""
        world = make_world(MANY)
        await kill(await begin(world, before))
        left = set(world.runs.newest.all_in_flight)
        world.images.seconds_per_image = 0.05
        reports = await asyncio.gather(*(world.start(shard=ShardChoice(n, 5, "job-2")) for n in range(5)))
        assert {report.state for report in reports} == {RunState.COMPLETE}
        assert {report.run_id for report in reports} == {"vehicles-2"}
        first, second = sorted(world.runs.records.values(), key=lambda record: record.sequence)
        assert (first.state, first.is_closed, second.is_closed) == (RunState.STOPPED, True, False)
        assert left
        assert set(second.in_flight) == left
        await check_all_done(world, MANY, fetched_once=False)

    @pytest.mark.parametrize("is_closing", [True, False])
    async def test_a_living_process_that_has_just_taken_it_may_be_about_to_close_it(self, is_closing: bool) -> None:
        """Processes of one machine tell each other at once that they are alive; that must not refuse a brother."""
        world = make_world(MANY)
        with living_process() as brother:
            record, owner = await acquire(
                world.runs,
                selection=Selection(limit=1),
                bucket=world.layout.bucket,
                prefix=world.layout.prefix,
                collection=world.layout.collection,
                process=brother,
                owner_id="brother",
                clock=world.clock,
            )
            if is_closing:
                asyncio.get_running_loop().call_later(
                    1.0, asyncio.ensure_future, world.runs.close(record.run_id, owner, "closed", world.clock.now())
                )
                assert (await world.start(shard=ShardChoice(0, 2))).run_id == "vehicles-2"
            else:
                with pytest.raises(BusyError, match=str(brother.pid)):
                    await world.start(shard=ShardChoice(0, 2))
                assert world.clock.monotonic() < 5.0

    async def test_while_the_other_job_works_it_is_refused_and_changes_nothing(self) -> None:
        world = make_world(MANY)
        tasks = await begin(world, *(ShardChoice(n, 2, "job-1") for n in range(2)))
        refused = await asyncio.gather(
            *(world.start(shard=ShardChoice(n, 3, "job-2")) for n in range(3)), return_exceptions=True
        )
        assert [type(error) for error in refused] == [BusyError] * 3
        assert not any(task.done() for task in tasks)
        assert not world.runs.newest.is_closed
        world.images.seconds_per_image = 0.01
        assert {(await task).state for task in tasks} == {RunState.COMPLETE}
        await check_all_done(world, MANY)

    async def test_two_jobs_that_take_the_run_from_each_other_lose_nothing(self) -> None:
        world = make_world(MANY)
        for index, count in ((0, 2), (0, 3), (1, 2), (1, 3), (0, 2), (2, 3), (0, 3), (1, 3)):
            await world.start(shard=ShardChoice(index, count, f"job-{count}"))
        assert all(row.is_processed for row in world.documents.rows)
        assert len(world.images.requests) == sum(MANY.values()), "nothing was fetched twice"
        assert (await world.verify()).difference_count == 0

    async def test_a_closed_run_whose_heir_died_is_nobodys(self) -> None:
        world = make_world(MANY)
        await kill(await begin(world, ShardChoice(0, 2, "job-1")))
        left = world.runs.newest.all_in_flight
        world.images.seconds_per_image = 0.01
        world.wire.before("runs.create", die)
        with pytest.raises(CrashError):
            await world.start(shard=ShardChoice(0, 3, "job-2"))
        assert world.runs.newest.is_closed
        reports = await run_job(world, "job-1", 2)
        assert {report.run_id for report in reports} == {"vehicles-2"}
        assert set(world.runs.newest.in_flight) == set(left) != set()
        await check_all_done(world, MANY, fetched_once=False)


def die() -> None:
    raise CrashError
