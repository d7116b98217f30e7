"""Every kind of difference between documents and bucket, and what is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from opsctl.errors import NotFoundError, UnavailableError
from opsctl.migration.failures import read_failures
from opsctl.migration.models import Selection
from opsctl.migration.verify import EXAMPLES, DifferenceKind, VerifyReport
from tests.fakes.images import GONE, LATER, jpeg
from tests.fakes.world import World

HOST = "https://img.example.com"


async def make_done_world(ids: tuple[object, ...] = ("ab", "ab-1", "ab0", 7)) -> World:
    """A migrated collection; half a minute passes, so that nothing in the bucket is new."""
    world = World()
    for document_id in ids:
        world.documents.insert(
            id=document_id,
            vehicle_name="차",
            main_image=f"{HOST}/{document_id}.jpg",
            color_images=[{"name": "흰색", "url": f"{HOST}/{document_id}-w.jpg", "n": float("nan")}],
        )
    await world.start()
    await world.clock.sleep(30)
    return world


def kinds(report: VerifyReport) -> dict[str, int]:
    return {kind: count for kind, count in report.by_kind.items() if count}


def key_of(world: World, document_id: object, number: int = 0) -> str:
    return world.documents.row(document_id).stored[number].key


class TestNoDifference:
    async def test_a_migrated_collection(self) -> None:
        world = await make_done_world()
        report = await world.verify()
        assert (report.documents, report.documents_processed, report.documents_verified) == (4, 4, 4)
        assert (report.images, report.objects, report.difference_count) == (8, 8, 0)
        assert report.size_bytes == sum(len(entry.body) for entry in world.objects.stored.values())
        assert set(report.by_kind) == {kind.value for kind in DifferenceKind}
        assert report.gaps == replace(report.gaps, documents_without_digest=0, newer_objects=0)

    async def test_ids_whose_order_is_not_that_of_their_keys(self) -> None:
        ids = ("ab", "ab-1", "ab!", "ab.", "ab0", "a", "AB", "현대", "현대-1", "\U0001f697", "\uff21", 1, 10, 9, -1)
        report = await (await make_done_world(ids)).verify()
        assert (report.difference_count, report.documents_verified, report.objects) == (0, len(ids), 2 * len(ids))

    async def test_a_partial_document(self) -> None:
        world = World()
        world.documents.insert(id=1, main_image=f"{HOST}/1.jpg", image_url=f"{HOST}/2.jpg")
        world.images.answers[f"{HOST}/2.jpg"] = [LATER]
        await world.start()
        report = await world.verify()
        assert (report.documents_processed, report.images, report.difference_count) == (0, 1, 0)

    async def test_an_empty_bucket_and_collection(self) -> None:
        report = await World().verify()
        assert (report.documents, report.objects, report.difference_count) == (0, 0, 0)

    async def test_objects_outside_of_the_collection_are_not_its_business(self) -> None:
        world = await make_done_world()
        for key in ("images/vehicles", "images/vehicles-2/x.jpg", "other.jpg", "images/other/x.jpg"):
            world.objects.place(key, b"x")
        assert (await world.verify()).objects == 8


class TestDifferences:
    @pytest.mark.parametrize("document_id", ["ab", "ab-1", "ab0", 7])
    async def test_missing_object(self, document_id: object) -> None:
        world = await make_done_world()
        key = key_of(world, document_id)
        del world.objects.stored[key]
        report = await world.verify()
        assert kinds(report) == {"missing-object": 1}
        [difference] = report.differences
        assert (difference.document_id, difference.key) == (str(document_id), key)

    async def test_all_objects_missing(self) -> None:
        world = await make_done_world()
        world.objects.stored.clear()
        assert kinds(await world.verify()) == {"missing-object": 8}

    async def test_size_mismatch(self) -> None:
        world = await make_done_world()
        world.objects.change(key_of(world, "ab-1"), b"shorter")
        report = await world.verify()
        assert kinds(report) == {"size-mismatch": 1}
        assert report.differences[0].detail.endswith("the object has 7")

    async def test_orphan_objects_before_between_and_after(self) -> None:
        world = await make_done_world()
        early = world.clock.now() - timedelta(days=1)
        keys = [f"images/vehicles/{name}/x.jpg" for name in ("0", "ab-0", "ab-2", "zz")]
        for key in keys:
            world.objects.place(key, b"x", modified_at=early)
        report = await world.verify()
        assert kinds(report) == {"orphan-object": 4}
        assert [difference.key for difference in report.differences] == keys

    async def test_source_changed(self) -> None:
        world = await make_done_world()
        world.documents.change("ab", price=1)
        report = await world.verify()
        assert (kinds(report), report.documents_verified) == ({"source-changed": 1}, 3)

    async def test_result_mismatch(self) -> None:
        world = await make_done_world()
        results = {**world.documents.row("ab").results, "s3_main_image": None}
        world.documents.replace_row("ab", results=results)
        report = await world.verify()
        assert (kinds(report), report.differences[0].document_id) == ({"result-mismatch": 1}, "ab")

    async def test_a_result_that_is_missing_or_too_many(self) -> None:
        world = await make_done_world()
        world.documents.replace_row("ab", results={})
        world.documents.replace_row("ab0", results={**world.documents.row("ab0").results, "s3_image_url": "x"})
        assert kinds(await world.verify()) == {"result-mismatch": 2}

    async def test_all_are_counted_and_a_thousand_are_shown(self) -> None:
        world = await make_done_world()
        early = world.clock.now() - timedelta(days=1)
        for number in range(EXAMPLES + 50):
            world.objects.place(f"images/vehicles/orphan/{number}.jpg", b"", modified_at=early)
        report = await world.verify()
        assert (report.difference_count, len(report.differences)) == (EXAMPLES + 50, EXAMPLES)


class TestGaps:
    async def test_documents_of_another_tool(self) -> None:
        world = await make_done_world()
        row = world.documents.row("ab")
        entries = tuple(replace(entry, size_bytes=None, sha256=None) for entry in row.stored)
        world.documents.replace_row("ab", source_digest=None, run_id=None, written_at=None, stored=entries)
        report = await world.verify()
        assert (report.difference_count, report.documents_verified) == (0, 3)
        assert (report.gaps.documents_without_digest, report.gaps.images_without_size) == (1, 2)

    async def test_objects_that_appear_while_it_runs(self) -> None:
        world = await make_done_world()
        world.wire.before("objects.list", partial(world.objects.place, "images/vehicles/new/x.jpg", b"x"))
        report = await world.verify()
        assert (report.difference_count, report.gaps.newer_objects) == (0, 1)

    async def test_the_second_of_the_beginning_is_new(self) -> None:
        world = await make_done_world()
        await world.clock.sleep(0.7)
        second = world.clock.now().replace(microsecond=0)
        world.objects.place("images/vehicles/new/x.jpg", b"x", modified_at=second)
        world.objects.place("images/vehicles/old/x.jpg", b"x", modified_at=second - timedelta(seconds=1))
        report = await world.verify()
        assert (kinds(report), report.gaps.newer_objects) == ({"orphan-object": 1}, 1)

    async def test_images_in_another_bucket_or_prefix(self) -> None:
        world = await make_done_world()
        first, second = world.documents.row("ab").stored
        entries = (replace(first, bucket="other"), replace(second, key="old/place.jpg"))
        early = world.clock.now() - timedelta(days=1)
        for entry in (first, second):
            world.objects.place(entry.key, jpeg(entry.original_url), modified_at=early)
        world.documents.replace_row("ab", stored=entries)
        report = await world.verify()
        assert (report.gaps.images_elsewhere, kinds(report)) == (2, {"orphan-object": 2})


class TestSharedObjects:
    async def test_two_entries_for_one_object(self) -> None:
        world = World()
        colours = [{"name": name, "url": f"{HOST}/1.jpg"} for name in ("\u00e9", "e\u0301")]
        world.documents.insert(id=1, color_images=colours)
        await world.start()
        report = await world.verify()
        assert (report.images, report.objects, report.difference_count) == (2, 1, 0)
        world.objects.stored.clear()
        assert kinds(await world.verify()) == {"missing-object": 2}


class TestErrors:
    @pytest.mark.parametrize("service", ["objects", "documents"])
    async def test_an_outage_is_no_difference(self, service: str) -> None:
        world = await make_done_world()
        world.wire.before("documents.page", lambda: world.wire.down.add(service))
        with pytest.raises(UnavailableError):
            await world.verify()

    async def test_a_missing_bucket(self) -> None:
        world = await make_done_world()
        world.objects.exists = False
        with pytest.raises(NotFoundError):
            await world.verify()


class TestFailures:
    async def test_recorded_and_unrecorded(self) -> None:
        world = World()
        for number in range(3):
            world.documents.insert(id=number, main_image=f"{HOST}/{number}.jpg", image_url=f"{HOST}/{number}-2.jpg")
        world.images.answers[f"{HOST}/0.jpg"] = [GONE]
        world.images.answers[f"{HOST}/1.jpg"] = [LATER]
        await world.start()
        entries = world.documents.row(2).stored[:1]
        world.documents.replace_row(2, stored=entries, source_digest=None, run_id=None, written_at=None)
        found = [f async for f in read_failures(world.documents, world.mapping, classes=frozenset())]
        assert [(f.document_id, f.failure_class, f.is_final, f.attempts) for f in found] == [
            ("0", "gone", True, 1),
            ("1", "later", False, 1),
            ("2", None, True, 0),
        ]
        assert found[2].url == f"{HOST}/2-2.jpg"
        for classes, expected in (({"gone"}, ["0"]), ({"unrecorded", "later"}, ["1", "2"]), ({"refused"}, [])):
            chosen = read_failures(world.documents, world.mapping, classes=frozenset(classes))
            assert [f.document_id async for f in chosen] == expected

    async def test_after_they_were_stored_they_are_gone(self) -> None:
        world = World()
        world.documents.insert(id=1, main_image=f"{HOST}/1.jpg")
        world.images.answers[f"{HOST}/1.jpg"] = [GONE]
        await world.start()
        world.images.answers.clear()
        await world.start(Selection(retry_failed=True))
        assert [f async for f in read_failures(world.documents, world.mapping, classes=frozenset())] == []
