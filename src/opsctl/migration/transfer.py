"""One image from its URL into the bucket: download -> check -> hash -> conditional PUT. No tasks are started here."""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto

from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.keys import collection_prefix, document_prefix, image_folder, image_hash, object_url
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
from opsctl.migration.room import BodyRoom, ByteBudget
from opsctl.migration.signatures import ImageKind, identify, is_complete
from opsctl.migration.urls import host_of

TRIES = 3
VISITS = 3
LONGEST_BACKOFF_SECONDS = 8.0
LONGEST_ADVICE_SECONDS = 24 * 3600.0
LARGE_BODIES_BYTES = 64 * 1024 * 1024
HASH_INLINE_BYTES = 1024 * 1024

Outcome = StoredImage | ImageFailure


@dataclass(frozen=True, slots=True)
class Picture:
    """A body that proved to be an image. It holds one of the run's slots, and its `room`, until it is stored."""

    body: bytes
    kind: ImageKind
    sha256: str
    room: BodyRoom


class Put(Enum):
    """What became of a conditional PUT."""

    CREATED = auto()
    FOUND = auto()
    TAKEN = auto()
    UNCLEAR = auto()


@dataclass(slots=True)
class TransferFigures:
    """What the transfers of a run did, beyond the outcome of each image."""

    requests: int = 0
    found: int = 0
    bytes_stored: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """The transfer of images, bound to one run's services and limits.

    `hold_lease` is asked before each PUT; it raises BusyError when this process may store nothing any more.
    """

    source: ImageSource
    objects: ObjectStore
    layout: KeyLayout
    limits: TransferLimits
    budgets: HostBudgets
    patience: Patience
    clock: Clock
    stop: asyncio.Event
    slots: asyncio.Semaphore
    hold_lease: Callable[[], Awaitable[None]]
    bytes_in_memory: ByteBudget = field(default_factory=lambda: ByteBudget(LARGE_BODIES_BYTES))
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
        try:
            return tuple([await self._store(document_id, vehicle_name, i, fetched, visits) for i in images])
        finally:
            self.slots.release()
            await fetched.room.release()

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
        """One try. A picture keeps its slot and its room; everything else gives them back here."""
        async with self.budgets.turn(host, self.slots) as may_ask:
            if not may_ask:
                return None
            self.figures.requests += 1
            deadline = asyncio.timeout(self.limits.timeout_seconds)
            room = BodyRoom(self.bytes_in_memory, deadline)
            result: Picture | FetchFailure | None = None
            try:
                result = await self._download(url, room, deadline)
            finally:
                if not isinstance(result, Picture):
                    self.slots.release()
                    await room.release()
            return result

    async def _download(self, url: str, room: BodyRoom, deadline: asyncio.Timeout) -> Picture | FetchFailure:
        try:
            async with deadline:
                result = await self.source.fetch(url, room)
        except TimeoutError:
            return FetchFailure(FailureClass.LATER, f"took longer than {self.limits.timeout_seconds:g} s")
        return self._inspect(result, room, await _sha256(result.body)) if isinstance(result, Download) else result

    def _inspect(self, download: Download, room: BodyRoom, sha256: str) -> Picture | FetchFailure:
        kind = identify(download.body)
        if kind is None:
            return FetchFailure(FailureClass.NOT_AN_IMAGE, _describe(download.body))
        if not download.is_framed and not is_complete(kind, download.body):
            return FetchFailure(FailureClass.LATER, "the connection ended before the image did")
        if sha256 in self.limits.placeholder_sha256:
            return FetchFailure(FailureClass.PLACEHOLDER, f"is the placeholder picture {sha256[:12]}")
        return Picture(download.body, kind, sha256, room)

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
        outcome = await self._put(key, picture)
        if outcome is Put.TAKEN:
            other = FetchFailure(FailureClass.REFUSED, "the bucket holds another object under this key")
            return self._fail(image, other, visits)
        if outcome is Put.UNCLEAR:
            unclear = FetchFailure(FailureClass.OURS, "S3 says that the key is taken, and then that nothing is there")
            return self._fail(image, unclear, visits)
        return self._entry(
            image.ref,
            vehicle_name,
            key,
            sha256=picture.sha256,
            size_bytes=len(picture.body),
            content_type=picture.kind.content_type,
        )

    async def _put(self, key: str, picture: Picture) -> Put:
        """Create the object, or compare with the one that is there. A refusal may also be a write that is just going
        on, or an object that went away meanwhile: then the PUT is tried once more."""
        for _ in range(2):
            if await self.patience.ride_out(lambda: self._put_once(key, picture)):
                self.figures.bytes_stored += len(picture.body)
                return Put.CREATED
            facts = await self.patience.ride_out(lambda: self.objects.head(key))
            if facts is not None:
                is_same = await self._is_same(facts, picture)
                self.figures.found += int(is_same)
                return Put.FOUND if is_same else Put.TAKEN
        return Put.UNCLEAR

    async def _put_once(self, key: str, picture: Picture) -> bool:
        await self.hold_lease()
        content_type = picture.kind.content_type
        return await self.objects.put_new(key, picture.body, sha256=picture.sha256, content_type=content_type)

    async def _is_same(self, facts: ObjectFacts, picture: Picture) -> bool:
        if facts.size_bytes != len(picture.body):
            return False
        if facts.sha256 is not None:
            return facts.sha256 == picture.sha256
        return await self.patience.ride_out(lambda: self.objects.read(facts.key)) == picture.body

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


async def has_objects(objects: ObjectStore, layout: KeyLayout) -> bool:
    """Whether anything of the collection is in the bucket at all."""
    async with aclosing(objects.list(collection_prefix(layout))) as pages:
        async for page in pages:
            return bool(page)
    return False
