"""Reads the archive of one layer into its index, and the contents of the few files that are wanted."""

from __future__ import annotations

from collections.abc import Mapping

from opsctl.image.layer_build import IndexBuilder, IndexLimits
from opsctl.image.layer_index import LayerIndex
from opsctl.image.layer_stream import LayerStream
from opsctl.image.tar_reader import TarFormatError, TarReader


def read_layer(
    stream: LayerStream, texts: Mapping[bytes, int], limits: IndexLimits | None = None
) -> tuple[LayerIndex, dict[bytes, bytes]]:
    """The index, and the beginnings of those files whose paths are in `texts` (path -> most bytes).

    Raises `DataError` as `LayerStream` does; with code `layer-bomb` for more entries than the limits allow.
    """
    builder = IndexBuilder(limits or IndexLimits())
    contents: dict[bytes, bytes] = {}
    reader = TarReader(iter(stream))
    try:
        for member in reader:
            path = builder.add(member)
            if path in texts and path is not None:
                contents.pop(path, None)
                if member.kind == ord("0") and not member.is_sparse:
                    contents[path] = reader.read(min(member.stored_bytes, texts[path]))
        reader.drain()
    except TarFormatError as error:
        raise stream.blame(f"cannot be read: {error}", code=_code(error)) from None
    return builder.build(), contents


def _code(error: TarFormatError) -> str:
    return "layer-truncated" if error.is_cut else "layer-unreadable"
