"""What one layer holds, kept compactly: 100,000 entries take some 4 MB.

Paths are bytes as tar has them, relative to the root of the image, without `.`, `..` and trailing slash; the root is
empty. A block holds the children of one folder as zero-terminated fields: name, attributes, link, name, ...
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Final, NamedTuple

from opsctl.image.paths import join

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
_MAGIC: Final = b"opsctl layer index 2\n"
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
    """The entries of a layer by folder. Every folder that is mentioned has a block, be it an empty one.

    `log` holds the entries in their order for `layer_build.replay`, empty when that can change nothing. `links_below`:
    the hard links to what lower layers have under a name that the layer itself uses afterwards. `origins`: after a
    replay, path -> where the archive has it, for those that landed elsewhere.
    """

    def __init__(
        self,
        blocks: dict[bytes, bytes],
        opaque: Iterable[bytes] = (),
        remarks: tuple[str, ...] = (),
        *,
        log: bytes = b"",
        links_below: Iterable[bytes] = (),
        origins: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.blocks = blocks
        self.opaque = frozenset(opaque)
        self.remarks = remarks
        self.log = log
        self.links_below = frozenset(links_below)
        self._origins = origins or {}

    def find(self, folder: bytes, name: bytes) -> Mention:
        """What the layer says of a child of `folder`; of two entries the later one counts."""
        mention = NOTHING
        for attributes, link in _find_fields(self.blocks.get(folder, b""), name):
            if attributes == _WHITEOUT:
                mention = Mention(mention.record, True)
            else:
                mention = _succeed(mention, _decode(attributes, link))
        return mention

    def list(self, folder: bytes) -> dict[bytes, Mention]:
        """What the layer says of the children of `folder`, by name."""
        mentions: dict[bytes, Mention] = {}
        for name, attributes, link in _split(self.blocks.get(folder, b"")):
            before = mentions.get(name, NOTHING)
            if attributes == _WHITEOUT:
                mentions[name] = Mention(before.record, True)
            else:
                mentions[name] = _succeed(before, _decode(attributes, link))
        return mentions

    def is_implied(self, folder: bytes) -> bool:
        """Whether the layer has things below this path before it has the folder itself, if at all, and does not hide
        what lower layers have there: then they decide what it is."""
        if not folder or folder not in self.blocks:
            return False
        parent, _, name = folder.rpartition(b"/")
        block = self.blocks.get(parent, b"")
        if name + b"\0i " not in block or not any(one.startswith(b"i ") for one, _ in _find_fields(block, name)):
            return False
        return not self.find(parent, name).is_whiteout and not self._is_hiding(parent)

    @cached_property
    def has_implied(self) -> bool:
        """Whether there may be any folder that the layer does not have itself; builders mostly write all of them."""
        return any(b"\0i " in block for block in self.blocks.values())

    def iterate_implied(self) -> Iterator[bytes]:
        """The folders that the layer does not have itself."""
        for folder, block in self.blocks.items():
            if b"\0i " in block:
                yield from (join(folder, name) for name in _list_implied(block))

    def has_symlinks(self) -> bool:
        """Whether there is any symlink, or a hard link, which may share one."""
        return any(b"\0l " in block or b"\0h " in block for block in self.blocks.values())

    def find_origin(self, path: bytes) -> bytes:
        """The path that the archive has for what is at `path`."""
        return self._origins.get(path, path)

    def to_bytes(self) -> bytes:
        """For a cache: `from_bytes` gives an equal index."""
        header = {
            "opaque": _to_texts(self.opaque),
            "links_below": _to_texts(self.links_below),
            "remarks": self.remarks,
            "log_bytes": len(self.log),
        }
        parts = [json.dumps(header).encode(), b"\n", self.log]
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
            log_start = body.index(b"\n") + 1
            log_end = log_start + int(header["log_bytes"])
            return cls(
                dict(_read_blocks(body, log_end)),
                _from_texts(header["opaque"]),
                tuple(header["remarks"]),
                log=body[log_start:log_end],
                links_below=_from_texts(header["links_below"]),
            )
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _is_hiding(self, folder: bytes) -> bool:
        while folder and folder not in self.opaque:
            parent, _, name = folder.rpartition(b"/")
            if self.find(parent, name).is_whiteout:
                return True
            folder = parent
        return folder in self.opaque


def encode_record(name: bytes, record: Record) -> bytes:
    """An entry as a block holds it."""
    return encode(name, b"%b %o %d" % (record.kind.encode(), record.mode, record.size_bytes), record.link)


def encode_whiteout(name: bytes) -> bytes:
    """A removal as a block holds it."""
    return encode(name, _WHITEOUT, b"")


def encode(name: bytes, attributes: bytes, link: bytes) -> bytes:
    """Three fields of a block."""
    return b"%b\0%b\0%b\0" % (name, attributes, link)


def _succeed(before: Mention, record: Record) -> Mention:
    """Of two entries the later one counts. A folder in the place of something else does not merge with what is below:
    that was replaced before."""
    is_replacing = before.record is not None and before.record.kind not in FOLDER_KINDS
    return Mention(record, before.is_whiteout or is_replacing)


def _find_fields(block: bytes, name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What stands after a name, without taking the block apart: it may hold a million of them."""
    wanted = name + b"\0"
    start = position = fields = 0
    while (start := block.find(wanted, start)) >= 0:
        fields += block.count(0, position, start)
        position = start
        if fields % 3 == 0 and (start == 0 or block[start - 1] == 0):
            middle = block.index(b"\0", start + len(wanted))
            yield block[start + len(wanted) : middle], block[middle + 1 : block.index(b"\0", middle + 1)]
        start += 1


def _list_implied(block: bytes) -> Iterator[bytes]:
    return (name for name, attributes, _ in _split(block) if attributes.startswith(b"i "))


def _split(block: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    fields = iter(block.split(b"\0"))
    # The empty field after the last zero has no companions and is left out.
    return zip(fields, fields, fields, strict=False)


def _decode(attributes: bytes, link: bytes) -> Record:
    kind, mode, size = attributes.split(b" ")
    return Record(sys.intern(kind.decode()), _read_mode(mode), int(size), link)


@cache
def _read_mode(digits: bytes) -> int:
    # There are few modes, and one number for each is enough.
    return int(digits, 8)


def _to_texts(paths: Iterable[bytes]) -> list[str]:
    return [path.decode("latin-1") for path in sorted(paths)]


def _from_texts(paths: Iterable[str]) -> list[bytes]:
    return [path.encode("latin-1") for path in paths]


def _read_blocks(body: bytes, position: int) -> Iterator[tuple[bytes, bytes]]:
    while position < len(body):
        end = body.index(b"\0", position)
        start = body.index(b"\0", end + 1) + 1
        length = int(body[end + 1 : start - 1])
        yield body[position:end], body[start : start + length]
        position = start + length
