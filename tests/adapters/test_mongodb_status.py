"""What `status` asks Mongo, on a server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from opsctl.adapters.mongodb.connection import connect
from opsctl.adapters.mongodb.status import MongoDocumentCounts
from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from opsctl.lab.half_done import Target, half_done_by_old_job
from opsctl.lab.image_faults import Outcome
from opsctl.lab.sample_data import build_sample
from opsctl.migration.models import ImageMapping
from opsctl.status.answers import DocumentSet, Slice
from tests.servers.launch import embedded_mongo, refusing_port
from tests.servers.proxy import tcp_proxy

COLLECTION = "danawa_vehicle_data"
HOST = "mongo.test"
BASE_URL = "http://127.0.0.1:8901"
MAPPING = ImageMapping(base_url=f"{BASE_URL}/")
STARTED = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)
FOLDER = f"images/{COLLECTION}/"
BUDGET_SECONDS = 120
"""More than any server here takes, however busy the machine is."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database of one's own."""

    database: Any

    @property
    def collection(self) -> Any:
        return self.database[COLLECTION]

    def counts(self, bucket: str | None = None, folder: str = "") -> MongoDocumentCounts:
        return MongoDocumentCounts(self.database, COLLECTION, MAPPING, host=HOST, bucket=bucket, folder=folder)


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    client = connect(mongo_uri, timeout_seconds=60)
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    yield Place(client[name])
    await client.drop_database(name)
    await client.close()


def image(url: str, **fields: Any) -> dict[str, Any]:
    """An entry of `s3_images_metadata`."""
    return {"original_url": url, "image_type": "basic", "color_name": None, "bucket": "b", "key": f"k/{url}", **fields}


# -- the old Job


async def test_what_the_old_job_left_is_counted_as_it_is(place: Place) -> None:
    sample = build_sample(BASE_URL)
    half_done = half_done_by_old_job(sample, Target(), done_count=12, started_at=STARTED)
    await place.collection.insert_many(sample.documents)
    for document_id, fields in half_done.updates.items():
        await place.collection.update_one({"_id": document_id}, {"$set": dict(fields)})
    counts = place.counts(half_done.target.bucket, FOLDER)
    assert await counts.count(DocumentSet.ALL, BUDGET_SECONDS) == 475
    assert await counts.count(DocumentSet.PROCESSED, None) == 12
    assert await counts.count(DocumentSet.PARTIAL, BUDGET_SECONDS) == 0
    assert await counts.estimate_total() == 475

    tally = await counts.count_images(None)
    in_done = [found for found in sample.images if found.document_id in half_done.updates]
    entries = [entry for fields in half_done.updates.values() for entry in fields["s3_images_metadata"]]
    assert (tally.is_complete, tally.documents, tally.planned) == (True, 475, len(sample.images))
    assert tally.planned_open == len(sample.images) - len(in_done)
    assert (tally.stored, tally.failed) == (len(entries), len(in_done) - len(entries))
    assert tally.failed_by_class == {"unrecorded": len(in_done) - len(entries)}
    assert tally.stored_keys == len({entry["key"] for entry in entries}) == len(half_done.objects)
    times = [entry["uploaded_at"] for entry in entries]
    assert (tally.first_upload_at, tally.last_upload_at) == (min(times), max(times))
    assert max(times) == STARTED + timedelta(minutes=44)
    assert await counts.find_last_upload(BUDGET_SECONDS) == max(times)


async def test_the_history_holds_every_processed_document_once(place: Place) -> None:
    """All images of a document count at the moment of its last upload, those that failed too; open documents do not."""
    at = STARTED + timedelta(seconds=4)
    later = STARTED + timedelta(seconds=31)
    await place.collection.insert_many(
        [
            {"main_image": "a", "image_url": "x", "s3_images_metadata": [image("a", uploaded_at=at)]},
            {"main_image": "b", "s3_images_metadata": [image("b", uploaded_at=at + timedelta(seconds=5))]},
            {
                "main_image": "c",
                "image_url": "d",
                "s3_images_metadata": [image("c", uploaded_at=at), image("d", uploaded_at=later)],
            },
            {"main_image": "e", "s3_migration": {"state": "partial", "stored": [image("e", uploaded_at=later)]}},
            {"main_image": "f", "s3_images_metadata": []},
        ]
    )
    tally = await place.counts().count_images(BUDGET_SECONDS)
    assert tally.slices == (
        Slice(STARTED, 10, images=3, documents=2),
        Slice(STARTED + timedelta(seconds=30), 10, images=2, documents=1),
    )
    assert (tally.planned, tally.planned_open, tally.stored, tally.failed) == (7, 1, 5, 2)


