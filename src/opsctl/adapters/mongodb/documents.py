"""The collection that is migrated."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import bson
from bson import DatetimeMS, ObjectId, Timestamp, json_util
from bson.binary import Binary
from bson.errors import BSONError
from bson.regex import Regex
from pymongo import errors
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from opsctl.adapters.mongodb.codec import decode_document, encode_update
from opsctl.adapters.mongodb.connection import CODEC, Fields, is_too_large, translate, translated
from opsctl.errors import NotFoundError, UsageError
from opsctl.migration.models import (
    METADATA_FIELD,
    MIGRATION_FIELD,
    DocumentId,
    DocumentPage,
    DocumentUpdate,
    DocumentView,
    IdRange,
    ImageMapping,
    PageToken,
    RecordOutcome,
    Selection,
    SourceDocument,
)

PAGE_DOCUMENTS = 500
PAGE_BYTES = 8 * 1024 * 1024
LARGEST_DOCUMENT_BYTES = 16 * 1024 * 1024
GUARD_FIELD_BYTES = 256 * 1024

# Ranges by `_id` never cross types, so documents are read one type after the other, each from its smallest value.
_SMALLEST_IDS: tuple[Any, ...] = (
    float("-inf"),
    "",
    {},
    Binary(b"", 0),
    ObjectId(bytes(12)),
    False,
    DatetimeMS(-(2**63)),
    Timestamp(0, 0),
    None,
)


class MongoDocuments:
    """Implements `migration.ports.DocumentStore` on one collection."""

    def __init__(self, database: AsyncDatabase[Fields], collection: str, mapping: ImageMapping, *, host: str) -> None:
        self._database = database
        self._collection: AsyncCollection[Fields] = database.get_collection(collection, codec_options=CODEC)
        self._mapping = mapping
        self._host = host
        self._sources = frozenset(rule.source for rule in mapping.fields)
        names = {*self._sources, *mapping.vehicle_name_fields}
        self._guarded_always = names | {"_id", METADATA_FIELD, MIGRATION_FIELD}

    async def check(self) -> None:
        """Raise NotFoundError when the database has no such collection."""
        name = self._collection.name
        async with translated(self._host):
            names = await self._database.list_collection_names(filter={"name": name})
            if name in names:
                return
            others = sorted(await self._database.list_collection_names())
        near = get_close_matches(name, others, n=1)
        raise NotFoundError(
            f"database {self._database.name} has no collection {name}",
            hint=f"did you mean {near[0]!r}?"
            if near
            else f"mongo.collection or mongo.database may be misspelt; there are: {', '.join(others[:10]) or 'none'}",
        )

    async def page(
        self, selection: Selection, view: DocumentView, after: PageToken | None, within: IdRange | None = None
    ) -> DocumentPage:
        """About five hundred documents or 8 MB, in `_id` order."""
        within = within or IdRange()
        after = after or within.after or (0, None)
        kind = after[0]
        bound = _bounds(kind, after, within.upto)
        if bound is None:
            return DocumentPage((), None)
        query = self._query(selection, view, {"_id": bound})
        projection = self._plan_projection() if view is DocumentView.PLAN else None
        documents: list[SourceDocument] = []
        size_bytes = 0
        async with translated(self._host):
            cursor = self._collection.find(query, projection).sort("_id", 1).limit(PAGE_DOCUMENTS)
            async with cursor:
                async for fields in cursor:
                    document = decode_document(fields, self._mapping, with_digest=view is not DocumentView.PLAN)
                    documents.append(document)
                    size_bytes += document.size_bytes
                    if size_bytes >= PAGE_BYTES:
                        break
        is_full = len(documents) == PAGE_DOCUMENTS or size_bytes >= PAGE_BYTES
        return DocumentPage(tuple(documents), _next_token(kind, documents, within, is_full=is_full), kind)

    async def count_open(self, selection: Selection, within: IdRange | None = None) -> int:
        """Documents of the selection without `s3_images_metadata`."""
        still_open = Selection(where=selection.where)
        if within is None:
            async with translated(self._host):
                return await self._collection.count_documents(self._query(still_open, DocumentView.OPEN))
        after, total = within.after or (0, None), 0
        for kind in range(after[0], len(_SMALLEST_IDS)):
            bound = _bounds(kind, after if kind == after[0] else (kind, None), within.upto)
            if bound is None:
                break
            query = self._query(still_open, DocumentView.OPEN, {"_id": bound})
            async with translated(self._host):
                total += await self._collection.count_documents(query)
        return total

    async def read(self, document_id: DocumentId) -> SourceDocument | None:
        async with translated(self._host):
            fields = await self._collection.find_one({"_id": _exactly(document_id)})
        return decode_document(fields, self._mapping, with_digest=True) if fields else None

    async def record(self, update: DocumentUpdate) -> RecordOutcome:
        """One `update_one` whose filter holds only while the document is what was read."""
        changes = encode_update(update)
        if update.document.size_bytes + len(bson.encode(changes, codec_options=CODEC)) > LARGEST_DOCUMENT_BYTES:
            return RecordOutcome.TOO_LARGE
        guard = self._guard(update.document)
        try:
            result = await self._collection.update_one(guard, {"$set": changes})
            if not result.matched_count and await self._is_unchanged(update.document):
                # Some servers cannot compare some values (a decimal NaN): what names the images has to do then.
                narrow = {name: guard[name] for name in guard if name.partition(".")[0] in self._guarded_always}
                result = await self._collection.update_one(narrow, {"$set": changes})
        except errors.PyMongoError as error:
            if is_too_large(error):
                return RecordOutcome.TOO_LARGE
            raise translate(error, self._host) from error
        return RecordOutcome.RECORDED if result.matched_count else RecordOutcome.CONFLICT

    async def _is_unchanged(self, document: SourceDocument) -> bool:
        now = await self.read(document.id)
        if now is None:
            return False
        state = (now.digest, now.is_processed, now.written_at)
        return state == (document.digest, document.is_processed, document.written_at)

    def _query(self, selection: Selection, view: DocumentView, *more: Fields) -> Fields:
        clauses = list(more)
        if selection.where:
            clauses.append(parse_where(selection.where))
        if view is DocumentView.OPEN:
            is_open = {METADATA_FIELD: {"$exists": False}}
            has_failures = {f"{MIGRATION_FIELD}.failed.0": {"$exists": True}}
            # Another tool may have skipped images without a word: its documents have to be looked at.
            is_foreign = {METADATA_FIELD: {"$exists": True}, MIGRATION_FIELD: {"$exists": False}}
            clauses.append({"$or": [is_open, has_failures, is_foreign]} if selection.retry_failed else is_open)
        return clauses[0] if len(clauses) == 1 else {"$and": clauses} if clauses else {}

    def _plan_projection(self) -> Fields:
        mapping = self._mapping
        names = [rule.source for rule in mapping.fields]
        names += [*mapping.vehicle_name_fields, METADATA_FIELD, MIGRATION_FIELD]
        return dict.fromkeys(dict.fromkeys(names), 1)

    def _guard(self, document: SourceDocument) -> Fields:
        """Equality on every original field, and on what earlier runs wrote.

        In a large document, large fields that name no image are left out: the filter has to fit in a message too.
        """
        sources = self._sources
        guard: Fields = {"_id": _exactly(document.id)}
        for name, value in document.original.items():
            if name == "_id" or not _can_be_named(name) or value != value:  # noqa: PLR0124 NaN equals nothing
                continue
            is_large = document.size_bytes > GUARD_FIELD_BYTES and _encoded_size(value) > GUARD_FIELD_BYTES
            if name in sources or not is_large:
                guard[name] = {"$eq": value, "$exists": True}
            if name in sources and not isinstance(value, list | dict):
                guard[f"{name}.0"] = {"$exists": False}  # else equality also holds for a list with the value in it
        for name in sources - document.original.keys():
            guard[name] = {"$exists": False}
        guard[METADATA_FIELD] = {"$exists": document.is_processed}
        written = {"$exists": False} if document.written_at is None else {"$eq": document.written_at}
        guard[f"{MIGRATION_FIELD}.finished_at"] = written
        return guard


def parse_where(text: str) -> Fields:
    """A filter in MongoDB's extended JSON. Raises UsageError."""
    try:
        parsed = json_util.loads(text)
    except (ValueError, TypeError, BSONError) as error:
        raise UsageError(
            f"--where is not JSON: {error}",
            hint="""write a MongoDB filter, for example --where '{"brand": "현대"}'""",
        ) from error
    if not isinstance(parsed, dict):
        raise UsageError("--where must be a JSON object", hint="""for example --where '{"price": {"$gt": 1000}}'""")
    return parsed


