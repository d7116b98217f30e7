"""Makes the index of a layer from its entries, in the order in which the archive has them.

Rules: OCI image specification 1.1, `layer.md`. Entries are taken as if they were unpacked one after the other: what
goes through a symlink lands where that points, nothing leaves the root, and names that cannot be are left out with a
remark. The first time this is done with what the layer itself says; once lower layers are known and have symlinks where
the layer only has things below, `replay` does it again with theirs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

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
from opsctl.image.paths import join, normalise, shown
from opsctl.image.tar_reader import Member, TarFormatError

LONGEST_PATH_BYTES: Final = 4_096  # PATH_MAX of Linux
MOST_LINKS_FOLLOWED: Final = 40  # as Linux
_MOST_REMARKS: Final = 20
_MOST_REPLACED_FOLDERS: Final = 200
_FOLDER_COST: Final = 250
_ENTRY_COST: Final = 16
_SYMLINK_COST: Final = 150
_STEP_COST: Final = 64  # no memory, but time: a bound for paths that are followed again and again
_WHITEOUT_PREFIX: Final = b".wh."
_OPAQUE: Final = b".wh..wh..opq"
_LOG_PIECE_BYTES: Final = 256 * 1024
_KINDS: Final = {
    ord("1"): HARDLINK,
    ord("2"): SYMLINK,
    ord("3"): CHARACTER_DEVICE,
    ord("4"): BLOCK_DEVICE,
    ord("5"): FOLDER,
    ord("6"): PIPE,
}
# What lower layers have at a path: the target if it is a symlink, else None.
LowerSymlinks = Callable[[bytes], bytes | None]


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """How much of a layer is kept: entries, and bytes that the index may take in memory (an estimate)."""

    most_entries: int = 1_000_000
    most_bytes: int = 32 * 1024**2


class Said(NamedTuple):
    """An entry of the archive, markers included. `path` and the target of a hard link are inside the root."""

    path: bytes
    record: Record


def replay(index: LayerIndex, lower: LowerSymlinks) -> LayerIndex:
    """The index of the same layer, unpacked onto layers with the symlinks of `lower`. Raises `DataError` and
    `TarFormatError` when that takes too much."""
    as_stored, onto = IndexBuilder(has_log=False), IndexBuilder(lower=lower, has_log=False)
    origins: dict[bytes, bytes] = {}
    for said in _read_log(index.log):
        origin, path = as_stored.take(said), onto.take(said)
        if path is not None and origin is not None:
            origins.pop(path, None)
            if path != origin:
                origins[path] = origin
    built = onto.build()
    return LayerIndex(built.blocks, built.opaque, index.remarks, links_below=built.links_below, origins=origins)


class IndexBuilder:
    """`add` each member, then `build`. Without `lower` nothing is known of lower layers."""

    def __init__(
        self, limits: IndexLimits | None = None, *, lower: LowerSymlinks | None = None, has_log: bool = True
    ) -> None:
        self._limits = limits or IndexLimits()
        self._lower = lower
        self._log = _Log() if has_log else None
        self._blocks: dict[bytes, bytearray] = {b"": bytearray()}
        self._opaque: set[bytes] = set()
        self._symlinks: dict[bytes, bytes] = {}
        self._hidden: set[bytes] = set()
        self._linked: dict[bytes, list[bytes]] = {}
        self._links_below: set[bytes] = set()
        self._has_implied = False
        self._remarks: list[str] = []
        self._unsaid = 0
        self._entries = 0
        self._cost = 0
        self._replaced = 0

    def build(self) -> LayerIndex:
        """The index; the builder is empty afterwards."""
        if self._unsaid:
            self._remarks.append(f"{self._unsaid} more remarks of this sort are left out.")
        blocks = {path: bytes(self._blocks.pop(path)) for path in list(self._blocks)}
        log = self._log.finish() if self._log is not None and self._has_implied else b""
        return LayerIndex(blocks, self._opaque, tuple(self._remarks), log=log, links_below=self._links_below)

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
        kind = _KINDS.get(member.kind, FILE)
        link = member.link if kind == SYMLINK else b""
        if kind == HARDLINK:
            link, is_outside = normalise(member.link)
            if is_outside:
                self._remark(f"The hard link to {shown(member.link)} leads out of the image; it is kept inside.")
        said = Said(path, Record(kind, member.mode, member.size_bytes if kind == FILE else 0, link))
        if self._log is not None:
            self._log.write(said)
        return self.take(said)

    def take(self, said: Said) -> bytes | None:
        """As `add`, with names that are inside the root already."""
        folder, _, name = said.path.rpartition(b"/")
        if _WHITEOUT_PREFIX in said.path and self._take_marker(folder, name):
            return None
        place = self._open(folder)
        if place is None:
            return None
        path = join(place, name)
        self._add_entry(place, name, path, said.record)
        return path

    def _add_entry(self, folder: bytes, name: bytes, path: bytes, record: Record) -> None:
        if path in self._linked:
            self._keep_linked(folder, name, path)
        if record.kind == HARDLINK:
            record = record._replace(link=self._find_linked(record.link))
            self._linked.setdefault(record.link, []).append(path)
            self._cost += _FOLDER_COST
        if record.kind != FOLDER and path in self._blocks:
            self._drop_folder(path)
        self._symlinks.pop(path, None)
        target = record.link if record.kind == SYMLINK else None
        if record.kind == HARDLINK:
            target = self._read_symlink(record.link)
        if target is not None:
            self._symlinks[path] = target
            self._cost += _SYMLINK_COST
        if record.kind != FOLDER and self._lower is not None:
            self._hidden.add(path)
        self._blocks[folder] += encode_record(name, record)
        if record.kind == FOLDER and path not in self._blocks:
            self._create(path)

    def _keep_linked(self, folder: bytes, name: bytes, path: bytes) -> None:
        """Something takes the place of a file to which hard links were made: they keep what lower layers have."""
        if any(field == name for field in self._blocks[folder].split(b"\0")[::3]):
            raise TarFormatError("two entries of one name have hard links between them")
        self._links_below.update(self._linked.pop(path))

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
            if self._lower is not None:
                self._hidden.add(join(place, removed))
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
            self._links_below.update(self._linked.pop(path, ()))
            self._has_implied = True
        return place

    def _create(self, folder: bytes) -> None:
        self._cost += len(folder) + _FOLDER_COST
        self._blocks[folder] = bytearray()

    def _follow(self, folder: bytes) -> bytes | None:
        if not self._symlinks and self._lower is None:
            return folder
        followed = 0
        done: list[bytes] = []
        waiting = folder.split(b"/")[::-1]
        while waiting:
            self._cost += _STEP_COST
            part = waiting.pop()
            if part == b"..":
                del done[-1:]
            elif part not in (b"", b"."):
                done.append(part)
                target = self._read_symlink(b"/".join(done))
                if target is not None:
                    followed += 1
                    if followed > MOST_LINKS_FOLLOWED or len(target) > LONGEST_PATH_BYTES:
                        return None
                    done = [] if target.startswith(b"/") else done[:-1]
                    waiting.extend(target.split(b"/")[::-1])
        return b"/".join(done)

    def _read_symlink(self, path: bytes) -> bytes | None:
        target = self._symlinks.get(path)
        if target is not None or self._lower is None or path in self._blocks or self._is_hidden(path):
            return target
        return self._lower(path)

    def _is_hidden(self, path: bytes) -> bool:
        """Whether the layer has taken away what lower layers have there."""
        while path:
            if path in self._hidden:
                return True
            path = path.rpartition(b"/")[0]
            if path in self._opaque:
                return True
        return False

    def _find_linked(self, path: bytes) -> bytes:
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


class _Log:
    """Entries in their order, compressed while they come."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)
        self._parts: list[bytes] = []
        self._waiting = bytearray()

    def write(self, said: Said) -> None:
        record = said.record
        self._waiting += b"%b\0%b %o %d\0%b\0" % (
            said.path, record.kind.encode(), record.mode, record.size_bytes, record.link,
        )  # fmt: skip
        if len(self._waiting) > _LOG_PIECE_BYTES:
            self._parts.append(self._compressor.compress(self._waiting))
            self._waiting = bytearray()

    def finish(self) -> bytes:
        return b"".join([*self._parts, self._compressor.compress(self._waiting), self._compressor.flush()])


def _read_log(log: bytes) -> Iterator[Said]:
    unpacker = zlib.decompressobj()
    rest = b""
    while log:
        fields = (rest + unpacker.decompress(log, _LOG_PIECE_BYTES)).split(b"\0")
        log = unpacker.unconsumed_tail
        whole = (len(fields) - 1) // 3 * 3
        rest = b"\0".join(fields[whole:])
        for start in range(0, whole, 3):
            kind, mode, size = fields[start + 1].split(b" ")
            yield Said(fields[start], Record(kind.decode(), int(mode, 8), int(size), fields[start + 2]))
