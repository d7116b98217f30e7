"""The Mongo contract: leases, and many clients at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from tests.contract.mongo_clients import WHEN, Fields


class TestFindOneAndUpdate:
    """How leases are taken: compare and change in one step."""

    def test_before_after_and_projection(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": "run", "epoch": 1, "owner": "a", "large": "x" * 100})
        before = collection.find_one_and_update({"_id": "run", "epoch": 1}, {"$inc": {"epoch": 1}}, {"epoch": 1})
        assert before == {"_id": "run", "epoch": 1}
        after = collection.find_one_and_update(
            {"_id": "run", "epoch": 2},
            {"$set": {"owner": "b"}, "$inc": {"epoch": 1}},
            {"_id": 0, "epoch": 1, "owner": 1},
            return_document=ReturnDocument.AFTER,
        )
        assert after == {"epoch": 3, "owner": "b"}
        assert collection.find_one_and_update({"_id": "run", "epoch": 1}, {"$set": {"owner": "c"}}) is None

    def test_upsert(self, collection: Collection[Fields]) -> None:
        made = collection.find_one_and_update(
            {"_id": "lease"},
            {"$setOnInsert": {"epoch": 1}, "$set": {"owner": "a"}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert made == {"_id": "lease", "epoch": 1, "owner": "a"}

    def test_an_upsert_on_a_lease_that_is_held_is_a_duplicate(self, collection: Collection[Fields]) -> None:
        collection.insert_one({"_id": "lease", "owner": "a", "expires": WHEN + timedelta(seconds=15)})
        with pytest.raises(DuplicateKeyError):
            collection.find_one_and_update(
                {"_id": "lease", "expires": {"$lt": WHEN}}, {"$set": {"owner": "b"}}, upsert=True
            )
        assert collection.count_documents({"owner": "a"}) == 1

    def test_the_sort_chooses_the_document(self, collection: Collection[Fields]) -> None:
        collection.insert_many([{"_id": number, "n": -number} for number in range(5)])
        taken = collection.find_one_and_update({"taken": {"$exists": False}}, {"$set": {"taken": 1}}, sort=[("n", 1)])
        assert taken == {"_id": 4, "n": -4}


class TestManyClients:
    """Nothing is lost and nothing is won twice when several processes write at once."""

    CLIENTS = 16

    @pytest.fixture
    async def rivals(
        self, mongo_uri: str, database: AsyncDatabase[Fields]
    ) -> AsyncIterator[list[AsyncCollection[Fields]]]:
        clients: list[AsyncMongoClient[Fields]] = [AsyncMongoClient(mongo_uri) for _ in range(self.CLIENTS)]
        try:
            yield [client[database.name]["runs"] for client in clients]
        finally:
            for client in clients:
                await client.close()

    async def test_concurrent_increments_lose_nothing(
        self, rivals: list[AsyncCollection[Fields]], database: AsyncDatabase[Fields]
    ) -> None:
        await database["runs"].insert_one({"_id": "run", "stored": 0})

        async def count_up(runs: AsyncCollection[Fields]) -> None:
            for _ in range(20):
                await runs.update_one({"_id": "run"}, {"$inc": {"stored": 1}})

        await asyncio.gather(*(count_up(runs) for runs in rivals))
        assert await database["runs"].find_one() == {"_id": "run", "stored": 20 * self.CLIENTS}

    async def test_one_of_many_takes_a_free_lease(
        self, rivals: list[AsyncCollection[Fields]], database: AsyncDatabase[Fields]
    ) -> None:
        await database["runs"].insert_one({"_id": "run", "epoch": 0, "expires": WHEN})
        for epoch in range(5):
            taken = await asyncio.gather(
                *(
                    runs.find_one_and_update(
                        {"_id": "run", "epoch": epoch}, {"$set": {"owner": number}, "$inc": {"epoch": 1}}
                    )
                    for number, runs in enumerate(rivals)
                )
            )
            winners = [number for number, result in enumerate(taken) if result is not None]
            assert len(winners) == 1
            lease = await database["runs"].find_one()
            assert lease is not None
            assert (lease["owner"], lease["epoch"]) == (winners[0], epoch + 1)

    async def test_one_of_many_makes_the_document(
        self, rivals: list[AsyncCollection[Fields]], database: AsyncDatabase[Fields]
    ) -> None:
        async def make(number: int, runs: AsyncCollection[Fields]) -> bool:
            try:
                await runs.insert_one({"_id": "run", "owner": number})
            except DuplicateKeyError:
                return False
            return True

        made = await asyncio.gather(*(make(number, runs) for number, runs in enumerate(rivals)))
        assert made.count(True) == 1
        assert await database["runs"].find_one() == {"_id": "run", "owner": made.index(True)}

    async def test_one_of_many_passes_a_guard(
        self, rivals: list[AsyncCollection[Fields]], database: AsyncDatabase[Fields]
    ) -> None:
        await database["runs"].insert_one({"_id": 1, "images": ["a", "b"]})
        results = await asyncio.gather(
            *(
                runs.update_one(
                    {"_id": 1, "images": {"$eq": ["a", "b"]}, "done": {"$exists": False}}, {"$set": {"done": number}}
                )
                for number, runs in enumerate(rivals)
            )
        )
        assert sum(result.modified_count for result in results) == 1
