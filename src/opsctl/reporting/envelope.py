"""The JSON document around every report, and the one converter from report dataclasses to JSON values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any

from opsctl.errors import OpsctlError
from opsctl.reporting.neutralise import escape_json

Clean = Callable[[str], str]


def build_envelope(
    *,
    command: str,
    status: str,
    exit_code: int,
    report: object | None,
    errors: Iterable[OpsctlError] = (),
    clean: Clean = str,
) -> dict[str, Any]:
    """`{"schema", "command", "status", "exitCode", "data", "errors"}` with `data` converted.

    `command` is dotted (`migrate.images`); `opsctl` stands for the program itself. `clean` redacts every text.
    """
    return {
        "schema": schema_name(command),
        "command": command,
        "status": status,
        "exitCode": int(exit_code),
        "data": to_jsonable(report, clean=clean),
        "errors": [
            {
                "code": error.code,
                "message": clean(error.message),
                "hint": None if error.hint is None else clean(error.hint),
            }
            for error in errors
        ],
    }


def schema_name(command: str) -> str:
    """`opsctl.migrate.images/v1`; for the program itself `opsctl/v1`."""
    return "opsctl/v1" if command == "opsctl" else f"opsctl.{command}/v1"


def to_jsonable(value: object, *, clean: Clean = str) -> Any:
    """A report as JSON values: dataclasses become objects with camelCase keys, times UTC RFC 3339 with offset,
    durations seconds.

    Keys of mappings are data and stay as they are. A number that is not finite is not known: null. Raises `TypeError`
    for a time without a zone and for types that no report may hold.
    """
    if isinstance(value, Enum):
        value = value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {key: to_jsonable(getattr(value, name), clean=clean) for name, key in _keys(type(value))}
    if isinstance(value, Mapping):
        return {clean(_key_text(key)): to_jsonable(item, clean=clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_jsonable(item, clean=clean) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((to_jsonable(item, clean=clean) for item in value), key=str)
    return _scalar_to_jsonable(value, clean)


def dump_json(value: object, *, indent: int | None = 2) -> str:
    """JSON text with a line feed at its end: UTF-8 unescaped, except for characters that a terminal would act on."""
    return escape_json(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)) + "\n"


def camel_case(name: str) -> str:
    """`size_bytes` -> `sizeBytes`."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


@cache
def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    return tuple((item.name, camel_case(item.name)) for item in fields(kind))


def _key_text(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)


def _scalar_to_jsonable(value: object, clean: Clean) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str() | PurePath():
            return clean(str(value))
        case float():
            return value if math.isfinite(value) else None
        case datetime() if value.utcoffset() is None:
            raise TypeError("a time in a report needs a zone")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            raise TypeError(f"a report cannot hold a {type(value).__name__}")
