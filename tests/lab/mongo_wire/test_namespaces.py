"""Collections, databases, indexes, and commands that are wrong."""

from __future__ import annotations

from typing import Any

import pytest
from bson import encode
from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.errors import CollectionInvalid, DuplicateKeyError, OperationFailure

Fields = dict[str, Any]


def test_collections_come_and_go(client: MongoClient[Fields], cars: Collection[Fields]) -> None:
    database = cars.database
    assert database.list_collection_names() == []
    database.create_collection("empty")
    with pytest.raises(CollectionInvalid):
        database.create_collection("empty")
    cars.insert_one({"_id": 1})
    assert sorted(database.list_collection_names()) == ["cars", "empty"]
    assert [item["name"] for item in database.list_collections(filter={"name": "cars"})] == ["cars"]
    assert database.name in client.list_database_names()
    cars.drop()
    cars.drop()
    assert database.list_collection_names() == ["empty"]
    client.drop_database(database.name)
    assert database.name not in client.list_database_names()


def test_sizes(cars: Collection[Fields]) -> None:
    documents = [{"_id": number, "text": "x" * 80} for number in range(10)]
    cars.insert_many(documents)
    size_bytes = sum(len(encode(document)) for document in documents)
    stats = cars.database.command("collStats", cars.name)
    assert (stats["count"], stats["size"]) == (10, size_bytes)
    assert cars.database.command("dbStats")["objects"] == 10
    listed = cars.database.client.admin.command({"listDatabases": 1, "filter": {"name": cars.database.name}})
    assert [item["sizeOnDisk"] for item in listed["databases"]] == [size_bytes]


def test_indexes_are_listed_and_dropped(cars: Collection[Fields]) -> None:
    assert cars.index_information() == {}
    assert cars.create_index([("a", ASCENDING), ("b", DESCENDING)]) == "a_1_b_-1"
    assert cars.create_index([("a", ASCENDING), ("b", DESCENDING)]) == "a_1_b_-1"
    assert cars.create_index("_id") == "_id_1"
    assert sorted(cars.index_information()) == ["_id_", "a_1_b_-1"]
    for options, code in (({"name": "other"}, 85), ({"unique": True}, 86)):
        with pytest.raises(OperationFailure) as caught:
            cars.create_index([("a", ASCENDING), ("b", DESCENDING)], **options)
        assert caught.value.code == code
    cars.drop_index("a_1_b_-1")
    with pytest.raises(OperationFailure) as gone:
        cars.drop_index("a_1_b_-1")
    assert gone.value.code == 27
    with pytest.raises(OperationFailure) as kept:
        cars.drop_index("_id_")
    assert kept.value.code == 72


def test_a_unique_index_on_arrays_and_missing_fields(cars: Collection[Fields]) -> None:
    cars.create_index("keys", unique=True)
    cars.insert_one({"_id": 1, "keys": ["a", "b"]})
    with pytest.raises(DuplicateKeyError) as caught:
        cars.insert_one({"_id": 2, "keys": ["c", "b"]})
    assert caught.value.details is not None
    assert caught.value.details["keyPattern"] == {"keys": 1}
    cars.insert_one({"_id": 3})
    with pytest.raises(DuplicateKeyError):
        cars.insert_one({"_id": 4, "keys": None})
    cars.update_one({"_id": 1}, {"$set": {"keys": ["b", "c"]}})
    cars.insert_one({"_id": 5, "keys": "a"})
    cars.delete_one({"_id": 1})
    cars.insert_one({"_id": 6, "keys": ["b", "c"]})


def test_sparse_and_partial_indexes_let_the_others_be(cars: Collection[Fields]) -> None:
    cars.create_index("serial", unique=True, sparse=True)
    cars.create_index("owner", unique=True, partialFilterExpression={"state": "running"}, name="one_running")
    cars.insert_many([{"_id": 1}, {"_id": 2}])
    cars.insert_many([{"_id": 3, "owner": "a", "state": "done"}, {"_id": 4, "owner": "a", "state": "running"}])
    with pytest.raises(DuplicateKeyError, match="one_running"):
        cars.update_one({"_id": 3}, {"$set": {"state": "running"}})
    cars.update_one({"_id": 4}, {"$set": {"state": "done"}})
    assert cars.update_one({"_id": 3}, {"$set": {"state": "running"}}).modified_count == 1


def test_a_unique_index_is_not_built_over_duplicates(cars: Collection[Fields]) -> None:
    cars.insert_many([{"a": 1}, {"a": 1}])
    with pytest.raises(DuplicateKeyError):
        cars.create_index("a", unique=True)
    assert list(cars.index_information()) == ["_id_"]
    cars.insert_one({"a": 1})


@pytest.mark.parametrize("options", [{"expireAfterSeconds": 5}, {"collation": {"locale": "ko"}}])
def test_an_index_that_would_not_work_is_refused(cars: Collection[Fields], options: Fields) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.create_index("a", **options)
    assert caught.value.code == 115
    with pytest.raises(OperationFailure):
        cars.create_index([("a", "text")])


@pytest.mark.parametrize(
    ("command", "code", "name"),
    [
        ({"noSuchCommand": 1}, 59, "CommandNotFound"),
        ({"find": "cars", "filtre": {}}, 40415, "Location40415"),
        ({"find": 1}, 73, "InvalidNamespace"),
        ({"find": ""}, 73, "InvalidNamespace"),
        ({"find": "a..b."}, 73, "InvalidNamespace"),
        ({"insert": "$cars", "documents": [{}]}, 73, "InvalidNamespace"),
        ({"find": "cars", "limit": -1}, 2, "BadValue"),
        ({"find": "cars", "skip": "x"}, 14, "TypeMismatch"),
        ({"find": "cars", "sort": {"a": 0}}, 15975, "Location15975"),
        ({"find": "cars", "tailable": True}, 115, "CommandNotSupported"),
        ({"insert": "cars", "documents": []}, 16, "InvalidLength"),
        ({"insert": "cars"}, 14, "TypeMismatch"),
        ({"getMore": 5, "collection": "cars"}, 43, "CursorNotFound"),
        ({"listIndexes": "absent"}, 26, "NamespaceNotFound"),
        ({"getParameter": 1, "nothing": 1}, 72, "InvalidOptions"),
        ({"aggregate": 1, "pipeline": [], "cursor": {}}, 115, "CommandNotSupported"),
    ],
    ids=repr,
)
def test_a_wrong_command_says_what_is_wrong(cars: Collection[Fields], command: Fields, code: int, name: str) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.database.command(command)
    assert caught.value.code == code
    assert caught.value.details is not None
    assert caught.value.details["ok"] == 0.0
    assert caught.value.details["codeName"] == name
    assert caught.value.details["errmsg"]


def test_what_the_server_says_about_itself(client: MongoClient[Fields]) -> None:
    hello = client.admin.command("hello")
    assert (hello["maxWireVersion"], hello["maxBsonObjectSize"]) == (21, 16_777_216)
    assert client.server_info()["modules"] == ["opsctl-lab"]
    assert client.admin.command("ping") == {"ok": 1.0}
    assert client.admin.command("whatsmyuri")["you"].startswith("127.0.0.1:")
    assert client.admin.command({"getParameter": 1, "featureCompatibilityVersion": 1})["ok"] == 1.0
    assert client.admin.command("connectionStatus")["authInfo"]["authenticatedUsers"] == []
    assert client.admin.command("ping", maxTimeMS=5) == {"ok": 1.0}
