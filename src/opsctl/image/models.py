"""An image as its manifest describes it, what to look for in it, and what was found.

Formats: OCI image specification 1.1 and Docker image manifest version 2, schema 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob of the registry: `digest` is `sha256:...` of the bytes as they are stored, `size_bytes` their number."""

    media_type: str
    digest: str
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer; `number` counts from 0 at the bottom. `created_by` is the build step, None when the history does not
    tell."""

    number: int
    blob: Descriptor
    created_by: str | None


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """One image for one platform.

    `reference` is what was asked for; `repository` with its registry, `eu.gcr.io/p/app`. `digest` names the manifest of
    this platform, `index_digest` the index that led to it, if any; `platforms` is what that index offers. `config` is
    the OCI image config. `provenance` is the in-toto statement that the builder attached, None without one.
    """

    reference: str
    repository: str
    digest: str
    index_digest: str | None
    platform: str
    platforms: tuple[str, ...]
    config: JsonObject
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    provenance: JsonObject | None = None

    @property
    def size_bytes(self) -> int:
        """What a download of all layers takes."""
        return sum(layer.blob.size_bytes for layer in self.layers)


class FileKind(StrEnum):
    """What a path is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    CHARACTER_DEVICE = "character-device"
    BLOCK_DEVICE = "block-device"
    PIPE = "pipe"


class FileEntry(NamedTuple):
    """A path of the image: absolute, without `.`, `..` and trailing slash. `mode` holds the permission bits.
    `link_target` is that of a symlink as it stands, of a hard link as an absolute path. `layer` is the number of the
    layer that has it."""

    path: str
    kind: FileKind
    size_bytes: int
    mode: int
    link_target: str | None
    layer: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, absolute paths: whether `paths` exist, everything below `folders`, the content of `texts`.

    `optional` paths are found when they are in a layer that is read anyway; no layer is read for them, and that one was
    not found is no answer. A symlink on the way is followed inside the image. A text of more than `longest_text_bytes`
    is cut, one that is not UTF-8 is left out.
    """

    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    longest_text_bytes: int = 65_536
    most_entries_per_folder: int = 2_000


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found.

    `files` is sorted by path and holds every wanted path that exists (with the links that lead to it) and what is below
    the wanted folders. `absent`: looked for in every layer that matters and not there. `undecided`: path -> why it
    could not be told. `removed`: an absent path -> the number of the layer that took it away. `is_complete`: `files` is
    the whole image. `bytes_read` counts compressed bytes that were downloaded, `layers_read` the layers;
    `layers_cached` those that needed no download.
    """

    files: tuple[FileEntry, ...]
    absent: frozenset[str]
    undecided: Mapping[str, str]
    texts: Mapping[str, str]
    removed: Mapping[str, int]
    is_complete: bool
    bytes_read: int
    layers_read: int
    layers_cached: int
    remarks: tuple[str, ...] = ()
