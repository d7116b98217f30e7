"""Lists the files of an image below a path, and reads one of them."""

from __future__ import annotations

from dataclasses import dataclass

from opsctl.image.models import FileEntry, ImageDescription
from opsctl.image.ports import BlobSource, LayerCache


@dataclass(frozen=True, slots=True)
class Listing:
    """What is below a path, sorted by path, the path itself included.

    `undecided` says why something may be missing from it, None when `is_complete`. `bytes_read` counts compressed
    bytes.
    """

    entries: tuple[FileEntry, ...]
    is_complete: bool
    undecided: str | None
    bytes_read: int
    layers_read: int
    layers_cached: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that was read; `entry` is the file that links led to. `is_cut` when it is longer than was asked for."""

    entry: FileEntry
    content: bytes
    is_cut: bool
    bytes_read: int
    layers_read: int
    layers_cached: int
    remarks: tuple[str, ...] = ()


def list_files(
    image: ImageDescription,
    blobs: BlobSource,
    under: str = "/",
    *,
    budget_bytes: int,
    cache: LayerCache | None = None,
    is_recursive: bool = True,
) -> Listing:
    """Everything below `under` (only its direct children unless `is_recursive`), the path itself included.

    A symlink on the way is followed, what is below is named as it was asked for. Raises `NotFoundError` with code
    `no-such-path` (its message names the layer that removed the path, its hint what is near), `DataError` for a layer
    that cannot be read, and what the blobs raise.
    """
    raise NotImplementedError


def read_file(
    image: ImageDescription,
    blobs: BlobSource,
    path: str,
    *,
    budget_bytes: int,
    max_bytes: int,
    cache: LayerCache | None = None,
) -> FileContent:
    """The content of a file, links followed. Raises what `list_files` raises, and `DataError` with code `not-a-file`
    for a folder or a device, `download-limit` when `budget_bytes` is not enough to tell."""
    raise NotImplementedError
