"""One image from its URL into the bucket: download -> check -> hash -> conditional PUT. No tasks are started here."""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.keys import document_prefix, image_folder, image_hash, object_url
from opsctl.migration.models import (
    DocumentId,
    Download,
    FailureClass,
    FetchFailure,
    ImageFailure,
    ImageRef,
    KeyLayout,
    ObjectFacts,
    PlannedImage,
    StoredImage,
    TransferLimits,
)
from opsctl.migration.patience import Patience
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.ports import ImageSource, ObjectStore
from opsctl.migration.signatures import ImageKind, identify, is_complete
from opsctl.migration.urls import host_of

TRIES = 3
VISITS = 3
LONGEST_BACKOFF_SECONDS = 8.0
LONGEST_ADVICE_SECONDS = 24 * 3600.0
HASH_INLINE_BYTES = 1024 * 1024

Outcome = StoredImage | ImageFailure


@dataclass(frozen=True, slots=True)
class Picture:
    """A body that proved to be an image."""

    body: bytes
    kind: ImageKind
    sha256: str


@dataclass(slots=True)
class TransferFigures:
    """What the transfers of a run did, beyond the outcome of each image."""

    requests: int = 0
    found: int = 0
    bytes_stored: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """The transfer of images, bound to one run's services and limits."""

    source: ImageSource
    objects: ObjectStore
    layout: KeyLayout
    limits: TransferLimits
    budgets: HostBudgets
    patience: Patience
    clock: Clock
    stop: asyncio.Event
    slots: asyncio.Semaphore
    figures: TransferFigures = field(default_factory=TransferFigures)

    async def move(
        self,
        document_id: DocumentId,
        vehicle_name: str,
        images: Sequence[PlannedImage],
        visits: Mapping[ImageRef, int],
    ) -> tuple[Outcome, ...]:
        """Fetch one URL once and store it under the key of each of `images`, which all share it.

        Images without an outcome were not tried: the run was told to stop. `visits` counts earlier tries by run.
        Raises what the object store raises when it stays away.
        """
        url = images[0].fetch_url
        if url is None:
            return tuple(self._fail(i, FetchFailure(FailureClass.BAD_URL, i.problem or ""), visits) for i in images)
        fetched = await self._fetch_picture(url)
        if fetched is None:
            return ()
        if isinstance(fetched, FetchFailure):
            return tuple(self._fail(image, fetched, visits) for image in images)
        return tuple([await self._store(document_id, vehicle_name, i, fetched, visits) for i in images])

    async def find_stored(
        self, document_id: DocumentId, vehicle_name: str, images: Sequence[PlannedImage]
    ) -> tuple[StoredImage, ...]:
        """What an earlier, interrupted run already put into the bucket for a document, by LIST on `{hash}.`."""
        if self.layout.key_hash == "content":
            return ()  # the name is not known before the download; the conditional PUT finds it then
        wanted = {
            f"{image_folder(self.layout, document_id, vehicle_name, image.ref)}"
            f"{image_hash(self.layout, image.ref, None)}": image.ref
            for image in images
        }
        found: dict[ImageRef, StoredImage] = {}
        for entry in await self.patience.ride_out(lambda: self._list(document_prefix(self.layout, document_id))):
            # Compared in NFC: another tool may have written the name in the other normal form.
            ref = wanted.get(unicodedata.normalize("NFC", entry.key).rpartition(".")[0])
            if ref is not None and ref not in found:
                stored = await self._adopt(entry.key, ref, vehicle_name)
                if stored is not None:
                    found[ref] = stored
        self.figures.found += len(found)
        return tuple(found.values())

    async def _list(self, prefix: str) -> list[ObjectFacts]:
        return [entry async for page in self.objects.list(prefix) for entry in page]

    async def _adopt(self, key: str, ref: ImageRef, vehicle_name: str) -> StoredImage | None:
        """The entry of an object that is there already; read back when the bucket keeps no checksum of it."""
        facts = await self.patience.ride_out(lambda: self.objects.head(key))
        if facts is None:
            return None
        if facts.sha256 and facts.content_type and facts.content_type.startswith("image/"):
            return self._entry(
                ref,
                vehicle_name,
                key,
                sha256=facts.sha256,
                size_bytes=facts.size_bytes,
                content_type=facts.content_type,
            )
        body = await self.patience.ride_out(lambda: self.objects.read(key))
        kind = identify(body or b"")
        if body is None or kind is None:
            return None
        sha256 = await _sha256(body)
        return self._entry(ref, vehicle_name, key, sha256=sha256, size_bytes=len(body), content_type=kind.content_type)

    async def _fetch_picture(self, url: str) -> Picture | FetchFailure | None:
        """Up to three tries with full jitter; a pause that the host asks for is kept."""
        host = host_of(url)
        failure: FetchFailure | None = None
        for attempt in range(TRIES):
            if self.budgets.is_down(host):
                return FetchFailure(FailureClass.OURS, "the host failed too often in this run: left for the next one")
            result = await self._try_once(host, url)
            if result is None or isinstance(result, Picture):
                self.budgets.note_outcome(host, is_host_failure=False)
                return result
            failure = result
            if failure.failure_class.is_final or not await self._wait_for_retry(host, failure, attempt):
                break
        assert failure is not None  # noqa: S101 the loop runs at least once
        self.budgets.note_outcome(host, is_host_failure=failure.failure_class is FailureClass.LATER)
        return None if self.stop.is_set() and not failure.failure_class.is_final else failure

    async def _try_once(self, host: str, url: str) -> Picture | FetchFailure | None:
        async with self.budgets.turn(host, self.slots) as may_ask:
            if not may_ask:
                return None
            self.figures.requests += 1
            try:
                async with asyncio.timeout(self.limits.timeout_seconds):
                    result = await self.source.fetch(url)
            except TimeoutError:
                limit = f"{self.limits.timeout_seconds:g} s"
                return FetchFailure(FailureClass.LATER, f"took longer than {limit}")
            return await self._inspect(result) if isinstance(result, Download) else result

    async def _inspect(self, download: Download) -> Picture | FetchFailure:
        kind = identify(download.body)
        if kind is None:
            return FetchFailure(FailureClass.NOT_AN_IMAGE, _describe(download.body))
        if not download.is_framed and not is_complete(kind, download.body):
            return FetchFailure(FailureClass.LATER, "the connection ended before the image did")
        sha256 = await _sha256(download.body)
        if sha256 in self.limits.placeholder_sha256:
            return FetchFailure(FailureClass.PLACEHOLDER, f"is the placeholder picture {sha256[:12]}")
        return Picture(download.body, kind, sha256)

    async def _wait_for_retry(self, host: str, failure: FetchFailure, attempt: int) -> bool:
        """Wait before the next try; False when there is none."""
        wait = min(LONGEST_BACKOFF_SECONDS, self.limits.retry_base_seconds * 2**attempt) * self.clock.random()
        if failure.is_throttle or failure.retry_after_seconds:
            asked = failure.retry_after_seconds or self.limits.retry_base_seconds
            longest = self.limits.retry_after_limit_seconds
            self.budgets.pause(host, min(asked, longest))
            if asked > longest:
                return False
            wait = max(wait, asked)
        if attempt == TRIES - 1:
            return False
        await sleep_unless(self.stop, self.clock, wait)
        return not self.stop.is_set()

    async def _store(
        self,
        document_id: DocumentId,
        vehicle_name: str,
        image: PlannedImage,
        picture: Picture,
        visits: Mapping[ImageRef, int],
    ) -> Outcome:
        folder = image_folder(self.layout, document_id, vehicle_name, image.ref)
        key = f"{folder}{image_hash(self.layout, image.ref, picture.sha256)}.{picture.kind.extension}"
        created = await self.patience.ride_out(
            lambda: self.objects.put_new(
                key, picture.body, sha256=picture.sha256, content_type=picture.kind.content_type
            )
        )
        if created:
            self.figures.bytes_stored += len(picture.body)
        elif not await self._is_same(key, picture):
            other = FetchFailure(FailureClass.REFUSED, "the bucket holds another object under this key")
            return self._fail(image, other, visits)
        else:
            self.figures.found += 1
        return self._entry(
            image.ref,
            vehicle_name,
            key,
            sha256=picture.sha256,
            size_bytes=len(picture.body),
            content_type=picture.kind.content_type,
        )

    async def _is_same(self, key: str, picture: Picture) -> bool:
        facts = await self.patience.ride_out(lambda: self.objects.head(key))
        if facts is None or facts.size_bytes != len(picture.body):
            return False
        if facts.sha256 is not None:
            return facts.sha256 == picture.sha256
        return await self.patience.ride_out(lambda: self.objects.read(key)) == picture.body

    def _entry(
        self, ref: ImageRef, vehicle_name: str, key: str, *, sha256: str, size_bytes: int, content_type: str
    ) -> StoredImage:
        return StoredImage(
            original_url=ref.url,
            image_type=ref.image_type,
            color_name=ref.color_name,
            vehicle_name=vehicle_name,
            bucket=self.layout.bucket,
            key=key,
            s3_url=object_url(self.layout, key),
            sha256=sha256,
            size_bytes=size_bytes,
            content_type=content_type,
            uploaded_at=self.clock.now(),
        )

    def _fail(self, image: PlannedImage, failure: FetchFailure, visits: Mapping[ImageRef, int]) -> ImageFailure:
        """A failure that is only for now becomes final at the third visit; our own outages are no visit."""
        before = visits.get(image.ref, 0)
        attempts = before if failure.failure_class is FailureClass.OURS else before + 1
        failure_class = failure.failure_class
        if failure_class is FailureClass.LATER and attempts >= VISITS:
            failure_class = FailureClass.EXHAUSTED
        now = self.clock.now()
        next_retry_at = None
        if not failure_class.is_final:
            wait_seconds = min(failure.retry_after_seconds or 60 * 2**attempts, LONGEST_ADVICE_SECONDS)
            next_retry_at = now + timedelta(seconds=wait_seconds)
        return ImageFailure(image.ref, failure_class, failure.detail, attempts, now, next_retry_at)


async def _sha256(body: bytes) -> str:
    """Hex SHA-256. A large body is hashed on a thread, so that the other transfers go on."""
    if len(body) <= HASH_INLINE_BYTES:
        return hashlib.sha256(body).hexdigest()
    return await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())


def _describe(body: bytes) -> str:
    start = body[:256].lstrip().lower()
    if not body:
        return "the answer was empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return f"the answer was an HTML page of {len(body)} bytes"
    return f"the answer of {len(body)} bytes is no image format that is known"
