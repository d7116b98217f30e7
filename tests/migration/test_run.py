"""A run from its start to its end: outcomes, stops, outages, conflicts, options, counters."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from opsctl.errors import AccessDeniedError, BusyError, NotFoundError, UnavailableError, UsageError
from opsctl.migration.models import Download, FailureClass, RunState, Selection
from opsctl.migration.run_record import BUCKET_SECONDS
from tests.fakes.images import GONE, LATER, jpeg
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


class TestToTheEnd:
    async def test_every_field_of_a_complete_document(self) -> None:
        world = World()
        world.documents.insert(
            id="x",
            vehicle_name="현대 투싼",
            main_image=f"{HOST}/m.jpg",
            exterior_images=[f"{HOST}/1.jpg", f"{HOST}/gone.jpg", f"{HOST}/1.jpg"],
            color_images=[{"color_name": "흰색", "image_url": f"{HOST}/w.jpg", "hex": "#fff"}],
        )
        world.images.answers[f"{HOST}/gone.jpg"] = [GONE]
        report = await world.start()
        row = world.documents.row("x")
        urls = {entry.original_url: entry.s3_url for entry in row.stored}
        assert row.results == {
            "s3_main_image": urls[f"{HOST}/m.jpg"],
            "s3_exterior_images": [urls[f"{HOST}/1.jpg"], None, urls[f"{HOST}/1.jpg"]],
            "s3_color_images": [{"color_name": "흰색", "image_url": urls[f"{HOST}/w.jpg"], "hex": "#fff"}],
        }
        assert world.images.count(f"{HOST}/1.jpg") == 1
        assert [(f.ref.url, f.failure_class, f.attempts) for f in row.failed] == [
            (f"{HOST}/gone.jpg", FailureClass.GONE, 1)
        ]
        assert (report.state, report.open_documents) == (RunState.COMPLETE_WITH_FAILURES, 0)
        assert report.failed_by_class == {"gone": 1}
        counters = report.counters
        assert (counters.documents_complete, counters.images_stored, counters.images_failed) == (1, 3, 1)
        assert (counters.requests, counters.images_found, counters.conflicts) == (4, 0, 0)
        assert counters.bytes_stored == sum(len(entry.body) for entry in world.objects.stored.values())
        assert (report.plan.documents, report.plan.images) == (1, 4)

    async def test_more_documents_than_fit_into_queue_chunk_and_page(self) -> None:
        world = World(limits=replace(LIMITS, workers=3))
        add_documents(world, 230)
        report = await world.start()
        assert (report.state, report.counters.images_stored) == (RunState.COMPLETE, 460)
        assert len(world.objects.stored) == 460
        record = world.runs.newest
        assert (record.counters, record.plan) == (report.counters, report.plan)
        assert (record.lease.owner, record.in_flight, record.state) == (None, (), RunState.COMPLETE)

    async def test_nothing_to_do_is_complete(self) -> None:
        report = await World().start()
        assert (report.state, report.plan.documents, report.open_documents) == (RunState.COMPLETE, 0, 0)

    async def test_a_second_start_after_the_end_is_a_new_run_and_does_nothing(self) -> None:
        world = World()
        add_documents(world, 3)
        first = await world.start()
        requests = len(world.images.requests)
        second = await world.start()
        assert (first.run_id, second.run_id) == ("vehicles-1", "vehicles-2")
        assert (second.state, second.counters.requests, len(world.images.requests)) == (RunState.COMPLETE, 0, requests)

    async def test_progress_is_told_each_second_and_at_the_end(self) -> None:
        world = World()
        add_documents(world, 4)
        world.images.seconds_per_image = 5.0
        await world.start()
        assert [p.phase for p in world.progress][-1] == "done"
        assert world.progress[-1].counters.images_stored == 8
        assert len(world.progress) >= 5

    async def test_buckets_add_up_to_what_was_done(self) -> None:
        world = World(limits=replace(LIMITS, workers=1, per_host_concurrency=1))
        add_documents(world, 20)
        world.images.seconds_per_image = 3.0
        report = await world.start()
        buckets = world.runs.newest.buckets
        assert sum(bucket.images for bucket in buckets) == report.counters.images_finished == 40
        assert sum(bucket.documents for bucket in buckets) == 20
        assert len(buckets) >= 8
        assert all(BUCKET_SECONDS <= bucket.seconds < 2 * BUCKET_SECONDS for bucket in buckets[:-1])


class TestLaterImages:
    async def test_a_transient_failure_leaves_its_document_open_and_keeps_the_rest(self) -> None:
        world = World()
        add_documents(world, 1, images=3)
        world.images.answers[f"{HOST}/0/1.jpg"] = [LATER]
        for visit in (1, 2):
            report = await world.start()
            row = world.documents.row(0)
            assert (report.state, report.open_documents) == (RunState.STOPPED, 1)
            assert (row.is_processed, len(row.stored), row.results) == (False, 2, {})
            assert [(f.failure_class, f.attempts) for f in row.failed] == [(FailureClass.LATER, visit)]
            assert report.counters.images_later == 1
        report = await world.start()
        row = world.documents.row(0)
        assert (row.is_processed, [f.failure_class for f in row.failed]) == (True, [FailureClass.EXHAUSTED])
        assert row.results["s3_exterior_images"] == [None, row.stored[1].s3_url]
        assert report.state is RunState.COMPLETE_WITH_FAILURES
        assert world.images.count(f"{HOST}/0/main.jpg") == 1
        assert world.images.count(f"{HOST}/0/1.jpg") == 9

    async def test_retry_failed_opens_final_failures_again(self) -> None:
        world = World()
        add_documents(world, 2)
        world.images.answers[f"{HOST}/1/1.jpg"] = [GONE, Download(jpeg("back"))]
        assert (await world.start()).state is RunState.COMPLETE_WITH_FAILURES
        assert (await world.start()).counters.requests == 0
        report = await world.start(Selection(retry_failed=True))
        row = world.documents.row(1)
        assert (report.counters.images_stored, report.counters.images_failed) == (1, 0)
        assert (row.failed, row.results["s3_exterior_images"]) == ((), [row.stored[1].s3_url])
        assert report.state is RunState.COMPLETE, "no failure is left"
        assert (report.plan.documents_open, report.plan.images_remaining) == (1, 1)

    async def test_retry_failed_keeps_a_failure_that_fails_only_for_now(self) -> None:
        world = World()
        add_documents(world, 1)
        world.images.answers[f"{HOST}/0/1.jpg"] = [GONE, LATER]
        await world.start()
        report = await world.start(Selection(retry_failed=True))
        row = world.documents.row(0)
        assert (row.is_processed, [f.failure_class for f in row.failed]) == (True, [FailureClass.GONE])
        assert report.state is RunState.COMPLETE_WITH_FAILURES

    async def test_retry_failed_is_not_complete_while_documents_are_open(self) -> None:
        world = World()
        add_documents(world, 1)
        world.images.answers[f"{HOST}/0/1.jpg"] = [LATER]
        report = await world.start(Selection(retry_failed=True))
        assert (report.state, report.open_documents) == (RunState.STOPPED, 1)


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


class TestOptions:
    async def test_one_type_leaves_the_others_open(self) -> None:
        world = World()
        add_documents(world, 2)
        report = await world.start(Selection(image_types=("basic",)))
        assert (report.state, report.open_documents) == (RunState.STOPPED, 2)
        assert {entry.image_type for row in world.documents.rows for entry in row.stored} == {"basic"}
        requests = len(world.images.requests)
        report = await world.start(Selection(image_types=("basic",)))
        assert len(world.images.requests) == requests
        assert (await world.start()).state is RunState.COMPLETE
        assert len(world.images.requests) == 4

    async def test_an_unknown_type_is_a_wrong_call(self) -> None:
        world = World()
        with pytest.raises(UsageError, match="no image type 'colour'"):
            await world.start(Selection(image_types=("colour",)))
        assert world.wire.calls == []

    async def test_limit(self) -> None:
        world = World()
        add_documents(world, 5)
        report = await world.start(Selection(limit=2))
        assert (report.state, report.state_reason) == (RunState.STOPPED, "the limit of documents was reached")
        assert (report.counters.documents_complete, report.open_documents) == (2, 3)
        report = await world.start(Selection(limit=3))
        assert (report.state, report.open_documents) == (RunState.COMPLETE, 0)

    async def test_where(self) -> None:
        world = World()
        add_documents(world, 3)
        world.documents.insert(id="k", vehicle_name="기아", brand="kia", main_image=f"{HOST}/k.jpg")
        report = await world.start(Selection(where='{"brand": "kia"}'))
        assert (report.plan.documents, report.state, report.open_documents) == (1, RunState.COMPLETE, 0)
        assert [row.original["_id"] for row in world.documents.rows if row.is_processed] == ["k"]

    async def test_a_dry_run_reads_only(self) -> None:
        world = World()
        add_documents(world, 3)
        world.documents.insert(id="b", main_image="ftp://x/y", image_url=f"http://other/{1}")
        report = await world.plan(Selection(limit=4))
        assert report.dry_run
        assert [(host.host, host.images) for host in report.planned_hosts] == [
            ("img.example.com", 6),
            (None, 1),
            ("other", 1),
        ]
        assert (report.plan.documents, report.plan.images, report.open_documents) == (4, 8, 4)
        assert {name.partition(".")[2] for name in world.wire.calls} == {"check", "page"}
        assert (world.images.requests, world.runs.records) == ([], {})

    async def test_what_the_old_job_left_is_taken_over(self) -> None:
        world = World()
        add_documents(world, 3)
        await world.start()
        before = {row.original["_id"]: row for row in world.documents.rows}
        # The old Job writes no ledger; it was stopped inside the second document, and never reached the third.
        world.documents.replace_row(0, source_digest=None, run_id=None, written_at=None)
        for number in (1, 2):
            blank: dict[str, object] = {
                "stored": (),
                "results": {},
                "source_digest": None,
                "run_id": None,
                "written_at": None,
            }
            world.documents.replace_row(number, is_processed=False, **blank)
        for entry in before[2].stored:
            del world.objects.stored[entry.key]
        world.runs.records.clear()
        world.images.requests.clear()
        report = await world.start()
        assert report.state is RunState.COMPLETE
        assert {request.url for request in world.images.requests} == {f"{HOST}/2/main.jpg", f"{HOST}/2/1.jpg"}
        assert report.counters.images_found == 2
        assert [e.key for e in world.documents.row(1).stored] == [e.key for e in before[1].stored]


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
