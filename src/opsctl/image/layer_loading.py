"""Gets the layers of one image, each at most once for its names, within a budget of downloaded bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsctl.errors import OpsctlError
from opsctl.image.description import read_diff_ids
from opsctl.image.layer_index import LayerIndex
from opsctl.image.layer_reading import read_layer
from opsctl.image.layer_stream import LayerStream, check_media_type
from opsctl.image.models import ImageDescription, Layer
from opsctl.image.ports import BlobSource, LayerCache

_MEBIBYTE: Final = 1024 * 1024


class BudgetError(Exception):
    """A layer was not read because the download would pass the budget; `str()` names it with its size."""


class LayerLoader:
    """`load` gives what a layer holds, from the cache or from the registry; the counters say what that took."""

    def __init__(
        self, image: ImageDescription, blobs: BlobSource, *, budget_bytes: int, cache: LayerCache | None
    ) -> None:
        self.layers = image.layers
        self.bytes_read = 0
        self.layers_cached = 0
        self._read: set[int] = set()
        self._diff_ids = read_diff_ids(image.config, len(image.layers))
        self._blobs = blobs
        self._budget = budget_bytes
        self._cache = cache

    @property
    def layers_read(self) -> int:
        """How many layers were downloaded."""
        return len(self._read)

    def load(self, number: int, texts: Mapping[bytes, int]) -> tuple[LayerIndex, dict[bytes, bytes]]:
        """The names of a layer, and the contents of those `texts` (path -> most bytes) that it holds; no contents come
        from the cache. Raises `BudgetError`, and what `read_layer` raises."""
        index = self.load_cached(number)
        if index is not None:
            return index, {}
        return self.read(number, texts)

    def load_cached(self, number: int) -> LayerIndex | None:
        """The names of a layer if no download is needed."""
        layer = self.layers[number]
        stored = self._cache.load(layer.blob.digest) if self._cache is not None else None
        index = LayerIndex.from_bytes(stored) if stored is not None else None
        if index is not None:
            self.layers_cached += 1
        return index

    def read(self, number: int, texts: Mapping[bytes, int]) -> tuple[LayerIndex, dict[bytes, bytes]]:
        """As `load`, from the registry whatever the cache has."""
        layer = self.layers[number]
        self._check_budget(layer)
        check_media_type(layer.blob)
        self._read.add(number)
        with self._blobs.open(layer.blob) as pieces:
            stream = LayerStream(layer.blob, pieces, diff_id=self._diff_ids[number])
            try:
                index, contents = read_layer(stream, texts)
            finally:
                self.bytes_read += stream.bytes_read
        if self._cache is not None:
            self._cache.store(layer.blob.digest, index.to_bytes())
        return index, contents

    def _check_budget(self, layer: Layer) -> None:
        if self.bytes_read + layer.blob.size_bytes > self._budget:
            raise BudgetError(
                f"layer {layer.number} ({_show_size(layer.blob.size_bytes)}) was not downloaded: "
                f"the limit is {_show_size(self._budget)}, {_show_size(self.bytes_read)} were read before"
            )


def explain(number: int, error: OpsctlError | BudgetError) -> str:
    """Why what depends on a layer could not be told."""
    if isinstance(error, BudgetError):
        return str(error)
    return f"layer {number} could not be read: {error.message}"


def _show_size(size_bytes: int) -> str:
    return f"{size_bytes / _MEBIBYTE:,.1f} MiB" if size_bytes >= _MEBIBYTE // 10 else f"{size_bytes:,} bytes"
