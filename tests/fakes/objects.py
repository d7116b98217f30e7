"""A bucket in memory, for `migration.ports.ObjectStore`."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from opsctl.errors import NotFoundError
from opsctl.migration.clock import Clock
from opsctl.migration.models import ObjectFacts
from tests.fakes.wire import Wire


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object. `sha256` None: whoever stored it sent no checksum."""

    body: bytes
    content_type: str
    sha256: str | None
    modified_at: datetime


class FakeObjects:
    """Conditional puts, listings in the order of UTF-8, checksums only where they were sent."""

    def __init__(self, wire: Wire, clock: Clock, *, page_size: int = 3) -> None:
        self._wire = wire
        self._clock = clock
        self._page_size = page_size
        self.stored: dict[str, StoredObject] = {}
        self.exists = True
        self.refuse_once = False  # the next PUT is refused although nothing is there, as by a write that never ended

    # -- the port

    async def check(self) -> None:
        await self._wire.call("objects.check", self._require_bucket)

    async def put_new(self, key: str, body: bytes, *, sha256: str, content_type: str) -> bool:
        def put() -> bool:
            self._require_bucket()
            assert sha256 == hashlib.sha256(body).hexdigest(), "a real bucket refuses a wrong checksum"
            if key in self.stored or self.refuse_once:
                self.refuse_once = False
                return False
            self.place(key, body, content_type=content_type)
            return True

        return await self._wire.call("objects.put_new", put)

    async def head(self, key: str) -> ObjectFacts | None:
        def look() -> ObjectFacts | None:
            found = self.stored.get(key)
            return self._facts(key, found) if found else None

        return await self._wire.call("objects.head", look)

    async def read(self, key: str) -> bytes | None:
        def get() -> bytes | None:
            self._require_bucket()
            found = self.stored.get(key)
            return found.body if found else None

        return await self._wire.call("objects.read", get)

    async def list(self, prefix: str) -> AsyncGenerator[Sequence[ObjectFacts], None]:
        assert prefix.endswith("/"), "the port says so, and obstore reads prefixes as whole folders"
        last = ""
        while page := await self._wire.call("objects.list", partial(self._page, prefix, last)):
            yield page
            last = page[-1].key

    # -- for tests

    def place(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str = "image/jpeg",
        has_checksum: bool = True,
        modified_at: datetime | None = None,
    ) -> None:
        """Put an object there, as another tool would."""
        sha256 = hashlib.sha256(body).hexdigest() if has_checksum else None
        self.stored[key] = StoredObject(body, content_type, sha256, modified_at or self._clock.now())

    def change(self, key: str, body: bytes) -> None:
        self.stored[key] = replace(self.stored[key], body=body, sha256=hashlib.sha256(body).hexdigest())

    # -- inside

    def _page(self, prefix: str, after: str) -> Sequence[ObjectFacts]:
        self._require_bucket()
        keys = sorted(
            (key for key in self.stored if key.startswith(prefix) and key.encode() > after.encode()), key=str.encode
        )
        found = ((key, self.stored[key]) for key in keys[: self._page_size])
        return [ObjectFacts(key, len(entry.body), entry.modified_at) for key, entry in found]

    def _require_bucket(self) -> None:
        if not self.exists:
            raise NotFoundError("there is no such bucket")

    @staticmethod
    def _facts(key: str, found: StoredObject) -> ObjectFacts:
        return ObjectFacts(key, len(found.body), found.modified_at, found.sha256, found.content_type)
