"""What a filter says about `_id`, so that a lookup or a range need not look at every document.

The answer may be too wide, never too narrow: the whole filter is tested on what is found.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final

from bson import MaxKey, MinKey, Regex

from opsctl.lab.mongo_wire.bson_order import NULL_TYPE, SortKey, sort_key, type_bounds
from opsctl.lab.mongo_wire.documents import Document
from opsctl.lab.mongo_wire.filters import is_operators


def named_ids(query: Document) -> list[SortKey] | None:
    """The keys of the only documents that can match, in order; None when the filter names none."""
    for operand in _id_operands(query):
        if not is_operators(operand):
            if not isinstance(operand, Regex):
                return [sort_key(operand)]
        elif "$eq" in operand:
            return [sort_key(operand["$eq"])]
        elif _lists_values(operand.get("$in")):
            return sorted({sort_key(item) for item in operand["$in"]})
    return None


def id_positions(query: Document, ids: list[SortKey]) -> range | None:
    """The positions in the sorted keys `ids` between which all matches lie;

    None when the filter has no range on `_id`.
    """
    start, stop, bounded = 0, len(ids), False
    for operand in _id_operands(query):
        if not is_operators(operand):
            continue
        for name, value in operand.items():
            if name in _POSITIONS and _is_bracketed(value):
                key = sort_key(value)
                lowest, highest = type_bounds(key[0])
                first, last = _POSITIONS[name](ids, key)
                start = max(start, bisect_left(ids, lowest), first)
                stop = min(stop, bisect_left(ids, highest), last)
                bounded = True
    return range(start, max(start, stop)) if bounded else None


_POSITIONS: Final[dict[str, Callable[[list[SortKey], SortKey], tuple[int, int]]]] = {
    "$gt": lambda ids, key: (bisect_right(ids, key), len(ids)),
    "$gte": lambda ids, key: (bisect_left(ids, key), len(ids)),
    "$lt": lambda ids, key: (0, bisect_left(ids, key)),
    "$lte": lambda ids, key: (0, bisect_right(ids, key)),
}


def _id_operands(query: Document) -> Iterator[Any]:
    for name, operand in query.items():
        if name == "_id":
            yield operand
        elif name == "$and":
            for branch in operand:
                yield from _id_operands(branch)


def _lists_values(operand: Any) -> bool:
    return isinstance(operand, list) and not any(isinstance(item, Regex) for item in operand)


def _is_bracketed(value: Any) -> bool:
    """Whether a comparison with this value stays within its type; null, MinKey and MaxKey reach further."""
    return not isinstance(value, MinKey | MaxKey) and sort_key(value)[0] != NULL_TYPE
