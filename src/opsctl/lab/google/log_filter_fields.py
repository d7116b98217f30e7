"""The fields of google.logging.v2.LogEntry, as a filter names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

SEVERITIES: Mapping[str, int] = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}


class Type(Enum):
    """What a field holds: `PAYLOAD` anything that JSON can say, `LABELS` a map of texts, `MESSAGE` further fields."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    TIME = auto()
    DURATION = auto()
    SEVERITY = auto()
    LABEL = auto()
    LABELS = auto()
    PAYLOAD = auto()
    MESSAGE = auto()


_FIELDS: Mapping[str, Any] = {
    "logName": Type.TEXT,
    "resource": {"type": Type.TEXT, "labels": Type.LABELS},
    "textPayload": Type.TEXT,
    "jsonPayload": Type.PAYLOAD,
    "protoPayload": Type.PAYLOAD,
    "timestamp": Type.TIME,
    "receiveTimestamp": Type.TIME,
    "severity": Type.SEVERITY,
    "insertId": Type.TEXT,
    "labels": Type.LABELS,
    "trace": Type.TEXT,
    "spanId": Type.TEXT,
    "traceSampled": Type.BOOLEAN,
    "metadata": {"systemLabels": Type.PAYLOAD, "userLabels": Type.LABELS},
    "sourceLocation": {"file": Type.TEXT, "line": Type.NUMBER, "function": Type.TEXT},
    "operation": {"id": Type.TEXT, "producer": Type.TEXT, "first": Type.BOOLEAN, "last": Type.BOOLEAN},
    "split": {"uid": Type.TEXT, "index": Type.NUMBER, "totalSplits": Type.NUMBER},
    "errorGroups": {"id": Type.TEXT},
    "httpRequest": {
        "requestMethod": Type.TEXT,
        "requestUrl": Type.TEXT,
        "requestSize": Type.NUMBER,
        "status": Type.NUMBER,
        "responseSize": Type.NUMBER,
        "userAgent": Type.TEXT,
        "remoteIp": Type.TEXT,
        "serverIp": Type.TEXT,
        "referer": Type.TEXT,
        "latency": Type.DURATION,
        "cacheLookup": Type.BOOLEAN,
        "cacheHit": Type.BOOLEAN,
        "cacheValidatedWithOriginServer": Type.BOOLEAN,
        "cacheFillBytes": Type.NUMBER,
        "protocol": Type.TEXT,
    },
}
_UNDERSCORED = re.compile(r"_([a-z])")


def resolve(path: tuple[str, ...]) -> tuple[tuple[str, ...], Type] | None:
    """The path in the names of REST (`log_name` is `logName`) and what is there; None when no entry can have it."""
    fields: Any = _FIELDS
    resolved: list[str] = []
    for number, part in enumerate(path):
        if not isinstance(fields, Mapping):
            return _inside(tuple(resolved), path[number:], fields)
        name = _camel(part)
        if name not in fields:
            return None
        resolved.append(name)
        fields = fields[name]
    return tuple(resolved), Type.MESSAGE if isinstance(fields, Mapping) else fields


def _inside(outer: tuple[str, ...], rest: tuple[str, ...], kind: Type) -> tuple[tuple[str, ...], Type] | None:
    """A label, or a place in a payload. The key of a label is one part: with a dot in it, it must be quoted."""
    if kind is Type.PAYLOAD:
        return (*outer, *rest), Type.PAYLOAD
    return ((*outer, *rest), Type.LABEL) if kind is Type.LABELS and len(rest) == 1 else None


def _camel(name: str) -> str:
    return _UNDERSCORED.sub(lambda match: match.group(1).upper(), name)
