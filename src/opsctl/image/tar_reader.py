"""Reads the headers of a tar stream, quickly and without believing them.

Formats: POSIX.1-2017 pax (ustar and pax headers), GNU tar (long names, base-256 numbers, both kinds of sparse files).
Where tar programs differ this follows Go's archive/tar, with which the engines read layers: links, folders and devices
have no content whatever their size field says, global pax headers change nothing, two blocks of zeros end the archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

BLOCK: Final = 512
LARGEST_EXTENDED_HEADER_BYTES: Final = 1024 * 1024
_HEADER_ONLY: Final = frozenset(b"123456")
_LARGEST_SIZE = 1 << 60
_ZEROS: Final = bytes(BLOCK)
_CONTIGUOUS_AND_OLD: Final = (ord("7"), 0)


class TarFormatError(Exception):
    """The stream is no tar archive, or a damaged one. `is_cut` when it only ends too early."""

    def __init__(self, reason: str, *, is_cut: bool = False) -> None:
        super().__init__(reason)
        self.is_cut = is_cut


class Member(NamedTuple):
    """A header. `name` and `link` are raw bytes. `kind` is the type flag, `0` for every sort of regular file.
    `stored_bytes` is what follows in the stream, `size_bytes` the size of the file: for a sparse one not the same, and
    what is stored is not simply the content."""

    name: bytes
    kind: int
    mode: int
    size_bytes: int
    link: bytes
    stored_bytes: int
    is_sparse: bool


class TarReader:
    """Iterates over members; `read` gives the content of the one that was given last. Raises `TarFormatError`."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._position = 0
        self._left = 0  # content of the current member
        self._padding = 0  # zeros after it

    def __iter__(self) -> Iterator[Member]:
        extended: dict[bytes, bytes] = {}
        while (block := self._next_header()) is not None:
            kind = block[156]
            stored = 0 if kind in _HEADER_ONLY else read_number(block[124:136])
            self._expect(stored)
            if kind in b"xXLK":
                self._read_extended(kind, stored, extended)
                continue
            if kind == ord("g"):
                continue
            member = self._join(block, kind, stored, extended)
            extended = {}
            if kind != ord("V"):
                yield member

    def read(self, most: int) -> bytes:
        """The first `most` bytes of the current member, as they are stored."""
        wanted = min(most, self._left)
        content = self._take(wanted)
        self._left -= len(content)
        if len(content) < wanted:
            raise TarFormatError("its archive ends within a file", is_cut=True)
        return content

    def drain(self) -> None:
        """Reads what follows the end of the archive: only then the stream has verified itself."""
        for _ in self._chunks:
            pass

    def _next_header(self) -> bytes | None:
        self._skip(self._left)
        # After the last file some writers leave out the padding and the end of the archive.
        self._take(self._padding)
        self._expect(0)
        block = self._take(BLOCK)
        if block == _ZEROS:
            following = self._take(BLOCK)
            if following not in (_ZEROS, b""):
                raise TarFormatError("its archive goes on after its end")
            return None
        if not block:
            return None
        if len(block) < BLOCK:
            raise TarFormatError("its archive ends within a header", is_cut=True)
        _check_sum(block)
        return block

    def _expect(self, stored: int) -> None:
        self._left, self._padding = stored, -stored % BLOCK

    def _read_extended(self, kind: int, size: int, extended: dict[bytes, bytes]) -> None:
        if size > LARGEST_EXTENDED_HEADER_BYTES:
            raise TarFormatError(f"an extended header has {size} bytes")
        content = self.read(size)
        if kind in b"xX":
            extended.update(_read_pax(content))
        else:
            extended[b"path" if kind == ord("L") else b"linkpath"] = content.partition(b"\0")[0]

    def _join(self, block: bytes, kind: int, stored: int, extended: dict[bytes, bytes]) -> Member:
        name, link = _read_name(block), block[157:257].partition(b"\0")[0]
        size, is_sparse = stored, kind == ord("S")
        if extended:
            name = extended.get(b"GNU.sparse.name") or extended.get(b"path") or name
            link = extended.get(b"linkpath") or link
            if b"size" in extended and kind not in _HEADER_ONLY:
                size = stored = _read_decimal(extended[b"size"])
                self._expect(stored)
            real = extended.get(b"GNU.sparse.realsize") or extended.get(b"GNU.sparse.size")
            if real is not None:
                size = _read_decimal(real)
                is_sparse = True
        if kind == ord("S"):
            size = read_number(block[483:495])
            self._skip_sparse_headers(block)
            kind = ord("0")
        elif kind in _CONTIGUOUS_AND_OLD:
            # Before ustar a folder was a file with a slash at its end.
            kind = ord("5") if name.endswith(b"/") and kind == 0 else ord("0")
        return Member(name, kind, read_number(block[100:108]) & 0o7777, size, link, stored, is_sparse)

    def _skip_sparse_headers(self, block: bytes) -> None:
        is_extended = block[482]
        while is_extended:
            following = self._take(BLOCK)
            if len(following) < BLOCK:
                raise TarFormatError("its archive ends within a header", is_cut=True)
            is_extended = following[504]

    def _take(self, count: int) -> bytes:
        start = self._position
        if start + count <= len(self._chunk):
            self._position = start + count
            return self._chunk[start : start + count]
        parts = [self._chunk[start:]]
        missing = count - len(parts[0])
        self._chunk, self._position = b"", 0
        while missing and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk[:missing])
            if len(chunk) > missing:
                self._chunk, self._position = chunk, missing
            missing -= len(parts[-1])
        return b"".join(parts)

    def _skip(self, count: int) -> None:
        self._position += count
        while self._position > len(self._chunk):
            self._position -= len(self._chunk)
            chunk = next(self._chunks, None)
            if chunk is None:
                self._chunk, self._position = b"", 0
                raise TarFormatError("its archive ends within a file", is_cut=True)
            self._chunk = chunk


