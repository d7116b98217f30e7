"""What `status` asks S3: a listing that can be read in parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import obstore

from opsctl.adapters.s3.bucket import LIST_PAGE, Bucket
from opsctl.adapters.s3.errors import translate_obstore
from opsctl.status.answers import ObjectPage

if TYPE_CHECKING:
    from obstore import ObjectMeta


class S3ObjectCounts:
    """Implements `status.ports.ObjectCounts` below one folder of a bucket. `folder` ends with `/` or is empty."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket = bucket
        self._folder = folder

    async def pages(self, after: str | None, until: str | None) -> AsyncGenerator[ObjectPage, None]:
        """Pages of a thousand objects. Raises UnavailableError, AccessDeniedError, NotFoundError or DataError."""
        last = None if until is None else self._folder + until
        # The chain of credentials may ask the network, and does not do so asynchronously.
        store = await asyncio.to_thread(self._bucket._objects)
        listing = obstore.list(
            store,
            prefix=self._folder.rstrip("/") or None,
            offset=None if after is None else self._folder + after,
            chunk_size=LIST_PAGE,
        )
        try:
            async for page in listing:
                inside = page if last is None else [entry for entry in page if entry["path"] <= last]
                if inside:
                    yield self._sum(inside)
                if len(inside) < len(page):
                    return
        except Exception as error:
            raise translate_obstore(error, self._bucket.address.bucket) from error

    def _sum(self, entries: Sequence[ObjectMeta]) -> ObjectPage:
        times = [entry["last_modified"] for entry in entries]
        return ObjectPage(
            count=len(entries),
            size_bytes=sum(entry["size"] for entry in entries),
            oldest_at=min(times),
            newest_at=max(times),
            last_key=entries[-1]["path"].removeprefix(self._folder),
        )
