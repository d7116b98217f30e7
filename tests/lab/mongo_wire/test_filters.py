"""The query language, one clause at a time; expected is what MongoDB's manual and its own tests say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Int64, MaxKey, MinKey, ObjectId, Regex
from bson.decimal128 import Decimal128
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

Fields = dict[str, Any]

# Null, missing, and arrays of every kind, at `a` and at `a.b`.
SHAPES: dict[str, Fields] = {
    "no_a": {},
    "a_null": {"a": None},
    "a_number": {"a": 4},
    "a_empty_object": {"a": {}},
    "a_b_null": {"a": {"b": None}},
    "a_b_text": {"a": {"b": "hi"}},
    "a_double_array": {"a": [[]]},
    "a_empty_array": {"a": []},
    "a_objects_no_null": {"a": [{"b": 1}, {"b": 3}, {"b": "string"}]},
    "a_objects_some_null": {"a": [{"b": None}, {"b": 3}, {"b": None}]},
    "a_objects_some_missing": {"a": [{"b": 3}, {}]},
    "a_values_all_null": {"a": [None, None]},
    "a_values_no_null": {"a": [1, "string", 4]},
    "a_values_some_null": {"a": [1, "string", None, 4]},
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"a": None}, "no_a a_null a_values_all_null a_values_some_null"),
        ({"a": {"$in": [None, 75]}}, "no_a a_null a_values_all_null a_values_some_null"),
        ({"a": {"$gte": None}}, "no_a a_null a_values_all_null a_values_some_null"),
        ({"a": {"$gt": None}}, ""),
        (
            {"a": {"$nin": [None, []]}},
            "a_number a_empty_object a_b_null a_b_text a_objects_no_null a_objects_some_null a_objects_some_missing "
            "a_values_no_null",
        ),
        (
            {"a.b": None},
            "no_a a_null a_number a_empty_object a_b_null a_objects_some_null a_objects_some_missing",
        ),
        (
            {"a.b": {"$ne": None}},
            "a_b_text a_double_array a_empty_array a_objects_no_null a_values_all_null a_values_no_null "
            "a_values_some_null",
        ),
        ({"a": {"$elemMatch": {"$eq": None}}}, "a_values_all_null a_values_some_null"),
        (
            {"a": {"$elemMatch": {"$ne": None}}},
            "a_double_array a_objects_no_null a_objects_some_null a_objects_some_missing a_values_no_null "
            "a_values_some_null",
        ),
        (
            {"a.b": {"$exists": True}},
            "a_b_null a_b_text a_objects_no_null a_objects_some_null a_objects_some_missing",
        ),
        ({"a": []}, "a_double_array a_empty_array"),
        ({"a": {"$size": 0}}, "a_empty_array"),
        (
            {"a.0": {"$exists": True}},
            "a_double_array a_objects_no_null a_objects_some_null a_objects_some_missing a_values_all_null "
            "a_values_no_null a_values_some_null",
        ),
        ({"a.2": 4}, "a_values_no_null"),
        ({"a.0.b": 1}, "a_objects_no_null"),
        ({"a.b": {"$not": {"$type": "number"}, "$exists": True}}, "a_b_null a_b_text"),
    ],
)
def test_null_missing_and_arrays(cars: Collection[Fields], query: Fields, expected: str) -> None:
    cars.insert_many([{"_id": name, **fields} for name, fields in SHAPES.items()])
    assert {document["_id"] for document in cars.find(query)} == set(expected.split())


DATE = datetime(2025, 1, 2, tzinfo=UTC)
NUMBER = ObjectId("0123456789abcdef01234567")


@pytest.mark.parametrize(
    ("value", "condition", "matches"),
    [
        (1, 1.0, True),
        (Int64(1), Decimal128("1.0"), True),
        (1, True, False),
        (0, False, False),
        (True, {"$gt": False}, True),
        ("1", 1, False),
        ("b", {"$gt": "a", "$lt": "c"}, True),
        ("b", {"$gt": 5}, False),
        (float("nan"), {"$lt": 5}, False),
        (float("nan"), {"$lte": float("nan")}, True),
        (float("nan"), float("nan"), True),
        (5, {"$gt": MinKey()}, True),
        (5, {"$lt": MaxKey()}, True),
        (5, {"$gt": MaxKey()}, False),
        (DATE, DATE.replace(tzinfo=None), True),
        (DATE, {"$gte": DATE}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": 1}, {"$gt": {"a": 0}}, True),
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([[1, 2], 3], [1, 2], True),
        ([1, 2], {"$gt": [1]}, True),
        ([5, 1], {"$gt": 4, "$lt": 2}, True),
        ([5, 1], {"$elemMatch": {"$gt": 4, "$lt": 6}}, True),
        ([5, 1], {"$elemMatch": {"$gt": 1, "$lt": 5}}, False),
        ([[5]], {"$elemMatch": {"$eq": 5}}, False),
        ([{"x": 1, "y": 2}], {"$elemMatch": {"x": 1, "y": 2}}, True),
        ([{"x": 1}, {"y": 2}], {"$elemMatch": {"x": 1, "y": 2}}, False),
        ([{"x": 1}], {"$elemMatch": {"$or": [{"x": 1}, {"x": 2}]}}, True),
        ([NUMBER], str(NUMBER), False),
        ([str(NUMBER)], NUMBER, False),
        ([1, 2, 3], {"$all": [3, 1]}, True),
        ([1, 2, 3], {"$all": [3, 4]}, False),
        ([1, 2, 3], {"$all": []}, False),
        ([1, 2], {"$nin": [2]}, False),
        ([1, 2], {"$ne": 1}, False),
        ([1, 2], {"$size": 2}, True),
        ("Grandeur", {"$regex": "^gran", "$options": "i"}, True),
        ("Grandeur", re.compile("^gran"), False),
        ("Grandeur", {"$in": [Regex("deur$")]}, True),
        (["x", "Grandeur"], Regex("^G"), True),
        (7, Regex("7"), False),
        ("Grandeur", {"$not": Regex("^G")}, False),
        (Regex("^G", "i"), Regex("^G", "i"), True),
        (7, {"$mod": [4, 3]}, True),
        (-7, {"$mod": [4, -3]}, True),
        (7.9, {"$mod": [4, 3]}, True),
        (float("inf"), {"$mod": [4, 3]}, False),
        (1, {"$type": "int"}, True),
        (Int64(1), {"$type": ["long", "string"]}, True),
        (1, {"$type": 1}, False),
        (True, {"$type": "number"}, False),
        ([1], {"$type": "array"}, True),
        ([1], {"$type": "int"}, True),
        (5, {"$exists": 1}, True),
        (5, {"$exists": 0}, False),
        (5, {"$not": {"$gt": 4}}, False),
        (5, {"$comment": 1}, None),
    ],
    ids=repr,
)
def test_conditions_on_one_value(cars: Collection[Fields], value: Any, condition: Any, matches: bool | None) -> None:
    cars.insert_one({"_id": 1, "f": value, "deep": [{"f": value}]})
    if matches is None:
        with pytest.raises(OperationFailure):
            cars.find_one({"f": condition})
        return
    assert cars.count_documents({"f": condition}) == int(matches)
    assert (cars.find_one({"f": condition}) is not None) == matches
    assert cars.count_documents({"$and": [{"f": condition}, {"_id": 1}]}) == int(matches)
    assert cars.count_documents({"$nor": [{"f": condition}]}) == int(not matches)


def test_an_expression_is_evaluated(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": 1, "a": 1, "b": 2}, {"_id": 2, "a": 2, "b": 1}])
    assert [document["_id"] for document in cars.find({"$expr": {"$gt": ["$a", "$b"]}})] == [2]
    with pytest.raises(OperationFailure) as caught:
        cars.find_one({"$expr": {"$gt": ["$a"]}})
    assert caught.value.code == 9


@pytest.mark.parametrize(
    "query",
    [
        {"a": {"$near": 1}},
        {"a": {"$gt": 1, "b": 2}},
        {"$where": "true"},
        {"$or": []},
        {"$and": {"a": 1}},
        {"a": {"$in": 1}},
        {"a": {"$nin": 1}},
        {"a": {"$all": 1}},
        {"a": {"$not": 1}},
        {"a": {"$elemMatch": 1}},
        {"a": {"$size": "x"}},
        {"a": {"$size": -1}},
        {"a": {"$size": 1.5}},
        {"a": {"$type": "car"}},
        {"a": {"$type": 99}},
        {"a": {"$mod": [0, 1]}},
        {"a": {"$mod": [1]}},
        {"a": {"$regex": "("}},
        {"a": {"$regex": 1}},
        {"a": {"$regex": "a", "$options": "q"}},
    ],
    ids=repr,
)
def test_a_wrong_clause_is_refused_even_when_there_is_nothing_to_search(
    cars: Collection[Fields], query: Fields
) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.find_one(query)
    assert caught.value.code in (2, 9)


@pytest.mark.parametrize("value", [1, "x", [], None])
def test_a_filter_is_a_document(cars: Collection[Fields], value: Any) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.database.command({"find": cars.name, "filter": value})
    assert caught.value.code == 14


def test_numbers_of_all_widths_are_one_id(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": 1}, {"_id": True}, {"_id": "1"}])
    for same in (Int64(1), 1.0, Decimal128("1.00")):
        assert cars.find_one({"_id": same}) == {"_id": 1}
    assert cars.find_one({"_id": {"$in": [True, "1"]}}, sort=[("_id", -1)]) == {"_id": True}
    assert cars.count_documents({"_id": {"$eq": 1}, "$and": [{"_id": {"$lt": 5}}]}) == 1
    assert cars.count_documents({"_id": re.compile("1")}) == 1
