"""Hypothesis strategies for BSON values, and a model of the order that MongoDB gives them.

The model compares two values at a time, by the rules of the manual's page "Comparison/Sort Order"; it shares nothing
with the keys of the server.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bson import Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from hypothesis import strategies as st

INT64 = st.integers(-(2**63), 2**63 - 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=6).filter(
    lambda name: not name.startswith("$")
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DATES = st.integers(-62135596800000, 253402300799999).map(lambda ms: DatetimeMS(ms).as_datetime().replace(tzinfo=None))
DECIMALS = st.builds(
    lambda digits, exponent: Decimal128(Decimal(digits).scaleb(exponent)),
    st.integers(-(10**15), 10**15),
    st.integers(-20, 20),
) | st.sampled_from([Decimal128("NaN"), Decimal128("Infinity"), Decimal128("-Infinity"), Decimal128("1.10")])

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    INT64.map(Int64),
    st.floats(),
    DECIMALS,
    TEXTS,
    st.binary(max_size=6),
    st.builds(Binary, st.binary(max_size=6), st.sampled_from([1, 5, 128, 255])),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    DATES,
    st.builds(Timestamp, st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(Regex, NAMES, st.sampled_from([0, re.IGNORECASE, re.MULTILINE | re.DOTALL])),
    st.sampled_from([MinKey(), MaxKey()]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
)
IDS = SCALARS.filter(lambda value: not isinstance(value, Regex)) | st.dictionaries(
    NAMES, SCALARS, min_size=1, max_size=2
)

_ORDER = (MinKey, type(None), "number", str, dict, list, "binary", ObjectId, bool, datetime, Timestamp, Regex, MaxKey)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1, as MongoDB orders two values."""
    if bracket(left) != bracket(right):
        return _sign(bracket(left), bracket(right))
    if is_number(left):
        return _compare_numbers(left, right)
    rules: tuple[tuple[type, Callable[[Any, Any], int]], ...] = (
        (dict, _compare_fields),
        (list, _compare_items),
        (bytes, _compare_binary),
        (Regex, _compare_patterns),
    )
    rule = next((rule for kind, rule in rules if isinstance(left, kind)), _compare_plain)
    return rule(left, right)


def _compare_plain(left: Any, right: Any) -> int:
    if left is None or isinstance(left, MinKey | MaxKey):
        return 0
    return _sign(left.encode(), right.encode()) if isinstance(left, str) else _sign(left, right)


def _compare_items(left: list[Any], right: list[Any]) -> int:
    pairs = zip(left, right, strict=False)
    return next((result for pair in pairs if (result := compare(*pair))), _sign(len(left), len(right)))


def _compare_binary(left: bytes, right: bytes) -> int:
    return (
        _sign(len(left), len(right))
        or _sign(getattr(left, "subtype", 0), getattr(right, "subtype", 0))
        or _sign(bytes(left), bytes(right))
    )


def _compare_patterns(left: Regex[str], right: Regex[str]) -> int:
    return _sign(left.pattern, right.pattern) or _sign(_letters(left.flags), _letters(right.flags))


def bracket(value: Any) -> int:
    """The place of a value's type among the types."""
    if is_number(value):
        return _ORDER.index("number")
    if isinstance(value, bytes):
        return _ORDER.index("binary")
    if isinstance(value, bool):
        return _ORDER.index(bool)
    return next(place for place, kind in enumerate(_ORDER) if isinstance(kind, type) and isinstance(value, kind))


def is_number(value: Any) -> bool:
    """Whether a value belongs to the numbers; truth values do not."""
    return isinstance(value, int | float | Decimal128) and not isinstance(value, bool)


def is_nan(value: Any) -> bool:
    """Whether a value is the number that is none."""
    if isinstance(value, Decimal128):
        return value.to_decimal().is_nan()
    return isinstance(value, float) and math.isnan(value)


def _compare_numbers(left: Any, right: Any) -> int:
    if is_nan(left) or is_nan(right):
        return _sign(not is_nan(left), not is_nan(right))
    return _sign(_exact(left), _exact(right))


def _exact(value: Any) -> Decimal:
    return value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)


def _compare_fields(left: dict[str, Any], right: dict[str, Any]) -> int:
    for (left_name, left_value), (right_name, right_value) in zip(left.items(), right.items(), strict=False):
        result = (
            _sign(bracket(left_value), bracket(right_value))
            or _sign(left_name.encode(), right_name.encode())
            or compare(left_value, right_value)
        )
        if result:
            return result
    return _sign(len(left), len(right))


def _letters(flags: int) -> str:
    return "".join(
        letter for flag, letter in ((2, "i"), (4, "l"), (8, "m"), (16, "s"), (32, "u"), (64, "x")) if flags & flag
    )


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)
