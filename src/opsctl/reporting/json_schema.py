"""The JSON Schema of an envelope, made from the dataclasses of its report."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from opsctl.errors import ExitCode
from opsctl.reporting.envelope import camel_case, schema_name

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
_SCALARS: tuple[tuple[type, dict[str, Any]], ...] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": ["number", "null"]}),
    (str, {"type": "string"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (date, {"type": "string", "format": "date"}),
    (timedelta, {"type": "number"}),
    (PurePath, {"type": "string"}),
)


def envelope_schema(command: str, report: type) -> dict[str, Any]:
    """Schema of the whole document of a command. New keys may come in later versions: none is forbidden."""
    definitions: dict[str, Any] = {}
    data = _schema_of(report, definitions)
    return {
        "$schema": DIALECT,
        "$id": schema_name(command),
        "type": "object",
        "properties": {
            "schema": {"const": schema_name(command)},
            "command": {"const": command},
            "status": {"enum": ["ok", "findings", "partial", "error"]},
            "exitCode": {"enum": sorted(int(code) for code in ExitCode)},
            "data": {"anyOf": [data, _NULL]},
            "errors": {
                "type": "array",
                "items": _object(
                    {"code": {"type": "string"}, "message": {"type": "string"}, "hint": {"type": ["string", "null"]}}
                ),
            },
        },
        "required": ["schema", "command", "status", "exitCode", "data", "errors"],
        "$defs": definitions,
    }


def _schema_of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(hint)
    if hint is Any or hint is object:
        return {}
    if hint is None or hint is types.NoneType:
        return dict(_NULL)
    if origin is Annotated:
        return _schema_of(get_args(hint)[0], definitions)
    if origin in (Union, types.UnionType):
        return _union([_schema_of(part, definitions) for part in get_args(hint)])
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    return _schema_of_class(hint, origin, definitions)


def _schema_of_class(hint: Any, origin: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    kind = origin or hint
    if not isinstance(kind, type) or issubclass(kind, bytes):
        raise TypeError(f"no JSON Schema for {hint!r}")
    if is_dataclass(kind):
        return _reference(kind, definitions)
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    for scalar, schema in _SCALARS:
        if issubclass(kind, scalar):
            return dict(schema)
    if issubclass(kind, Mapping):
        arguments = get_args(hint)
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], definitions) if arguments else {}}
    if issubclass(kind, tuple):
        return _tuple(get_args(hint), definitions)
    if issubclass(kind, Sequence | Set):
        arguments = get_args(hint)
        return {"type": "array", "items": _schema_of(arguments[0], definitions) if arguments else {}}
    raise TypeError(f"no JSON Schema for {hint!r}")


def _reference(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        hints = get_type_hints(kind, include_extras=True)
        schema = _object({camel_case(item.name): _schema_of(hints[item.name], definitions) for item in fields(kind)})
        text = inspect.getdoc(kind)
        definitions[kind.__name__] = (
            {"description": text, **schema} if text and not text.startswith(f"{kind.__name__}(") else schema
        )
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """Every key is required: what is not known is null, not missing."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _tuple(arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    items = [_schema_of(part, definitions) for part in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _union(parts: list[dict[str, Any]]) -> dict[str, Any]:
    unique = [part for index, part in enumerate(parts) if part not in parts[:index]]
    return unique[0] if len(unique) == 1 else {"anyOf": unique}
