"""The order of BSON values: numbers of all widths together, types after each other, documents field by field.

`sort_key` turns a value into a tuple that Python compares as MongoDB compares the value; equal keys are equal values.
The first member is the canonical type, so a range never crosses types. Order of the types, and of values within a
type, as in the MongoDB manual, "Comparison/Sort Order": binary by length, subtype, content; documents by type, name,
value of each field in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from bson import Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.code import Code
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128

from opsctl.lab.mongo_wire.documents import Missing

SortKey = tuple[Any, ...]

MIN_KEY_TYPE: Final = -1
MISSING_TYPE: Final = 0
NULL_TYPE: Final = 5
NUMBER_TYPE: Final = 10
OBJECT_TYPE: Final = 20
ARRAY_TYPE: Final = 25
REGEX_TYPE: Final = 50
MAX_KEY_TYPE: Final = 127

NULL_KEY: Final[SortKey] = (NULL_TYPE,)
MISSING_KEY: Final[SortKey] = (MISSING_TYPE,)
NAN_KEY: Final[SortKey] = (NUMBER_TYPE, 0)

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - decoded dates carry no zone, they are UTC
_MILLISECOND: Final = timedelta(milliseconds=1)
_REGEX_FLAGS: Final = ((2, "i"), (4, "l"), (8, "m"), (16, "s"), (32, "u"), (64, "x"))


def sort_key(value: Any) -> SortKey:
    """The key by which a value is ordered, compared for equality and looked up.

    Raises `TypeError` for what is no BSON value.
    """
    build = _BUILDERS.get(type(value))
    if build is None:
        raise TypeError(f"{type(value).__name__} is no BSON type")
    return build(value)


def type_bounds(canonical_type: int) -> tuple[SortKey, SortKey]:
    """Keys just below and just above all values of one canonical type."""
    return (canonical_type,), (canonical_type + 1,)


def _integer(value: int) -> SortKey:
    return (NUMBER_TYPE, 1, value)


def _double(value: float) -> SortKey:
    # NaN equals itself and comes before all other numbers.
    return NAN_KEY if math.isnan(value) else (NUMBER_TYPE, 1, value)


def _decimal(value: Decimal128) -> SortKey:
    number = value.to_decimal()
    return NAN_KEY if number.is_nan() else (NUMBER_TYPE, 1, number)


def _object(value: dict[str, Any]) -> SortKey:
    fields = []
    for name, item in value.items():
        key = sort_key(item)
        fields.append((key[0], name, key[1:]))
    return (OBJECT_TYPE, tuple(fields))


def _array(value: list[Any]) -> SortKey:
    return (ARRAY_TYPE, tuple(map(sort_key, value)))


def _bytes(value: bytes) -> SortKey:
    return (30, len(value), 0, bytes(value))


def _binary(value: Binary) -> SortKey:
    return (30, len(value), value.subtype, bytes(value))


def _date(value: datetime) -> SortKey:
    return (45, (value.replace(tzinfo=None) - _EPOCH) // _MILLISECOND)


def _regex(value: Regex[Any]) -> SortKey:
    pattern = value.pattern if isinstance(value.pattern, str) else value.pattern.decode()
    return (REGEX_TYPE, pattern, "".join(letter for bit, letter in _REGEX_FLAGS if value.flags & bit))


def _code(value: Code) -> SortKey:
    return (60, str(value)) if value.scope is None else (65, str(value), sort_key(dict(value.scope)))


_BUILDERS: Final[dict[type, Callable[[Any], SortKey]]] = {
    MinKey: lambda _: (MIN_KEY_TYPE,),
    Missing: lambda _: MISSING_KEY,
    type(None): lambda _: NULL_KEY,
    int: _integer,
    Int64: lambda value: _integer(int(value)),
    float: _double,
    Decimal128: _decimal,
    str: lambda value: (15, value),
    dict: _object,
    list: _array,
    bytes: _bytes,
    Binary: _binary,
    ObjectId: lambda value: (35, value.binary),
    bool: lambda value: (40, value),
    datetime: _date,
    DatetimeMS: lambda value: (45, int(value)),
    Timestamp: lambda value: (47, value.time, value.inc),
    Regex: _regex,
    Code: _code,
    MaxKey: lambda _: (MAX_KEY_TYPE,),
}
