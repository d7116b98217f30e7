"""The update operators, and updates that are refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bson import Int64, ObjectId
from bson.decimal128 import Decimal128
from pymongo import MongoClient, ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, WriteError

Fields = dict[str, Any]


@pytest.mark.parametrize(
    ("before", "update", "after"),
    [
        ({"a": 1}, {"$set": {"c": 1, "b": 2}}, {"a": 1, "b": 2, "c": 1}),
        ({}, {"$set": {"a.10": 1, "a.9": 2}}, {"a": {"9": 2, "10": 1}}),
        ({"a": [1]}, {"$set": {"a.3": 4}}, {"a": [1, None, None, 4]}),
        ({"a": [{"b": 1}]}, {"$set": {"a.0.c": 2, "a.1.d": 3}}, {"a": [{"b": 1, "c": 2}, {"d": 3}]}),
        ({"a": [1, 2, 3]}, {"$unset": {"a.1": 1}}, {"a": [1, None, 3]}),
        ({"a": {"b": 1}}, {"$unset": {"a.b.c": 1, "x.y": 1}}, {"a": {"b": 1}}),
        ({"a": 1}, {"$inc": {"a": Int64(1)}}, {"a": Int64(2)}),
        ({"a": 2**31 - 1}, {"$inc": {"a": 1}}, {"a": Int64(2**31)}),
        ({"a": 1}, {"$inc": {"a": 0.5}}, {"a": 1.5}),
        ({"a": Decimal128("0.1")}, {"$inc": {"a": 1}}, {"a": Decimal128("1.1")}),
        ({"a": 3}, {"$mul": {"a": 2, "b": 5}}, {"a": 6, "b": 0}),
        ({"a": 3, "b": 3}, {"$min": {"a": 2, "c": 1}, "$max": {"b": 2}}, {"a": 2, "b": 3, "c": 1}),
        ({"a": 1, "b": 2}, {"$rename": {"a": "c"}}, {"b": 2, "c": 1}),
        ({"b": 2}, {"$rename": {"a": "c"}}, {"b": 2}),
        ({"a": [1, 2]}, {"$push": {"a": [3]}}, {"a": [1, 2, [3]]}),
        ({"a": [1, 4]}, {"$push": {"a": {"$each": [2, 3], "$position": 1}}}, {"a": [1, 2, 3, 4]}),
        ({"a": [3, 1]}, {"$push": {"a": {"$each": [2], "$sort": -1, "$slice": 2}}}, {"a": [3, 2]}),
        (
            {"a": [{"n": 2}, {"n": 1, "x": 1}]},
            {"$push": {"a": {"$each": [{"n": 0}], "$sort": {"n": 1}}}},
            {"a": [{"n": 0}, {"n": 1, "x": 1}, {"n": 2}]},
        ),
        ({"a": [1, 2]}, {"$push": {"a": {"$each": [3], "$slice": 0}}}, {"a": []}),
        ({"a": [1]}, {"$addToSet": {"a": {"$each": [1.0, 2, 2]}, "b": 1}}, {"a": [1, 2], "b": [1]}),
        ({"a": [1, 2, 1]}, {"$pull": {"a": 1, "missing": 1}}, {"a": [2]}),
        ({"a": [1, 5, 9]}, {"$pull": {"a": {"$gte": 5}}}, {"a": [1]}),
        ({"a": [{"x": 1, "y": 1}, {"x": 2}]}, {"$pull": {"a": {"x": 1}}}, {"a": [{"x": 2}]}),
        ({"a": [1, 2, 3]}, {"$pullAll": {"a": [3, 1]}}, {"a": [2]}),
        ({"a": [1, 2, 3], "b": [1, 2]}, {"$pop": {"a": 1, "b": -1}}, {"a": [1, 2], "b": [2]}),
        ({"a": 1}, {"$set": {}}, {"a": 1}),
        ({"a": 1}, {"$setOnInsert": {"b": 1}, "$set": {"c": 1}}, {"a": 1, "c": 1}),
        ({"a": 1}, {"$set": {"_id": 1, "b": 1}}, {"a": 1, "b": 1}),
    ],
    ids=repr,
)
def test_operators(cars: Collection[Fields], before: Fields, update: Fields, after: Fields) -> None:
    cars.insert_one({"_id": 1, **before})
    result = cars.update_one({"_id": 1}, update)
    found = cars.find_one()
    assert found == {"_id": 1, **after}
    assert [(name, type(value)) for name, value in found.items()] == [
        (name, type(value)) for name, value in {"_id": 1, **after}.items()
    ]
    assert result.modified_count == int(before != after)


@pytest.mark.parametrize(
    ("before", "update", "code"),
    [
        ({"a": 1}, {"$set": {"b": 1, "a.x": 1}}, 28),
        ({"a": None}, {"$set": {"a.x": 1}}, 28),
        ({"a": [1]}, {"$set": {"a.x": 1}}, 28),
        ({"a": "x"}, {"$set": {"b": 1}, "$inc": {"a": 1}}, 14),
        ({"a": 1}, {"$inc": {"a": "x"}}, 14),
        ({"a": 1}, {"$inc": {"a": True}}, 14),
        ({"a": Int64(2**63 - 1)}, {"$inc": {"a": 1}}, 2),
        ({"a": 1}, {"$push": {"a": 1}}, 2),
        ({"a": None}, {"$push": {"a": {"$each": [1]}}}, 2),
        ({"a": []}, {"$push": {"a": {"$each": 1}}}, 2),
        ({"a": []}, {"$push": {"a": {"$each": [], "$other": 1}}}, 2),
        ({"a": []}, {"$push": {"a": {"$each": [], "$slice": "x"}}}, 2),
        ({"a": []}, {"$push": {"a": {"$each": [], "$sort": 2}}}, 2),
        ({"a": 1}, {"$addToSet": {"a": 1}}, 2),
        ({"a": 1}, {"$pull": {"a": 1}}, 2),
        ({"a": [1]}, {"$pop": {"a": 3}}, 9),
        ({"a": 1}, {"$set": {"_id": 2}}, 66),
        ({"a": 1}, {"$unset": {"_id": 1}}, 66),
        ({"a": 1}, {"$set": {"b": 1}, "$inc": {"b": 1}}, 40),
        ({"a": 1}, {"$set": {"b.c": 1, "b": 1}}, 40),
        ({"a": 1}, {"$rename": {"a": "b"}, "$set": {"b": 1}}, 40),
        ({"a": 1}, {"$frobnicate": {"b": 1}}, 9),
        ({"a": 1}, {"$set": 1}, 9),
        ({"a": 1}, {"$set": {"b..c": 1}}, 9),
        ({"a": 1}, {"$rename": {"a": 1}}, 2),
        ({"a": 1}, {"$currentDate": {"b": 1}}, 2),
        ({"a": [1]}, {"$set": {"a.9999999": 1}}, 2),
        ({"a": [1]}, {"$set": {"a.$": 1}}, 115),
        ({"a": [1]}, {"$set": {"a.$[]": 1}}, 115),
    ],
    ids=repr,
)
def test_a_refused_update_changes_nothing(cars: Collection[Fields], before: Fields, update: Fields, code: int) -> None:
    cars.insert_one({"_id": 1, **before})
    with pytest.raises(WriteError) as caught:
        cars.update_one({"_id": 1}, update)
    assert caught.value.code == code
    assert cars.find_one() == {"_id": 1, **before}


def test_what_is_not_built_is_refused_by_name(cars: Collection[Fields]) -> None:
    for refused in (
        lambda: cars.update_one({}, [{"$set": {"a": 1}}]),
        lambda: cars.update_one({}, {"$set": {"a": 1}}, array_filters=[{"x": 1}]),
        lambda: cars.update_one({}, {"$set": {"a": 1}}, collation={"locale": "ko"}),
        lambda: cars.delete_one({}, collation={"locale": "ko"}),
        lambda: cars.find_one({}, collation={"locale": "ko"}),
    ):
        with pytest.raises(OperationFailure) as caught:
            refused()
        assert caught.value.code == 115


def test_current_date_is_a_date_in_whole_milliseconds(cars: Collection[Fields]) -> None:
    cars.insert_one({"_id": 1})
    cars.update_one({"_id": 1}, {"$currentDate": {"at": True, "mark": {"$type": "timestamp"}}})
    assert cars.count_documents({"at": {"$type": "date"}, "mark": {"$type": "timestamp"}}) == 1
    found = cars.find_one()
    assert found is not None
    assert isinstance(found["at"], datetime)


@pytest.mark.parametrize(
    ("query", "update", "expected"),
    [
        ({"_id": 5, "a": 1, "n": {"$gt": 3}}, {"$set": {"b": 2}}, {"_id": 5, "a": 1, "b": 2}),
        ({"_id": 5, "a.b": 1}, {"$inc": {"a.c": 2}}, {"_id": 5, "a": {"b": 1, "c": 2}}),
        ({"$and": [{"_id": {"$eq": 5}}, {"a": 1}]}, {"$set": {"b": 2}}, {"_id": 5, "a": 1, "b": 2}),
        ({"_id": 5, "a": 1}, {"b": 2}, {"_id": 5, "b": 2}),
        ({"a": 1}, {"$setOnInsert": {"_id": 5}}, {"_id": 5, "a": 1}),
        ({"a": 1}, {"_id": 5, "b": 2}, {"_id": 5, "b": 2}),
        ({"_id": 5, "$or": [{"a": 1}, {"a": 2}]}, {"$push": {"l": 1}}, {"_id": 5, "l": [1]}),
    ],
    ids=repr,
)
def test_an_upsert_begins_with_what_the_query_demands(
    cars: Collection[Fields], query: Fields, update: Fields, expected: Fields
) -> None:
    statement = {"q": query, "u": update, "upsert": True}
    answer = cars.database.command({"update": cars.name, "updates": [statement]})
    assert (answer["n"], answer["nModified"], answer["upserted"]) == (1, 0, [{"index": 0, "_id": 5}])
    found = cars.find_one()
    assert found == expected
    assert list(found) == list(expected)


def test_an_upsert_without_an_id_gets_an_object_id(cars: Collection[Fields]) -> None:
    result = cars.update_one({"a": 1}, {"$set": {"b": 1}}, upsert=True)
    assert isinstance(result.upserted_id, ObjectId)
    assert cars.find_one() == {"_id": result.upserted_id, "a": 1, "b": 1}


def test_an_id_cannot_be_an_array_or_change(cars: Collection[Fields]) -> None:
    with pytest.raises(WriteError) as caught:
        cars.insert_one({"_id": [1]})
    assert caught.value.code == 53
    cars.insert_one({"_id": 1})
    with pytest.raises(WriteError) as changed:
        cars.replace_one({"_id": 1}, {"_id": 2})
    assert changed.value.code == 66


def test_replacements(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 1}])
    assert cars.find_one_and_replace({"_id": 1}, {"b": 1}, return_document=ReturnDocument.AFTER) == {"_id": 1, "b": 1}
    for update, multi in (({"b": 1}, True), ({"a": 1, "$set": {"b": 1}}, False)):
        statement = {"q": {}, "u": update, "multi": multi}
        errors = cars.database.command({"update": cars.name, "updates": [statement]})["writeErrors"]
        assert errors[0]["code"] in (9, 52)
    assert cars.count_documents({"b": 1}) == 1


def test_unordered_updates_go_on_after_an_error(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": 1, "a": "x"}, {"_id": 2, "a": 1}])
    statements = [{"q": {"_id": number}, "u": {"$inc": {"a": 1}}} for number in (1, 2)]
    answer = cars.database.command({"update": cars.name, "updates": statements, "ordered": False})
    assert (answer["n"], answer["nModified"]) == (1, 1)
    assert [error["index"] for error in answer["writeErrors"]] == [0]
    answer = cars.database.command({"update": cars.name, "updates": statements, "ordered": True})
    assert (answer["n"], answer["nModified"]) == (0, 0)


def test_find_one_and_delete_and_its_refusals(cars: Collection[Fields]) -> None:
    cars.insert_many([{"_id": 1, "a": 1}, {"_id": 2, "a": 2}])
    assert cars.find_one_and_delete({}, projection={"_id": 0}, sort=[("a", -1)]) == {"a": 2}
    assert cars.find_one_and_delete({"_id": 9}) is None
    assert list(cars.find()) == [{"_id": 1, "a": 1}]
    for options in ({}, {"remove": True, "update": {"a": 1}}, {"remove": True, "new": True}):
        with pytest.raises(OperationFailure) as caught:
            cars.database.command({"findAndModify": cars.name, "query": {}, **options})
        assert caught.value.code == 9


def test_fields_of_retryable_writes_are_taken(client: MongoClient[Fields], cars: Collection[Fields]) -> None:
    with client.start_session() as session:
        answer = cars.database.command(
            {"insert": cars.name, "documents": [{"_id": 1}], "txnNumber": Int64(1), "stmtId": 0}, session=session
        )
        assert answer["n"] == 1
        with pytest.raises(OperationFailure) as caught:
            cars.database.command({"insert": cars.name, "documents": [{}], "startTransaction": True}, session=session)
        assert caught.value.code == 20


def test_an_unacknowledged_write_is_done_and_not_answered(mongo_uri: str, cars: Collection[Fields]) -> None:
    # With one connection, an answer that nobody asked for would be taken for that to the next question.
    with MongoClient[Fields](mongo_uri, maxPoolSize=1) as client:
        same = client[cars.database.name][cars.name]
        silent = same.with_options(write_concern=WriteConcern(w=0))
        assert not silent.insert_one({"_id": 1}).acknowledged
        assert not silent.update_one({"_id": 1}, {"$set": {"a": 1}}).acknowledged
        assert same.count_documents({"a": 1}) == 1
