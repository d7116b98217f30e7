"""Log entries as the service writes them: through the types of `google.cloud.logging_v2`, with all nanoseconds."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from opsctl.diagnosis.timestamps import format_time, parse_time
from opsctl.lab.google.log_filter_fields import SEVERITIES

Json = dict[str, Any]

_TEXTS = ("insertId", "timestamp", "receiveTimestamp", "logName", "textPayload")
_TIMES = ("timestamp", "receiveTimestamp")
_STRUCTS = ("jsonPayload", "protoPayload")
# In the answers of REST, and in no version of the types.
_BESIDE_THE_TYPE = "errorGroups"
# Whole numbers up to here are exact in a double, which is what a Struct holds.
_EXACT = 1 << 53
_ENCODER = msgspec.json.Encoder()
# A time with as many digits as protobuf writes.
_WRITTEN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?:\d{3}){0,2}(?!000)\d{3})?Z", re.ASCII)


def write_entry(entry: Mapping[str, Any]) -> bytes:
    """An entry in protobuf's JSON. Raises `google.protobuf.json_format.ParseError` for one that is no LogEntry.

    Whole numbers in payloads have no decimal point, as the service writes them. Lines of text and of JSON, the bulk of
    any log, take a short way that gives the same.
    """
    body = _write_plain(entry)
    if body is None:
        body = _through_type(entry)
    for name in _STRUCTS:
        if name in body:
            body[name] = _with_whole_numbers(body[name])
    return _ENCODER.encode(body)


def read_request(body: Mapping[str, Any]) -> Any:
    """google.logging.v2.ListLogEntriesRequest. Raises `google.protobuf.json_format.ParseError`."""
    from google.protobuf import json_format  # type: ignore[import-untyped]  # noqa: PLC0415

    request, _ = load_types()
    return json_format.ParseDict(dict(body), request.pb()())


def write_page(entries: list[bytes], next_page_token: str) -> bytes:
    """google.logging.v2.ListLogEntriesResponse of entries that are written already. Empty fields are left out."""
    parts = []
    if entries:
        parts.append(b'"entries":[' + b",".join(entries) + b"]")
    if next_page_token:
        parts.append(b'"nextPageToken":' + json.dumps(next_page_token).encode())
    return b"{" + b",".join(parts) + b"}"


@cache
def load_types() -> tuple[Any, Any]:
    """Request and entry. Importing them takes up to half a second."""
    # The payload of audit records is found by its name, once its type is there.
    from google.cloud.audit import audit_log_pb2  # type: ignore[import-untyped]  # noqa: F401, PLC0415
    from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry  # noqa: PLC0415

    return ListLogEntriesRequest, LogEntry


def _write_plain(entry: Mapping[str, Any]) -> Json | None:
    """A line of text or of JSON with nothing but texts around it, in protobuf's JSON; None for any other entry."""
    if "textPayload" in entry and "jsonPayload" in entry:
        return None
    body: Json = {}
    for name, value in entry.items():
        test = _PLAIN.get(name)
        if test is None or not test(value):
            return None
        if name in _TIMES:
            moment = parse_time(value)
            if moment is None:
                return None
            body[name] = value if _WRITTEN_TIME.fullmatch(value) else format_time(moment)
        # An empty text is told: it is one of several payloads that an entry may have.
        elif value or name == "textPayload":
            body[name] = value
    if body.get("severity") == "DEFAULT":
        del body["severity"]
    return body


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_severity(value: object) -> bool:
    return isinstance(value, str) and value in SEVERITIES


def _is_struct(value: object) -> bool:
    """An object with something in it."""
    return isinstance(value, Mapping) and bool(value) and _is_json(value)


def _is_json(value: object) -> bool:
    """Whether JSON can say a value, and a Struct hold it."""
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_json(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(_is_json(inner) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) <= _EXACT
    return value is None or isinstance(value, (str, bool))


def _is_plain_resource(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == {"type", "labels"}
        and isinstance(value["type"], str)
        and value["type"] != ""
        and bool(value["labels"])
        and _is_map_of_texts(value["labels"])
    )


def _is_map_of_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(inner, str) for inner in value.values())


_PLAIN: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(_TEXTS, _is_text),
    "labels": _is_map_of_texts,
    "resource": _is_plain_resource,
    "severity": _is_severity,
    "jsonPayload": _is_struct,
}


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT else value


def _through_type(entry: Mapping[str, Any]) -> Json:
    from google.protobuf import json_format  # noqa: PLC0415

    _, entry_type = load_types()
    known = {name: value for name, value in entry.items() if name != _BESIDE_THE_TYPE}
    body: Json = json_format.MessageToDict(json_format.ParseDict(known, entry_type.pb()()))
    return body | ({_BESIDE_THE_TYPE: entry[_BESIDE_THE_TYPE]} if _BESIDE_THE_TYPE in entry else {})
