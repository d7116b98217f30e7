"""Small layers are asked for before their turn: the way to the registry and back is all that they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self

from opsctl.errors import OpsctlError
from opsctl.image.models import Descriptor, Layer
from opsctl.image.ports import BlobSource

# What may be downloaded for nothing; all at the same time.
MOST_LAYERS = 8
MOST_BYTES = 2 << 20
_SMALL_BYTES = 1 << 20
# So small that it is asked for although its names are known: its contents may be wanted.
_TINY_BYTES = 64 << 10


class ReadAhead:
    """Implements `opsctl.image.ports.BlobSource`: when the first layer is opened, the small ones below it are begun.

    `read` gives a whole blob, checked, or raises an `OpsctlError`: the layer is then opened in its turn, as if it had
    never been asked for. `is_known` tells whether the names in a layer are in the cache. Close it, as a context, when
    no more is opened; what is still on its way is for the owner of `read` to call off.
    """

    def __init__(
        self,
        source: BlobSource,
        layers: Sequence[Layer],
        read: Callable[[Descriptor], bytes],
        is_known: Callable[[str], bool],
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._source = source
        self._layers = layers
        self._read = read
        self._is_known = is_known
        self._most_bytes = most_bytes
        self._threads: ThreadPoolExecutor | None = None
        self._early: dict[str, Future[bytes]] = {}

    def open(self, blob: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """The stored bytes in pieces."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MOST_LAYERS, thread_name_prefix="read-ahead")
            self._early = {early.digest: self._threads.submit(self._read, early) for early in self._choose(blob)}
        early = self._early.pop(blob.digest, None)
        if early is not None:
            try:
                return nullcontext(iter((early.result(),)))
            except OpsctlError:
                pass
        return self._source.open(blob)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _choose(self, first: Descriptor) -> list[Descriptor]:
        """From the one below `first` down to the bottom, each once."""
        numbers = [layer.number for layer in self._layers if layer.blob.digest == first.digest]
        below = [layer.blob for layer in self._layers if numbers and layer.number < max(numbers)]
        chosen: dict[str, Descriptor] = {}
        left = self._most_bytes - first.size_bytes
        for blob in reversed(below):
            if blob.digest in (first.digest, *chosen) or not self._is_worth_it(blob) or blob.size_bytes > left:
                continue
            chosen[blob.digest] = blob
            left -= blob.size_bytes
        return list(chosen.values())[:MOST_LAYERS]

    def _is_worth_it(self, blob: Descriptor) -> bool:
        return blob.size_bytes <= _TINY_BYTES or (blob.size_bytes <= _SMALL_BYTES and not self._is_known(blob.digest))
