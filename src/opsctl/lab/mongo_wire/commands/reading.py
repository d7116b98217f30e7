"""Commands that read: find, getMore, killCursors, count, distinct, aggregate."""

from __future__ import annotations

from typing import Any

from bson import Int64

from opsctl.lab.mongo_wire.aggregation import run_pipeline
from opsctl.lab.mongo_wire.bson_order import SortKey, sort_key
from opsctl.lab.mongo_wire.commands.request import Request, refuse_options
from opsctl.lab.mongo_wire.comparisons import as_whole_number
from opsctl.lab.mongo_wire.cursors import FIRST_BATCH_DOCUMENTS, Cursor
from opsctl.lab.mongo_wire.documents import MISSING, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.paths import split_path, values_at
from opsctl.lab.mongo_wire.projections import build_projector
from opsctl.lab.mongo_wire.sorting import read_sort


def find(request: Request) -> Document:
    """A query; the answer holds the first batch."""
    body = request.body
    refuse_options(body, "min", "max", "collation", "returnKey", "showRecordId", "tailable", "awaitData", "let")
    collection = request.deployment.store.read(request.database, request.collection_name)
    projector = build_projector(body.get("projection"))
    documents = collection.find(
        body.get("filter", {}),
        sort=read_sort(body.get("sort")),
        skip=request.whole_number("skip", 0) or 0,
        limit=request.whole_number("limit") or None,
    )
    cursor = Cursor(
        request.namespace,
        documents,
        projector,
        session=request.session,
        expires=not body.get("noCursorTimeout"),
    )
    return request.deployment.cursors.open(
        cursor, batch_size=request.whole_number("batchSize"), single_batch=bool(body.get("singleBatch"))
    )


def get_more(request: Request) -> Document:
    """The next batch of a cursor."""
    cursor_id = request.body["getMore"]
    if not isinstance(cursor_id, int):
        raise CommandError(Code.TypeMismatch, "BSON field 'getMore.getMore' must be a long")
    namespace = f"{request.database}.{request.body.get('collection')}"
    return request.deployment.cursors.next_batch(
        int(cursor_id), namespace, batch_size=request.whole_number("batchSize")
    )


def kill_cursors(request: Request) -> Document:
    """Close cursors by their ids."""
    numbers = request.body.get("cursors")
    if not isinstance(numbers, list) or not all(type(number) in (int, Int64) for number in numbers):
        raise CommandError(Code.TypeMismatch, "BSON field 'killCursors.cursors' must be an array of longs")
    killed = [number for number in numbers if request.deployment.cursors.kill(int(number))]
    return {
        "cursorsKilled": killed,
        "cursorsNotFound": [number for number in numbers if number not in killed],
        "cursorsAlive": [],
        "cursorsUnknown": [],
        "ok": 1.0,
    }


def count(request: Request) -> Document:
    """How many documents match."""
    refuse_options(request.body, "collation")
    collection = request.deployment.store.read(request.database, request.collection_name)
    query = request.body.get("query") or {}
    skip, limit = request.whole_number("skip", 0) or 0, request.whole_number("limit") or None
    return {"n": len(collection.find(query, skip=skip, limit=limit)), "ok": 1.0}


def distinct(request: Request) -> Document:
    """The different values of one field; of arrays, their elements."""
    refuse_options(request.body, "collation")
    path = request.body.get("key")
    if not isinstance(path, str):
        raise CommandError(Code.TypeMismatch, "BSON field 'distinct.key' must be a string")
    collection = request.deployment.store.read(request.database, request.collection_name)
    names = split_path(path)
    found: dict[SortKey, Any] = {}
    for stored in collection.find(request.body.get("query") or {}):
        for value in values_at(stored.document, names):
            for item in value if isinstance(value, list) else [value]:
                if item is not MISSING:
                    found.setdefault(sort_key(item), item)
    return {"values": list(found.values()), "ok": 1.0}


def aggregate(request: Request) -> Document:
    """A pipeline; the answer holds the first batch of what comes out of it."""
    refuse_options(request.body, "collation", "explain", "let")
    if not isinstance(request.body["aggregate"], str):
        raise unsupported("an aggregation on a whole database")
    options = request.body.get("cursor")
    if not isinstance(options, dict):
        raise CommandError(
            Code.FailedToParse, "The 'cursor' option is required, except for aggregate with the explain argument"
        )
    collection = request.deployment.store.read(request.database, request.collection_name)
    cursor = Cursor(request.namespace, run_pipeline(collection, request.body.get("pipeline")), session=request.session)
    batch_size = as_whole_number(options.get("batchSize", FIRST_BATCH_DOCUMENTS))
    if batch_size is None or batch_size < 0:
        raise CommandError(
            Code.TypeMismatch, "BSON field 'cursor.batchSize' must be a whole number that is not negative"
        )
    return request.deployment.cursors.open(cursor, batch_size=batch_size)


def one_batch(namespace: str, documents: list[Document]) -> Document:
    """An answer in the form of a cursor that is at its end."""
    return {"cursor": {"firstBatch": documents, "id": Int64(0), "ns": namespace}, "ok": 1.0}
