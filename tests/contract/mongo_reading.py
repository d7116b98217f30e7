"""The Mongo contract: queries, counts, and values that come back as they were written."""

from __future__ import annotations

from typing import Any

import pytest
from bson import Int64, ObjectId
from bson.decimal128 import Decimal128
from pymongo.collection import Collection

from tests.contract.mongo_clients import WHEN, Fields, ids_of


class TestIdRanges:
    """The plan walks a collection by `_id`, one type after the other, a page at a time."""

    OBJECT_IDS = tuple(ObjectId(f"{number:024x}") for number in (3, 1, 2))
    STRINGS = ("beta", "alpha", "", "가나다")
    NUMBERS = (7, -1, 2.5)

    @pytest.fixture
    def mixed(self, collection: Collection[Fields]) -> Collection[Fields]:
        collection.insert_many([{"_id": value} for value in (*self.STRINGS, *self.OBJECT_IDS, *self.NUMBERS)])
        return collection

    def test_types_are_sorted_one_after_the_other(self, mixed: Collection[Fields]) -> None:
        expected = [*sorted(self.NUMBERS), *sorted(self.STRINGS), *sorted(self.OBJECT_IDS)]
        assert ids_of(mixed.find().sort("_id", 1)) == expected
        assert ids_of(mixed.find().sort("_id", -1)) == expected[::-1]

    def test_a_range_stays_within_its_type(self, mixed: Collection[Fields]) -> None:
        lowest = ObjectId("0" * 24)
        assert ids_of(mixed.find({"_id": {"$gte": lowest}}).sort("_id", 1)) == sorted(self.OBJECT_IDS)
        assert ids_of(mixed.find({"_id": {"$gte": ""}}).sort("_id", 1)) == sorted(self.STRINGS)
        assert ids_of(mixed.find({"_id": {"$gt": ""}}).sort("_id", 1)) == ["alpha", "beta", "가나다"]
        assert ids_of(mixed.find({"_id": {"$gt": 0}}).sort("_id", 1)) == [2.5, 7]
        assert ids_of(mixed.find({"_id": {"$lt": "beta"}}).sort("_id", 1)) == ["", "alpha"]

    @pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 250])
    def test_pages_give_every_document_once_and_in_order(self, collection: Collection[Fields], count: int) -> None:
        expected = [ObjectId(f"{number:024x}") for number in range(count)]
        if expected:
            collection.insert_many([{"_id": value, "n": index} for index, value in enumerate(expected)][::-1])
        seen: list[Any] = []
        query: Fields = {"_id": {"$gte": ObjectId("0" * 24)}}
        while page := ids_of(collection.find(query, {"n": 1}).sort("_id", 1).limit(10)):
            seen += page
            query = {"_id": {"$gt": page[-1]}}
        assert seen == expected

    def test_a_closed_range(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": f"{number:02}"} for number in range(10)])
        assert ids_of(collection.find({"_id": {"$gte": "03", "$lt": "06"}}).sort("_id", 1)) == ["03", "04", "05"]
        both = {"$and": [{"_id": {"$gt": "03"}}, {"_id": {"$lte": "05"}}]}
        assert ids_of(collection.find(both).sort("_id", 1)) == ["04", "05"]

    def test_an_object_id_and_its_text_are_two_documents(self, collection: Collection[Fields]) -> None:
        number = ObjectId()
        collection.insert_many([{"_id": number, "kind": "id"}, {"_id": str(number), "kind": "text"}])
        assert collection.find_one({"_id": number}) == {"_id": number, "kind": "id"}
        assert collection.find_one({"_id": str(number)}) == {"_id": str(number), "kind": "text"}

    def test_a_long_result_comes_through_several_batches(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": number} for number in range(1_000)])
        assert ids_of(collection.find().sort("_id", 1).batch_size(7)) == list(range(1_000))
        assert ids_of(collection.find().sort("_id", 1)) == list(range(1_000))
        assert ids_of(collection.find().sort("_id", 1).skip(5).limit(300)) == list(range(5, 305))


class TestCountsAndFilters:
    """What `status` counts, and what the plan filters on."""

    @pytest.fixture
    def states(self, collection: Collection[Fields]) -> Collection[Fields]:
        collection.insert_many(
            [
                {"_id": "absent"},
                {"_id": "null", "field": None},
                {"_id": "empty", "field": []},
                {"_id": "list", "field": [1, 2]},
                {"_id": "text", "field": "a"},
                {"_id": "object", "field": {"failed": [{"url": "u"}]}},
                {"_id": "none-failed", "field": {"failed": []}},
            ]
        )
        return collection

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "absent null empty list text object none-failed"),
            ({"field": {"$exists": True}}, "null empty list text object none-failed"),
            ({"field": {"$exists": False}}, "absent"),
            ({"field": None}, "absent null"),
            ({"field": {"$eq": None, "$exists": True}}, "null"),
            ({"field": {"$ne": None}}, "empty list text object none-failed"),
            ({"field.0": {"$exists": True}}, "list"),
            ({"field.0": {"$exists": False}}, "absent null empty text object none-failed"),
            ({"field.failed.0": {"$exists": True}}, "object"),
            ({"field.failed": []}, "none-failed"),
            ({"field": {"$in": ["a", None]}}, "absent null text"),
            ({"$or": [{"field": "a"}, {"field.failed.0": {"$exists": True}}]}, "text object"),
            ({"$and": [{"field": {"$exists": True}}, {"_id": {"$gt": "null"}}]}, "text object"),
        ],
    )
    def test_which_documents_match(self, states: Collection[Fields], query: Fields, expected: str) -> None:
        assert sorted(ids_of(states.find(query))) == sorted(expected.split())
        assert states.count_documents(query) == len(expected.split())

    def test_counts(self, collection: Collection[Fields]) -> None:
        assert collection.count_documents({}) == 0
        assert collection.estimated_document_count() == 0
        collection.insert_many([{"_id": number} for number in range(25)])
        assert collection.count_documents({}) == 25
        assert collection.estimated_document_count() == 25
        assert collection.count_documents({}, limit=10) == 10

    def test_a_collection_is_there_once_it_was_written_to(self, collection: Collection[Fields]) -> None:
        names = collection.database.list_collection_names
        assert collection.name not in names()
        collection.insert_one({"_id": 1})
        assert collection.name in names()
        assert collection.database.list_collection_names(filter={"name": collection.name}) == [collection.name]

    def test_a_projection_keeps_only_what_it_names(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "a": {"b": 1, "c": 2}, "d": 3, "list": [{"x": 1, "y": 2}]})
        assert collection.find_one({}, {"a.b": 1}) == {"_id": 1, "a": {"b": 1}}
        assert collection.find_one({}, {"_id": 0, "d": 1}) == {"d": 3}
        assert collection.find_one({}, {"a": 0, "list": 0}) == {"_id": 1, "d": 3}
        assert collection.find_one({}, {"list.x": 1}) == {"_id": 1, "list": [{"x": 1}]}


class TestValues:
    """What is written comes back with its type."""

    @pytest.mark.parametrize(
        "value",
        [
            1,
            Int64(1),
            Int64(2**62),
            -1.5,
            float("inf"),
            "그랜저 하이브리드",
            "\u0000 null",
            True,
            None,
            WHEN,
            ObjectId("0123456789abcdef01234567"),
            b"\x00\x01",
            Decimal128("1.10"),
            {"z": 1, "a": {"y": [], "b": None}},
            [[1], [], [None, "x"]],
        ],
        ids=repr,
    )
    def test_round_trip(self, collection: Collection[Fields], value: Any) -> None:
        collection.insert_one({"_id": 1, "value": value})
        found = collection.find_one({"_id": 1})
        assert found is not None
        assert found["value"] == value
        if isinstance(value, dict):
            assert list(found["value"]) == list(value)
        assert type(found["value"]) is type(value)

    def test_the_order_of_fields_is_kept(self, collection: Collection[Fields]) -> None:
        names = [f"field_{number * 7919 % 100}" for number in range(100)]
        collection.insert_one({"_id": 1, **dict.fromkeys(names, 0)})
        found = collection.find_one()
        assert found is not None
        assert list(found) == ["_id", *names]
