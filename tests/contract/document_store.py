"""What the migration relies on in a `DocumentStore`: the same tests for the fake and for the adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol

import pytest
from bson import ObjectId

from opsctl.errors import NotFoundError
from opsctl.lab.sample_data import build_sample
from opsctl.migration.clock import SystemClock
from opsctl.migration.fence import Fence
from opsctl.migration.models import (
    BEFORE_ALL,
    DocumentId,
    DocumentUpdate,
    DocumentView,
    FailureClass,
    IdRange,
    ImageFailure,
    ImageMapping,
    ImageRef,
    PageToken,
    RecordOutcome,
    Selection,
    SourceDocument,
    StoredImage,
)
from opsctl.migration.patience import Patience
from opsctl.migration.plan import plan_document, result_fields
from opsctl.migration.ports import DocumentStore

WHEN = datetime(2025, 12, 23, 6, 26, 15, 123000, tzinfo=UTC)
MAPPING = ImageMapping(base_url="http://127.0.0.1:1/")
PLAN, OPEN, ALL = DocumentView.PLAN, DocumentView.OPEN, DocumentView.ALL


class DocumentStage(Protocol):
    """A store, and the hands of others on its collection."""

    @property
    def store(self) -> DocumentStore: ...

    async def insert(self, *documents: Mapping[str, Any]) -> None: ...

    async def change(self, document_id: DocumentId, fields: Mapping[str, Any]) -> None: ...

    async def delete(self, document_id: DocumentId) -> None: ...


class DocumentStoreContract:
    """Derive from it, and give it a fixture `stage` whose collection is there and empty."""

    async def test_a_missing_collection_is_told(self, absent: DocumentStore) -> None:
        with pytest.raises(NotFoundError):
            await absent.check()

    async def test_an_existing_one_is_not(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1})
        await stage.store.check()

    # -- reading

    async def test_every_document_comes_once_type_by_type_in_order(self, stage: DocumentStage) -> None:
        numbers: list[Any] = [-3, 0, 1.5, 2, 10**12]
        texts = ["", "AB", "a", "ab", "ab-1", "ab0", "ab가", "현대", "\U0001f697", *(f"t{n:03d}" for n in range(620))]
        object_ids = [ObjectId(f"{n:024x}") for n in range(1, 130)]
        other = [False, True, datetime(1955, 1, 1, tzinfo=UTC), WHEN]
        await stage.insert(*({"_id": document_id} for document_id in [*object_ids, *other, *texts, *numbers]))
        expected = [*numbers, *sorted(texts, key=str.encode), *object_ids, *other]
        for view in DocumentView:
            assert [document.id for document in await read_all(stage.store, view)] == expected
        assert await stage.store.count_open(Selection()) == len(expected)

    async def test_ranges_that_meet_hold_every_document_once(self, stage: DocumentStage) -> None:
        ids: list[Any] = [*range(5), *(f"t{n:04d}" for n in range(1200)), *(ObjectId(f"{n:024x}") for n in range(1, 9))]
        await stage.insert(*({"_id": document_id} for document_id in [*ids, False, WHEN]))
        places = await read_places(stage.store)
        assert [place[1] for place in places] == [*ids, False, WHEN]
        # In front of all, inside and at the ends of kinds, one behind the other, and an empty range.
        cuts = [None, BEFORE_ALL, *(places[n] for n in (1, 4, 5, 600, 600, 1204, 1207, 1212)), places[-1], None]
        seen: list[DocumentId] = []
        for after, upto in pairwise(cuts):
            part = await read_all(stage.store, ALL, within=IdRange(after, upto))
            assert await stage.store.count_open(Selection(), IdRange(after, upto)) == len(part)
            seen += [document.id for document in part]
        assert seen == [*ids, False, WHEN]

    async def test_a_range_knows_the_filter_and_the_view(self, stage: DocumentStage) -> None:
        await stage.insert(*({"_id": n, "brand": "ab"[n % 2]} for n in range(10)))
        document = await read_one(stage.store, 6)
        update = DocumentUpdate(document, "vehicles-1", {}, (), (), WHEN)
        assert await stage.store.record(update) is RecordOutcome.RECORDED
        within = IdRange((0, 2), (0, 8))
        chosen = Selection(where='{"brand": "a"}')
        assert [d.id for d in await read_all(stage.store, ALL, chosen, within)] == [4, 6, 8]
        assert [d.id for d in await read_all(stage.store, OPEN, chosen, within)] == [4, 8]
        assert await stage.store.count_open(chosen, within) == 2

    async def test_documents_that_come_and_go_between_pages(self, stage: DocumentStage) -> None:
        await stage.insert(*({"_id": f"{n:04d}"} for n in range(0, 1400, 2)))
        seen: list[DocumentId] = []
        after: PageToken | None = None
        while True:
            page = await stage.store.page(Selection(), ALL, after)
            seen += [document.id for document in page.documents]
            after = page.next
            if after is None:
                break
            if len(seen) == len(page.documents) and page.documents:
                await stage.delete(page.documents[-1].id)
                await stage.insert({"_id": f"{page.documents[-1].id}x"})
        assert seen == sorted(str(document_id) for document_id in seen)
        assert len(seen) == 701

    async def test_a_plan_reads_only_what_a_plan_needs(self, stage: DocumentStage) -> None:
        original = {"_id": 1, "vehicle_name": "v", "name": "n", "main_image": "u", "color_images": [{"url": "u"}]}
        await stage.insert({**original, "price": 5, "description": "x" * 1000})
        [document] = await read_all(stage.store, PLAN)
        assert document.original == original
        assert document.digest == ""
        [document] = await read_all(stage.store, ALL)
        assert document.original["price"] == 5
        assert document.digest
        assert document.size_bytes > 1000

    async def test_the_filter_of_the_user(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "brand": "현대"}, {"_id": 2, "brand": "기아"}, {"_id": "x", "brand": "기아"})
        selection = Selection(where='{"brand": "기아"}')
        for view in DocumentView:
            assert [document.id for document in await read_all(stage.store, view, selection)] == [2, "x"]
        await self.complete(stage, 2)
        assert [document.id for document in await read_all(stage.store, OPEN, selection)] == ["x"]
        assert await stage.store.count_open(selection) == 1

    async def test_large_documents_come_in_small_pages(self, stage: DocumentStage) -> None:
        await stage.insert(*({"_id": n, "text": "x" * 3_000_000} for n in range(8)))
        page = await stage.store.page(Selection(), ALL, None)
        assert sum(document.size_bytes for document in page.documents) < 16 * 1024 * 1024
        assert [document.id for document in await read_all(stage.store, ALL)] == list(range(8))

    # -- writing

    async def test_a_complete_update_reads_back_as_it_was_written(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "main_image": "a", "exterior_images": ["b", None], "price": 7})
        before = await read_one(stage.store, 1)
        assert (before.is_processed, before.run_id, before.written_at, before.results) == (False, None, None, {})
        update = make_update(before, stored=(entry("a"),), failed=(failure("b"),), is_complete=True)
        assert await stage.store.record(update) is RecordOutcome.RECORDED
        after = await read_one(stage.store, 1)
        assert (after.original, after.digest, after.size_bytes) == (before.original, before.digest, before.size_bytes)
        assert (after.is_processed, after.run_id, after.written_at) == (True, "run-1", WHEN)
        assert (after.stored, after.failed, after.results) == (update.stored, update.failed, update.results)
        assert after.source_digest == before.digest

    async def test_a_partial_update_leaves_it_open(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "main_image": "a", "image_url": "b"})
        before = await read_one(stage.store, 1)
        later = replace(failure("b"), failure_class=FailureClass.LATER, next_retry_at=WHEN + timedelta(minutes=2))
        update = make_update(before, stored=(entry("a"),), failed=(later,))
        assert await stage.store.record(update) is RecordOutcome.RECORDED
        [after] = await read_all(stage.store, OPEN)
        assert (after.is_processed, after.results, after.digest) == (False, {}, before.digest)
        assert (after.stored, after.failed, after.written_at) == ((entry("a"),), (later,), WHEN)
        complete = make_update(after, stored=(entry("a"), entry("b")), is_complete=True, at=WHEN + timedelta(seconds=1))
        assert await stage.store.record(complete) is RecordOutcome.RECORDED
        done = await read_one(stage.store, 1)
        assert (done.is_processed, done.stored, done.failed) == (True, complete.stored, ())
        assert await read_all(stage.store, OPEN) == []

    async def test_nothing_stored_and_nothing_failed_is_processed_too(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1})
        await self.complete(stage, 1)
        document = await read_one(stage.store, 1)
        assert (document.is_processed, document.stored) == (True, ())

    async def test_failures_are_opened_again_when_asked(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1}, {"_id": 2, "main_image": "b"}, {"_id": 3})
        await self.complete(stage, 1)
        await self.complete(stage, 2, failed=(failure("b"),))
        assert [document.id for document in await read_all(stage.store, OPEN)] == [3]
        retrying = Selection(retry_failed=True)
        assert [document.id for document in await read_all(stage.store, OPEN, retrying)] == [2, 3]
        assert await stage.store.count_open(retrying) == 1

    async def test_entries_keep_every_field(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "color_images": ["a"]})
        stored = (
            StoredImage("u 1", "color", "흰색/[x]\n", "차", "b", "k/é", "https://s/k", "ab", 2**40, "image/x", WHEN),
            StoredImage("u 2", "color", None, "", "", "", "", None, None, None, None),
        )
        failed = tuple(
            ImageFailure(ImageRef("color", color, f"{kind}"), kind, "왜", number, WHEN, WHEN if number else None)
            for number, (kind, color) in enumerate(zip(FailureClass, [None, "c"] * 5, strict=True))
        )
        await self.complete(stage, 1, stored=stored, failed=failed)
        document = await read_one(stage.store, 1)
        assert (document.stored, document.failed) == (stored, failed)

    async def test_every_peculiar_document_is_recorded_and_stays_what_it_was(self, stage: DocumentStage) -> None:
        sample = build_sample("http://127.0.0.1:1")
        documents = [sample.document(label) for label in sample.labels]
        await stage.insert(*documents)
        for number, document in enumerate(documents):
            before = await read_one(stage.store, document["_id"])
            plan = plan_document(before.original, MAPPING)
            urls = {image.ref: f"s3://{at}" for at, image in enumerate(plan.images)}
            results = result_fields(before.original, MAPPING, urls)
            update = DocumentUpdate(before, "run-1", results, (), (), WHEN + timedelta(seconds=number))
            assert await stage.store.record(update) is RecordOutcome.RECORDED, document["_id"]
            after = await read_one(stage.store, document["_id"])
            assert (after.digest, after.is_processed) == (before.digest, True)
            assert repr(after.results) == repr(results)

    # -- guards

    @pytest.mark.parametrize(
        ("before", "change"),
        [
            ({"main_image": "a"}, {"main_image": "b"}),
            ({"main_image": "a"}, {"main_image": ["a"]}),
            ({"main_image": "a"}, {"main_image": None}),
            ({"main_image": None}, {"main_image": "a"}),
            ({"main_image": None}, {"main_image": [None]}),
            ({}, {"main_image": "a"}),
            ({}, {"exterior_images": None}),
            ({"exterior_images": ["a", "b"]}, {"exterior_images": ["b", "a"]}),
            ({"color_images": [{"url": "a", "n": 1}]}, {"color_images": [{"n": 1, "url": "a"}]}),
            ({"price": 1}, {"price": 2}),
            ({"nested": {"a": [1, 2]}}, {"nested": {"a": [1, 3]}}),
        ],
    )
    async def test_a_document_that_changed_is_not_written(
        self, stage: DocumentStage, before: dict[str, Any], change: dict[str, Any]
    ) -> None:
        await stage.insert({"_id": 1, **before})
        seen = await read_one(stage.store, 1)
        await stage.change(1, change)
        assert await stage.store.record(make_update(seen, is_complete=True)) is RecordOutcome.CONFLICT
        now = await read_one(stage.store, 1)
        assert (now.is_processed, now.run_id) == (False, None)
        assert now.original == {"_id": 1, **before, **change}
        assert await stage.store.record(make_update(now, is_complete=True)) is RecordOutcome.RECORDED

    async def test_a_deleted_document_is_not_created_again(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1}, {"_id": 2})
        seen = await read_one(stage.store, 1)
        await stage.delete(1)
        assert await stage.store.record(make_update(seen, is_complete=True)) is RecordOutcome.CONFLICT
        assert await stage.store.read(1) is None
        assert len(await read_all(stage.store, ALL)) == 1

    @pytest.mark.parametrize("first_is_complete", [True, False])
    @pytest.mark.parametrize("second_is_complete", [True, False])
    async def test_what_another_run_wrote_meanwhile_stands(
        self, stage: DocumentStage, first_is_complete: bool, second_is_complete: bool
    ) -> None:
        await stage.insert({"_id": 1, "main_image": "a"})
        seen = await read_one(stage.store, 1)
        first = make_update(seen, stored=(entry("a"),), is_complete=first_is_complete)
        second = make_update(seen, is_complete=second_is_complete, at=WHEN + timedelta(seconds=1), run_id="run-2")
        assert await stage.store.record(first) is RecordOutcome.RECORDED
        assert await stage.store.record(second) is RecordOutcome.CONFLICT
        now = await read_one(stage.store, 1)
        assert (now.run_id, now.stored, now.is_processed) == ("run-1", (entry("a"),), first_is_complete)

    @pytest.mark.parametrize("is_complete", [True, False])
    async def test_the_same_update_again_changes_nothing(self, stage: DocumentStage, is_complete: bool) -> None:
        await stage.insert({"_id": 1, "main_image": "a"})
        update = make_update(await read_one(stage.store, 1), stored=(entry("a"),), is_complete=is_complete)
        assert await stage.store.record(update) is RecordOutcome.RECORDED
        once = await read_one(stage.store, 1)
        assert await stage.store.record(update) is RecordOutcome.CONFLICT
        assert await read_one(stage.store, 1) == once
        assert (once.run_id, once.written_at) == (update.run_id, update.finished_at), "so the writer knows its own"

    async def test_a_fence_shuts_every_kind_of_document_to_what_was_read_before(self, stage: DocumentStage) -> None:
        sample = build_sample("http://127.0.0.1:1")
        documents = [sample.document(label) for label in sample.labels]
        await stage.insert(*documents)
        seen = [await read_one(stage.store, document["_id"]) for document in documents]
        open_ids = tuple(document.id for document in seen if not document.is_processed)
        fence = Fence("run-2", stage.store, Patience(0.0, SystemClock(), asyncio.Event()), SystemClock())
        assert await fence.raise_around([document.id for document in seen]) == open_ids
        for before in seen:
            now = await read_one(stage.store, before.id)
            assert (now.digest, now.stored, now.failed) == (before.digest, before.stored, before.failed)
            if not before.is_processed:
                late = make_update(before, is_complete=True)
                assert await stage.store.record(late) is RecordOutcome.CONFLICT, before.id
                assert await stage.store.record(make_update(now, is_complete=True)) is RecordOutcome.RECORDED

    async def test_of_many_writers_one_wins(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "main_image": "a"})
        seen = await read_one(stage.store, 1)
        updates = [
            make_update(seen, is_complete=n % 2 == 0, at=WHEN + timedelta(seconds=n), run_id=f"run-{n}")
            for n in range(12)
        ]
        outcomes = await asyncio.gather(*(stage.store.record(update) for update in updates))
        assert outcomes.count(RecordOutcome.RECORDED) == 1
        winner = updates[outcomes.index(RecordOutcome.RECORDED)]
        assert (await read_one(stage.store, 1)).run_id == winner.run_id

    async def test_results_that_do_not_fit(self, stage: DocumentStage) -> None:
        await stage.insert({"_id": 1, "main_image": "a", "text": "x" * (15 * 1024 * 1024)})
        seen = await read_one(stage.store, 1)
        many = tuple(entry("a" * 1000 + str(n)) for n in range(1200))
        update = make_update(seen, stored=many, is_complete=True)
        assert await stage.store.record(update) is RecordOutcome.TOO_LARGE
        assert not (await read_one(stage.store, 1)).is_processed
        assert await stage.store.record(make_update(seen, is_complete=True)) is RecordOutcome.RECORDED

    async def complete(
        self,
        stage: DocumentStage,
        document_id: DocumentId,
        *,
        stored: tuple[StoredImage, ...] = (),
        failed: tuple[ImageFailure, ...] = (),
    ) -> None:
        seen = await read_one(stage.store, document_id)
        update = make_update(seen, stored=stored, failed=failed, is_complete=True)
        assert await stage.store.record(update) is RecordOutcome.RECORDED


async def read_all(
    store: DocumentStore, view: DocumentView, selection: Selection | None = None, within: IdRange | None = None
) -> list[SourceDocument]:
    found: list[SourceDocument] = []
    after: PageToken | None = None
    while True:
        page = await store.page(selection or Selection(), view, after, within)
        found += page.documents
        after = page.next
        if after is None:
            return found


async def read_places(store: DocumentStore) -> list[PageToken]:
    """The place of every document in reading order."""
    places: list[PageToken] = []
    after: PageToken | None = None
    while True:
        page = await store.page(Selection(), ALL, after)
        places += [(page.kind, document.id) for document in page.documents]
        after = page.next
        if after is None:
            return places


async def read_one(store: DocumentStore, document_id: DocumentId) -> SourceDocument:
    document = await store.read(document_id)
    assert document is not None
    return document


def make_update(
    document: SourceDocument,
    *,
    stored: tuple[StoredImage, ...] = (),
    failed: tuple[ImageFailure, ...] = (),
    is_complete: bool = False,
    at: datetime = WHEN,
    run_id: str = "run-1",
) -> DocumentUpdate:
    urls = {image.ref: image.s3_url for image in stored}
    results = result_fields(document.original, MAPPING, urls) if is_complete else None
    return DocumentUpdate(document, run_id, results, stored, failed, at)


def entry(url: str) -> StoredImage:
    return StoredImage(url, "basic", None, "차", "b", f"k/{url}", f"https://s/{url}", "ab" * 32, 5, "image/jpeg", WHEN)


def failure(url: str) -> ImageFailure:
    return ImageFailure(ImageRef("basic", None, url), FailureClass.GONE, "HTTP 404", 1, WHEN)
