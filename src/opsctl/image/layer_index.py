"""What one layer holds, kept compactly: 100,000 entries take some 4 MB.

Paths are bytes as tar has them, relative to the root of the image, without `.`, `..` and trailing slash; the root is
empty. A block holds the children of one folder as zero-terminated fields: name, attributes, link, name, ...
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from opsctl.image.paths import is_within, join, move

FILE: Final = "f"
FOLDER: Final = "d"
IMPLIED: Final = "i"  # a folder that the layer does not have itself, only something below it
SYMLINK: Final = "l"
HARDLINK: Final = "h"
CHARACTER_DEVICE: Final = "c"
BLOCK_DEVICE: Final = "b"
PIPE: Final = "p"
FOLDER_KINDS: Final = (FOLDER, IMPLIED)

_WHITEOUT: Final = b"w"
_MAGIC: Final = b"opsctl layer index 1\n"
_HASH_BYTES: Final = 32
_LARGEST_BODY_BYTES: Final = 512 * 1024 * 1024


class Record(NamedTuple):
    """An entry. `link` is the target of a symlink as it stands, that of a hard link as a path of the image."""

    kind: str
    mode: int
    size_bytes: int
    link: bytes


class Mention(NamedTuple):
    """What a layer says of one name: its own entry, and whether it removes what lower layers have."""

    record: Record | None
    is_whiteout: bool


NOTHING: Final = Mention(None, False)
IMPLIED_FOLDER: Final = Record(IMPLIED, 0o755, 0, b"")


class LayerIndex:
    """The entries of a layer by folder. Every folder that is mentioned has a block, be it an empty one."""

    def __init__(self, blocks: dict[bytes, bytes], opaque: Iterable[bytes] = (), remarks: tuple[str, ...] = ()) -> None:
        self.blocks = blocks
        self.opaque = frozenset(opaque)
        self.remarks = remarks
        self._moved: list[tuple[bytes, bytes]] = []

    def find(self, folder: bytes, name: bytes) -> Mention:
        """What the layer says of a child of `folder`; of two entries the later one counts."""
        block = self.blocks.get(folder, b"")
        if name + b"\0" not in block:
            return NOTHING
        record, is_whiteout = None, False
        for field, attributes, link in _split(block):
            if field == name:
                if attributes == _WHITEOUT:
                    is_whiteout = True
                else:
                    record = _decode(attributes, link)
        return Mention(record, is_whiteout)

    def list(self, folder: bytes) -> dict[bytes, Mention]:
        """What the layer says of the children of `folder`, by name."""
        mentions: dict[bytes, Mention] = {}
        for name, attributes, link in _split(self.blocks.get(folder, b"")):
            before = mentions.get(name, NOTHING)
            if attributes == _WHITEOUT:
                mentions[name] = Mention(before.record, True)
            else:
                mentions[name] = Mention(_decode(attributes, link), before.is_whiteout)
        return mentions

    def is_implied(self, folder: bytes) -> bool:
        """Whether the layer has things below this path but not the folder itself, and does not hide what lower layers
        have there: then they decide what it is."""
        if not folder or folder not in self.blocks:
            return False
        parent, _, name = folder.rpartition(b"/")
        record, is_whiteout = self.find(parent, name)
        return record is not None and record.kind == IMPLIED and not is_whiteout and not self._is_hiding(parent)

    @cached_property
    def has_implied(self) -> bool:
        """Whether there may be any folder that the layer does not have itself; builders mostly write all of them."""
        return any(b"\0i " in block for block in self.blocks.values())

    def iterate_implied(self) -> Iterator[bytes]:
        """The folders that the layer does not have itself."""
        for folder, block in self.blocks.items():
            if b"\0i " not in block:
                continue
            for name, mention in self.list(folder).items():
                if mention.record is not None and mention.record.kind == IMPLIED:
                    yield join(folder, name)

    def iterate_links(self) -> Iterator[bytes]:
        """The symlinks, and the hard links, which may share one."""
        for folder, block in self.blocks.items():
            if b"\0l " not in block and b"\0h " not in block:
                continue
            for name, mention in self.list(folder).items():
                if mention.record is not None and mention.record.kind in (SYMLINK, HARDLINK):
                    yield join(folder, name)

    def move_folder(self, source: bytes, target: bytes) -> None:
        """Puts what is below `source` below `target`, as if the layer had said so, and forgets `source`."""
        self._moved.append((source, target))
        moved = [path for path in self.blocks if is_within(path, source)]
        blocks = {move(path, source, target): self.blocks.pop(path) for path in moved}
        parent, _, name = source.rpartition(b"/")
        self.blocks[parent] = b"".join(
            encode(field, attributes, link)
            for field, attributes, link in _split(self.blocks[parent])
            if field != name or not attributes.startswith(b"i ")
        )
        self._imply(target)
        for path, block in blocks.items():
            self.blocks[path] = _merge(self.blocks.get(path, b""), block)
        self.opaque = frozenset(move(path, source, target) for path in self.opaque)

    def list_origins(self, path: bytes) -> tuple[bytes, ...]:
        """The paths that the archive may have for what is at `path` now."""
        paths = [path]
        for source, target in reversed(self._moved):
            paths += [move(one, target, source) for one in paths if is_within(one, target)]
        return tuple(paths)

    def to_bytes(self) -> bytes:
        """For a cache: `from_bytes` gives an equal index."""
        header = {"opaque": [path.decode("latin-1") for path in sorted(self.opaque)], "remarks": self.remarks}
        parts = [json.dumps(header).encode(), b"\n"]
        for path, block in self.blocks.items():
            parts += (path, b"\0%d\0" % len(block), block)
        body = zlib.compress(b"".join(parts), 1)
        return _MAGIC + hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, stored: bytes) -> LayerIndex | None:
        """None for what is damaged, or was written by another version."""
        start = len(_MAGIC) + _HASH_BYTES
        if not stored.startswith(_MAGIC) or hashlib.sha256(stored[start:]).digest() != stored[len(_MAGIC) : start]:
            return None
        try:
            unpacker = zlib.decompressobj()
            body = unpacker.decompress(stored[start:], _LARGEST_BODY_BYTES)
            header = json.loads(body[: body.index(b"\n")])
            opaque = [path.encode("latin-1") for path in header["opaque"]]
            return cls(dict(_read_blocks(body)), opaque, tuple(header["remarks"]))
        except (zlib.error, ValueError, KeyError, TypeError):
            return None

    def _is_hiding(self, folder: bytes) -> bool:
        while folder and folder not in self.opaque:
            parent, _, name = folder.rpartition(b"/")
            if self.find(parent, name).is_whiteout:
                return True
            folder = parent
        return folder in self.opaque

    def _imply(self, folder: bytes) -> None:
        missing: list[bytes] = []
        while folder not in self.blocks:
            missing.append(folder)
            folder = folder.rpartition(b"/")[0]
        for path in reversed(missing):
            parent, _, name = path.rpartition(b"/")
            self.blocks[parent] += encode_record(name, IMPLIED_FOLDER)
            self.blocks[path] = b""


def encode_record(name: bytes, record: Record) -> bytes:
    """An entry as a block holds it."""
    return encode(name, b"%b %o %d" % (record.kind.encode(), record.mode, record.size_bytes), record.link)


def encode_whiteout(name: bytes) -> bytes:
    """A removal as a block holds it."""
    return encode(name, _WHITEOUT, b"")


def encode(name: bytes, attributes: bytes, link: bytes) -> bytes:
    """Three fields of a block."""
    return b"%b\0%b\0%b\0" % (name, attributes, link)


def _merge(block: bytes, added: bytes) -> bytes:
    """Two blocks of one folder. That a folder is implied says nothing where more is known."""
    known = {name for name, attributes, _ in _split(block) if attributes != _WHITEOUT}
    return block + b"".join(
        encode(name, attributes, link)
        for name, attributes, link in _split(added)
        if not (name in known and attributes.startswith(b"i "))
    )


def _split(block: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    fields = iter(block.split(b"\0"))
    # The empty field after the last zero has no companions and is left out.
    return zip(fields, fields, fields, strict=False)


def _decode(attributes: bytes, link: bytes) -> Record:
    kind, mode, size = attributes.split(b" ")
    return Record(kind.decode(), int(mode, 8), int(size), link)


def _read_blocks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = body.index(b"\n") + 1
    while position < len(body):
        end = body.index(b"\0", position)
        start = body.index(b"\0", end + 1) + 1
        length = int(body[end + 1 : start - 1])
        yield body[position:end], body[start : start + length]
        position = start + length
