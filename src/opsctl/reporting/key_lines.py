"""Private keys that are printed line by line: the lines between the marks of a PEM block, each of them a text of its
own, perhaps with a logger's words around it.

RFC 7468, section 2: between the marks stands base64 in lines of one and the same width, the last of which may be
shorter. Tools write 64 characters, OpenSSH 70, MIME 76.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from opsctl.reporting.secret_addresses import Span
from opsctl.reporting.secret_assignments import looks_random

Place = TypeVar("Place")
Item = TypeVar("Item")

# RSA with 16384 bits takes two hundred lines.
MOST_LINES = 240
# Lines of other threads that may stand between two lines of a key; between a mark and its lines they are fewer.
MOST_STRANGERS = 20
MOST_STRANGERS_AT_MARK = 5
# Streams in which a key may be open at the same time.
MOST_STREAMS = 1_000

_MARK = re.compile(r"-----(?P<side>BEGIN|END) (?P<label>[A-Z0-9 ]{1,40})-----")
_LINE_END = re.compile(r"[\r\n]+")
_WRITTEN_LINE_END = re.compile(r"(?:\\[nr])+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_BARE = re.compile(r"[\s\"'>|]*(?P<run>[A-Za-z0-9+/]+={0,2})[\s\"',;\\]*")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{40}")
_BEFORE_MARK = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]+={0,2}\Z")
_LAST_WORD = re.compile(r"(?<![A-Za-z0-9+/])(?P<run>[A-Za-z0-9+/]+={0,2})[\s\"',;}\])\\]*\Z")
_WORD = re.compile(r"[A-Za-z]?[a-z]+|[A-Z]+|\d+")
_DIGITS = str.maketrans("123456789", "0" * 9)
_SHORTEST_FIRST = 16
_SHORTEST_RUN = 40
_LONGEST_FRAME = 2_000


class KeyLines(Generic[Place]):
    """Finds the lines of private keys in streams of texts, as they come. Certificates and public keys are none.

    What is held in memory is bounded, whatever is printed. A key without an end is over when other texts have followed
    for a while; of those only what is base64 in lines of the same width is taken for a part of it.
    """

    def __init__(self) -> None:
        self._blocks: dict[Hashable, _Block[Place]] = {}

    def concerns(self, text: str) -> bool:
        """Whether a text has to be looked at. Of most texts that is told at once."""
        return bool(self._blocks) or _may_begin(text)

    def take(self, stream: Hashable, text: str, place: Place) -> list[tuple[Place, Span]]:
        """The parts of texts that are now known to be of a key: of this one, and of those before it in the same stream
        when it ends a key whose begin was not seen. `place` is what the text will be called then."""
        block = self._blocks.get(stream)
        if block is None:
            if not _may_begin(text):
                return []
            if len(self._blocks) >= MOST_STREAMS:
                del self._blocks[next(iter(self._blocks))]
            block = self._blocks[stream] = _Block()
        found = list(block.take(text, place))
        if block.is_idle:
            del self._blocks[stream]
        return found


class KeyBatches:
    """The same for texts of many streams that come in batches: what is open stays open from batch to batch."""

    def __init__(self) -> None:
        self._lines: KeyLines[int] = KeyLines()
        self._count = 0

    def find(
        self, batch: Iterable[Item], text_of: Callable[[Item], str | None], stream_of: Callable[[Item], Hashable]
    ) -> dict[int, list[Span]]:
        """The parts by places in this batch, in order. An end whose begin is missing concerns what stands before it in
        the batch; what was in an earlier one may be shown already. `stream_of` is asked for few of the items."""
        first = self._count
        found: dict[int, list[Span]] = {}
        for number, item in enumerate(batch, first):
            self._count = number + 1
            text = text_of(item)
            if text is None or not self._lines.concerns(text):
                continue
            for place, part in self._lines.take(stream_of(item), text, number):
                if place >= first:
                    found.setdefault(place - first, []).append(part)
        return {place: sorted(parts) for place, parts in found.items()}


def find_key_lines(text: str) -> Iterator[Span]:
    """The same for the lines of one text, in order."""
    yield from sorted(span for _, span in KeyLines[None]().take(None, text, None))


@dataclass(slots=True)
class _Block(Generic[Place]):
    """A key that is open; or lines that may be of one whose begin was not seen: `held` until its end is.

    `width` is that of a whole line, 0 before the first one. `is_short`: the last line was shorter, no other short one
    can follow. `frame` is what stood around the line before, with digits as 0.
    """

    is_open: bool = False
    width: int = 0
    is_short: bool = False
    frame: tuple[str, str] | None = None
    count: int = 0
    strangers: int = 0
    held: deque[tuple[Place, Span]] = field(default_factory=lambda: deque(maxlen=MOST_LINES))

    @property
    def is_idle(self) -> bool:
        return not self.is_open and not self.held

    def take(self, text: str, place: Place) -> Iterator[tuple[Place, Span]]:
        for start, end in _split(text, _LINE_END, 0, len(text)):
            yield from self._take_line(text, start, end, place)

    def _take_line(self, text: str, start: int, end: int, place: Place) -> Iterator[tuple[Place, Span]]:
        is_stranger = True
        for first, last in _split(text, _WRITTEN_LINE_END, start, end):
            piece = text[first:last]
            marks = list(_MARK.finditer(piece)) if "-----" in piece else []
            if marks:
                yield from self._take_marks(piece, marks, first, place)
                is_stranger = False
            elif (span := self._find(piece, may_be_last_word=is_stranger)) is not None:
                is_stranger = False
                self._note(piece, span)
                found = place, (first + span[0], first + span[1])
                if self.is_open:
                    yield found
                else:
                    self.held.append(found)
        self.strangers = self.strangers + 1 if is_stranger else 0
        if self._is_over():
            self._close()

    def _is_over(self) -> bool:
        if self.is_open and self.width:
            return self.strangers > MOST_STRANGERS or self.count > MOST_LINES
        # A single word is nothing unless the end comes right behind it.
        is_word = 0 < self.width < _SHORTEST_RUN
        return self.strangers > (0 if is_word else MOST_STRANGERS_AT_MARK)

    def _take_marks(
        self, line: str, marks: list[re.Match[str]], start: int, place: Place
    ) -> Iterator[tuple[Place, Span]]:
        first, last = marks[0], marks[-1]
        if first["side"] == "END" and _is_private(first):
            yield from self.held
            before = _BEFORE_MARK.search(line[: first.start()])
            if before is not None:
                yield place, (start + before.start(), start + before.end())
        self._close()
        if last["side"] == "BEGIN" and _is_private(last):
            self.is_open = True
            self.frame = _frame(line, last.span())

    def _find(self, line: str, *, may_be_last_word: bool) -> Span | None:
        """The base64 of a line that goes on with the key."""
        span = self._find_fitting(line) or (self._find_last_word(line) if may_be_last_word else None)
        if span is None and not self.is_open:
            # Nothing is known to be a key yet: another one may begin here.
            fresh: _Block[Place] = _Block()
            span = _bare(line) or fresh._find_fitting(line)
            if span is not None:
                self._close()
        return span

    def _find_fitting(self, line: str) -> Span | None:
        for span in (_bare(line), self._within_frame(line)):
            if span is not None and self._fits(span):
                return span
        runs = (found.span() for found in _BASE64.finditer(line))
        if self.width:
            return next((span for span in runs if _length(span) == self.width), None)
        return next(
            (span for span in runs if _length(span) >= _SHORTEST_RUN and looks_random(line[slice(*span)])), None
        )

    def _fits(self, span: Span) -> bool:
        if not self.width:
            return _length(span) >= _SHORTEST_FIRST
        return _length(span) == self.width or (_length(span) < self.width and self._may_be_last)

    @property
    def _may_be_last(self) -> bool:
        return self.width > 0 and not self.is_short and not self.strangers

    def _within_frame(self, line: str) -> Span | None:
        """What stands between the words that stood around the line before: a time, a level, the name of a logger."""
        if self.frame is None or len(line) > _LONGEST_FRAME:
            return None
        before, after = self.frame
        span = len(before), len(line) - len(after)
        is_framed = span[0] < span[1] and _frame(line, span) == self.frame
        return span if is_framed and _BASE64.fullmatch(line, *span) else None

    def _find_last_word(self, line: str) -> Span | None:
        """The rest of a key behind words that were not there before. No ordinary word."""
        found = _LAST_WORD.search(line) if self._may_be_last else None
        if found is None or _WORD.fullmatch(found["run"]) or _length(found.span("run")) >= self.width:
            return None
        return found.span("run")

    def _note(self, line: str, span: Span) -> None:
        self.width = self.width or _length(span)
        self.is_short = _length(span) < self.width
        self.frame = _frame(line, span)
        self.count += 1

    def _close(self) -> None:
        self.is_open = self.is_short = False
        self.width = self.count = self.strangers = 0
        self.frame = None
        self.held.clear()


def _may_begin(text: str) -> bool:
    return "-----" in text or _LONG_RUN.search(text) is not None or (" " not in text and _bare(text) is not None)


def _split(text: str, at: re.Pattern[str], start: int, end: int) -> Iterator[Span]:
    """Where the parts of a text are that are not empty."""
    for line_end in at.finditer(text, start, end):
        if start < line_end.start():
            yield start, line_end.start()
        start = line_end.end()
    if start < end:
        yield start, end


def _bare(line: str) -> Span | None:
    found = _BARE.fullmatch(line)
    return None if found is None else found.span("run")


def _frame(line: str, span: Span) -> tuple[str, str] | None:
    if len(line) > _LONGEST_FRAME:
        return None
    return line[: span[0]].translate(_DIGITS), line[span[1] :].translate(_DIGITS)


def _is_private(mark: re.Match[str]) -> bool:
    return "PRIVATE KEY" in mark["label"]


def _length(span: Span) -> int:
    return span[1] - span[0]
