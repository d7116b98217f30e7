"""The text of a log entry: plain text made readable, structured lines flattened, nested errors included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.diagnosis.facts.levels import stated_severity
from opsctl.diagnosis.facts.model import Origin
from opsctl.diagnosis.facts.reading import as_object, as_text
from opsctl.diagnosis.models import LogEntry

MOST_CHARACTERS = 40_000
_DEEPEST = 6

# Colours, cursor movement, titles and links of terminals (ECMA-48).
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-_])")
# A bracket sequence whose escape character was lost on the way: only colours, which have one form.
_BARE_COLOURS = re.compile(r"\x1b|(?:\ufffd|\\u001b|\\x1b|\\033|\\e)\[[0-9;]{0,12}m")
_ESCAPED_ENDS = re.compile(r"\\r\\n|\\n")

# Keys of structured lines whose text is for people, in this order; others follow as `key: value`. `@m`, `@mt`: Serilog;
# `event`: structlog; `short_message`: GELF.
_MAIN_KEYS = ("message", "msg", "textPayload", "text", "@message", "Message", "RenderedMessage", "@m", "@mt", "log",
              "event", "short_message", "full_message")  # fmt: skip
_SKIPPED_KEYS = frozenset(
    (
        *("severity", "level", "lvl", "levelname", "level_name", "log_level", "loglevel", "@l", "LogLevel", "Level"),
        *("time", "timestamp", "ts", "@t", "@timestamp", "Timestamp", "asctime", "hostname", "host", "pid", "v"),
        *("logger", "logger_name", "loggerName", "LoggerName", "channel", "thread", "thread_name", "threadId"),
        *("threadPriority", "level_value", "traceId", "spanId", "trace_id", "span_id", "@version"),
    )
)
# Pairs of keys in which loggers write an exception's class and its words: pino, Laravel, structlog, log4j, .NET, ECS.
_CLASS_KEYS = ("type", "class", "name", "exc_type", "exceptionType", "ClassName", "errorType", "kind")
_WORDS_KEYS = ("message", "Message", "exc_value", "msg", "reason", "errorMessage")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def read_payload(entry: LogEntry, origin: Origin) -> tuple[str, str, bool]:
    """The text of an entry, its severity, and whether it was a structured line. Line ends are `\\n`, colours gone."""
    if entry.text is not None:
        text, severity, is_structured = _read_text(entry.text, entry.severity)
    elif entry.json is not None:
        text, severity, is_structured = flatten(entry.json), stated_severity(entry.json, entry.severity), True
    elif entry.proto is not None and origin is Origin.AUDIT:
        # Of an audit record only its verdict: the rest repeats the whole execution.
        status = as_object(entry.proto.get("status"))
        text = as_text(status.get("message")) or as_text(entry.proto.get("methodName"))
        severity, is_structured = entry.severity, True
    else:
        return "", entry.severity, False
    return clean(text), severity, is_structured


def flatten(payload: Mapping[str, Any]) -> str:
    """The texts of a structured line: its message, then its other texts as `key: value`, nested ones too. An error
    object gives a line `Class: message` as well, as the runtime itself would print it."""
    lines: list[str] = []
    for key in _MAIN_KEYS:
        value = payload.get(key)
        if isinstance(value, str) and value and value not in lines:
            lines.extend(_unpack(value))
    seen = set(lines)
    size = sum(map(len, lines))
    for key, text in _texts(payload, 0):
        if size > MOST_CHARACTERS:
            break
        if text in seen:
            continue
        seen.add(text)
        lines.append(f"{key}: {text}" if key else text)
        size += len(text)
    return "\n".join(lines)[:MOST_CHARACTERS]


def clean(text: str) -> str:
    """Text without terminal sequences, with `\\n` as its only line end."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").rstrip("\r").replace("\r", "\n")
    if "[" in text and ("\ufffd[" in text or "b[" in text or "033[" in text or "\\e[" in text):
        text = _BARE_COLOURS.sub("", text)
    # Templates of messages are written with plain apostrophes; editors and debug output write others.
    return text if text.isascii() and "\\'" not in text else text.translate(_QUOTES).replace("\\'", "'")


def _read_text(text: str, severity: str) -> tuple[str, str, bool]:
    """A line that is a JSON object in plain text, and text with escaped line ends."""
    if text[:1] in "{ \t":
        payload = _parse_object(text)
        if payload is not None:
            return flatten(payload) or text, stated_severity(payload, severity), True
    if "\\" in text and ("\\n" in text or '\\"' in text):
        text = _ESCAPED_ENDS.sub("\n", text).replace("\n\\t", "\n\t").replace('\\"', '"')
    return text, severity, False


def _parse_object(text: str) -> dict[str, Any] | None:
    if text.lstrip()[:1] != "{" or text.rstrip()[-1:] != "}" or '"' not in text:
        return None
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _unpack(text: str) -> list[str]:
    """A message that is itself a structured line (a logger inside a logger), or has escaped line ends."""
    inner = _parse_object(text)
    if inner is not None:
        return [flatten(inner) or text]
    if "\\n" in text:
        text = _ESCAPED_ENDS.sub("\n", text).replace("\n\\t", "\n\t").replace('\\"', '"')
    return [text]


def _texts(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    heading = _heading(value)
    if depth and heading:
        yield "", heading
    for key, item in value.items():
        if depth == 0 and (key in _SKIPPED_KEYS or (key in _MAIN_KEYS and isinstance(item, str))):
            continue
        if isinstance(item, str):
            if item:
                yield key, item
        elif isinstance(item, int) and not isinstance(item, bool):
            yield key, str(item)
        elif isinstance(item, dict) and depth < _DEEPEST:
            yield from _texts(item, depth + 1)
        elif isinstance(item, list):
            yield from _list_texts(key, item, depth)


def _list_texts(key: str, items: list[Any], depth: int) -> Iterator[tuple[str, str]]:
    texts = [part for part in items if isinstance(part, str)]
    if texts:
        yield key, "\n".join(texts)
    for part in items:
        if isinstance(part, dict) and depth < _DEEPEST:
            yield from _texts(part, depth + 1)


def _heading(value: Mapping[str, Any]) -> str:
    name = next((value[key] for key in _CLASS_KEYS if isinstance(value.get(key), str) and value[key]), None)
    words = next((value[key] for key in _WORDS_KEYS if isinstance(value.get(key), str) and value[key]), None)
    if name is None or words is None or " " in name or words.startswith(name):
        return ""
    return f"{name}: {words}"