async def test_failures_are_told_by_class(place: Place) -> None:
    failed = [
        {"url": "gone", "type": "basic", "class": "gone", "attempts": 1, "last_at": STARTED},
        {"url": "later", "type": "basic", "class": "later", "attempts": 1, "last_at": STARTED},
        {"url": "not there any more", "type": "basic", "class": "gone", "attempts": 1, "last_at": STARTED},
    ]
    await place.collection.insert_one(
        {"main_image": "gone", "image_url": "later", "s3_migration": {"state": "partial", "failed": failed}}
    )
    await place.collection.insert_one(
        {
            "main_image": "gone",
            "image_url": "silent",
            "s3_images_metadata": [],
            "s3_migration": {"state": "complete", "failed": failed[:1]},
        }
    )
    counts = place.counts()
    tally = await counts.count_images(BUDGET_SECONDS)
    assert tally.failed_by_class == {"gone": 2, "unrecorded": 1}
    assert (tally.planned, tally.stored, tally.failed) == (4, 0, 3)
    assert await counts.count(DocumentSet.PARTIAL, BUDGET_SECONDS) == 1


async def test_only_the_profiles_own_objects_are_counted(place: Place) -> None:
    entries = [
        image("a", bucket="mine", key=f"{FOLDER}1/a.jpg"),
        image("b", bucket="mine", key=f"{FOLDER}1/a.jpg"),
        image("c", bucket="other", key=f"{FOLDER}1/c.jpg"),
        image("d", bucket="mine", key="elsewhere/1/d.jpg"),
    ]
    await place.collection.insert_one({"s3_images_metadata": entries})
    assert (await place.counts("mine", FOLDER).count_images(BUDGET_SECONDS)).stored_keys == 1


async def test_the_sample_is_walked_as_it_was_drawn(place: Place) -> None:
    """The peculiar documents too: every distinct image, whatever shape its document has."""
    sample = build_sample(BASE_URL)
    await place.collection.insert_many(sample.documents)
    tally = await place.counts().count_images(None)
    assert tally.planned == tally.planned_open == len(sample.images)
    assert sample.outcomes[Outcome.STORED] < tally.planned


# -- budgets and bad data


async def test_a_walk_that_may_not_last_says_that_it_is_not_complete(place: Place) -> None:
    await place.collection.insert_many([{"main_image": f"u{number}"} for number in range(100)])
    tally = await place.counts().count_images(0)
    assert not tally.is_complete
    assert 0 < tally.documents < 100
    assert tally.planned == tally.documents


async def test_what_others_wrote_badly_is_read_as_far_as_it_goes(place: Place) -> None:
    await place.collection.insert_many(
        [
            {"_id": "text", "main_image": "a", "s3_images_metadata": "yes"},
            {
                "_id": 7,
                "main_image": ["b", None, ""],
                "s3_images_metadata": [None, 3, {"key": 1}, image("b", uploaded_at="yesterday")],
            },
            {"_id": ObjectId(), "main_image": {"x": 1}, "s3_migration": "done"},
        ]
    )
    counts = place.counts()
    tally = await counts.count_images(BUDGET_SECONDS)
    assert (tally.is_complete, tally.documents, tally.planned, tally.stored) == (True, 3, 2, 1)
    assert tally.first_upload_at is None
    assert await counts.count(DocumentSet.PROCESSED, BUDGET_SECONDS) == 2
    assert await counts.find_last_upload(BUDGET_SECONDS) is None


