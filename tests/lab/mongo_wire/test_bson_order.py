"""The order of values, against a model that compares them pair by pair."""

from __future__ import annotations

import functools
import itertools
import operator
import uuid
from typing import Any

import pytest
from bson import Int64, MaxKey, MinKey, ObjectId
from bson.decimal128 import Decimal128
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from opsctl.lab.mongo_wire.bson_order import sort_key
from tests.lab.mongo_wire.bson_values import IDS, VALUES, bracket, compare, is_nan

RANGES = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


@given(st.lists(VALUES, min_size=2, max_size=6))
@example([0, -0.0, Int64(0), Decimal128("0E+3")])
@example([2**53, float(2**53), 2**53 + 1, Decimal128("9007199254740993")])
@example([float("nan"), Decimal128("NaN"), float("-inf")])
@example([{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": "x"}, {"b": 1}])
def test_keys_compare_as_the_model_does(values: list[Any]) -> None:
    for left, right in itertools.product(values, repeat=2):
        left_key, right_key = sort_key(left), sort_key(right)
        assert (left_key > right_key) - (left_key < right_key) == compare(left, right)
        assert (left_key == right_key) == (compare(left, right) == 0)
        if left_key == right_key:
            assert hash(left_key) == hash(right_key)


@settings(max_examples=60, deadline=None)
@given(
    ids=st.lists(IDS, min_size=1, max_size=12, unique_by=sort_key),
    bound=IDS,
    name=st.sampled_from(sorted(RANGES)),
    downwards=st.booleans(),
    limit=st.integers(0, 5),
)
@example(ids=[ObjectId(), "a", 1], bound="", name="$gt", downwards=False, limit=0)
@example(ids=[float("nan"), 1, "a"], bound=float("nan"), name="$gte", downwards=False, limit=0)
@example(ids=[None, float("nan")], bound=MinKey(), name="$gt", downwards=False, limit=0)
@example(ids=[None, 1, MinKey(), MaxKey()], bound=MaxKey(), name="$lt", downwards=True, limit=2)
def test_ranges_and_order_of_ids(
    mongo_uri: str, *, ids: list[Any], bound: Any, name: str, downwards: bool, limit: int
) -> None:
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        collection = client["order"][uuid.uuid4().hex]
        collection.insert_many([{"_id": value} for value in ids])
        ordered = sorted(ids, key=functools.cmp_to_key(compare), reverse=downwards)
        direction = -1 if downwards else 1
        found = [document["_id"] for document in collection.find().sort("_id", direction)]
        assert list(map(sort_key, found)) == list(map(sort_key, ordered))
        expected = [value for value in ordered if is_in_range(value, name, bound)]
        ranged = collection.find({"_id": {name: bound}}).sort("_id", direction).limit(limit)
        assert [sort_key(document["_id"]) for document in ranged] == list(map(sort_key, expected))[: limit or None]
        assert collection.count_documents({"_id": {name: bound}}) == len(expected)
        collection.drop()


def is_in_range(value: Any, name: str, bound: Any) -> bool:
    """Type bracketing: only a bound that is MinKey or MaxKey compares with other types, NaN with itself only."""
    if bracket(value) == bracket(bound):
        if is_nan(value) or is_nan(bound):
            return is_nan(value) and is_nan(bound) and name in ("$gte", "$lte")
        return bool(RANGES[name](compare(value, bound), 0))
    if name in ("$lt", "$lte"):
        return isinstance(bound, MaxKey)
    return isinstance(bound, MinKey)


@pytest.mark.parametrize("direction", [1, -1])
def test_arrays_sort_by_their_smallest_or_largest_element(mongo_uri: str, direction: int) -> None:
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        collection = client["order"][uuid.uuid4().hex]
        collection.insert_many(
            [
                {"_id": "wide", "a": [1, 9]},
                {"_id": "five", "a": 5},
                {"_id": "missing"},
                {"_id": "empty", "a": []},
                {"_id": "text", "a": "x"},
            ]
        )
        expected = {1: "empty missing wide five text", -1: "text wide five missing empty"}[direction]
        assert [document["_id"] for document in collection.find().sort("a", direction)] == expected.split()
        collection.drop()
