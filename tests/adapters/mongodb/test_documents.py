"""The collection of a migration: what only MongoDB has. The port itself is held in `tests/contract`."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Timestamp
from pymongo.asynchronous.database import AsyncDatabase

from opsctl.adapters.mongodb.connection import connect
from opsctl.adapters.mongodb.documents import GUARD_FIELD_BYTES, MongoDocuments, parse_where
from opsctl.adapters.mongodb.runs import RUNS_COLLECTION, MongoRuns
from opsctl.errors import DataError, NotFoundError, OpsctlError, UsageError
from opsctl.lab.mongo_wire import serve_mongo
from opsctl.migration.models import DocumentView, ImageMapping, RecordOutcome, Selection
from tests.contract.document_store import make_update, read_all, read_one
from tests.contract.run_store import make_record

MAPPING = ImageMapping()
Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def database(mongo_uri: str) -> AsyncIterator[Database]:
    client = connect(mongo_uri, timeout_seconds=60)
    name = f"adapter_{uuid.uuid4().hex[:12]}"
    try:
        yield client[name]
    finally:
        await client.drop_database(name)
        await client.close()


@pytest.fixture
def store(database: Database) -> MongoDocuments:
    return MongoDocuments(database, "vehicles", MAPPING, host="mongo.test")


class TestIds:
    async def test_every_kind_of_id_is_read_and_recorded(self, database: Database, store: MongoDocuments) -> None:
        ids = [
            float("-inf"),
            -1.5,
            Int64(3),
            Decimal128("4.5"),
            "",
            "x",
            {"a": 1},
            {"b": ObjectId("0" * 24)},
            Binary(b"", 0),
            Binary(b"\x01", 0),
            uuid.UUID(int=7).bytes,
            ObjectId("0" * 24),
            ObjectId("f" * 24),
            False,
            True,
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(2025, 1, 1, tzinfo=UTC),
            Timestamp(0, 1),
            None,
        ]
        await database["vehicles"].insert_many([{"_id": document_id, "main_image": "a"} for document_id in ids])
        found = await read_all(store, DocumentView.OPEN)
        assert len(found) == len(ids) == await store.count_open(Selection())
        for document in found:
            assert await store.record(make_update(document, is_complete=True)) is RecordOutcome.RECORDED, document.id
        assert await store.count_open(Selection()) == 0


class TestGuard:
    async def test_names_that_a_filter_cannot_hold(self, database: Database, store: MongoDocuments) -> None:
        odd = {"_id": 1, "main_image": "a", "": 1, "n": float("nan"), "deep": [{"x": float("nan")}]}
        await database["vehicles"].insert_one(odd)
        seen = await read_one(store, 1)
        assert await store.record(make_update(seen, is_complete=True)) is RecordOutcome.RECORDED
        assert (await read_one(store, 1)).digest == seen.digest

    async def test_names_with_dots_and_dollars(self) -> None:
        # MongoDB has them since 5.0; mongo-java-server refuses them.
        async with serve_mongo() as server:
            client = connect(server.uri)
            await client["db"]["vehicles"].insert_one({"_id": 1, "main_image": "a", "a.b": {"c.d": 1, "$e": 2}})
            store = MongoDocuments(client["db"], "vehicles", MAPPING, host="mongo.test")
            seen = await read_one(store, 1)
            assert await store.record(make_update(seen, is_complete=True)) is RecordOutcome.RECORDED
            assert (await read_one(store, 1)).digest == seen.digest
            await client.close()

    async def test_a_large_field_that_names_no_image_need_not_fit_the_filter(
        self, database: Database, store: MongoDocuments
    ) -> None:
        large = "x" * (GUARD_FIELD_BYTES + 1)
        await database["vehicles"].insert_one({"_id": 1, "main_image": "a", "text": large, "price": 1})
        seen = await read_one(store, 1)
        await database["vehicles"].update_one({"_id": 1}, {"$set": {"price": 2}})
        assert await store.record(make_update(seen, is_complete=True)) is RecordOutcome.CONFLICT
        seen = await read_one(store, 1)
        assert await store.record(make_update(seen, is_complete=True)) is RecordOutcome.RECORDED

    async def test_a_field_of_images_is_guarded_however_large(self, database: Database, store: MongoDocuments) -> None:
        urls = [f"http://h/{number:060d}" for number in range(6000)]
        await database["vehicles"].insert_one({"_id": 1, "exterior_images": urls})
        seen = await read_one(store, 1)
        await database["vehicles"].update_one({"_id": 1}, {"$set": {"exterior_images.5999": "other"}})
        assert await store.record(make_update(seen, is_complete=True)) is RecordOutcome.CONFLICT

    async def test_only_our_fields_are_set(self, database: Database, store: MongoDocuments) -> None:
        before = {"_id": 1, "main_image": "a", "s3_backup_note": "keep", "deep": {"b": 1, "a": 2}}
        await database["vehicles"].insert_one(dict(before))
        assert await store.record(make_update(await read_one(store, 1), is_complete=True)) is RecordOutcome.RECORDED
        after = await database["vehicles"].find_one({"_id": 1})
        assert after is not None
        assert set(after) - set(before) == {"s3_main_image", "s3_images_metadata", "s3_migration"}
        assert {name: after[name] for name in before} == before


class TestWhere:
    @pytest.mark.parametrize("text", ["", "{", "[]", "5", '"x"', "null", '{"a": {"$oid": "x"}}', '{"$date": 1'])
    def test_what_is_no_filter(self, text: str) -> None:
        with pytest.raises(UsageError, match="--where"):
            parse_where(text)

    def test_extended_json(self) -> None:
        found = parse_where('{"_id": {"$gt": {"$oid": "507f1f77bcf86cd799439011"}}, "n": {"$numberLong": "5"}}')
        assert found == {"_id": {"$gt": ObjectId("507f1f77bcf86cd799439011")}, "n": Int64(5)}

    async def test_operators_and_ids(self, database: Database, store: MongoDocuments) -> None:
        await database["vehicles"].insert_many([{"_id": n, "price": n * 10} for n in range(5)])
        for where, expected in (
            ('{"price": {"$gte": 30}}', [3, 4]),
            ('{"_id": {"$in": [1, 4]}}', [1, 4]),
            ('{"$or": [{"_id": 0}, {"price": 20}]}', [0, 2]),
            ("{}", [0, 1, 2, 3, 4]),
        ):
            selection = Selection(where=where)
            for view in DocumentView:
                assert [document.id for document in await read_all(store, view, selection)] == expected
            assert await store.count_open(selection) == len(expected)

    async def test_an_operator_that_is_none(self, database: Database, store: MongoDocuments) -> None:
        await database["vehicles"].insert_one({"_id": 1})
        with pytest.raises(OpsctlError):
            await store.page(Selection(where='{"a": {"$near_enough": 1}}'), DocumentView.OPEN, None)


async def test_the_nearest_name_is_proposed(database: Database) -> None:
    await database["danawa_vehicle_data"].insert_one({"_id": 1})
    with pytest.raises(NotFoundError) as caught:
        await MongoDocuments(database, "danawa_vehicle_dat", MAPPING, host="h").check()
    assert "danawa_vehicle_data" in (caught.value.hint or "")


class TestRuns:
    @pytest.mark.parametrize(
        "damage",
        [
            {"state": "hibernating"},
            {"shards": None},
            {"shards": {"0": {}}},
            {"sequence": "first"},
            {"plan": {"unknown": 1, "documents": []}, "sequence": None},
            {"buckets": [{}]},
            {"shards.0.lease.process": {"host": "x"}},
        ],
    )
    async def test_a_record_that_cannot_be_read_is_told(self, database: Database, damage: dict[str, Any]) -> None:
        runs = MongoRuns(database, "vehicles", host="h")
        assert await runs.create(make_record())
        await database[RUNS_COLLECTION].update_one({}, {"$set": damage})
        with pytest.raises(DataError, match="run record vehicles-1"):
            await runs.latest()

    async def test_what_a_newer_version_added_is_passed_over(self, database: Database) -> None:
        runs = MongoRuns(database, "vehicles", host="h")
        await runs.create(make_record())
        more = {"new": 1, "counters.new": 2, "shards.0.lease.new": 3, "shards.1": {}, "selection.new": 4}
        await database[RUNS_COLLECTION].update_one({}, {"$set": more})
        assert await runs.latest() == make_record()