async def test_an_empty_collection_and_none(place: Place) -> None:
    with pytest.raises(NotFoundError) as raised:
        await place.counts().check()
    assert COLLECTION in raised.value.message
    await place.database.create_collection(COLLECTION)
    counts = place.counts()
    await counts.check()
    assert await counts.count(DocumentSet.ALL, BUDGET_SECONDS) == 0
    assert (await counts.count_images(BUDGET_SECONDS)).is_complete
    assert await counts.find_last_upload(BUDGET_SECONDS) is None
    assert await counts.sample_segments(8) == []


async def test_a_sample_is_of_key_segments(place: Place) -> None:
    ids: list[Any] = [ObjectId(), "차량/1", 5, "plain"]
    await place.collection.insert_many([{"_id": identifier} for identifier in ids])
    segments = await place.counts().sample_segments(10)
    assert {str(ids[0]), "int-5", "plain"} <= set(segments)
    assert len(segments) == 4
    assert all("/" not in segment for segment in segments)


async def test_a_foreign_writer_is_one_that_uploads_now_and_keeps_no_ledger(place: Place) -> None:
    counts = place.counts()
    await place.collection.insert_many(
        [
            {"s3_images_metadata": [image("a", uploaded_at=STARTED)]},
            {
                "s3_images_metadata": [image("b", uploaded_at=STARTED + timedelta(hours=2))],
                "s3_migration": {"run_id": "r"},
            },
        ]
    )
    assert await counts.has_foreign_writer(STARTED - timedelta(seconds=1), BUDGET_SECONDS)
    assert not await counts.has_foreign_writer(STARTED + timedelta(hours=1), BUDGET_SECONDS)


# -- servers that do not answer


async def test_a_walk_whose_line_drops_begins_again(place: Place, mongo_uri: str) -> None:
    await place.collection.insert_many([{"main_image": f"https://x/{number}"} for number in range(2500)])
    port = int(mongo_uri.rpartition(":")[2].partition("/")[0])
    pages, drop_at = 0, 0

    def watch(_connection: int, chunk: bytes) -> Awaitable[None] | None:
        nonlocal pages
        if b"getMore" not in chunk:
            return None
        pages += 1
        return asyncio.to_thread(line.cut) if pages == drop_at else None

    with tcp_proxy(port, watch) as line:
        client = connect(f"mongodb://127.0.0.1:{line.port}/?directConnection=true", timeout_seconds=60)
        counts = MongoDocumentCounts(client[place.database.name], COLLECTION, MAPPING, host=HOST)
        assert (await counts.count_images(None)).planned == 2500
        whole = pages
        assert whole > 3
        drop_at = whole + 3
        tally = await counts.count_images(None)
        assert (tally.is_complete, tally.documents, tally.planned) == (True, 2500, 2500)
        assert pages == drop_at + whole
        await client.close()


async def test_nobody_listens() -> None:
    with refusing_port() as port:
        client = connect(f"mongodb://127.0.0.1:{port}/?directConnection=true", timeout_seconds=0.3)
        counts = MongoDocumentCounts(client["d"], COLLECTION, MAPPING, host=HOST)
        with pytest.raises(UnavailableError) as raised:
            await counts.check()
        assert HOST in raised.value.message
        with pytest.raises(UnavailableError):
            await counts.count(DocumentSet.ALL, BUDGET_SECONDS)
        with pytest.raises(UnavailableError):
            await counts.count_images(BUDGET_SECONDS)
        await client.close()


async def test_a_wrong_password_is_denied_and_never_repeated() -> None:
    with embedded_mongo("reader", "right") as uri:
        address = uri.removeprefix("mongodb://")
        client = connect(f"mongodb://reader:wr0ng-s3cret@{address}&authSource=admin")
        counts = MongoDocumentCounts(client["d"], COLLECTION, MAPPING, host=HOST)
        with pytest.raises(AccessDeniedError) as raised:
            await counts.check()
        assert "wr0ng" not in f"{raised.value.message} {raised.value.hint}"
        await client.close()
