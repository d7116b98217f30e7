"""Reads one large JSON object piece by piece: memory holds a piece, not the file.

`json.JSONDecoder.raw_decode` reads one value from a place in a text and says where it ends. Here it reads from a buffer
that is filled from the file as needed, and objects can be entered key by key and arrays item by item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 20
# A scalar that touches the end of the buffer may go on: `12` of `123`.
_MARGIN = 64
_SPACE = re.compile(r"[ \t\r\n]*")


class JsonError(Exception):
    """The text is not JSON, or ends too early. `line` and `column` count from 1, in characters."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class JsonReader:
    """A cursor in a JSON text. Bytes that are not UTF-8 become U+FFFD and are counted in `replaced`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._buffer = ""
        self._place = 0
        self._at_end = False
        self._rest = b""
        self._line = 1
        self._column = 1
        self._decode = json.JSONDecoder(strict=False).raw_decode
        self.replaced = 0

    def value(self) -> Any:
        """The next value, whole. Raises `JsonError`."""
        self.peek()
        wanted = CHUNK_BYTES
        while True:
            try:
                value, end = self._decode(self._buffer, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                # Cut at the end of the buffer or wrong: only more text tells. Growing the piece twofold keeps a very
                # long value linear.
                if self._at_end or not self._is_near_end(error):
                    raise self._fault(error) from None
            else:
                if end + _MARGIN < len(self._buffer) or self._at_end:
                    self._place = end
                    return value
            self._fill(wanted)
            wanted *= 2

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; after each key the caller reads its value."""
        self._expect("{")
        if self.peek() == "}":
            self._place += 1
            return
        while True:
            key = self.value() if self.peek() == '"' else None
            if not isinstance(key, str):
                raise self.fault("a key in double quotes is expected")
            self._expect(":")
            yield key
            if self._next_or_end("}"):
                return

    def items(self) -> Iterator[Callable[[], Any]]:
        """The items of the array that begins here; the caller reads each with the function that is given."""
        self._expect("[")
        if self.peek() == "]":
            self._place += 1
            return
        while True:
            yield self.value
            if self._next_or_end("]"):
                return

    def peek(self) -> str:
        """The next character that is not space; empty at the end of the text."""
        while True:
            match = _SPACE.match(self._buffer, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if self._at_end:
                return ""
            self._fill(CHUNK_BYTES)

    def fault(self, message: str) -> JsonError:
        """A fault at the present place."""
        before = self._buffer[: self._place]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else self._column + len(before)
        return JsonError(message, self._line + lines, column)

    def _next_or_end(self, end: str) -> bool:
        found = self.peek()
        if found not in (",", end) or not found:
            raise self.fault(f"',' or '{end}' is expected" if found else "the text ends too early")
        self._place += 1
        return found == end

    def _expect(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise self.fault(f"'{character}' is expected" if found else "the text ends too early")
        self._place += 1

    def _is_near_end(self, error: json.JSONDecodeError | RecursionError) -> bool:
        """An error well before the end of the buffer is a real one; an unterminated string is told at its begin."""
        if isinstance(error, RecursionError):
            return False
        return error.pos + _MARGIN >= len(self._buffer) or error.msg.startswith(("Unterminated", "Invalid \\"))

    def _fault(self, error: json.JSONDecodeError | RecursionError) -> JsonError:
        if isinstance(error, RecursionError):
            return self.fault("values are nested too deeply")
        self._place = min(error.pos, len(self._buffer))
        is_cut = self._at_end and (self._place >= len(self._buffer) or error.msg.startswith("Unterminated"))
        return self.fault("the text ends too early" if is_cut else error.msg)

    def _fill(self, wanted_bytes: int) -> None:
        """Drops what was read and appends more."""
        read = self._buffer[: self._place]
        lines = read.count("\n")
        self._line += lines
        self._column = len(read) - read.rfind("\n") if lines else self._column + len(read)
        more = self._file.read(wanted_bytes)
        self._at_end = not more
        text, self._rest = _decode_utf8(self._rest + more, final=not more)
        self.replaced += text.count("\ufffd")
        self._buffer = self._buffer[self._place :] + text
        self._place = 0


def _decode_utf8(raw: bytes, *, final: bool) -> tuple[str, bytes]:
    """The text of the bytes, and the begin of a character that is still cut off."""
    if final:
        return raw.decode("utf-8", errors="replace"), b""
    # A character has at most four bytes: look for its first byte among the last three.
    for back in range(1, min(4, len(raw) + 1)):
        byte = raw[-back]
        if byte & 0xC0 == 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if needed > back:
                return raw[:-back].decode("utf-8", errors="replace"), raw[-back:]
            break
        if byte < 0x80:
            break
    return raw.decode("utf-8", errors="replace"), b""
