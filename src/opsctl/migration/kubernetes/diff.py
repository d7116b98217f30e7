"""What applying a document would change: wanted against live, field by field.

Only what the document says is compared: what the server added by itself is no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from opsctl.migration.kubernetes.manifest.models import Path

# Lists that the API merges by a key of their items: the order of the items means nothing.
_MERGE_KEYS = ("name", "mountPath", "containerPort", "key")
_ABSENT = object()
_UNITS = {"m": "0.001", "": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15", "E": "1e18"}
_UNITS |= {f"{unit}i": str(1024 ** (power + 1)) for power, unit in enumerate("KMGTPE")}


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would change. `before` is None for one that is not there."""

    path: Path
    before: Any
    after: Any


def compare(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every field of `wanted` that `live` has otherwise, in the order of the document."""
    return tuple(_compare(wanted, live, ()))


def _compare(wanted: Any, live: Any, path: Path) -> Iterator[Change]:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key, value in wanted.items():
            yield from _compare(value, live.get(key, _ABSENT), (*path, key))
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str) and isinstance(live, list):
        yield from _compare_lists(list(wanted), live, path)
    elif not _is_same(wanted, live, path):
        yield Change(path, None if live is _ABSENT else live, wanted)


def _compare_lists(wanted: list[Any], live: list[Any], path: Path) -> Iterator[Change]:
    key = _merge_key(wanted)
    if key is None:
        if len(wanted) != len(live):
            yield from _compare_lengths(wanted, live, path)
            return
        for position, (one, other) in enumerate(zip(wanted, live, strict=True)):
            yield from _compare(one, other, (*path, position))
        return
    there = {item[key]: item for item in live if isinstance(item, Mapping) and _is_name(item.get(key))}
    for position, item in enumerate(wanted):
        yield from _compare(item, there.get(item[key], _ABSENT), (*path, position))
    extra = [item for name, item in there.items() if name not in {item[key] for item in wanted}]
    for item in extra:
        yield Change((*path, str(item.get(key))), item, None)


def _compare_lengths(wanted: list[Any], live: list[Any], path: Path) -> Iterator[Change]:
    """Rules are told one by one: those that are new, and those that would go. Words are told as a whole."""
    changes: list[Change] = []
    if all(isinstance(item, Mapping) for item in (*wanted, *live)):
        for position, item in enumerate(wanted):
            if not any(_equals(item, other, path) for other in live):
                changes.append(Change((*path, position), None, item))
        for position, other in enumerate(live):
            if not any(_equals(item, other, path) for item in wanted):
                changes.append(Change((*path, position), other, None))
    yield from changes or [Change(path, live, wanted)]


def _equals(one: Any, other: Any, path: Path) -> bool:
    return next(_compare(one, other, path), None) is None


def _merge_key(items: list[Any]) -> str | None:
    """The first key that all items have, each with another value."""
    for key in _MERGE_KEYS:
        values = {item.get(key) for item in items if isinstance(item, Mapping) and _is_name(item.get(key))}
        if items and len(values) == len(items):
            return key
    return None


def _is_name(value: object) -> bool:
    return isinstance(value, str) or type(value) is int


def _is_same(wanted: Any, live: Any, path: Path) -> bool:
    if live is _ABSENT:
        # The server leaves out what is empty, false or null.
        return wanted in (None, False, "", {}, [])
    if "resources" in path or path[-1:] == ("sizeLimit",):
        return _quantity(wanted) == _quantity(live)
    return type(wanted) is type(live) and bool(wanted == live)


def _quantity(value: object) -> object:
    """A number whatever its unit: the server writes `1000m` as `1`."""
    found = re.fullmatch(r"([0-9.]+)([a-zA-Z]*)", str(value))
    if not found or found[2] not in _UNITS or found[1].count(".") > 1 or found[1] == ".":
        return value
    return Decimal(found[1]) * Decimal(_UNITS[found[2]])
