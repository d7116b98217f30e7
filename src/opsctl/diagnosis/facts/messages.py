"""From log entries to messages: ordered, de-duplicated, stack traces and multi-line errors in one piece."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from opsctl.diagnosis.facts.levels import find_level, stated_severity
from opsctl.diagnosis.facts.model import ExecutionFacts, Level, Message, Origin, Pointer
from opsctl.diagnosis.facts.reading import as_count, as_object, as_text, objects, point
from opsctl.diagnosis.models import Evidence, LogEntry

# Lines of one error are microseconds to milliseconds apart; a pause this long ends it.
LONGEST_GAP_NS = 3_000_000_000
MOST_LINES = 400
MOST_CHARACTERS = 40_000
_DEEPEST = 4

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-_])")
# A line that goes on with what the line before began.
_CONTINUES = re.compile(
    r"""\s+\S | $                                        # indented, or empty inside a block
    | at\s\S | \.\.\.\s\d+\smore | Caused\sby: | Suppressed: | ---\sEnd\sof | [}\])][,;]?\s*$
    | (?:DETAIL|HINT|CONTEXT|STATEMENT|LINE\s\d+|QUERY|WHERE|POSITION|ERRCODE)\s?: | \^+
    | \[(?:SQL|parameters|generated\sin|cached)\b | \(Background\son\sthis\serror
    | The\sabove\sexception | During\shandling\sof | goroutine\s\d+\s\[ | main\.main\( | exit\sstatus\s\d
    | note:\s | stack\sbacktrace: | \d+:\s{2,}\S | File\s" | \-\-\>\s | \|\s | \#\d+\s
    """,
    re.VERBOSE,
)
# A line that begins something of its own, whatever came before.
_BEGINS = re.compile(r"Traceback \(most recent call last\)|panic: |Exception in thread |npm (?:ERR!|error|warn)|> ")
_CHAINS = re.compile(r"The above exception was|During handling of the above")
# The line after this one belongs to it: `thread 'main' panicked at src/main.rs:10:5:`.
_OPENS = re.compile(r"(?:panicked at .*|[Ee]rror|ERROR|Exception|failed|FAILED|Details?|Reason|Message|Cause)\s*:\s*$")
_PYTHON_END = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")
# Keys of structured lines whose text is for people, in this order; others follow as `key: value`.
_MAIN_KEYS = ("message", "msg", "textPayload", "text", "@message", "log", "event")
_SKIPPED_KEYS = frozenset(
    ("severity", "level", "time", "timestamp", "ts", "@timestamp", "hostname", "pid", "v", "logger")
)


class _Line(NamedTuple):
    text: str
    time_ns: int | None
    origin: Origin
    level: Level
    task: int
    attempt: int
    number: int


def collect_messages(evidence: Evidence, execution: ExecutionFacts) -> list[Message]:
    """Everything that was said about and by the execution. Conditions and task results first, then the log in order
    of (time, insert id)."""
    messages = [*_condition_messages(execution), *_task_messages(evidence)]
    messages.extend(_to_message(block) for block in _join(_lines(evidence.entries)))
    return [message._replace(position=position) for position, message in enumerate(messages)]


def _to_message(block: list[_Line]) -> Message:
    first = block[0]
    text, parts = first.text, []
    if len(block) > 1:
        offset = 0
        for line in block:
            parts.append((offset, line.number))
            offset += len(line.text) + 1
        text = "\n".join(line.text for line in block)
    pointer = Pointer("logs", f"/entries/{first.number}")
    origin, level = first.origin, max(line.level for line in block)
    return Message(0, text, first.time_ns, origin, level, first.task, first.attempt, pointer, parts=tuple(parts))


def flatten(payload: Mapping[str, Any]) -> str:
    """The texts of a structured line: its message, then its other texts as `key: value`, nested ones too."""
    lines = [payload[key] for key in _MAIN_KEYS if isinstance(payload.get(key), str)]
    lines += [f"{key}: {text}" for key, text in _texts(payload, 0) if text not in lines]
    return "\n".join(lines)[:MOST_CHARACTERS]


def origin_of(log_name: str) -> Origin:
    """Which log a `logName` means."""
    if log_name.endswith(("%2Fstdout", "/stdout")):
        return Origin.STDOUT
    if log_name.endswith(("%2Fstderr", "/stderr")):
        return Origin.STDERR
    if "varlog" in log_name:
        return Origin.SYSTEM
    if "cloudaudit" in log_name:
        return Origin.AUDIT
    return Origin.OTHER


def order(entries: Iterable[LogEntry]) -> list[LogEntry]:
    """By time and insert id, as Cloud Logging orders; without a time, where the file has them. Doubles are left out."""
    seen: set[tuple[int | None, str, str]] = set()
    kept: list[LogEntry] = []
    last_ns = 0
    keyed: list[tuple[int, str, int, LogEntry]] = []
    for entry in entries:
        if entry.insert_id:
            key = (entry.time_ns, entry.insert_id, entry.log_name)
            if key in seen:
                continue
            seen.add(key)
        last_ns = entry.time_ns if entry.time_ns is not None else last_ns
        keyed.append((last_ns, entry.insert_id if entry.time_ns is not None else "", entry.number, entry))
    keyed.sort(key=lambda item: item[:3])
    kept.extend(item[3] for item in keyed)
    return kept


def _condition_messages(execution: ExecutionFacts) -> Iterator[Message]:
    for condition in execution.conditions:
        if condition.message or condition.reason:
            level = Level.ERROR if condition.state == "CONDITION_FAILED" else Level.INFO
            text = " ".join(part for part in (condition.message, condition.reason) if part)
            yield Message(0, text, None, Origin.CONDITION, level, -1, -1, condition.pointer)


def _task_messages(evidence: Evidence) -> Iterator[Message]:
    tasks = as_object(evidence.section("tasks").data).get("tasks")
    for pointer, task in objects(tasks, "/tasks"):
        result = as_object(task.get("lastAttemptResult"))
        text = as_text(as_object(result.get("status")).get("message"))
        if text:
            retried = as_count(task.get("retried")) or 0
            place = point("tasks", f"{pointer}/lastAttemptResult/status/message", text)
            yield Message(
                0, text, None, Origin.CONDITION, Level.ERROR, as_count(task.get("index")) or 0, retried, place
            )


def _lines(entries: Iterable[LogEntry]) -> Iterator[_Line]:
    for entry in order(entries):
        origin = origin_of(entry.log_name)
        labels = entry.labels
        text, severity = _read(entry, origin)
        if not text:
            continue
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        yield _Line(
            text,
            entry.time_ns,
            origin,
            find_level(severity, text),
            _number(labels.get("run.googleapis.com/task_index")),
            _number(labels.get("run.googleapis.com/task_attempt")),
            entry.number,
        )


def _read(entry: LogEntry, origin: Origin) -> tuple[str, str]:
    """The text of an entry and its severity."""
    if entry.text is not None:
        return _unwrap(entry.text, entry.severity)
    if entry.json is not None:
        return flatten(entry.json), stated_severity(entry.json, entry.severity)
    if entry.proto is not None and origin is Origin.AUDIT:
        # Of an audit record only its verdict: the rest repeats the whole execution.
        status = as_object(entry.proto.get("status"))
        return as_text(status.get("message")) or as_text(entry.proto.get("methodName")), entry.severity
    return "", entry.severity


def _unwrap(text: str, severity: str) -> tuple[str, str]:
    """A line that is a JSON object in plain text, and text with escaped line ends."""
    if text[:1] == "{" and text.rstrip()[-1:] == "}" and '"' in text:
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = None
        if isinstance(payload, dict):
            return flatten(payload) or text, stated_severity(payload, severity)
    if "\\n" in text or '\\"' in text:
        text = text.replace("\\n", "\n").replace('\\"', '"')
    return text, severity


def _texts(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        if depth == 0 and (key in _MAIN_KEYS or key in _SKIPPED_KEYS):
            continue
        if isinstance(item, str):
            yield key, item
        elif isinstance(item, int) and not isinstance(item, bool):
            yield key, str(item)
        elif isinstance(item, dict) and depth < _DEEPEST:
            yield from _texts(item, depth + 1)
        elif isinstance(item, list):
            texts = [part for part in item if isinstance(part, str)]
            if texts:
                yield key, "\n".join(texts)
            for part in item:
                if isinstance(part, dict) and depth < _DEEPEST:
                    yield from _texts(part, depth + 1)


def _join(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    """Groups the lines of each stream; streams of several tasks and of stdout and stderr are interleaved. Blocks come
    in the order of their first lines."""
    open_blocks: dict[tuple[int, int, Origin], _Block] = {}
    waiting: deque[_Block] = deque()
    for line in lines:
        key = (line.task, line.attempt, line.origin)
        block = open_blocks.get(key)
        if block is not None and not block.is_closed and block.takes(line):
            block.add(line)
        else:
            if block is not None:
                block.is_closed = True
            open_blocks[key] = fresh = _Block(line)
            waiting.append(fresh)
        while waiting and (waiting[0].is_closed or waiting[0].is_over(line.time_ns)):
            block = waiting.popleft()
            block.is_closed = True
            yield block.lines
    yield from (block.lines for block in waiting)


class _Block:
    """Lines that belong together, and what the next one must look like."""

    def __init__(self, line: _Line) -> None:
        self.lines = [line]
        self._characters = len(line.text)
        self._in_python = line.text.startswith("Traceback (most recent")
        self._wants_next = _OPENS.search(line.text) is not None
        self.is_closed = False

    def is_over(self, now_ns: int | None) -> bool:
        """Whether a line of that time comes too late to belong to it."""
        last_ns = self.lines[-1].time_ns
        return now_ns is not None and last_ns is not None and now_ns - last_ns > LONGEST_GAP_NS

    def takes(self, line: _Line) -> bool:
        if line.origin.is_platform or len(self.lines) >= MOST_LINES or self._characters > MOST_CHARACTERS:
            return False
        if self.is_over(line.time_ns):
            return False
        if _BEGINS.match(line.text):
            return any(_CHAINS.match(earlier.text) for earlier in self.lines[-3:])
        if self._in_python:
            return True
        return self._wants_next or (_CONTINUES.match(line.text) is not None)

    def add(self, line: _Line) -> None:
        self.lines.append(line)
        self._characters += len(line.text)
        if line.text.startswith("Traceback (most recent"):
            self._in_python = True
        elif self._in_python and not line.text[:1].isspace() and _PYTHON_END.match(line.text):
            # The line that names the exception ends a traceback; details may follow.
            self._in_python = False
        if line.text.strip():
            self._wants_next = _OPENS.search(line.text) is not None


def _number(label: str | None) -> int:
    return int(label) if label is not None and label.isdigit() else -1
