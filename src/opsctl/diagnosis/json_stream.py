"""Reads one large JSON object piece by piece: memory holds a piece, not the file.

`json.JSONDecoder.raw_decode` reads one value from a place in a text and says where it ends. Here it reads from a buffer
that is filled from the file as needed, and objects can be entered key by key and arrays item by item.

RFC 8259, and tolerant where others are not strict: a byte order mark, raw control characters in strings, bytes that are
not UTF-8. What has no equal in Python is kept as text, as protobuf's JSON does: NaN, infinities, numbers too large.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 20
# A longer value is refused, so that a file of another kind cannot fill the memory. The complete listing of an image
# with 100,000 files has 15 MB.
LONGEST_VALUE = 48 << 20
# Protobuf's limit too: no answer of Google's is nested deeper.
DEEPEST = 100
# An object that is entered has few members; one with more is something else.
MOST_MEMBERS = 10_000
# What stands this near to the end of the buffer may go on behind it: `12` of `123`.
_MARGIN = 64
_SPACE = re.compile(r"[ \t\r\n]*")
_CUT_VALUE = re.compile(r"(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|\.|[eE][+-]?)?\Z")
_CUT_ESCAPE = re.compile(r"u[0-9a-fA-F]{0,4}\Z")
_TOO_EARLY = "the text ends too early"


class JsonError(Exception):
    """The text is not JSON, ends too early (`is_cut`), or holds a value that is too large (`is_large`).

    `line` and `column` count from 1, in characters.
    """

    def __init__(self, message: str, line: int, column: int, *, is_cut: bool = False, is_large: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.is_cut = is_cut
        self.is_large = is_large


class JsonReader:
    """A cursor in a JSON text.

    `value_length` is the length in characters of the value that was read last; `place` how many characters were read
    so far; `has_invalid_utf8` whether bytes were replaced by U+FFFD.
    """

    def __init__(self, file: BinaryIO, *, chunk_bytes: int = CHUNK_BYTES, longest_value: int = LONGEST_VALUE) -> None:
        self._file = file
        self._chunk_bytes = chunk_bytes
        self._longest_value = longest_value
        self._buffer = ""
        self._place = 0
        self._at_end = False
        self._is_begin = True
        self._rest = b""
        self._dropped = 0
        self._may_hold_surrogates = False
        self._line = 1
        self._column = 1
        self._decode = json.JSONDecoder(
            strict=False, parse_float=_to_float, parse_int=_to_int, parse_constant=str
        ).raw_decode
        self.value_length = 0
        self.has_invalid_utf8 = False

    @property
    def place(self) -> int:
        """How many characters were read so far."""
        return self._dropped + self._place

    def value(self) -> Any:
        """The next value, whole. Of a key that stands twice in it the last one counts. Raises `JsonError`."""
        self.peek()
        wanted = self._chunk_bytes
        while True:
            try:
                value, end = self._decode(self._buffer, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                # Cut at the end of the buffer or wrong: only more text tells.
                if self._at_end or not self._may_go_on(error):
                    raise self._fault_of(error) from None
            else:
                if end + _MARGIN < len(self._buffer) or self._at_end:
                    return self._take(value, end)
            if len(self._buffer) - self._place > self._longest_value:
                raise self._large("a value")
            self._fill(wanted)
            # Growing the piece twofold keeps a very long value linear.
            wanted *= 2

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; after each key the caller reads its value. A key that stands twice
        is a fault."""
        self._expect("{")
        if self.peek() == "}":
            self._place += 1
            return
        seen: set[str] = set()
        while True:
            found = self.peek()
            if found != '"':
                raise self._fault_at(found, "a key in double quotes is expected")
            before = self.fault("")
            key: str = self.value()
            if key in seen or len(seen) >= MOST_MEMBERS:
                what = f"the key {json.dumps(key)[:80]} stands twice" if key in seen else "there are too many keys"
                raise JsonError(what, before.line, before.column)
            seen.add(key)
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
        character = self._buffer[self._place : self._place + 1]
        if character > " ":
            return character
        begin = self.place
        while True:
            match = _SPACE.match(self._buffer, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            if self._at_end:
                return ""
            if self.place - begin > self._longest_value:
                raise self._large("space")
            self._fill(self._chunk_bytes)

    def fault(self, message: str) -> JsonError:
        """A fault at the present place."""
        line, column = self._line_and_column(self._place)
        return JsonError(message, line, column)

    def _take(self, value: Any, end: int) -> Any:
        """The value that ends at `end`, checked for what Python's decoder lets pass."""
        begin, text = self._place, self._buffer
        if text.count("{", begin, end) + text.count("[", begin, end) > DEEPEST and _is_deeper(value):
            raise self.fault(f"values are nested more than {DEEPEST} deep")
        if self._may_hold_surrogates:
            value = _without_lone_surrogates(value)
        self.value_length = end - begin
        self._place = end
        return value

    def _next_or_end(self, end: str) -> bool:
        found = self.peek()
        if not found or found not in (",", end):
            raise self._fault_at(found, f"',' or '{end}' is expected")
        self._place += 1
        return found == end

    def _expect(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise self._fault_at(found, f"'{character}' is expected")
        self._place += 1

    def end_of_text(self) -> JsonError:
        """A fault at the end of what could be read."""
        line, column = self._line_and_column(len(self._buffer))
        return JsonError(_TOO_EARLY, line, column, is_cut=True)

    def _large(self, what: str) -> JsonError:
        fault = self.fault(f"{what} of more than {self._longest_value >> 20} MiB begins here")
        fault.is_large = True
        return fault

    def _fault_at(self, found: str, message: str) -> JsonError:
        fault = self.fault(message if found else _TOO_EARLY)
        fault.is_cut = not found
        return fault

    def _may_go_on(self, error: json.JSONDecodeError | RecursionError) -> bool:
        """An error well before the end of the buffer is a real one; an unterminated string is told at its begin."""
        if isinstance(error, RecursionError):
            return False
        return error.pos + _MARGIN >= len(self._buffer) or error.msg.startswith("Unterminated")

    def _fault_of(self, error: json.JSONDecodeError | RecursionError) -> JsonError:
        if isinstance(error, RecursionError):
            return self.fault(f"values are nested more than {DEEPEST} deep")
        cut = _CUT_ESCAPE if error.msg.startswith("Invalid \\u") else _CUT_VALUE
        is_string = error.msg.startswith("Unterminated")
        if self._at_end and (is_string or cut.match(self._buffer, error.pos)):
            # The fault is where the text ends, not where the string begins that it ends in.
            return self.end_of_text()
        line, column = self._line_and_column(error.pos)
        return JsonError(error.msg, line, column)

    def _line_and_column(self, place: int) -> tuple[int, int]:
        lines = self._buffer.count("\n", 0, place)
        if not lines:
            return self._line, self._column + place
        return self._line + lines, place - self._buffer.rfind("\n", 0, place)

    def _fill(self, wanted_bytes: int) -> None:
        """Drops what was read and appends more."""
        self._line, self._column = self._line_and_column(self._place)
        self._dropped += self._place
        more = self._file.read(wanted_bytes)
        self._at_end = not more
        text = self._to_text(more)
        if self._is_begin and text:
            text = text.removeprefix("\ufeff")
            self._is_begin = False
        self._buffer = self._buffer[self._place :] + text
        self._place = 0
        # `in` is fast: once a piece, not once a value.
        self._may_hold_surrogates = "\\ud" in self._buffer or "\\uD" in self._buffer

    def _to_text(self, more: bytes) -> str:
        """The text of the bytes; the begin of a character that is still cut off waits for the next piece."""
        raw = self._rest + more
        try:
            text, used = codecs.utf_8_decode(raw, "strict", self._at_end)
        except UnicodeDecodeError:
            self.has_invalid_utf8 = True
            text, used = codecs.utf_8_decode(raw, "replace", self._at_end)
        self._rest = raw[used:]
        return text


def _to_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _to_int(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        # Python refuses integers of more than 4,300 digits.
        return text


def _is_deeper(value: dict[str, Any] | list[Any]) -> bool:
    """Whether objects and arrays are nested more than `DEEPEST` deep."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


def _without_lone_surrogates(value: Any) -> Any:
    r"""The same value with U+FFFD for halves of characters (`"\ud800"`), which no encoding can write."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    return value
