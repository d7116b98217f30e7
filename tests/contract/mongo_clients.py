"""Clients for the Mongo contract, each with a database of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import Collection

Fields = dict[str, Any]

WHEN = datetime(2025, 5, 1, 12, 30, 15, 123000, tzinfo=UTC)


@pytest.fixture
def collection(mongo_uri: str) -> Iterator[Collection[Fields]]:
    """An empty collection in a database of its own, through the blocking client."""
    client: MongoClient[Fields] = MongoClient(mongo_uri, tz_aware=True, serverSelectionTimeoutMS=10_000)
    name = f"contract_{uuid.uuid4().hex[:12]}"
    try:
        yield client[name]["vehicles"]
    finally:
        client.drop_database(name)
        client.close()


@pytest.fixture
async def database(mongo_uri: str) -> AsyncIterator[AsyncDatabase[Fields]]:
    """An empty database of its own, through the asynchronous client."""
    client: AsyncMongoClient[Fields] = AsyncMongoClient(mongo_uri, tz_aware=True, serverSelectionTimeoutMS=10_000)
    name = f"contract_{uuid.uuid4().hex[:12]}"
    try:
        yield client[name]
    finally:
        await client.drop_database(name)
        await client.close()


def ids_of(found: Any) -> list[Any]:
    """The `_id`s of what was found, in order."""
    return [document["_id"] for document in found]
