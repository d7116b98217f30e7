"""What `status` asks S3: a listing that can be read in parts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from opsctl.adapters.s3.bucket import Bucket
from opsctl.status.answers import ObjectPage

if TYPE_CHECKING:
    from opsctl.migration.models import ObjectFacts


class S3ObjectCounts:
    """Implements `status.ports.ObjectCounts` below one folder of a bucket. `folder` ends with `/` or is empty."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self._bucket = bucket
        self._folder = folder

    async def pages(self, after: str | None, until: str | None) -> AsyncGenerator[ObjectPage, None]:
        """Pages of a thousand objects. Raises UnavailableError, AccessDeniedError, NotFoundError or DataError."""
        last = None if until is None else self._folder + until
        start = None if after is None else self._folder + after
        async with aclosing(self._bucket.list(self._folder, after=start)) as listing:
            async for page in listing:
                inside = page if last is None else [entry for entry in page if entry.key <= last]
                if inside:
                    yield self._sum(inside)
                if len(inside) < len(page):
                    return

    def _sum(self, entries: Sequence[ObjectFacts]) -> ObjectPage:
        times = [entry.modified_at for entry in entries if entry.modified_at is not None]
        return ObjectPage(
            count=len(entries),
            size_bytes=sum(entry.size_bytes for entry in entries),
            oldest_at=min(times),
            newest_at=max(times),
            last_key=entries[-1].key.removeprefix(self._folder),
        )
