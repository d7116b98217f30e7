"""Puts the lines of one error together: stack traces and multi-line messages, one log entry a line.

Each runtime and tool has its own shape. A line goes on with what stands before it when it is indented or is one of the
forms that only continue (`Caused by:`, `DETAIL:`, `[SQL: ...]`, a closing bracket); some beginnings take whatever
follows (`Error: P3009` of Prisma, `rails aborted!`), up to a line that a logger began.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsctl.diagnosis.facts.line_forms import (
    BEGINNERS,
    BEGINS,
    CARETS,
    CHAINS,
    CODE_FRAME,
    ENCLOSED,
    EXCEPTION,
    FIELD,
    LOGGED,
    LONGEST_CODE_FRAME,
    LONGEST_ENCLOSED,
    NPM_ERROR,
    OPENINGS,
    OPENS,
    TAKEN,
    is_continuation,
    may_open,
)
from opsctl.diagnosis.facts.model import Level, Origin

# Lines of one error are microseconds to milliseconds apart; a pause this long ends it.
LONGEST_GAP_NS = 3_000_000_000
MOST_LINES = 400
MOST_CHARACTERS = 40_000


class Line(NamedTuple):
    """A log entry as text. `stream` tells the containers of a task apart; `is_structured`: it is whole by itself."""

    text: str
    time_ns: int | None
    origin: Origin
    level: Level
    task: int
    attempt: int
    number: int
    stream: str = ""
    is_structured: bool = False


def join_lines(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Groups the lines of each stream; those of several tasks, and stdout and stderr, are interleaved. Blocks come in
    the order of their first lines. Blank lines are kept inside a block only."""
    open_blocks: dict[tuple[int, int, Origin, str], _Block] = {}
    waiting: deque[_Block] = deque()
    for line in lines:
        key = (line.task, line.attempt, line.origin, line.stream)
        block = open_blocks.get(key)
        if block is not None and not block.is_closed and block.takes(line):
            block.add(line)
        else:
            if block is not None:
                block.is_closed = True
            if line.text.isspace():
                continue
            open_blocks[key] = fresh = _Block(line)
            waiting.append(fresh)
        while waiting and (waiting[0].is_closed or waiting[0].is_over(line.time_ns)):
            block = waiting.popleft()
            block.is_closed = True
            yield block.lines
    yield from (block.lines for block in waiting)


class _Block:
    """Lines that belong together, and what the next one must look like."""

    __slots__ = ("_characters", "_enclosing", "_is_logged", "_mode", "_room", "is_closed", "lines")

    def __init__(self, line: Line) -> None:
        self.lines = [line]
        self._characters = len(line.text)
        # What is open: "" nothing, or one of python, go, greedy, next, frame, carets, enclosed, fields.
        self._mode = ""
        self._room = 0
        self._enclosing: re.Pattern[str] | None = None
        self._is_logged = line.level >= Level.ERROR and EXCEPTION.match(line.text) is None
        self.is_closed = line.is_structured or line.origin.is_platform
        if not self.is_closed and may_open(line.text):
            self._look(line.text)

    def is_over(self, now_ns: int | None) -> bool:
        """Whether a line of that time comes too late to belong to it."""
        last_ns = self.lines[-1].time_ns
        return now_ns is not None and last_ns is not None and now_ns - last_ns > LONGEST_GAP_NS

    def takes(self, line: Line) -> bool:
        """Whether a line goes on with the block."""
        text = line.text
        if line.is_structured or len(self.lines) >= MOST_LINES or self._characters > MOST_CHARACTERS:
            return False
        if self.is_over(line.time_ns):
            return False
        if text[:1] in BEGINNERS and BEGINS.match(text):
            return self._takes_beginning(line)
        if is_continuation(text) or (self._mode and self._takes_open(text)):
            return True
        return self._is_logged and self._takes_trace(line)

    def add(self, line: Line) -> None:
        """Adds a line that was taken."""
        self.lines.append(line)
        self._characters += len(line.text) + 1
        if self._is_logged and not line.text.isspace():
            self._is_logged = False
        self._look(line.text)

    def _takes_beginning(self, line: Line) -> bool:
        text, first = line.text, self.lines[0]
        if NPM_ERROR.match(text):
            return NPM_ERROR.match(first.text) is not None
        if any(CHAINS.match(earlier.text) for earlier in self.lines[-3:]):
            return True
        if text.startswith("panic: "):
            return first.text.startswith("panic: ") and self._mode != "go"
        # What a logger wrote with a traceback behind it.
        return text.startswith("Traceback") and self._is_logged

    def _takes_trace(self, line: Line) -> bool:
        """A stack trace right behind the line of the logger that wrote it."""
        if EXCEPTION.match(line.text) is None:
            return False
        return "." in line.text.partition(":")[0] or line.text.startswith("** (")

    def _takes_open(self, text: str) -> bool:
        pattern = TAKEN.get(self._mode)
        if pattern is not None:
            return pattern.match(text) is not None and (self._mode == "go" or not LOGGED.match(text))
        if self._mode == "enclosed":
            return self._room > 0
        return LOGGED.match(text) is None and (self._mode != "frame" or self._room > 0)

    def _look(self, text: str) -> None:
        """What the newest line opens or ends."""
        self._room -= 1
        last = text if "\n" not in text else text.rstrip("\n").rpartition("\n")[2]
        if not last or last.isspace():
            return
        if self._mode != "enclosed" and last.startswith("Traceback (most recent"):
            self._mode = "python"
        elif not self._is_unfinished(last):
            self._mode = self._next_mode(last)

    def _is_unfinished(self, text: str) -> bool:
        """Whether what is open stays open behind this line."""
        if self._mode == "enclosed":
            return self._enclosing is not None and self._enclosing.search(text) is None
        if self._mode == "frame":
            return self._room > 0 and CARETS.match(text) is None
        # In a traceback all lines are indented but the one that names the exception; details may follow that.
        return self._mode in ("greedy", "go") or (self._mode in ("python", "fields") and text[:1].isspace())

    def _next_mode(self, text: str) -> str:
        if self._mode == "python":
            return _mode_after_exception(text)
        if self._mode == "frame":
            return "carets"
        if self._mode == "fields" and FIELD.match(text):
            return "fields"
        return "" if self._mode == "enclosed" else self._mode_of(text)

    def _mode_of(self, text: str) -> str:
        if len(self.lines) == 1 and CODE_FRAME.match(text):
            self._room = LONGEST_CODE_FRAME
            return "frame"
        if len(self.lines) == 2 and CARETS.match(text):
            return "carets"
        for begin, end in ENCLOSED:
            if begin.match(text):
                self._enclosing, self._room = end, LONGEST_ENCLOSED
                return "enclosed"
        mode = next((mode for mode, pattern in OPENINGS if pattern.match(text)), "")
        return mode or ("next" if text.rstrip()[-1:] == ":" and OPENS.search(text[-300:]) else "")


def _mode_after_exception(text: str) -> str:
    """What may follow the line of the exception: the fields that pydantic found wrong, or the text of an error whose
    first line is empty."""
    if " validation error" in text:
        return "fields"
    if "PrismaClient" in text[:60]:
        return "greedy"
    return "next" if text.rstrip()[-1:] == ":" else ""
