"""Bounds that hold whatever the hosts and the bucket do: bodies in memory, documents in flight, limits, selections."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from opsctl.errors import UnavailableError
from opsctl.migration.models import FailureClass, RunState, Selection
from opsctl.migration.pipeline import CHUNK_DOCUMENTS
from opsctl.migration.report import MigrationReport
from opsctl.migration.room import BodyRoom, ByteBudget
from opsctl.migration.run_record import ProcessIdentity, current_process
from opsctl.migration.start import migrate_images
from tests.fakes.images import GONE, LATER
from tests.fakes.world import LIMITS, World
from tests.migration.test_run import HOST, add_documents


class TestMemory:
    async def test_no_more_bodies_than_workers_while_the_bucket_is_slow(self) -> None:
        world = World()
        add_documents(world, 4, images=40)
        seen: list[int] = []

        async def put_slowly() -> None:
            seen.append(len(world.images.requests) - len(world.objects.stored))
            await asyncio.sleep(5)

        for _ in range(160):
            world.wire.before("objects.put_new", put_slowly)
        report = await world.start()
        assert report.state is RunState.COMPLETE
        assert max(seen) <= LIMITS.workers

    async def test_large_bodies_share_one_room_and_the_wait_is_nobodys_fault(self) -> None:
        budget = ByteBudget(10)
        alive: list[int] = []

        async def hold(size_bytes: int) -> None:
            async with asyncio.timeout(2) as deadline:
                room = BodyRoom(budget, deadline)
                await room.reserve(size_bytes)
                alive.append(size_bytes)
                assert sum(alive) <= 10 or alive == [size_bytes]
                await asyncio.sleep(1.5)
                alive.remove(size_bytes)
                await room.release()

        await asyncio.gather(*(hold(size) for size in (6, 6, 3, 3, 50, 1)))

    async def test_a_body_that_waits_for_room_is_not_late(self) -> None:
        world = World(limits=replace(LIMITS, timeout_seconds=2.0))
        world.images.seconds_per_image = 1.5
        add_documents(world, 8, images=1)
        for number in range(8):
            world.images.large[f"{HOST}/{number}/main.jpg"] = 64 * 1024 * 1024
        report = await world.start()
        assert (report.state, report.counters.images_later) == (RunState.COMPLETE, 0)


class TestInFlight:
    async def test_documents_without_an_image_of_the_type_do_not_pile_up(self) -> None:
        world = World()
        add_documents(world, 450)
        await world.start(Selection(image_types=("color",)))
        [record] = world.runs.records.values()
        assert len(record.in_flight) <= CHUNK_DOCUMENTS + LIMITS.workers

    async def test_a_document_that_changed_under_every_try_stays_known(self) -> None:
        world = World()
        world.documents.insert(id=0, price=0, main_image=f"{HOST}/0/main.jpg")
        for price in range(1, 4):
            world.wire.before("documents.record", lambda price=price: world.documents.change(0, price=price))  # type: ignore[misc]
        report = await world.start()
        [record] = world.runs.records.values()
        assert (report.counters.conflicts, record.in_flight) == (3, (0,))
        requests = len(world.images.requests)
        assert (await world.start()).state is RunState.COMPLETE
        assert len(world.images.requests) == requests, "what is in the bucket is found there"


class TestSelections:
    async def test_retrying_one_type_does_not_hide_the_failures_of_another(self) -> None:
        world = World()
        add_documents(world, 1)
        world.images.answers[f"{HOST}/0/main.jpg"] = [GONE]
        await world.start()
        report = await world.start(Selection(retry_failed=True, image_types=("color",)))
        assert report.state is RunState.COMPLETE_WITH_FAILURES
        assert report.plan.images_unselected == 1

    async def test_visits_are_counted_across_types(self) -> None:
        world = World()
        add_documents(world, 1)
        world.images.answers[f"{HOST}/0/main.jpg"] = [LATER]
        world.images.answers[f"{HOST}/0/1.jpg"] = [LATER]
        await world.start()
        await world.start(Selection(image_types=("basic",)))
        await world.start(Selection(image_types=("exterior",)))
        attempts = {failure.ref.image_type: failure.attempts for failure in world.documents.row(0).failed}
        assert attempts == {"basic": 2, "exterior": 2}
        await world.start()
        assert [f.failure_class for f in world.documents.row(0).failed] == [FailureClass.EXHAUSTED] * 2

    async def test_the_plan_counts_the_chosen_types_only(self) -> None:
        world = World()
        add_documents(world, 3)
        report = await world.start(Selection(image_types=("basic",)))
        assert (report.plan.images, report.counters.images_stored) == (3, 3)

    async def test_a_limit_of_retries_goes_on_behind_what_was_tried(self) -> None:
        world = World()
        add_documents(world, 6)
        for number in range(6):
            world.images.answers[f"{HOST}/{number}/main.jpg"] = [GONE]
        await world.start()
        selection = Selection(retry_failed=True, limit=2)
        for expected in (2, 4, 6):
            world_before = {row.original["_id"]: row.written_at for row in world.documents.rows}
            await world.start(selection)
            changed = [row for row in world.documents.rows if row.written_at != world_before[row.original["_id"]]]
            assert len(changed) == 2, expected

    async def test_documents_that_lack_nothing_take_no_part_of_the_limit(self) -> None:
        world = World()
        add_documents(world, 4)
        world.images.answers[f"{HOST}/3/main.jpg"] = [GONE]
        await world.start()
        for number in range(4):
            world.documents.replace_row(number, run_id=None, written_at=None, failed=(), source_digest=None)
        selection = Selection(retry_failed=True, limit=1)
        planned = await world.plan(selection)
        assert sum(host.images for host in planned.planned_hosts) == 1
        report = await world.start(selection)
        assert report.counters.images_failed == 1


class TestEnds:
    async def test_a_run_that_an_error_ends_still_reports(self) -> None:
        world = World(limits=replace(LIMITS, outage_seconds=3.0))
        add_documents(world, 3)
        world.wire.before("objects.put_new", lambda: world.wire.down.add("objects"))
        reports: list[MigrationReport] = []
        with pytest.raises(UnavailableError):
            await migrate_images(
                world.settings(),
                world.services,
                owner_id="one",
                stop=asyncio.Event(),
                on_progress=lambda _moment: None,
                on_cut_short=reports.append,
            )
        [report] = reports
        assert (report.state, report.open_documents) == (RunState.STOPPED, 3)
        assert report.state_reason == "objects.put_new does not answer"

    async def test_a_refused_put_of_nothing_is_tried_again_and_never_the_images_fault(self) -> None:
        world = World()
        add_documents(world, 1, images=1)
        world.objects.refuse_once = True
        assert (await world.start()).state is RunState.COMPLETE


def test_a_process_of_an_unknown_boot_is_not_called_dead() -> None:
    mine = current_process()
    unknown = ProcessIdentity(mine.host, "", mine.namespace, 2**22 - 1, "never")
    assert not unknown.is_dead_here()