def _bounds(kind: int, after: PageToken, upto: PageToken | None) -> Fields | None:
    """The ids of one kind behind one place and up to another; None when that other place lies in front of the kind."""
    smallest = _SMALLEST_IDS[kind]
    if upto is not None and (upto[0] < kind or upto[1] is None):
        return None
    if smallest is None:
        return {"$eq": None}
    bound: Fields = {"$gte": smallest} if after[1] is None else {"$gt": after[1]}
    return {**bound, "$lte": upto[1]} if upto is not None and upto[0] == kind else bound


def _next_token(kind: int, documents: list[SourceDocument], within: IdRange, *, is_full: bool) -> PageToken | None:
    if is_full and documents[-1].id is not None:  # there is one null at most
        return kind, documents[-1].id
    last_kind = within.upto[0] if within.upto is not None else len(_SMALLEST_IDS) - 1
    return (kind + 1, None) if kind < last_kind else None


def _can_be_named(field: str) -> bool:
    """A filter reads dots as paths and dollars as operators."""
    return bool(field) and "." not in field and not field.startswith("$")


def _encoded_size(value: object) -> int:
    return len(bson.encode({"": value}, codec_options=CODEC))


def _exactly(document_id: DocumentId) -> object:
    """An `_id` in a filter: as it is where it can be read in one way only. Not every server has `$eq` use its index."""
    return {"$eq": document_id} if isinstance(document_id, Mapping | Regex) else document_id
