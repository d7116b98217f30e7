"""What a log entry says, for reading: plain text as it was written, structured lines as their message with the other
values behind it, audit records as their verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.diagnosis.facts.model import Origin
from opsctl.diagnosis.facts.reading import as_list, as_object, as_text
from opsctl.diagnosis.models import LogEntry

LONGEST_TEXT = 40_000  # characters
MOST_VALUES = 40
_DEEPEST = 6
# Colours, cursor movement, titles and links of terminals (ECMA-48): they mean nothing outside of a terminal.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-_])")
# Where loggers put their words, in this order (see `facts.payloads`).
_MESSAGE_KEYS = ("message", "msg", "textPayload", "text", "@message", "Message", "RenderedMessage", "@m", "@mt", "log",
                 "event", "short_message", "full_message")  # fmt: skip
# Of these a line has its own column.
_REPEATED_KEYS = frozenset(
    (
        *("severity", "level", "lvl", "levelname", "level_name", "log_level", "loglevel", "@l", "LogLevel", "Level"),
        *("time", "timestamp", "ts", "@t", "@timestamp", "Timestamp", "asctime"),
    )
)


def text_of(entry: LogEntry, origin: Origin) -> str:
    """The text of an entry with `\\n` as its only line end and without terminal sequences; empty when it has none."""
    if entry.text is not None:
        text = entry.text
    elif entry.json is not None:
        text = _compose(entry.json)
    elif entry.proto is not None:
        text = _verdict(entry.proto) if origin is Origin.AUDIT else _compose(entry.proto)
    else:
        return ""
    text = _ESCAPES.sub("", text) if "\x1b" in text else text
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")[:LONGEST_TEXT]


def message_key(payload: Mapping[str, Any]) -> str | None:
    """Where the words of a structured line stand."""
    return next((key for key in _MESSAGE_KEYS if isinstance(payload.get(key), str) and payload[key]), None)


def _compose(payload: Mapping[str, Any]) -> str:
    """`message key=value key=value`, then the texts that have several lines, stack traces mostly."""
    key = message_key(payload)
    message = "" if key is None else payload[key]
    pairs: list[str] = []
    blocks: list[str] = []
    for path, value in _leaves(payload, "", 0):
        if path == key or path in _REPEATED_KEYS:
            continue
        if isinstance(value, str) and "\n" in value.strip():
            blocks.append(value.rstrip())
        elif len(pairs) < MOST_VALUES:
            pairs.append(f"{path}={_show(value)}")
    first, line_end, rest = message.partition("\n")
    head = " ".join(part for part in (first, *pairs) if part)
    return "\n".join(part for part in (head + line_end + rest, *blocks) if part)


def _leaves(value: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        place = f"{path}.{key}" if path else key
        if isinstance(item, dict) and item and depth < _DEEPEST:
            yield from _leaves(item, place, depth + 1)
        elif item not in (None, "", {}, []):
            yield place, item


def _show(value: Any) -> str:
    """A text as it is unless its end could not be seen; everything else as JSON."""
    if isinstance(value, str) and not any(character in value for character in ' "='):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _verdict(proto: Mapping[str, Any]) -> str:
    """What an audit record says about the end; without that the method that was called, and by whom."""
    message = as_text(as_object(proto.get("status")).get("message"))
    if message:
        return message
    response = as_object(as_object(proto.get("response")).get("status"))
    for condition in as_list(response.get("conditions")):
        if as_object(condition).get("type") == "Completed" and as_text(condition.get("message")):
            return as_text(condition.get("message"))
    caller = as_text(as_object(proto.get("authenticationInfo")).get("principalEmail"))
    return " ".join(part for part in (as_text(proto.get("methodName")), caller) if part)
