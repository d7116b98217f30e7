"""Documents of 16 MiB, batches of 16 MiB, and what is above."""

from __future__ import annotations

from typing import Any

import pytest
from bson import encode
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, WriteError

Fields = dict[str, Any]

LIMIT = 16 * 1024 * 1024


def fill(size_bytes: int) -> Fields:
    """A document of exactly so many bytes."""
    empty = len(encode({"_id": 1, "text": ""}))
    document = {"_id": 1, "text": "x" * (size_bytes - empty)}
    assert len(encode(document)) == size_bytes
    return document


def test_the_largest_document_is_taken_and_one_byte_more_is_not(cars: Collection[Fields]) -> None:
    cars.insert_one(fill(LIMIT))
    assert cars.count_documents({}) == 1
    cars.delete_many({})
    # The driver refuses such a document itself, but for the room it leaves for commands: this goes around it.
    answer = cars.database.command({"insert": cars.name, "documents": [fill(LIMIT + 1)]})
    assert answer["n"] == 0
    assert [error["code"] for error in answer["writeErrors"]] == [10334]
    assert cars.count_documents({}) == 0


def test_an_update_that_grows_beyond_the_limit_changes_nothing(cars: Collection[Fields]) -> None:
    cars.insert_one(fill(LIMIT - 10))
    with pytest.raises(WriteError) as caught:
        cars.update_one({"_id": 1}, {"$set": {"more": "0123456789"}})
    assert caught.value.code == 17419
    with pytest.raises(OperationFailure) as refused:
        cars.find_one_and_update({"_id": 1}, {"$push": {"more": "0123456789"}})
    assert refused.value.code == 17419
    with pytest.raises(WriteError) as upserted:
        cars.update_one({"_id": 2}, {"$set": {"a": "x" * (LIMIT // 2), "b": "x" * (LIMIT // 2)}}, upsert=True)
    assert upserted.value.code == 10334
    found = cars.find_one()
    assert found is not None
    assert list(found) == ["_id", "text"]
    assert cars.count_documents({}) == 1


def test_a_batch_holds_at_most_16_mib(client: MongoClient[Fields], cars: Collection[Fields]) -> None:
    for number in range(5):
        cars.insert_one({"_id": number, "text": "x" * (5 * 1024 * 1024)})
    first = cars.database.command({"find": cars.name, "sort": {"_id": 1}})["cursor"]
    assert [document["_id"] for document in first["firstBatch"]] == [0, 1, 2]
    rest = cars.database.command({"getMore": first["id"], "collection": cars.name})["cursor"]
    assert [document["_id"] for document in rest["nextBatch"]] == [3, 4]
    assert rest["id"] == 0
