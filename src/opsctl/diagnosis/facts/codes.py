"""Error codes of databases, drivers and runtimes, in every shape in which they are printed (`code_shapes`)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache

from opsctl.diagnosis.facts.code_names import CONDITION_NAMES, ERRNO_NAMES, GRPC_NAMES, SNAKE_NAMES
from opsctl.diagnosis.facts.code_shapes import HINT_PATTERNS, SHAPES
from opsctl.diagnosis.facts.model import ErrorCode, Level, Message

PIECE_BYTES = 1 << 18
# The same code in thousands of lines says no more than at the begin and at the end.
MOST_AT_EACH_END = 100

# Shape number -> bit: which shapes a hint leads to.
_BY_HINT: dict[str, int] = {}
for _number, _shape in enumerate(SHAPES):
    for _hint in _shape.hints:
        _BY_HINT[_hint] = _BY_HINT.get(_hint, 0) | 1 << _number
_LITERALS = tuple((hint.encode(), shapes) for hint, shapes in _BY_HINT.items() if hint not in HINT_PATTERNS)
_PATTERNS = tuple((HINT_PATTERNS[hint], shapes) for hint, shapes in _BY_HINT.items() if hint in HINT_PATTERNS)
# A notice as postgres.js prints it (`{ severity: 'NOTICE', code: '42P07', ... }`): its code is of nothing that failed.
_NOTICE = re.compile(r"\{[^{}]{0,400}\bseverity(?:_local)?[\"']?: ?[\"']NOTICE[\"'][^{}]{0,2000}(?:\}|$)")


def find_codes(messages: Iterable[Message]) -> Iterator[ErrorCode]:
    """The error codes in the messages, each once a message, in their order. Of a code that is in very many messages the
    first and the last ones are given."""
    first: list[ErrorCode] = []
    counts: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], deque[ErrorCode]] = {}
    for piece in _pieces(messages):
        for message, shapes in piece.candidates():
            for key in sorted(_codes_of(message.text, shapes)):
                counts[key] = counts.get(key, 0) + 1
                found = ErrorCode(*key, message)
                if counts[key] <= MOST_AT_EACH_END:
                    first.append(found)
                else:
                    last.setdefault(key, deque(maxlen=MOST_AT_EACH_END)).append(found)
    kept = [*first, *(code for codes in last.values() for code in codes)]
    kept.sort(key=lambda code: code.message.position)
    yield from kept


class _Piece:
    """Some messages in a row as one text. Looking for a hint in a large text costs far less than in many small ones."""

    def __init__(self, messages: list[Message], texts: list[bytes]) -> None:
        self._messages = messages
        self._starts: list[int] = []
        offset = 1
        for text in texts:
            self._starts.append(offset)
            offset += len(text) + 1
        self._text = b"\x00" + b"\x00".join(texts)

    def candidates(self) -> Iterator[tuple[Message, int]]:
        """The messages that hold hints, with the shapes to try as bits."""
        found: dict[int, int] = {}
        # Only ASCII letters change: lengths and places stay.
        lower = self._text.lower()
        for literal, shapes in _LITERALS:
            place = lower.find(literal)
            while place >= 0:
                index = bisect_right(self._starts, place) - 1
                found[index] = found.get(index, 0) | shapes
                place = lower.find(literal, self._end(index))
        for pattern, shapes in _PATTERNS:
            match = pattern.search(self._text)
            while match is not None:
                # A match may begin with the zero byte before its message.
                index = bisect_right(self._starts, match.end() - 1) - 1
                found[index] = found.get(index, 0) | shapes
                match = pattern.search(self._text, self._end(index) - 1)
        for index in sorted(found):
            yield self._messages[index], found[index]

    def _end(self, index: int) -> int:
        return self._starts[index + 1] if index + 1 < len(self._starts) else len(self._text) + 1


def _pieces(messages: Iterable[Message]) -> Iterator[_Piece]:
    part: list[Message] = []
    texts: list[bytes] = []
    size = 0
    for message in messages:
        if message.level is Level.DEBUG:
            continue
        text = message.text.encode("utf-8", "surrogatepass")
        part.append(message)
        texts.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield _Piece(part, texts)
            part, texts, size = [], [], 0
    if part:
        yield _Piece(part, texts)


def _codes_of(text: str, shapes: int) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    if "NOTICE" in text:
        text = _NOTICE.sub("", text)
    is_oracle = "ORA-" in text
    while shapes:
        bit = shapes & -shapes
        shapes ^= bit
        system, _, pattern = SHAPES[bit.bit_length() - 1]
        if is_oracle and system == "mysql":
            # Oracle's numbers are printed without their zeros beside `ORA-`.
            continue
        for match in _compiled(pattern).finditer(text):
            code = _normalise(system, match[1])
            if code is not None:
                found.add(("node" if system == "errno" else system, code))
    return found


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """On first use: a log holds the hints of few shapes."""
    return re.compile(pattern)


def _normalise(system: str, code: str) -> str | None:
    if system == "sqlstate" and (len(code) != 5 or not (code.isupper() or code.isdigit())):
        return CONDITION_NAMES.get(code) or SNAKE_NAMES.get(code)
    if system == "errno":
        return ERRNO_NAMES.get(code)
    return GRPC_NAMES.get(code, code) if system == "grpc" else code
