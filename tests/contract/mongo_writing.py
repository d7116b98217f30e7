"""The Mongo contract: guarded updates, the update operators, duplicates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bson import Int64
from pymongo import InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, WriteError

from tests.contract.mongo_clients import WHEN, Fields, ids_of


class TestGuards:
    """An update goes through only while the fields it was computed from are still as they were read."""

    VALUES: tuple[Any, ...] = (
        "http://example.com/a.jpg",
        "",
        None,
        [],
        ["a", "b"],
        [None, ""],
        [{"color": "빨강", "url": "a"}, {"color": "파랑", "url": "b"}],
        {"nested": {"url": "a"}, "n": 1},
        {},
        7,
        2.5,
        True,
    )

    @pytest.mark.parametrize("value", VALUES, ids=repr)
    def test_the_same_value_lets_the_update_through(self, collection: Collection[Fields], value: Any) -> None:
        collection.insert_one({"_id": 1, "field": value})
        result = collection.update_one(
            {"_id": 1, "field": {"$eq": value, "$exists": True}}, {"$set": {"s3_field": "stored"}}
        )
        assert (result.matched_count, result.modified_count) == (1, 1)
        assert collection.find_one({"_id": 1}) == {"_id": 1, "field": value, "s3_field": "stored"}

    @pytest.mark.parametrize(
        ("present", "guarded"),
        [
            (["a", "b"], ["b", "a"]),
            (["a", "b"], ["a"]),
            (["a"], ["a", "b"]),
            ([{"url": "a"}], [{"url": "b"}]),
            ({"a": 1, "b": 2}, {"a": 1}),
            ({"a": {"b": 1}}, {"a": {"b": 2}}),
            ("a", "A"),
            ("\uac00", "\u1100\u1161"),
            (None, ""),
            ([], None),
            ([], {}),
            (1, True),
            (0, False),
        ],
        ids=repr,
    )
    def test_another_value_stops_it(self, collection: Collection[Fields], present: Any, guarded: Any) -> None:
        collection.insert_one({"_id": 1, "field": present})
        result = collection.update_one({"_id": 1, "field": {"$eq": guarded}}, {"$set": {"s3_field": "stored"}})
        assert result.matched_count == 0
        assert collection.find_one({"_id": 1}) == {"_id": 1, "field": present}

    def test_a_missing_field_and_null_are_told_apart(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": "missing"}, {"_id": "null", "field": None}])
        was_missing, was_null = {"$exists": False}, {"$eq": None, "$exists": True}
        for name, guard, matched in [
            ("missing", was_missing, 1),
            ("missing", was_null, 0),
            ("null", was_missing, 0),
            ("null", was_null, 1),
        ]:
            result = collection.update_one({"_id": name, "field": guard}, {"$set": {"seen": 1}})
            assert result.matched_count == matched, (name, guard)

    def test_a_text_guard_can_refuse_a_list_that_holds_the_text(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "field": ["a", "b"]})
        assert collection.count_documents({"_id": 1, "field": {"$eq": "a"}}) == 1
        assert collection.count_documents({"_id": 1, "field": {"$eq": "a"}, "field.0": {"$exists": False}}) == 0

    def test_a_date_guards_to_the_millisecond(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "mark": {"at": WHEN}})
        assert collection.count_documents({"mark.at": {"$eq": WHEN}}) == 1
        assert collection.count_documents({"mark.at": {"$eq": WHEN + timedelta(milliseconds=1)}}) == 0


class TestUpdates:
    """The operators that opsctl uses, and what they leave untouched."""

    def test_set_keeps_every_other_field_in_its_place(self, collection: Collection[Fields]) -> None:
        before = {"_id": 1, "z": 1, "a": [1, {"x": None}], "m": {"q": 1, "b": 2}, "s3_a": None}
        collection.insert_one(dict(before))
        collection.update_one({"_id": 1}, {"$set": {"s3_a": ["x"], "s3_z": "new"}})
        after = collection.find_one({"_id": 1})
        assert after is not None
        assert list(after) == ["_id", "z", "a", "m", "s3_a", "s3_z"]
        assert list(after["m"]) == ["q", "b"]
        assert after == {**before, "s3_a": ["x"], "s3_z": "new"}

    def test_set_of_nested_paths_makes_what_is_missing(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "shards": [{"owner": "a", "epoch": 1}]})
        collection.update_one({"_id": 1}, {"$set": {"shards.0.owner": "b", "lease.expires": 5}})
        assert collection.find_one({"_id": 1}) == {
            "_id": 1,
            "shards": [{"owner": "b", "epoch": 1}],
            "lease": {"expires": 5},
        }

    def test_the_same_value_again_matches_and_modifies_nothing(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "a": [1, 2]})
        result = collection.update_one({"_id": 1}, {"$set": {"a": [1, 2]}})
        assert (result.matched_count, result.modified_count) == (1, 0)

    def test_increments_start_at_nothing_and_keep_their_width(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "bytes": Int64(2**40)})
        collection.update_one({"_id": 1}, {"$inc": {"bytes": 5, "stored": 1, "counters.failed": 2}})
        collection.update_one({"_id": 1}, {"$inc": {"stored": -3}})
        assert collection.find_one({"_id": 1}) == {
            "_id": 1,
            "bytes": 2**40 + 5,
            "stored": -2,
            "counters": {"failed": 2},
        }

    def test_push_with_slice_keeps_the_last_ones(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1})
        for number in range(6):
            collection.update_one({"_id": 1}, {"$push": {"buckets": {"$each": [{"n": number}], "$slice": -4}}})
        assert collection.find_one({"_id": 1}) == {"_id": 1, "buckets": [{"n": number} for number in range(2, 6)]}

    def test_set_inc_and_push_in_one_update(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "state": "running", "n": 1})
        collection.update_one(
            {"_id": 1, "state": "running"},
            {"$set": {"state": "stopped"}, "$inc": {"n": 1}, "$push": {"log": {"$each": ["a", "b"], "$slice": -5}}},
        )
        assert collection.find_one({"_id": 1}) == {"_id": 1, "state": "stopped", "n": 2, "log": ["a", "b"]}

    def test_unset_takes_fields_away(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "main_image": "u", "s3_main_image": "s", "m": {"a": 1, "b": 2}})
        collection.update_one({"_id": 1}, {"$unset": {"s3_main_image": "", "m.a": "", "absent": ""}})
        assert collection.find_one({"_id": 1}) == {"_id": 1, "main_image": "u", "m": {"b": 2}}

    def test_upsert_makes_the_document_once(self, collection: Collection[Fields]) -> None:
        change = {"$set": {"state": "planned"}, "$setOnInsert": {"created": 1}, "$inc": {"starts": 1}}
        first = collection.update_one({"_id": "run"}, change, upsert=True)
        second = collection.update_one({"_id": "run"}, change, upsert=True)
        assert (first.upserted_id, first.matched_count) == ("run", 0)
        assert (second.upserted_id, second.matched_count) == (None, 1)
        assert collection.find_one() == {"_id": "run", "state": "planned", "created": 1, "starts": 2}

    def test_update_many_and_delete_many(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": number, "run": number % 2} for number in range(10)])
        assert collection.update_many({"run": 1}, {"$unset": {"run": ""}}).modified_count == 5
        assert collection.delete_many({"run": {"$exists": False}}).deleted_count == 5
        assert collection.delete_one({"_id": 0}).deleted_count == 1
        assert ids_of(collection.find().sort("_id", 1)) == [2, 4, 6, 8]

    def test_replace_keeps_the_id(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "a": 1})
        assert collection.replace_one({"_id": 1}, {"b": 2}).modified_count == 1
        assert collection.find_one() == {"_id": 1, "b": 2}

    def test_bulk_write_reports_each_kind(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": number, "a": [number]} for number in range(4)])
        result = collection.bulk_write(
            [
                UpdateOne({"_id": 0, "a": [0]}, {"$set": {"done": True}}),
                UpdateOne({"_id": 1, "a": [99]}, {"$set": {"done": True}}),
                UpdateOne({"_id": 2}, {"$inc": {"n": 1}}),
                UpdateOne({"_id": 9}, {"$set": {"done": True}}, upsert=True),
                InsertOne({"_id": 10}),
            ],
            ordered=False,
        )
        assert (result.matched_count, result.modified_count, result.upserted_count, result.inserted_count) == (
            2,
            2,
            1,
            1,
        )
        assert result.upserted_ids == {3: 9}
        assert sorted(ids_of(collection.find({"done": True}))) == [0, 9]

    def test_an_increment_of_text_is_refused_and_changes_nothing(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "a": "text", "b": 1})
        with pytest.raises(WriteError):
            collection.update_one({"_id": 1}, {"$set": {"b": 2}, "$inc": {"a": 1}})
        assert collection.find_one() == {"_id": 1, "a": "text", "b": 1}


class TestDuplicates:
    """A second document with the same `_id` is refused, as error 11000."""

    def test_insert_one(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1, "a": 1})
        with pytest.raises(DuplicateKeyError) as caught:
            collection.insert_one({"_id": 1, "a": 2})
        assert caught.value.code == 11000
        assert collection.find_one() == {"_id": 1, "a": 1}

    def test_ordered_stops_and_unordered_goes_on(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": 1})
        documents = [{"_id": number} for number in (0, 1, 2, 1, 3)]
        with pytest.raises(BulkWriteError) as caught:
            collection.insert_many(documents, ordered=True)
        assert [error["index"] for error in caught.value.details["writeErrors"]] == [1]
        assert sorted(ids_of(collection.find())) == [0, 1]
        collection.delete_one({"_id": 0})
        with pytest.raises(BulkWriteError) as caught:
            collection.insert_many(documents, ordered=False)
        errors = caught.value.details["writeErrors"]
        assert [(error["index"], error["code"]) for error in errors] == [(1, 11000), (3, 11000)]
        assert sorted(ids_of(collection.find())) == [0, 1, 2, 3]

    def test_a_unique_index_is_enforced(self, collection: Collection[Fields]) -> None:
        collection.create_index([("key", 1)], unique=True, name="key_unique")
        collection.insert_many([{"_id": 1, "key": "a"}, {"_id": 2, "key": "b"}])
        with pytest.raises(DuplicateKeyError):
            collection.insert_one({"_id": 3, "key": "a"})
        with pytest.raises(DuplicateKeyError):
            collection.update_one({"_id": 2}, {"$set": {"key": "a"}})
        assert collection.find_one({"_id": 2}) == {"_id": 2, "key": "b"}
        assert set(collection.index_information()) == {"_id_", "key_unique"}

    def test_an_unknown_command_is_refused(self, collection: Collection[Fields]) -> None:
        with pytest.raises(OperationFailure) as caught:
            collection.database.command("noSuchCommand")
        assert caught.value.code == 59
