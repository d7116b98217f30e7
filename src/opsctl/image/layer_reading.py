"""Reads the archive of one layer into its index, and the contents of the few files that are wanted.

Rules: OCI image specification 1.1, `layer.md`. Entries are taken as if they were unpacked one after the other inside an
empty root: what goes through a symlink of the same layer lands where that points, nothing leaves the root, and names
that cannot be are left out with a remark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opsctl.errors import DataError
from opsctl.image.layer_index import (
    BLOCK_DEVICE,
    CHARACTER_DEVICE,
    FILE,
    FOLDER,
    HARDLINK,
    IMPLIED_FOLDER,
    PIPE,
    SYMLINK,
    LayerIndex,
    Record,
    encode_record,
    encode_whiteout,
)
from opsctl.image.layer_stream import LayerStream
from opsctl.image.paths import join, normalise, shown
from opsctl.image.tar_reader import Member, TarFormatError, TarReader

LONGEST_PATH_BYTES: Final = 4_096  # PATH_MAX of Linux
MOST_LINKS_FOLLOWED: Final = 40  # as Linux
_MOST_REMARKS: Final = 20
_MOST_REPLACED_FOLDERS: Final = 200
_FOLDER_COST: Final = 250
_ENTRY_COST: Final = 16
_STEP_COST: Final = 64  # no memory, but time: a bound for paths that are followed again and again
_WHITEOUT_PREFIX: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_KINDS: Final = {
    ord("1"): HARDLINK,
    ord("2"): SYMLINK,
    ord("3"): CHARACTER_DEVICE,
    ord("4"): BLOCK_DEVICE,
    ord("5"): FOLDER,
    ord("6"): PIPE,
}


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """How much of a layer is kept: entries, and bytes that the index may take in memory (an estimate)."""

    most_entries: int = 1_000_000
    most_bytes: int = 160 * 1024**2


def read_layer(
    stream: LayerStream, texts: Mapping[bytes, int], limits: IndexLimits | None = None
) -> tuple[LayerIndex, dict[bytes, bytes]]:
    """The index, and the beginnings of those files whose paths are in `texts` (path -> most bytes).

    Raises `DataError` as `LayerStream` does; with code `layer-bomb` for more entries than the limits allow.
    """
    builder = _IndexBuilder(limits or IndexLimits())
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


class _IndexBuilder:
    def __init__(self, limits: IndexLimits) -> None:
        self._limits = limits
        self._blocks: dict[bytes, bytearray] = {b"": bytearray()}
        self._opaque: set[bytes] = set()
        self._symlinks: dict[bytes, bytes] = {}
        self._remarks: list[str] = []
        self._unsaid = 0
        self._entries = 0
        self._cost = 0
        self._replaced = 0

    def build(self) -> LayerIndex:
        if self._unsaid:
            self._remarks.append(f"{self._unsaid} more remarks of this sort are left out.")
        blocks = {path: bytes(self._blocks.pop(path)) for path in list(self._blocks)}
        return LayerIndex(blocks, self._opaque, tuple(self._remarks))

    def add(self, member: Member) -> bytes | None:
        """Takes an entry; gives its path, None when it is no entry of its own."""
        self._count(len(member.name) + len(member.link) + _ENTRY_COST)
        path, is_outside = normalise(member.name)
        if is_outside:
            self._remark(f"The name {shown(member.name)} leads out of the image; it is kept inside.")
        if not path:
            return None
        if len(path) > LONGEST_PATH_BYTES:
            self._remark(f"The name {shown(path)} is longer than a path can be and is left out.")
            return None
        folder, _, name = path.rpartition(b"/")
        if _WHITEOUT_PREFIX in path and self._take_marker(folder, name):
            return None
        place = self._open(folder)
        if place is None:
            return None
        path = join(place, name)
        self._add_entry(place, name, path, member)
        return path

    def _add_entry(self, folder: bytes, name: bytes, path: bytes, member: Member) -> None:
        kind = _KINDS.get(member.kind, FILE)
        link = member.link if kind == SYMLINK else b""
        if kind == HARDLINK:
            link = self._find_linked(member.link)
        record = Record(kind, member.mode, member.size_bytes if kind == FILE else 0, link)
        if kind != FOLDER and path in self._blocks:
            self._drop_folder(path)
        self._symlinks.pop(path, None)
        if kind == SYMLINK:
            self._symlinks[path] = link
        self._blocks[folder] += encode_record(name, record)
        if kind == FOLDER and path not in self._blocks:
            self._create(path)

    def _take_marker(self, folder: bytes, name: bytes) -> bool:
        """Takes a whiteout. True also for what belongs to the union file system that invented them."""
        if any(part.startswith(_WHITEOUT_PREFIX) for part in folder.split(b"/")):
            return True
        if not name.startswith(_WHITEOUT_PREFIX):
            return False
        place = self._open(folder)
        removed = name.removeprefix(_WHITEOUT_PREFIX)
        if place is None:
            return True
        if name == _OPAQUE:
            self._opaque.add(place)
        elif removed in (b"", b".", b".."):
            self._remark(f"The marker {shown(join(folder, name))} removes nothing that could be and is left out.")
        elif not removed.startswith(_WHITEOUT_PREFIX):
            self._blocks[place] += encode_whiteout(removed)
        return True

    def _open(self, folder: bytes) -> bytes | None:
        """Where the children of `folder` land; None in a loop of symlinks, in which nothing can be unpacked."""
        if folder in self._blocks:
            return folder
        place = self._follow(folder)
        if place is None:
            self._remark(f"The path {shown(folder)} is a loop of symlinks; what is below it is left out.")
            return None
        missing: list[bytes] = []
        path = place
        while path not in self._blocks:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        for path in reversed(missing):
            self._create(path)
            parent, _, name = path.rpartition(b"/")
            self._blocks[parent] += encode_record(name, IMPLIED_FOLDER)
        return place

    def _create(self, folder: bytes) -> None:
        self._cost += len(folder) + _FOLDER_COST
        self._blocks[folder] = bytearray()

    def _follow(self, folder: bytes) -> bytes | None:
        if not self._symlinks:
            return folder
        followed = 0
        done: list[bytes] = []
        waiting = folder.split(b"/")[::-1]
        self._cost += _STEP_COST * len(waiting)
        while waiting:
            part = waiting.pop()
            if part == b"..":
                del done[-1:]
            elif part not in (b"", b"."):
                done.append(part)
                target = self._symlinks.get(b"/".join(done))
                if target is not None:
                    followed += 1
                    if followed > MOST_LINKS_FOLLOWED or len(target) > LONGEST_PATH_BYTES:
                        return None
                    done = [] if target.startswith(b"/") else done[:-1]
                    waiting.extend(target.split(b"/")[::-1])
        return b"/".join(done)

    def _find_linked(self, link: bytes) -> bytes:
        path, is_outside = normalise(link)
        if is_outside:
            self._remark(f"The hard link to {shown(link)} leads out of the image; it is kept inside.")
        folder, _, name = path.rpartition(b"/")
        place = folder if folder in self._blocks else self._follow(folder)
        return path if place is None else join(place, name)

    def _drop_folder(self, path: bytes) -> None:
        """Something else took the place of a folder of the same layer."""
        self._replaced += 1
        if self._replaced > _MOST_REPLACED_FOLDERS:
            raise TarFormatError("its entries contradict each other")
        prefix = path + b"/"
        for other in [key for key in self._blocks if key == path or key.startswith(prefix)]:
            del self._blocks[other]
        for other in [key for key in self._symlinks if key.startswith(prefix)]:
            del self._symlinks[other]

    def _count(self, cost: int) -> None:
        self._entries += 1
        self._cost += cost
        if self._entries > self._limits.most_entries:
            raise DataError(f"A layer has more than {self._limits.most_entries} entries.", code="layer-bomb")
        if self._cost > self._limits.most_bytes:
            raise DataError("The names in a layer are too many and too long to be kept.", code="layer-bomb")

    def _remark(self, text: str) -> None:
        if len(self._remarks) < _MOST_REMARKS:
            self._remarks.append(text)
        else:
            self._unsaid += 1


def _code(error: TarFormatError) -> str:
    return "layer-truncated" if error.is_cut else "layer-unreadable"
