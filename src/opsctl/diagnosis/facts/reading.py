"""Reads Google's JSON tolerantly: a field of another type than expected counts as not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsctl.diagnosis.facts.model import Pointer

# int64 has 19 digits; Python refuses to read thousands of them.
_INTEGER = re.compile(r"-?[0-9]{1,20}$")
EMPTY: Mapping[str, Any] = {}


def as_object(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else EMPTY


def as_list(value: object) -> list[Any]:
    """A JSON array; an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""


def as_count(value: object) -> int | None:
    """An integer, also one that is written as a string (int64 in Google's JSON)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _INTEGER.match(value):
        return int(value)
    return None


def as_texts(value: object) -> tuple[str, ...]:
    """The strings of a JSON array."""
    return tuple(item for item in as_list(value) if isinstance(item, str))


def objects(value: object, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON array, each with its pointer."""
    for index, item in enumerate(as_list(value)):
        if isinstance(item, dict):
            yield f"{pointer}/{index}", item


def point(section: str, pointer: str, excerpt: str = "") -> Pointer:
    """A pointer whose excerpt is one short line."""
    line = " ".join(excerpt.split())
    return Pointer(section, pointer, line if len(line) <= 300 else line[:297] + "...")


def parse_size(text: object) -> int | None:
    """Bytes of a Kubernetes quantity: `512Mi`, `1Gi`, `1G`, `1073741824`; None for anything else."""
    if not isinstance(text, str):
        return None
    units = {
        "Ki": 1 << 10,
        "Mi": 1 << 20,
        "Gi": 1 << 30,
        "Ti": 1 << 40,
        "k": 10**3,
        "M": 10**6,
        "G": 10**9,
        "T": 10**12,
    }
    number, factor = text.strip(), 1
    for unit, size in units.items():
        if number.endswith(unit):
            number, factor = number[: -len(unit)], size
            break
    try:
        return int(float(number) * factor)
    except (ValueError, OverflowError):
        return None
