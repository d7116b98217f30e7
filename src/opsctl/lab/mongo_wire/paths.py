"""Dotted paths: which values of a document `a.b.0` means to a query and to a sort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from opsctl.lab.mongo_wire.bson_order import MISSING_KEY, NULL_KEY, SortKey, sort_key
from opsctl.lab.mongo_wire.documents import MISSING


def split_path(path: str) -> tuple[str, ...]:
    """The names of a dotted path."""
    return tuple(path.split("."))


def values_at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """Every value that a query on `path` looks at, `MISSING` where there is none.

    An array on the way stands for each document in it, and, when the next name is a number, for its element at that
    place. An array that holds no document yields nothing at all: it neither equals null nor has the field.
    """
    if not path:
        yield value
    elif isinstance(value, dict):
        # The most frequent case first: no array, one step at a time without a generator for each.
        name = path[0]
        if name in value:
            yield from values_at(value[name], path[1:])
        else:
            yield MISSING
    elif isinstance(value, list):
        yield from _values_in_array(value, path)
    else:
        yield MISSING


def expand_array(value: Any) -> Iterator[Any]:
    """The value itself and, of an array, each element: what a comparison with a single value looks at."""
    if isinstance(value, list):
        yield from value
    yield value


def smallest_key(document: Any, path: Sequence[str]) -> SortKey:
    """The key by which a document is sorted upwards: its smallest value at the path; null when it has none."""
    return min(_sort_keys(document, path), default=NULL_KEY)


def largest_key(document: Any, path: Sequence[str]) -> SortKey:
    """The key by which a document is sorted downwards: its largest value at the path; null when it has none."""
    return max(_sort_keys(document, path), default=NULL_KEY)


def _values_in_array(items: list[Any], path: Sequence[str]) -> Iterator[Any]:
    position = int(path[0]) if is_position(path[0]) else -1
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from values_at(item, path)
        if index == position:
            yield from values_at(item, path[1:])


def is_position(name: str) -> bool:
    """Whether a name can be the number of an array element."""
    return name.isascii() and name.isdigit() and (name == "0" or name[0] != "0")


def _sort_keys(document: Any, path: Sequence[str]) -> Iterator[SortKey]:
    for value in values_at(document, path):
        if value is MISSING:
            yield NULL_KEY
        elif isinstance(value, list):
            # An empty array sorts before null, as a value that is undefined.
            yield from map(sort_key, value) if value else (MISSING_KEY,)
        else:
            yield sort_key(value)
