"""Images made in memory: layers from entries, in every compression, and a source of blobs that counts."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backports import zstd

from opsctl.image.models import Descriptor, ImageDescription, Layer

TYPES = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "p": tarfile.FIFOTYPE}
MEDIA_TYPES = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "plain": "application/vnd.oci.image.layer.v1.tar",
    "docker": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


class Entry(NamedTuple):
    """A member of an archive; `kind` is one of f, d, l, h, p."""

    name: str
    kind: str = "f"
    content: bytes = b""
    link: str = ""
    mode: int = 0o644


def file(name: str, content: bytes = b"", mode: int = 0o644) -> Entry:
    return Entry(name, "f", content, mode=mode)


def folder(name: str, mode: int = 0o755) -> Entry:
    return Entry(name, "d", mode=mode)


def symlink(name: str, target: str) -> Entry:
    return Entry(name, "l", link=target, mode=0o777)


def hardlink(name: str, target: str) -> Entry:
    return Entry(name, "h", link=target)


def tar(entries: Sequence[Entry], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    """An archive of the entries in their order."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tar_format) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.name)
            member.type, member.mode, member.linkname = TYPES[entry.kind], entry.mode, entry.link
            member.size = len(entry.content)
            archive.addfile(member, io.BytesIO(entry.content))
    return target.getvalue()


def compress(content: bytes, compression: str) -> bytes:
    if compression in ("gzip", "docker"):
        return gzip.compress(content, 6, mtime=0)
    return zstd.compress(content) if compression == "zstd" else content


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class MemoryBlobs:
    """A BlobSource over a dictionary; `opened` tells which blobs were asked for, `errors` what to raise for some."""

    blobs: dict[str, bytes]
    piece_bytes: int = 1_000
    opened: list[str] = field(default_factory=list)
    errors: dict[str, Exception] = field(default_factory=dict)

    @contextmanager
    def open(self, blob: Descriptor) -> Iterator[Iterator[bytes]]:
        self.opened.append(blob.digest)
        if blob.digest in self.errors:
            raise self.errors[blob.digest]
        content = self.blobs[blob.digest]
        yield (content[start : start + self.piece_bytes] for start in range(0, len(content), self.piece_bytes))


@dataclass
class MemoryCache:
    """A LayerCache over a dictionary."""

    stored: dict[str, bytes] = field(default_factory=dict)

    def load(self, digest: str) -> bytes | None:
        return self.stored.get(digest)

    def store(self, digest: str, index: bytes) -> None:
        self.stored[digest] = index


def build_image(
    *layers: Sequence[Entry] | bytes, compression: str = "gzip", config: dict[str, Any] | None = None
) -> tuple[ImageDescription, MemoryBlobs]:
    """An image of layers, from the bottom to the top; entries or an archive each."""
    archives = [layer if isinstance(layer, bytes) else tar(layer) for layer in layers]
    stored = [compress(archive, compression) for archive in archives]
    described = tuple(
        Layer(number, Descriptor(MEDIA_TYPES[compression], digest_of(content), len(content)), f"step {number}")
        for number, content in enumerate(stored)
    )
    diff_ids = [digest_of(archive) for archive in archives]
    image = ImageDescription(
        reference="r.test/app:1",
        repository="r.test/app",
        digest=digest_of(b"manifest"),
        index_digest=None,
        platform="linux/amd64",
        platforms=(),
        config=config if config is not None else {"rootfs": {"type": "layers", "diff_ids": diff_ids}},
        layers=described,
    )
    return image, MemoryBlobs({layer.blob.digest: content for layer, content in zip(described, stored, strict=True)})
