"""Where the bytes of layers come from, and where what was learnt of them is kept. Both are synchronous: reading a layer
is work for a processor, and whoever calls puts it on a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from opsctl.image.models import Descriptor


class BlobSource(Protocol):
    """Reads blobs of one repository."""

    def open(self, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """The stored (compressed) bytes in pieces, from the first one; a lost connection is taken up again inside.

        Raises what `opsctl.diagnosis.ports` names. Digest and size are checked by the reader, not here.
        """
        ...


class LayerCache(Protocol):
    """Keeps what a layer holds (names, never contents) by the digest of the layer."""

    def load(self, digest: str) -> bytes | None:
        """What was stored under the digest; None when there is nothing, or when it is damaged."""
        ...

    def store(self, digest: str, index: bytes) -> None:
        """Keeps it; never raises: a cache that cannot be written is only slow."""
        ...
