"""Images in registries: described, looked into, listed, read. The work is done on threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import TypeVar

from opsctl.adapters.registry.client import ManifestAnswer, RegistryClient
from opsctl.adapters.registry.deadline import Stop
from opsctl.adapters.registry.provenance import MAX_STATEMENT_BYTES, find_provenance, read_statement
from opsctl.adapters.registry.read_ahead import MOST_BYTES, ReadAhead
from opsctl.adapters.registry.refusals import Repository
from opsctl.errors import DataError, OpsctlError
from opsctl.image import inspect as inspecting
from opsctl.image import listing
from opsctl.image.description import describe_image, read_config
from opsctl.image.manifest import (
    LARGEST_CONFIG_BYTES,
    Index,
    Manifest,
    Offer,
    choose_offer,
    find_attestation,
    is_attestation,
    read_manifest,
    require_offer,
)
from opsctl.image.models import Descriptor, ImageDescription, Inspection, JsonObject, Wanted
from opsctl.image.ports import LayerCache
from opsctl.image.reference import parse_reference

_T = TypeVar("_T")
_THREADS = 8


class RegistryImages:
    """Implements `opsctl.diagnosis.ports.Images`, and what the commands about images ask beside it.

    `budget_bytes` is what one call downloads of layers at most, beside small ones that it asks for early and may not
    need. A call that is cancelled breaks off its download.
    """

    def __init__(self, client: RegistryClient, *, budget_bytes: int, cache: LayerCache | None = None) -> None:
        self._client = client
        self._budget_bytes = budget_bytes
        self._cache = cache
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="registry")

    async def describe(self, reference: str, *, with_provenance: bool = False) -> ImageDescription:
        """What manifest and config say, and on request what the builder attached.

        Of an index, the image for linux/amd64 is taken, which is what Cloud Run runs; without one the first that is
        offered, whose `platform` then tells what is wrong. Raises what the ports name, `NotFoundError` with code
        `image-not-found`, and `DataError` with the codes of `opsctl.image`.
        """
        asked = parse_reference(reference)
        repository = Repository(asked.registry, asked.repository)
        answer = await self._on_thread(lambda stop: self._client.get_manifest(repository, asked.version, stop=stop))
        top = _read(answer)
        if isinstance(top, Manifest):
            return describe_image(asked, answer.digest, top, await self._read_config(repository, top))
        digest = _choose(top).blob.digest
        # Beside each other: they do not need one another.
        attestation = find_attestation(top, digest) if with_provenance else None
        attested = asyncio.create_task(self._read_provenance(repository, attestation))
        try:
            manifest = await self._read_manifest(repository, digest)
            config = await self._read_config(repository, manifest)
            provenance = await attested
        finally:
            attested.cancel()
            await asyncio.gather(attested, return_exceptions=True)
        return describe_image(
            asked, digest, manifest, config, index=top, index_digest=answer.digest, provenance=provenance
        )

    async def inspect(self, image: ImageDescription, wanted: Wanted) -> Inspection:
        """Looks for paths, top layer first, within the budget. Raises what the ports name."""

        def look(stop: Stop) -> Inspection:
            with self._read_ahead(image, stop) as blobs:
                try:
                    return inspecting.inspect(image, blobs, wanted, budget_bytes=self._budget_bytes, cache=self._cache)
                finally:
                    # Layers that were asked for and are not needed.
                    stop.request()

        return await self._on_thread(look)

    async def list_files(
        self, image: ImageDescription, under: str = "/", *, is_recursive: bool = True
    ) -> listing.Listing:
        """What is below a path. Raises what `opsctl.image.listing.list_files` names."""
        return await self._on_thread(
            lambda stop: listing.list_files(
                image,
                self._blobs(image, stop),
                under,
                budget_bytes=self._budget_bytes,
                cache=self._cache,
                is_recursive=is_recursive,
            )
        )

    async def read_file(self, image: ImageDescription, path: str, *, max_bytes: int) -> listing.FileContent:
        """The content of a file. Raises what `opsctl.image.listing.read_file` names."""
        return await self._on_thread(
            lambda stop: listing.read_file(
                image,
                self._blobs(image, stop),
                path,
                budget_bytes=self._budget_bytes,
                max_bytes=max_bytes,
                cache=self._cache,
            )
        )

    def _read_ahead(self, image: ImageDescription, stop: Stop) -> ReadAhead:
        name = parse_reference(image.repository)
        repository = Repository(name.registry, name.repository)
        return ReadAhead(
            self._blobs(image, stop),
            image.layers,
            lambda blob: self._client.read_blob(repository, blob, max_bytes=blob.size_bytes, stop=stop),
            lambda digest: self._cache is not None and self._cache.load(digest) is not None,
            most_bytes=min(MOST_BYTES, self._budget_bytes),
        )

    def _blobs(self, image: ImageDescription, stop: Stop) -> RepositoryBlobs:
        name = parse_reference(image.repository)
        return RepositoryBlobs(self._client, Repository(name.registry, name.repository), stop)

    async def _read_manifest(self, repository: Repository, digest: str) -> Manifest:
        found = _read(await self._on_thread(lambda stop: self._client.get_manifest(repository, digest, stop=stop)))
        if isinstance(found, Index):
            raise DataError("The index of the image leads to another index.", code="manifest-unreadable")
        return found

    async def _read_config(self, repository: Repository, manifest: Manifest) -> JsonObject:
        blob = manifest.config
        content = await self._on_thread(
            lambda stop: self._client.read_blob(repository, blob, max_bytes=LARGEST_CONFIG_BYTES, stop=stop)
        )
        return read_config(content, blob)

    async def _read_provenance(self, repository: Repository, attestation: Descriptor | None) -> JsonObject | None:
        """The in-toto statement, None when there is none or it cannot be read: nothing else depends on it."""
        if attestation is None:
            return None
        with suppress(OpsctlError):
            blob = find_provenance((await self._read_manifest(repository, attestation.digest)).layers)
            if blob is not None:
                found = blob
                return read_statement(
                    await self._on_thread(
                        lambda stop: self._client.read_blob(repository, found, max_bytes=MAX_STATEMENT_BYTES, stop=stop)
                    )
                )
        return None

    async def _on_thread(self, work: Callable[[Stop], _T]) -> _T:
        """A thread cannot be cancelled; it is told to stop. Not on the loop's own threads: the loop waits for those at
        its end, and a registry that is silent keeps one for many seconds."""
        stop = Stop()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, stop)
        except asyncio.CancelledError:
            stop.request()
            raise


class RepositoryBlobs:
    """Implements `opsctl.image.ports.BlobSource` for one repository; `stop` breaks off what is being read."""

    def __init__(self, client: RegistryClient, repository: Repository, stop: Stop | None = None) -> None:
        self._client = client
        self._repository = repository
        self._stop = stop

    def open(self, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """The stored bytes in pieces."""
        return self._client.open_blob(self._repository, blob, stop=self._stop)


def _read(answer: ManifestAnswer) -> Index | Manifest:
    return read_manifest(answer.body, answer.media_type)


def _choose(index: Index) -> Offer:
    images = [offer for offer in index.offers if not is_attestation(offer)]
    return choose_offer(index) or (images[0] if images else require_offer(index))
