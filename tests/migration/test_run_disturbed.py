"""A run that is stopped, cut off from its services, overtaken by changes, or not alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from opsctl.errors import AccessDeniedError, BusyError, NotFoundError, UnavailableError
from opsctl.migration.models import RunState
from tests.fakes.world import LIMITS, World

HOST = "https://img.example.com"


def add_documents(world: World, count: int, *, images: int = 2) -> None:
    for number in range(count):
        world.documents.insert(
            id=number,
            vehicle_name=f"차 {number}",
            main_image=f"{HOST}/{number}/main.jpg",
            exterior_images=[f"{HOST}/{number}/{image}.jpg" for image in range(1, images)],
        )


class TestStop:
    async def test_a_stop_in_the_middle_leaves_the_rest_for_the_next_start(self) -> None:
        world = World(limits=replace(LIMITS, workers=2))
        add_documents(world, 10)
        stop = asyncio.Event()
        world.wire.before("documents.record", stop.set)
        report = await world.start(stop=stop)
        assert (report.state, report.state_reason) == (RunState.STOPPED, "stopped on request")
        done = [row for row in world.documents.rows if row.is_processed]
        assert 0 < len(done) < 10
        assert report.open_documents == 10 - len(done)
        assert (await world.verify()).difference_count == 0, "what was in flight has been recorded"
        assert world.runs.newest.lease.owner is None
        report = await world.start()
        assert (report.state, report.run_id, world.runs.newest.starts) == (RunState.COMPLETE, "vehicles-1", 2)
        assert all(world.images.count(r.url) == 1 for r in world.images.requests)

    async def test_images_in_flight_have_a_bound(self) -> None:
        world = World()
        add_documents(world, 2)
        world.images.hanging.add(f"{HOST}/0/1.jpg")
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(1.0, stop.set)
        report = await world.start(stop=stop)
        assert world.clock.monotonic() == pytest.approx(1.0 + LIMITS.drain_seconds, abs=0.5)
        row = world.documents.row(0)
        assert (row.is_processed, len(row.stored), row.failed) == (False, 1, ())
        assert report.counters.documents_partial == 1
        world.images.hanging.clear()
        assert (await world.start()).state is RunState.COMPLETE
        assert world.images.count(f"{HOST}/0/main.jpg") == 1

    async def test_a_stop_during_planning_changes_nothing(self) -> None:
        world = World()
        add_documents(world, 6)
        stop = asyncio.Event()
        world.wire.before("documents.page", stop.set)
        report = await world.start(stop=stop)
        assert (report.state, report.counters.requests, world.objects.stored) == (RunState.STOPPED, 0, {})
        assert all(row.run_id is None for row in world.documents.rows)

    async def test_a_stop_after_the_last_document_is_no_stop(self) -> None:
        world = World()
        add_documents(world, 1)
        stop = asyncio.Event()
        world.wire.before("documents.count_open", stop.set)
        assert (await world.start(stop=stop)).state is RunState.COMPLETE


class TestOutages:
    @pytest.mark.parametrize("service", ["objects", "documents", "runs"])
    async def test_a_short_one_is_waited_out(self, service: str) -> None:
        world = World()
        add_documents(world, 8)
        world.images.seconds_per_image = 1.0
        break_between(world, service, 2.0, 42.0)
        report = await world.start()
        assert report.state is RunState.COMPLETE
        assert report.counters.images_failed == report.counters.images_later == 0
        assert world.clock.monotonic() >= 42.0
        assert world.runs.newest.counters == report.counters
        assert (await world.verify()).documents_verified == 8

    async def test_mongo_as_a_whole_stays_away_longer_than_the_lease_is_safe(self) -> None:
        world = World(limits=replace(LIMITS, workers=8, per_host_concurrency=8))
        add_documents(world, 40)
        world.images.seconds_per_image = 1.0
        break_between(world, "documents", 2.0, 30.0)
        break_between(world, "runs", 2.0, 30.0)
        report = await world.start()
        assert report.state is RunState.COMPLETE
        assert world.runs.newest.counters == report.counters

    @pytest.mark.parametrize("service", ["objects", "documents", "runs"])
    async def test_a_long_one_ends_the_run_and_marks_nothing(self, service: str) -> None:
        world = World()
        add_documents(world, 8)
        world.images.seconds_per_image = 1.0
        originals = world.documents.originals
        break_between(world, service, 2.0, 500.0)
        with pytest.raises(UnavailableError):
            await world.start()
        assert world.clock.monotonic() < 2.0 + LIMITS.outage_seconds + 30.0
        assert all(row.failed == () for row in world.documents.rows)
        assert all(len(row.stored) == 2 for row in world.documents.rows if row.is_processed)
        if service != "runs":
            assert world.runs.newest.state is RunState.STOPPED
            assert "does not answer" in (world.runs.newest.state_reason or "")
        await asyncio.sleep(500)
        assert (await world.start()).state is RunState.COMPLETE
        assert world.documents.originals == originals
        assert (await world.verify()).difference_count == 0

    async def test_the_reason_for_waiting_is_told(self) -> None:
        world = World()
        add_documents(world, 2)
        world.images.seconds_per_image = 3.0
        break_between(world, "objects", 2.0, 30.0)
        await world.start()
        assert "objects.put_new does not answer" in {progress.waiting_reason for progress in world.progress}
        assert world.progress[-1].waiting_reason is None

    @pytest.mark.parametrize("name", ["documents.record", "runs.beat", "runs.announce", "runs.freeze_plan"])
    async def test_a_lost_answer_is_no_second_write(self, name: str) -> None:
        world = World()
        add_documents(world, 12)
        world.images.seconds_per_image = 2.0
        world.wire.lose_answers(name, 2)
        report = await world.start()
        assert (report.state, report.counters.conflicts) == (RunState.COMPLETE, 0)
        assert (report.counters.documents_complete, report.counters.images_stored) == (12, 24)
        assert world.runs.newest.counters == report.counters

    async def test_what_is_done_while_a_beat_is_repeated_is_counted_too(self) -> None:
        world = World(limits=replace(LIMITS, workers=1))
        add_documents(world, 200)
        world.images.seconds_per_image = 0.07
        for _ in range(6):
            world.wire.before("runs.beat", lambda: world.wire.lose_answers("runs.beat", 2))
        report = await world.start()
        assert world.runs.newest.counters == report.counters
        assert sum(bucket.images for bucket in world.runs.newest.buckets) == report.counters.images_finished

    async def test_many_writers_wait_for_one_slow_beat(self) -> None:
        world = World(limits=replace(LIMITS, workers=8, per_host_concurrency=8))
        add_documents(world, 100)
        world.images.seconds_per_image = 1.0
        world.wire.before("runs.beat", lambda: asyncio.sleep(12))
        report = await world.start()
        assert report.state is RunState.COMPLETE
        assert world.runs.newest.counters == report.counters

    async def test_the_answer_of_a_put_is_lost(self) -> None:
        world = World()
        add_documents(world, 3)
        world.wire.lose_answers("objects.put_new", 2)
        report = await world.start()
        assert (report.state, report.counters.images_stored, len(world.objects.stored)) == (RunState.COMPLETE, 6, 6)

    @pytest.mark.parametrize("service", ["objects", "documents"])
    async def test_down_at_the_start_changes_nothing(self, service: str) -> None:
        world = World()
        add_documents(world, 1)
        world.wire.down.add(service)
        with pytest.raises(UnavailableError):
            await world.start()
        assert (world.runs.records, world.images.requests) == ({}, [])
        assert world.clock.monotonic() < 1.0

    async def test_what_does_not_exist_is_said_before_anything_is_changed(self) -> None:
        for part in ("objects", "documents"):
            world = World()
            add_documents(world, 1)
            getattr(world, part).exists = False
            with pytest.raises(NotFoundError):
                await world.start()
            assert world.runs.records == {}

    async def test_credentials_that_are_withdrawn_end_the_run_at_once(self) -> None:
        world = World()
        add_documents(world, 4)

        def refuse() -> None:
            raise AccessDeniedError("refused")

        world.wire.before("documents.record", refuse)
        with pytest.raises(AccessDeniedError):
            await world.start()
        assert world.clock.monotonic() < 1.0
        assert (world.runs.newest.state, world.runs.newest.state_reason) == (RunState.STOPPED, "refused")


class TestConflicts:
    async def test_a_document_that_changes_meanwhile_is_read_again(self) -> None:
        world = World()
        add_documents(world, 1)
        world.wire.before(
            "documents.record", lambda: world.documents.change(0, exterior_images=[f"{HOST}/new.jpg"], views=3)
        )
        report = await world.start()
        row = world.documents.row(0)
        assert (report.counters.conflicts, report.counters.documents_complete) == (1, 1)
        assert {entry.original_url for entry in row.stored} == {f"{HOST}/0/main.jpg", f"{HOST}/new.jpg"}
        assert world.images.count(f"{HOST}/0/main.jpg") == 1
        assert row.original["views"] == 3

    async def test_one_that_changes_every_time_is_left_open(self) -> None:
        world = World()
        add_documents(world, 1)
        world.documents.change(0, views=-1)
        for number in range(10):
            world.wire.before("documents.record", partial(world.documents.change, 0, views=number))
        report = await world.start()
        row = world.documents.row(0)
        assert (report.counters.conflicts, report.open_documents, report.state) == (3, 1, RunState.STOPPED)
        assert (row.is_processed, row.stored, row.failed) == (False, (), ())

    async def test_a_document_that_is_deleted_meanwhile(self) -> None:
        world = World()
        add_documents(world, 2)
        world.wire.before("documents.record", lambda: world.documents.delete(0))
        report = await world.start()
        assert (report.state, report.open_documents, report.counters.conflicts) == (RunState.COMPLETE, 0, 0)
        assert report.counters.documents_complete == 1

    async def test_one_that_another_tool_processes_meanwhile_is_its_own(self) -> None:
        world = World()
        add_documents(world, 1)
        world.wire.before("documents.record", lambda: world.documents.replace_row(0, is_processed=True))
        report = await world.start()
        assert (report.counters.conflicts, report.counters.documents_complete) == (1, 0)
        assert world.documents.row(0).run_id is None

    async def test_results_that_do_not_fit_fail_the_document(self) -> None:
        world = World(largest_bytes=5000)
        add_documents(world, 1)
        add_many = [f"{HOST}/many/{number}.jpg" for number in range(60)]
        world.documents.insert(id=1, vehicle_name="v", exterior_images=add_many)
        report = await world.start()
        assert (report.counters.documents_failed, report.counters.documents_complete) == (1, 1)
        assert report.state is RunState.COMPLETE_WITH_FAILURES, "no later start will do better"
        [(document_id, reason)] = world.runs.document_failures
        assert document_id == 1
        assert "16 MB" in reason
        assert not world.documents.row(1).is_processed


class TestOneAtATime:
    async def test_a_second_start_while_one_runs_is_busy(self) -> None:
        world = World()
        add_documents(world, 30)
        world.images.seconds_per_image = 5.0
        first = asyncio.create_task(world.start())
        await asyncio.sleep(3)
        with pytest.raises(BusyError, match="is being worked on by process"):
            await world.start()
        assert (await first).state is RunState.COMPLETE

    async def test_a_process_that_slept_cannot_write(self) -> None:
        world = World()
        add_documents(world, 4)
        for number in range(4):
            world.images.hanging.add(f"{HOST}/{number}/1.jpg")
        sleeper = asyncio.create_task(world.start())
        await asyncio.sleep(2)
        # Its beats do not get through; another process sees one lease of silence and takes over.
        silence(world)
        world.images.hanging.clear()
        report = await world.start()
        assert report.state is RunState.COMPLETE
        with pytest.raises(BusyError, match="taken over by another process"):
            await sleeper
        assert world.runs.newest.state is RunState.COMPLETE
        assert world.runs.newest.counters == report.counters
        assert (await world.verify()).difference_count == 0


def break_between(world: World, service: str, start: float, end: float) -> None:
    """Take a service away for a while, in seconds from now."""
    loop = asyncio.get_running_loop()
    loop.call_later(start, world.wire.down.add, service)
    loop.call_later(end, world.wire.down.discard, service)


def silence(world: World) -> None:
    """Hold back the next beat until the lease has long run out."""
    world.wire.before("runs.beat", lambda: asyncio.sleep(40))
