"""What `status` asks the collection: counts within a time budget, a walk through the images."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect, ExecutionTimeout, NetworkTimeout, ServerSelectionTimeoutError

from opsctl.adapters.mongodb.codec import decode_document
from opsctl.adapters.mongodb.connection import CODEC, Fields, translated
from opsctl.adapters.mongodb.documents import MongoDocuments
from opsctl.migration.keys import document_segment
from opsctl.migration.models import METADATA_FIELD, MIGRATION_FIELD, ImageMapping, SourceDocument
from opsctl.migration.plan import plan_document
from opsctl.status.answers import DocumentSet, ImageTally, Slice, earliest, latest

SLICE_SECONDS = 10
UNRECORDED = "unrecorded"
_WALK_BATCH = 500
_LOOP_TURN = 20

_IS_PROCESSED: Fields = {METADATA_FIELD: {"$exists": True}}
_FILTERS: dict[DocumentSet, Fields] = {
    DocumentSet.ALL: {},
    DocumentSet.PROCESSED: _IS_PROCESSED,
    DocumentSet.PARTIAL: {f"{MIGRATION_FIELD}.state": "partial", METADATA_FIELD: {"$exists": False}},
}


class MongoDocumentCounts:
    """Implements `status.ports.DocumentCounts` on one collection.

    `bucket` and `folder` say which stored images are the profile's own (None: all are).
    """

    def __init__(
        self,
        database: AsyncDatabase[Fields],
        collection: str,
        mapping: ImageMapping,
        *,
        host: str,
        bucket: str | None = None,
        folder: str = "",
    ) -> None:
        self._documents = MongoDocuments(database, collection, mapping, host=host)
        self._collection: AsyncCollection[Fields] = database.get_collection(collection, codec_options=CODEC)
        self._mapping = mapping
        self._host = host
        self._bucket = bucket
        self._folder = folder

    async def check(self) -> None:
        """Raise NotFoundError when the database has no such collection."""
        await self._documents.check()

    async def count(self, which: DocumentSet, budget_seconds: float | None) -> int | None:
        """Count on the server, which gives up when the budget is used."""
        limit: dict[str, Any] = {} if budget_seconds is None else {"maxTimeMS": _milliseconds(budget_seconds)}
        async with translated(self._host):
            try:
                return await self._collection.count_documents(_FILTERS[which], **limit)
            except (ExecutionTimeout, NetworkTimeout):
                return None

    async def estimate_total(self) -> int:
        """From the collection's metadata."""
        async with translated(self._host):
            return await self._collection.estimated_document_count()

    async def count_images(self, budget_seconds: float | None) -> ImageTally:
        """One pass over the fields that name images and results, in whatever order the server has them.

        It begins again, once, when the line drops: a cursor belongs to its connection, the driver cannot repeat that.
        """
        deadline = None if budget_seconds is None else time.monotonic() + budget_seconds
        async with translated(self._host):
            try:
                return await self._walk(budget_seconds, deadline)
            except ServerSelectionTimeoutError:
                raise
            except AutoReconnect:
                return await self._walk(budget_seconds, deadline)

    async def _walk(self, budget_seconds: float | None, deadline: float | None) -> ImageTally:
        walk = _Walk(self._mapping, self._bucket, self._folder)
        async for document in self._read_all(budget_seconds):
            walk.add(document)
            if walk.documents % _LOOP_TURN == 0:
                # Decoding is work of this process: the other sources get their turn, and the clock is looked at.
                await asyncio.sleep(0)
                if deadline is not None and time.monotonic() > deadline:
                    return walk.tally(is_complete=False)
        return walk.tally(is_complete=True)

    async def find_last_upload(self, budget_seconds: float | None) -> datetime | None:
        """The old Job goes in `_id` order, so its last document has its newest upload."""
        query = self._collection.find(_IS_PROCESSED, {METADATA_FIELD: 1}).sort("_id", -1).limit(1)
        async with translated(self._host):
            try:
                found = await self._limited(query, budget_seconds).to_list(1)
            except (ExecutionTimeout, NetworkTimeout):
                return None
        if not found:
            return None
        return _last_upload(decode_document(found[0], self._mapping, with_digest=False))

    async def has_foreign_writer(self, since: datetime, budget_seconds: float | None) -> bool:
        """A document without opsctl's own ledger, with an upload that is newer than `since`."""
        query: Fields = {MIGRATION_FIELD: {"$exists": False}, f"{METADATA_FIELD}.uploaded_at": {"$gt": since}}
        async with translated(self._host):
            try:
                cursor = self._limited(self._collection.find(query, {"_id": 1}).limit(1), budget_seconds)
                return bool(await cursor.to_list(1))
            except (ExecutionTimeout, NetworkTimeout):
                return False

    async def sample_segments(self, size: int) -> Sequence[str]:
        """Key segments of documents that the server picks at random."""
        async with translated(self._host):
            cursor = await self._collection.aggregate([{"$sample": {"size": size}}, {"$project": {"_id": 1}}])
            return [document_segment(fields["_id"]) async for fields in cursor]

    async def _read_all(self, budget_seconds: float | None) -> AsyncIterator[SourceDocument]:
        names = [rule.source for rule in self._mapping.fields]
        projection = dict.fromkeys([*names, *self._mapping.vehicle_name_fields, METADATA_FIELD, MIGRATION_FIELD], 1)
        cursor = self._limited(self._collection.find({}, projection).batch_size(_WALK_BATCH), budget_seconds)
        async with cursor:
            async for fields in cursor:
                yield decode_document(fields, self._mapping, with_digest=False)

    @staticmethod
    def _limited(cursor: Any, budget_seconds: float | None) -> Any:
        # The reader stops by itself before the server does; the server's limit is for when the reader is gone.
        return cursor if budget_seconds is None else cursor.max_time_ms(_milliseconds(budget_seconds + 1))