def read_number(field: bytes) -> int:
    """A number of a header: octal digits, or base 256 when the first bit is set. Raises `TarFormatError`."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or number > _LARGEST_SIZE:
            raise TarFormatError("a number in a header is negative or too large")
        return number
    digits = field.partition(b"\0")[0].strip()
    try:
        number = int(digits, 8) if digits else 0
    except ValueError:
        raise TarFormatError("a number in a header is none") from None
    if number < 0:
        raise TarFormatError("a number in a header is negative")
    return number


def _read_decimal(value: bytes) -> int:
    if not value.isdigit() or len(value) > 19 or int(value) > _LARGEST_SIZE:
        raise TarFormatError("a size in an extended header is none")
    return int(value)


def _read_name(block: bytes) -> bytes:
    name = block[:100].partition(b"\0")[0]
    # GNU's old format has other things where ustar has the prefix.
    if block[257:263] == b"ustar\0" and block[345]:
        return block[345:500].partition(b"\0")[0] + b"/" + name
    return name


def _check_sum(block: bytes) -> None:
    expected = read_number(block[148:156])
    rest = block[:148] + block[156:]
    if sum(rest) + 8 * 0x20 != expected:
        # Some old programs summed signed characters.
        signed = sum(byte - 256 if byte > 127 else byte for byte in rest) + 8 * 0x20
        if signed != expected:
            raise TarFormatError("a header of its archive has a wrong check sum")


def _read_pax(content: bytes) -> dict[bytes, bytes]:
    records: dict[bytes, bytes] = {}
    position = 0
    while position < len(content) and content[position]:
        space = content.find(b" ", position, position + 20)
        digits = content[position:space] if space > 0 else b""
        end = position + (int(digits) if digits.isdigit() else 0)
        if end <= space or end > len(content) or content[end - 1 : end] != b"\n":
            raise TarFormatError("an extended header is damaged")
        key, equals, value = content[space + 1 : end - 1].partition(b"=")
        if not equals:
            raise TarFormatError("an extended header is damaged")
        if key in (b"path", b"linkpath", b"GNU.sparse.name") and b"\0" in value:
            raise TarFormatError("a name holds a zero byte")
        records[key] = value
        position = end
    return records
