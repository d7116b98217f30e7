"""The uncompressed bytes of a stored layer, verified while they pass and bounded against layers made to hurt.

Formats: OCI image specification 1.1, `layer.md`; gzip of several members (RFC 1952), zstd of several frames with
skippable ones between (RFC 8878), or none of both. The bytes tell which, not the media type: engines do the same.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from opsctl.errors import DataError
from opsctl.image.models import Descriptor
from opsctl.image.reference import is_digest

CHUNK_BYTES: Final = 256 * 1024
_PIECE_BYTES: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
# RFC 8878, 3.1.2: 0x184D2A50 to 0x184D2A5F, little endian.
_SKIPPABLE_MAGIC: Final = b"\x2a\x4d\x18"
# What the zstd program itself reads without being told otherwise: a window of 128 MiB.
_LARGEST_WINDOW_LOG: Final = 27
_LAYER_TYPES: Final = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")
_FOREIGN_MARKS: Final = (".nondistributable.", ".foreign.")


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much may come out of a layer: `most_bytes`, and after the first `ratio_from_bytes` no more than
    `highest_ratio` times what was read (gzip can reach 1,032, whole systems stay below 10)."""

    most_bytes: int = 64 * 1024**3
    highest_ratio: int = 250
    ratio_from_bytes: int = 512 * 1024**2


class LayerStream:
    """Iterates over uncompressed chunks; what was given out can be believed only when the iteration has ended.

    Raises `DataError`: `layer-truncated`, `layer-digest`, `layer-bomb`, `layer-unreadable`; and what `pieces` raises.
    `bytes_read` counts stored bytes.
    """

    def __init__(
        self,
        blob: Descriptor,
        pieces: Iterator[bytes],
        *,
        diff_id: str | None = None,
        limits: StreamLimits | None = None,
    ) -> None:
        check_media_type(blob)
        self.bytes_read = 0
        self._blob = blob
        self._pieces = pieces
        self._limits = limits or StreamLimits()
        self._stored_hash = hashlib.new(blob.digest.partition(":")[0])
        self._diff_id = diff_id if diff_id and is_digest(diff_id) else None
        self._plain_hash = hashlib.new((self._diff_id or "sha256:").partition(":")[0])

    def __iter__(self) -> Iterator[bytes]:
        stored = self._stored()
        count = 0
        try:
            for chunk in _decompress(stored):
                count += len(chunk)
                self._check_bounds(count)
                if self._diff_id:
                    self._plain_hash.update(chunk)
                yield chunk
        except _UndecodableError as error:
            raise self.blame(str(error), code=error.code) from None
        self._check_stored()
        if self._diff_id and self._plain_hash.hexdigest() != self._diff_id.partition(":")[2]:
            raise self._error("is, uncompressed, not what the config of the image says", "layer-digest")

    def blame(self, reason: str, *, code: str = "layer-unreadable") -> DataError:
        """The error for a layer that makes no sense: the rest is read, since wrong or missing bytes explain it best."""
        for _ in self._stored():
            pass
        try:
            self._check_stored()
        except DataError as error:
            return error
        return self._error(reason, code)

    def _stored(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.bytes_read += len(piece)
            if self.bytes_read > self._blob.size_bytes:
                raise self._error(f"has more than the {self._blob.size_bytes} bytes of its manifest", "layer-digest")
            self._stored_hash.update(piece)
            for start in range(0, len(piece), _PIECE_BYTES):
                yield piece[start : start + _PIECE_BYTES]

    def _check_stored(self) -> None:
        if self.bytes_read < self._blob.size_bytes:
            raise self._error(f"ends after {self.bytes_read} of {self._blob.size_bytes} bytes", "layer-truncated")
        if self._stored_hash.hexdigest() != self._blob.digest.partition(":")[2]:
            raise self._error("is not what its digest says", "layer-digest")

    def _check_bounds(self, count: int) -> None:
        limits = self._limits
        if count > limits.most_bytes:
            raise self._error(f"holds more than {limits.most_bytes} bytes", "layer-bomb")
        if count > limits.ratio_from_bytes and count > limits.highest_ratio * self.bytes_read:
            raise self._error(f"grows to more than {limits.highest_ratio} times its size", "layer-bomb")

    def _error(self, reason: str, code: str) -> DataError:
        return DataError(f"The layer {self._blob.digest} {reason}.", code=code)


def check_media_type(blob: Descriptor) -> None:
    """Raises `DataError` with code `layer-unreadable` for a blob that is no layer, or one that is kept elsewhere."""
    if any(mark in blob.media_type for mark in _FOREIGN_MARKS):
        raise DataError(
            f"The layer {blob.digest} is a foreign one: registries do not hold it, its maker hands it out.",
            code="layer-unreadable",
        )
    if not blob.media_type.startswith(_LAYER_TYPES) or blob.media_type.endswith("+encrypted"):
        raise DataError(f"The layer {blob.digest} is of type {blob.media_type!a}.", code="layer-unreadable")
    if not is_digest(blob.digest):
        raise DataError(f"{blob.digest[:140]!a} is no digest that can be verified.", code="layer-unreadable")


class _UndecodableError(Exception):
    def __init__(self, reason: str, code: str = "layer-unreadable") -> None:
        super().__init__(reason)
        self.code = code


def _decompress(stored: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    while len(head) < len(_ZSTD_MAGIC) and (piece := next(stored, None)) is not None:
        head += piece
    if head.startswith(_GZIP_MAGIC):
        return _gunzip(head, stored)
    if head.startswith(_ZSTD_MAGIC) or head[1:4] == _SKIPPABLE_MAGIC:
        return _unzstd(head, stored)
    return _chain(head, stored)


def _chain(head: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from stored


def _gunzip(head: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    member = None
    for piece in _chain(head, stored):
        rest = piece
        while rest:
            if member is None:
                # Zeros after a member are padding.
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                member = zlib.decompressobj(wbits=31)
            try:
                chunk = member.decompress(rest, CHUNK_BYTES)
                yield chunk
                # What did not fit may wait inside although all input is taken.
                while len(chunk) == CHUNK_BYTES and not member.eof:
                    chunk = member.decompress(member.unconsumed_tail, CHUNK_BYTES)
                    yield chunk
            except zlib.error as error:
                raise _UndecodableError(f"cannot be decompressed: {error}") from None
            rest = b""
            if member.eof:
                rest, member = member.unused_data, None
    if member is not None:
        raise _UndecodableError("ends within its compressed data", "layer-truncated")


def _unzstd(head: bytes, stored: Iterator[bytes]) -> Iterator[bytes]:
    zstd = _import_zstd()
    options = {zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW_LOG}
    frame = None
    for piece in _chain(head, stored):
        rest = piece
        while rest:
            frame = frame or zstd.ZstdDecompressor(options=options)
            try:
                yield frame.decompress(rest, CHUNK_BYTES)
                while not frame.eof and not frame.needs_input:
                    yield frame.decompress(b"", CHUNK_BYTES)
            except zstd.ZstdError as error:
                raise _UndecodableError(f"cannot be decompressed: {error}") from None
            rest = b""
            if frame.eof:
                rest, frame = frame.unused_data, None
    if frame is not None:
        raise _UndecodableError("ends within its compressed data", "layer-truncated")


def _import_zstd() -> Any:
    # Rare and not small: only for layers that need it. The standard library has it from 3.14 on.
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
