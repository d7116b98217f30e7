"""Pipelines: what `count_documents` sends, and the rest of the stages."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

Fields = dict[str, Any]


@pytest.fixture
def trims(cars: Collection[Fields]) -> Collection[Fields]:
    cars.insert_many([{"_id": number, "n": number % 3, "colors": ["w", "b"][: number % 3]} for number in range(7)])
    return cars


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ([], list(range(7))),
        ([{"$match": {"n": 1}}], [1, 4]),
        ([{"$sort": {"n": -1, "_id": -1}}, {"$skip": 1}, {"$limit": 3}], [2, 4, 1]),
        ([{"$match": {"_id": {"$gte": 2}}}, {"$match": {"_id": {"$lt": 4}}}, {"$project": {"_id": 1}}], [2, 3]),
    ],
)
def test_stages_that_only_choose(trims: Collection[Fields], pipeline: list[Fields], expected: list[int]) -> None:
    found = list(trims.aggregate(pipeline))
    assert [document["_id"] for document in found] == expected


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([{"$group": {"_id": 1, "n": {"$sum": 1}}}], [{"_id": 1, "n": 7}]),
        ([{"$group": {"_id": None, "n": {"$sum": 2}}}], [{"_id": None, "n": 14}]),
        ([{"$match": {"n": 9}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}], []),
        ([{"$count": "cars"}], [{"cars": 7}]),
        ([{"$match": {"n": 9}}, {"$count": "cars"}], []),
        (
            [{"$group": {"_id": "$n", "sum": {"$sum": "$_id"}, "top": {"$max": "$_id"}}}, {"$sort": {"_id": 1}}],
            [{"_id": 0, "sum": 9, "top": 6}, {"_id": 1, "sum": 5, "top": 4}, {"_id": 2, "sum": 7, "top": 5}],
        ),
        (
            [{"$unwind": "$colors"}, {"$group": {"_id": "$colors", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}],
            [{"_id": "b", "n": 2}, {"_id": "w", "n": 4}],
        ),
        (
            [{"$match": {"_id": 5}}, {"$project": {"many": {"$size": "$colors"}, "n": 1}}],
            [{"_id": 5, "n": 2, "many": 2}],
        ),
        ([{"$match": {"_id": 5}}, {"$unset": ["colors", "n"]}], [{"_id": 5}]),
        (
            [{"$match": {"_id": 0}}, {"$addFields": {"twice": {"$multiply": ["$_id", 2]}}}, {"$unset": "colors"}],
            [{"_id": 0, "n": 0, "twice": 0}],
        ),
    ],
    ids=repr,
)
def test_stages_that_make_documents(trims: Collection[Fields], stages: list[Fields], expected: list[Fields]) -> None:
    assert list(trims.aggregate(stages)) == expected


def test_an_evaluated_stage_leaves_the_collection_as_it_was(trims: Collection[Fields]) -> None:
    before = list(trims.find())
    list(trims.aggregate([{"$unwind": "$colors"}, {"$addFields": {"n": 9}}]))
    assert list(trims.find()) == before


def test_a_sample_is_without_repetition(trims: Collection[Fields]) -> None:
    chosen = [document["_id"] for document in trims.aggregate([{"$sample": {"size": 4}}])]
    assert len(set(chosen)) == 4
    assert len(list(trims.aggregate([{"$sample": {"size": 100}}]))) == 7


def test_a_long_result_has_batches(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": number} for number in range(300)])
    assert len(list(cars.aggregate([{"$match": {}}], batchSize=7))) == 300


def test_distinct_opens_arrays(trims: Collection[Fields]) -> None:
    assert trims.distinct("colors") == ["w", "b"]
    assert trims.distinct("n", {"_id": {"$gt": 4}}) == [2, 0]


@pytest.mark.parametrize(
    ("pipeline", "code"),
    [
        ([{"$lookup": {"from": "x", "localField": "a", "foreignField": "b", "as": "c"}}], 115),
        ([{"$out": "x"}], 115),
        ([{"$facet": {}}], 115),
        ([{"$nonsense": 1}], 115),
        ([{"$match": {}, "$limit": 1}], 9),
        ([1], 9),
        ([{"$limit": 0}], 15998),
        ([{"$skip": -1}], 2),
        ([{"$count": ""}], 2),
        ([{"$project": {}}], 40353),
        ([{"$sort": {"a": 2}}], 15975),
    ],
    ids=repr,
)
def test_a_wrong_pipeline_is_refused(cars: Collection[Fields], pipeline: list[Any], code: int) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.database.command({"aggregate": cars.name, "pipeline": pipeline, "cursor": {}})
    assert caught.value.code == code


def test_a_pipeline_needs_its_cursor(cars: Collection[Fields]) -> None:
    with pytest.raises(OperationFailure) as caught:
        cars.database.command({"aggregate": cars.name, "pipeline": []})
    assert caught.value.code == 9
