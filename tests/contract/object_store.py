"""What the migration relies on in an `ObjectStore`: the same tests for the fake and for the adapter."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Protocol

import pytest

from opsctl.errors import NotFoundError
from opsctl.migration.models import ObjectFacts
from opsctl.migration.ports import ObjectStore

BODY = bytes(range(256)) * 40
FOLDER = "images/vehicles/"
KEYS = (
    f"{FOLDER}507f1f77bcf86cd799439011/현대 투싼/basic/0f.jpg",
    f"{FOLDER}ab-1/a b+c&d=e;f@g,$h/color/흰색 (무광)/1.webp",
    f"{FOLDER}ab/100% 할인 %2F {{doc_id}}/basic/2.png",
    f"{FOLDER}ab/what?#frag/basic/3.jpg",
    f"{FOLDER}ab/'quotes\" [brackets]!*~/basic/4.jpg",
    f"{FOLDER}ab0/e\u0301/5.jpg",
    f"{FOLDER}가/6.jpg",
    f"{FOLDER}\uff21/7.jpg",
    f"{FOLDER}\U0001f697 👨‍👩‍👧/8.jpg",
)


class ObjectStage(Protocol):
    """A store, and the hands of others on its bucket."""

    @property
    def store(self) -> ObjectStore: ...

    async def put_plainly(self, key: str, body: bytes, content_type: str) -> None:
        """Put an object without a SHA-256 checksum."""


async def put(store: ObjectStore, key: str, body: bytes = BODY, content_type: str = "image/jpeg") -> bool:
    return await store.put_new(key, body, sha256=hashlib.sha256(body).hexdigest(), content_type=content_type)


async def list_all(store: ObjectStore, prefix: str = FOLDER) -> list[ObjectFacts]:
    return [entry async for page in store.list(prefix) for entry in page]


class ObjectStoreContract:
    """Derive from it, with the fixtures `stage` (an empty bucket) and `absent` (a store whose bucket is not there)."""

    async def test_an_existing_bucket(self, stage: ObjectStage) -> None:
        await stage.store.check()
        assert await list_all(stage.store) == []

    async def test_a_missing_bucket(self, absent: ObjectStore) -> None:
        with pytest.raises(NotFoundError):
            await absent.check()
        with pytest.raises(NotFoundError):
            await put(absent, KEYS[0])
        with pytest.raises(NotFoundError):
            await list_all(absent)
        with pytest.raises(NotFoundError):
            await absent.read(KEYS[0])

    async def test_a_new_object_tells_its_size_type_and_checksum(self, stage: ObjectStage) -> None:
        assert await put(stage.store, KEYS[0], content_type="image/avif")
        facts = await stage.store.head(KEYS[0])
        assert facts is not None
        assert (facts.key, facts.size_bytes, facts.content_type) == (KEYS[0], len(BODY), "image/avif")
        assert facts.sha256 == hashlib.sha256(BODY).hexdigest()
        assert facts.modified_at is not None
        assert facts.modified_at.tzinfo is not None
        assert await stage.store.read(KEYS[0]) == BODY

    async def test_a_key_is_taken_once(self, stage: ObjectStage) -> None:
        assert await put(stage.store, KEYS[0])
        assert not await put(stage.store, KEYS[0], b"other")
        assert not await put(stage.store, KEYS[0])
        assert await stage.store.read(KEYS[0]) == BODY

    async def test_of_many_puts_one_wins(self, stage: ObjectStage) -> None:
        results = await asyncio.gather(*(put(stage.store, KEYS[0], b"%d" % n) for n in range(12)))
        assert results.count(True) == 1
        assert await stage.store.read(KEYS[0]) == b"%d" % results.index(True)

    async def test_what_is_not_there(self, stage: ObjectStage) -> None:
        assert await stage.store.head(KEYS[0]) is None
        assert await stage.store.read(KEYS[0]) is None

    async def test_an_object_without_a_checksum(self, stage: ObjectStage) -> None:
        await stage.put_plainly(KEYS[0], BODY, "binary/octet-stream")
        facts = await stage.store.head(KEYS[0])
        assert facts is not None
        assert (facts.sha256, facts.content_type, facts.size_bytes) == (None, "binary/octet-stream", len(BODY))
        assert not await put(stage.store, KEYS[0])

    @pytest.mark.parametrize("size_bytes", [0, 1, 9_000_000])
    async def test_bodies_of_any_size(self, stage: ObjectStage, size_bytes: int) -> None:
        body = b"x" * size_bytes
        assert await put(stage.store, KEYS[0], body)
        assert await stage.store.read(KEYS[0]) == body
        facts = await stage.store.head(KEYS[0])
        assert facts is not None
        assert facts.sha256 == hashlib.sha256(body).hexdigest()

    async def test_a_listing_is_complete_in_utf8_order_and_below_its_prefix(self, stage: ObjectStage) -> None:
        outside = ("images/vehicles-2/x.jpg", "images/other/x.jpg", "images/vehicle/x.jpg")
        for key in (*reversed(KEYS), *outside):
            assert await put(stage.store, key, key.encode())
        found = await list_all(stage.store)
        assert [entry.key for entry in found] == sorted(KEYS, key=str.encode)
        assert [entry.size_bytes for entry in found] == [len(entry.key.encode()) for entry in found]
        assert all(entry.modified_at is not None and entry.modified_at.tzinfo is not None for entry in found)
        assert [entry.key for entry in await list_all(stage.store, f"{FOLDER}ab/")] == sorted(KEYS[2:5])
        assert await list_all(stage.store, f"{FOLDER}absent/") == []

    @pytest.mark.parametrize("key", KEYS)
    async def test_odd_keys_mean_the_same_to_every_call(self, stage: ObjectStage, key: str) -> None:
        assert await put(stage.store, key)
        assert await stage.store.read(key) == BODY
        assert [entry.key for entry in await list_all(stage.store)] == [key]
        facts = await stage.store.head(key)
        assert facts is not None
        await stage.put_plainly(key, b"plain", "image/png")
        assert await stage.store.read(key) == b"plain"
