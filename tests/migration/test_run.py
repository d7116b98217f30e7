"""A run from its start to its end: outcomes, later images, options, progress, counters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsctl.errors import UsageError
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
