"""From what was written to a checked section: references followed, types converted, every error with its key and
origin."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from opsctl.config.references import REFERENCE_KINDS, SecretReader, follow_reference, is_reference
from opsctl.config.sections import ConfigSection
from opsctl.config.values import Given
from opsctl.errors import ConfigError

S = TypeVar("S", bound=ConfigSection)

_WORDS = (
    ("`int`", "a whole number"),
    ("`float`", "a number"),
    ("`str`", "text"),
    ("`array`", "a list"),
    ("`object`", "a table"),
    ("`bool`", "true or false"),
    ("`str | null`", "text"),
    (" of length >= 1", " that is not empty"),
)


def decode_section(
    kind: type[S], given: Mapping[str, Given], environ: Mapping[str, str], read_secret: SecretReader | None = None
) -> S:
    """A complete section. Raises `ConfigError` for a wrong value; required keys must be among `given`."""
    values: dict[str, Any] = {key: decode_value(kind, key, value, environ, read_secret) for key, value in given.items()}
    section = kind(**values)
    try:
        section.check()
    except ValueError as error:
        key = str(error).partition(":")[0]
        origin = f" ({given[key].origin})" if key in given else ""
        raise ConfigError(f"{kind.SECTION}.{error}{origin}.") from error
    return section


def decode_value(
    kind: type[ConfigSection],
    key: str,
    given: Given,
    environ: Mapping[str, str],
    read_secret: SecretReader | None = None,
) -> object:
    """One value, converted to the type of its key. Raises `ConfigError` with key, origin and what was expected."""
    name = f"{kind.SECTION}.{key}"
    value = given.value
    is_text = given.origin.kind == "environment"
    if is_reference(value):
        try:
            value = follow_reference(value, key=name, environ=environ, folder=given.folder, read_secret=read_secret)
        except ConfigError as error:
            raise ConfigError(f"{error.message} ({given.origin})", hint=error.hint) from error
        is_text = True
    expected = field_types(kind)[key]
    if is_text and isinstance(value, str) and _is_list(expected):
        value = _parse_list(value)
    try:
        converted = msgspec.convert(value, expected, strict=not is_text)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(name, given, str(error)), hint=_explain_fix(kind, key, value)) from None
    if isinstance(converted, float) and not math.isfinite(converted):
        raise ConfigError(f"{name} must be a finite number ({given.origin}).")
    return converted


@cache
def field_types(kind: type[ConfigSection]) -> Mapping[str, Any]:
    """Key -> annotated type, ranges included."""
    return {item.name: item.type for item in msgspec.structs.fields(kind)}


@cache
def required_keys(kind: type[ConfigSection]) -> tuple[str, ...]:
    """Keys without a default, in their order."""
    return tuple(item.name for item in msgspec.structs.fields(kind) if item.required)


def _is_list(expected: object) -> bool:
    return getattr(expected, "__origin__", None) is tuple


def _parse_list(text: str) -> object:
    """`a, b` or a JSON list. What looks like JSON and is not stays text, so that the type check refuses it."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()]


def _explain(name: str, given: Given, problem: str) -> str:
    """Says what was expected. The value itself is not repeated: it may be a secret in the wrong place."""
    place = re.search(r" - at `\$\[(\d+)\](?:\.(\w+))?`$", problem)
    if place:
        problem = (
            problem[: place.start()] + f" in item {int(place[1]) + 1}" + (f", key {place[2]!r}" if place[2] else "")
        )
    for technical, plain in _WORDS:
        problem = problem.replace(technical, plain)
    return f"{name}: {problem[:1].lower()}{problem[1:]} ({given.origin})."


def _explain_fix(kind: type[ConfigSection], key: str, value: object) -> str | None:
    if isinstance(value, dict) and not _is_list(field_types(kind)[key]):
        kinds = ", ".join(REFERENCE_KINDS)
        return f'A reference is a table with exactly one of {kinds}, for instance {{ env = "NAME" }}.'
    return None
