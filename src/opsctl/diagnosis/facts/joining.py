"""Puts the lines of one error together: stack traces and multi-line messages, one log entry a line.

Each runtime and tool has its own shape. A line goes on with what stands before it when it is indented or is one of the
forms that only continue (`Caused by:`, `DETAIL:`, `[SQL: ...]`, a closing bracket); some beginnings take whatever
follows (`Error: P3009` of Prisma, `rails aborted!`), up to a line that a logger began.

Sources: CPython `Lib/traceback.py`; Node.js `lib/internal/util/inspect.js`; OpenJDK `Throwable.printStackTrace`; Go
`runtime/traceback.go`; Rust `library/std/src/panicking.rs`; CoreCLR `Exception.ToString`; Ruby `error.c`; PHP
`Zend/zend_exceptions.c`; libpq `fe-protocol3.c`; SQLAlchemy `exc.py`; Prisma `schema-engine/core/src/api`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from opsctl.diagnosis.facts.model import Level, Origin

# Lines of one error are microseconds to milliseconds apart; a pause this long ends it.
LONGEST_GAP_NS = 3_000_000_000
MOST_LINES = 400
MOST_CHARACTERS = 40_000

# Forms that only ever continue, by their first character: most lines are done with after one look at it.
_FORMS = {
    "a": r"at\s(?:(?:async|new)\s)*(?:\S{1,200}(?:\s\(|\(|:\d+:\d+|\s\[as\s|\sin\s)|<anonymous>)",
    ".": r"\.\.\.\s\d+\s(?:more|common)\b",
    "C": r"Caused\sby:|CONTEXT\s?:|ClientConnectionId:|created\sby\s",
    "c": r"created\sby\s\S+[.(]",
    "S": r"Suppressed:|STATEMENT\s?:|SQL\s(?:State\s+:|statement\s\")|Statement\s+:|Stack\s(?:back)?trace:|State:\s",
    "R": r"Require\sstack:",
    "-": r"-\s(?:/|node:)|---\s(?:End|Inner)\b|-->\s|-{5,}\s*$",
    "D": r"DETAIL\s?:|During\shandling\sof\sthe\sabove",
    "H": r"HINT\s?:",
    "L": r"LINE\s\d+:|Location\s+:|Location:\s*$|Line\s+:|Last\smessage:",
    "Q": r"QUERY\s?:",
    "W": r"WHERE\s?:|Wrapped\sby:",
    "P": r"POSITION\s?:|PL/pgSQL\sfunction\s",
    "E": r"ERRCODE\s?:|Error\sCode\s+:|Error\sNumber:\d",
    "M": r"Message\s{2,}:",
    "^": r"\^+\s*$",
    "~": r"~+\^*\s*$",
    "[": r"\[(?:SQL|parameters|generated\sin|cached|signal\sSIG)\b",
    "(": r"\(Background\son\sthis\serror|\(See\sfull\strace",
    "T": r"The\sabove\sexception\swas|Tasks:\sTOP\s",
    "g": r"goroutine\s\d+\s\[",
    "m": r"main\.[\w.]+\(",
    "e": r"exit\sstatus\s\d",
    "n": r"note:\s",
    "s": r"stack\sbacktrace:",
    "F": r"File\s\"",
    "|": r"\|\s",
    "+": r"\+[-=+]{3,}",
    "#": r"\#\d+\s+(?:/|\{main\}|\[internal|phar:|\S+\s+\()",
}
_CONTINUES = {first: re.compile(pattern) for first, pattern in _FORMS.items()}
_CLOSERS = frozenset("}])│├└╰┃")
# A frame of a Ruby backtrace; the first line of one has the message behind it.
_RUBY_FRAME = re.compile(r"\S{1,200}:\d+:in\s[`'][^']{1,200}'\s*$")
# A line that begins something of its own, whatever came before.
_BEGINS = re.compile(
    r"Traceback \(most recent call last\)|\s*\+ Exception Group Traceback|panic: |Exception in thread |> "
    r"|Unhandled exception|PHP (?:Fatal|Parse) error|npm (?:ERR!|error|warn|WARN)|thread '[^']*' (?:\(\d+\) )?panicked"
    r"|\s+[A-Z]\w*(?:\\\w+)+(?:Exception|Error)\s*$|\s{2,}(?:INFO|ERROR|WARN|FAIL)\s{2}"
)
_BEGINNERS = frozenset("TpE>UPnt \t")
# First looks, cheap: whether a line may begin or open something at all.
_MAY_OPEN = re.compile(
    r"\[SQL:|Error: |r(?:ails|ake) aborted|\*{10}|Invalid `|goroutine |panic: |Traceback|/|file:|node:|[A-Za-z]:\\"
)
_NPM_ERROR = re.compile(r"npm (?:ERR!|error)")
_CHAINS = re.compile(r"The above exception was|During handling of the above")
# A line that a logger began: a time, a level, a bracketed field, or a line of npm.
_LOGGED = re.compile(
    r"[\[(]?\d{4}[-/]\d\d[-/]\d\d|[\[(]?\d\d:\d\d:\d\d|\{\"|[A-Z], \[|[IWEF]\d{4} \d\d:|\[(?i:error|warn|info|debug)"
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|CRITICAL|SEVERE)\b|(?i:trace|debug|info|warn)\s?:|npm |yarn |> "
)
# Beginnings that take what follows, to the next line of a logger.
_GREEDY = re.compile(
    r"Error: P\d{4}\s*$|(?:rails|rake) aborted!|\*{10,}\s*$|Error: Prisma schema validation"
    r"|(?:.*\b)?PrismaClient\w*Error\b|Invalid `[^`]+` invocation|Error: (?:Schema|Migration) engine error:"
)
# The line after this one belongs to it: `thread 'main' panicked at src/main.rs:10:5:`, `Error during migration run:`.
_OPENS = re.compile(
    r"(?i:error|exception|fail|panic|unable|cannot|could not|invalid|reason|message|cause|details?)[^\n]{0,200}:\s*$"
)
# A line that leaves something open, and the line that ends it.
_ENCLOSED = (
    (re.compile(r"\[SQL:(?!.*\]\s*$)"), re.compile(r"\]\s*$")),
    (re.compile(r".{0,300}\bin line \d+: (?!.*\(details: )"), re.compile(r"\s*\(details: ")),
)
_LONGEST_ENCLOSED = 60
# `/app/index.js:3`, then the line of code, then `^^^`: Node.js and ts-node before the error itself.
_CODE_FRAME = re.compile(r"(?:file://|node:|/|[A-Za-z]:\\)\S{1,300}:\d+\s*$")
_LONGEST_CODE_FRAME = 6
_CARETS = re.compile(r"\s*\^+\s*$")
# The line that names an exception, as runtimes print it.
_EXCEPTION = re.compile(r"(?:[A-Za-z_][\w.$]*)?(?:Error|Exception|Warning|Exit|Interrupt|Failure|Fault)\b|\*\* \(")
_PYTHON_END = re.compile(r"[A-Za-z_][\w.<>]*(?:: |:?$)")
_GO_FRAME = re.compile(r"[\w./*()\-$\[\]{},&~%@]+\(.*\)$|created by |goroutine \d|\[signal |exit status |\s|$")
_FIELD = re.compile(r"[\w.\[\]\-]{1,100}\s*$")
# What each open form takes; the others take every line but those of a logger.
_TAKEN = {"python": _PYTHON_END, "go": _GO_FRAME, "fields": _FIELD, "carets": _EXCEPTION}


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
        self._is_logged = line.level >= Level.ERROR and _EXCEPTION.match(line.text) is None
        self.is_closed = line.is_structured or line.origin.is_platform
        if not self.is_closed and _may_open(line.text):
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
        if text[:1] in _BEGINNERS and _BEGINS.match(text):
            return self._takes_beginning(line)
        if _is_continuation(text) or (self._mode and self._takes_open(text)):
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
        if _NPM_ERROR.match(text):
            return _NPM_ERROR.match(first.text) is not None
        if any(_CHAINS.match(earlier.text) for earlier in self.lines[-3:]):
            return True
        if text.startswith("panic: "):
            return first.text.startswith("panic: ") and self._mode != "go"
        # What a logger wrote with a traceback behind it.
        return text.startswith("Traceback") and self._is_logged

    def _takes_trace(self, line: Line) -> bool:
        """A stack trace right behind the line of the logger that wrote it."""
        if _EXCEPTION.match(line.text) is None:
            return False
        return "." in line.text.partition(":")[0] or line.text.startswith("** (")

    def _takes_open(self, text: str) -> bool:
        pattern = _TAKEN.get(self._mode)
        if pattern is not None:
            return pattern.match(text) is not None and (self._mode == "go" or not _LOGGED.match(text))
        if self._mode == "enclosed":
            return self._room > 0
        return _LOGGED.match(text) is None and (self._mode != "frame" or self._room > 0)

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
            return self._room > 0 and _CARETS.match(text) is None
        # In a traceback all lines are indented but the one that names the exception; details may follow that.
        return self._mode in ("greedy", "go") or (self._mode in ("python", "fields") and text[:1].isspace())

    def _next_mode(self, text: str) -> str:
        if self._mode == "python":
            return _mode_after_exception(text)
        if self._mode == "frame":
            return "carets"
        if self._mode == "fields" and _FIELD.match(text):
            return "fields"
        return "" if self._mode == "enclosed" else self._mode_of(text)

    def _mode_of(self, text: str) -> str:
        if len(self.lines) == 1 and _CODE_FRAME.match(text):
            self._room = _LONGEST_CODE_FRAME
            return "frame"
        for begin, end in _ENCLOSED:
            if begin.match(text):
                self._enclosing, self._room = end, _LONGEST_ENCLOSED
                return "enclosed"
        if text.startswith(("goroutine ", "panic: ")):
            return "go"
        if _GREEDY.match(text):
            return "greedy"
        return "next" if text.rstrip()[-1:] == ":" and _OPENS.search(text[-300:]) else ""


def _may_open(text: str) -> bool:
    if "\n" in text or _MAY_OPEN.match(text) is not None:
        return True
    return text[-1:] in ": " or "PrismaClient" in text or " in line " in text


def _mode_after_exception(text: str) -> str:
    """What may follow the line of the exception: the fields that pydantic found wrong, or the text of an error whose
    first line is empty."""
    if " validation error" in text:
        return "fields"
    if "PrismaClient" in text[:60]:
        return "greedy"
    return "next" if text.rstrip()[-1:] == ":" else ""


def _is_continuation(text: str) -> bool:
    first = text[:1]
    if first.isspace() or not first or first in _CLOSERS:
        return True
    pattern = _CONTINUES.get(first)
    if pattern is not None and pattern.match(text):
        return True
    return ":in " in text and _RUBY_FRAME.match(text) is not None
