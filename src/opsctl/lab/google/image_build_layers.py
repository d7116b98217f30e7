"""Layers of a container image, made from a list of files.

Format: OCI image specification 1.1, `layer.md`: a tar archive of what a build step changed, stored plain, gzip or zstd.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from posixpath import dirname

from opsctl.image.models import FileKind

_TAR_TYPES = {
    FileKind.FILE: tarfile.REGTYPE,
    FileKind.FOLDER: tarfile.DIRTYPE,
    FileKind.SYMLINK: tarfile.SYMTYPE,
    FileKind.HARDLINK: tarfile.LNKTYPE,
    FileKind.CHARACTER_DEVICE: tarfile.CHRTYPE,
    FileKind.BLOCK_DEVICE: tarfile.BLKTYPE,
    FileKind.PIPE: tarfile.FIFOTYPE,
}


class Compression(StrEnum):
    """How the tar archive of a layer is stored."""

    GZIP = "gzip"
    ZSTD = "zstd"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A path of a layer, absolute. `link_target` of a hard link is an absolute path, that of a symlink anything."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    kind: FileKind = FileKind.FILE
    link_target: str = ""


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer as a registry keeps it: `digest` is of the stored bytes, `diff_id` of the tar archive inside."""

    blob: bytes
    digest: str
    diff_id: str
    compression: Compression


def folder(path: str, mode: int = 0o755) -> LayerFile:
    """A folder. Those on the way to a file need not be listed."""
    return LayerFile(path, mode=mode, kind=FileKind.FOLDER)


def symlink(path: str, target: str) -> LayerFile:
    """A symbolic link."""
    return LayerFile(path, mode=0o777, kind=FileKind.SYMLINK, link_target=target)


def whiteout(path: str) -> LayerFile:
    """Takes `path` of lower layers away."""
    parent, _, name = path.rpartition("/")
    return LayerFile(f"{parent}/.wh.{name}", mode=0)


def opaque(path: str) -> LayerFile:
    """Takes everything away that lower layers have in the folder `path`."""
    return LayerFile(f"{path}/.wh..wh..opq", mode=0)


def write_layer(
    files: Iterable[LayerFile], *, modified: int = 0, compression: Compression = Compression.GZIP
) -> StoredLayer:
    """The layer with these files, in their order, each after the folders that lead to it.

    `modified` is the time of every file, seconds since 1970. The same files give the same bytes.
    """
    return _write_layer(tuple(files), modified, compression)


def with_folders(files: Iterable[LayerFile]) -> list[LayerFile]:
    """The files, with the folders on their way that are not among them put in front of their first file."""
    listed = list(files)
    known = {file.path for file in listed if file.kind in {FileKind.FOLDER, FileKind.SYMLINK}}
    ordered: list[LayerFile] = []
    for file in listed:
        missing: list[str] = []
        parent = dirname(file.path)
        while parent not in {"/", ""} and parent not in known:
            missing.append(parent)
            known.add(parent)
            parent = dirname(parent)
        ordered.extend(folder(path) for path in reversed(missing))
        ordered.append(file)
    return ordered


def compress(archived: bytes, compression: Compression) -> bytes:
    """The bytes as they are stored; no time of day gets into them."""
    if compression is Compression.GZIP:
        return gzip.compress(archived, compresslevel=6, mtime=0)
    if compression is Compression.ZSTD:
        return _compress_zstd(archived)
    return archived


def digest_of(stored: bytes) -> str:
    """`sha256:...` of the bytes."""
    return f"sha256:{hashlib.sha256(stored).hexdigest()}"


# Images on the same base share its layers; each is made once.
@lru_cache(maxsize=16)
def _write_layer(files: tuple[LayerFile, ...], modified: int, compression: Compression) -> StoredLayer:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in with_folders(files):
            archive.addfile(_member(file, modified), io.BytesIO(file.content))
    archived = buffer.getvalue()
    blob = compress(archived, compression)
    return StoredLayer(blob, digest_of(blob), digest_of(archived), compression)


def _member(file: LayerFile, modified: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(file.path.lstrip("/") + ("/" if file.kind is FileKind.FOLDER else ""))
    member.type = _TAR_TYPES[file.kind]
    member.mode = file.mode
    member.mtime = modified
    member.size = len(file.content)
    member.linkname = file.link_target.lstrip("/") if file.kind is FileKind.HARDLINK else file.link_target
    return member


def _compress_zstd(archived: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd.compress(archived)