@dataclass(slots=True)
class _Walk:
    """Adds up documents."""

    mapping: ImageMapping
    bucket: str | None
    folder: str
    documents: int = 0
    planned: int = 0
    planned_open: int = 0
    stored: int = 0
    failed: int = 0
    stored_keys: int = 0
    first_upload_at: datetime | None = None
    last_upload_at: datetime | None = None
    failed_by_class: Counter[str] = field(default_factory=Counter)
    finished: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, document: SourceDocument) -> None:
        planned = {image.ref for image in plan_document(document.original, self.mapping).images}
        stored = len(planned.intersection(entry.ref for entry in document.stored))
        classes = {
            failure.ref: failure.failure_class.value
            for failure in document.failed
            if failure.failure_class.is_final and failure.ref in planned
        }
        # A processed document is closed: what is not stored there has failed, whether or not somebody said why.
        failed = len(planned) - stored if document.is_processed else len(classes)
        self.documents += 1
        self.planned += len(planned)
        self.planned_open += 0 if document.is_processed else len(planned)
        self.stored += stored
        self.failed += failed
        self.failed_by_class.update(classes.values())
        self.failed_by_class[UNRECORDED] += max(0, failed - len(classes))
        self.stored_keys += len({entry.key for entry in document.stored if self._is_ours(entry.bucket, entry.key)})
        self._note_times(document, len(planned))

    def tally(self, *, is_complete: bool) -> ImageTally:
        return ImageTally(
            is_complete=is_complete,
            documents=self.documents,
            planned=self.planned,
            planned_open=self.planned_open,
            stored=self.stored,
            failed=self.failed,
            failed_by_class={name: count for name, count in self.failed_by_class.items() if count},
            stored_keys=self.stored_keys,
            first_upload_at=self.first_upload_at,
            last_upload_at=self.last_upload_at,
            slices=tuple(
                Slice(datetime.fromtimestamp(number * SLICE_SECONDS, UTC), SLICE_SECONDS, images, documents)
                for number, (images, documents) in sorted(self.finished.items())
            ),
        )

    def _is_ours(self, bucket: str, key: str) -> bool:
        return bool(key) and (self.bucket is None or bucket == self.bucket) and key.startswith(self.folder)

    def _note_times(self, document: SourceDocument, images: int) -> None:
        times = [entry.uploaded_at for entry in document.stored if entry.uploaded_at is not None]
        if not times:
            return
        self.first_upload_at = earliest(self.first_upload_at, min(times))
        self.last_upload_at = latest(self.last_upload_at, max(times))
        if document.is_processed:
            number = int(max(times).timestamp() // SLICE_SECONDS)
            before = self.finished.get(number, (0, 0))
            self.finished[number] = (before[0] + images, before[1] + 1)


def _last_upload(document: SourceDocument) -> datetime | None:
    return max((entry.uploaded_at for entry in document.stored if entry.uploaded_at is not None), default=None)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
