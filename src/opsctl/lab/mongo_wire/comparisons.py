"""The tests that a query makes on one value: equality, order, membership, type, pattern.

Each `build_*` function checks the operand once and gives back a predicate. Semantics as in the MongoDB manual, "Query
and Projection Operators": a range holds within one type only, null also means missing, regular expressions match
strings.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bson import Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import Binary
from bson.code import Code as JavaScript
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128

from opsctl.lab.mongo_wire.bson_order import (
    MAX_KEY_TYPE,
    MIN_KEY_TYPE,
    MISSING_TYPE,
    NAN_KEY,
    NULL_KEY,
    NULL_TYPE,
    SortKey,
    sort_key,
)
from opsctl.lab.mongo_wire.documents import MISSING, Missing
from opsctl.lab.mongo_wire.errors import Code, CommandError

Predicate = Callable[[Any], bool]

_TYPES: Final[dict[str, tuple[int, tuple[type, ...]]]] = {
    "double": (1, (float,)),
    "string": (2, (str,)),
    "object": (3, (dict,)),
    "array": (4, (list,)),
    "binData": (5, (bytes, Binary)),
    "objectId": (7, (ObjectId,)),
    "bool": (8, (bool,)),
    "date": (9, (datetime, DatetimeMS)),
    "null": (10, (type(None),)),
    "regex": (11, (Regex,)),
    "javascript": (13, (JavaScript,)),
    "int": (16, (int,)),
    "timestamp": (17, (Timestamp,)),
    "long": (18, (Int64,)),
    "decimal": (19, (Decimal128,)),
    "minKey": (-1, (MinKey,)),
    "maxKey": (127, (MaxKey,)),
}
_TYPES_BY_NUMBER: Final = dict(_TYPES.values())
_NUMBERS: Final = (int, Int64, float, Decimal128)


def type_name(value: Any) -> str:
    """The server's name of a value's type, as its error texts use it."""
    if isinstance(value, Missing):
        return "missing"
    return next((name for name, (_, types) in _TYPES.items() if type(value) in types), "unknown")


def is_number(value: Any) -> bool:
    """Whether a value is a number of any width; truth values are not."""
    return type(value) in _NUMBERS


def as_whole_number(value: Any) -> int | None:
    """The value as an int when it is a whole number of any width; None for everything else."""
    if type(value) in (int, Int64):
        return int(value)
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    if isinstance(number, float | Decimal) and math.isfinite(number) and number == int(number):
        return int(number)
    return None


def build_equality(operand: Any) -> Predicate:
    """Equal as BSON values are: all number types together, fields of a document in order; null equals missing."""
    if operand is None:
        return lambda value: value is None or value is MISSING
    wanted = sort_key(operand)
    if isinstance(operand, str):
        # The most frequent guard; no key is needed to tell.
        return lambda value: isinstance(value, str) and value == operand
    return lambda value: bool(sort_key(value) == wanted)


def build_membership(operands: Any) -> Predicate:
    """`$in`: equal to one of the values, or matched by one of the patterns."""
    if not isinstance(operands, list):
        raise CommandError(Code.BadValue, "$in needs an array")
    patterns = [build_pattern(operand) for operand in operands if isinstance(operand, Regex)]
    wanted = {sort_key(operand) for operand in operands}
    if NULL_KEY in wanted:
        wanted.add(sort_key(MISSING))
    return lambda value: sort_key(value) in wanted or any(matches(value) for matches in patterns)


def build_order(name: str, operand: Any) -> Predicate:
    """`$lt`, `$lte`, `$gt`, `$gte` within the operand's type."""
    compare, with_equal, downwards = _ORDERS[name]
    wanted = sort_key(operand)
    if wanted == NAN_KEY:
        return lambda value: with_equal and sort_key(value) == NAN_KEY

    def holds(value: Any) -> bool:
        key = sort_key(value)
        if key[0] == wanted[0]:
            return key != NAN_KEY and bool(compare(key, wanted))
        return _holds_across_types(key, wanted, with_equal=with_equal, downwards=downwards)

    return holds


_ORDERS: Final[dict[str, tuple[Callable[[SortKey, SortKey], bool], bool, bool]]] = {
    "$lt": (operator.lt, False, True),
    "$lte": (operator.le, True, True),
    "$gt": (operator.gt, False, False),
    "$gte": (operator.ge, True, False),
}


def _holds_across_types(key: SortKey, wanted: SortKey, *, with_equal: bool, downwards: bool) -> bool:
    """Every type is below MaxKey and above MinKey; missing is as good as null when equality is asked for."""
    if wanted[0] == NULL_TYPE and key[0] == MISSING_TYPE:
        return with_equal
    if downwards:
        return bool(wanted[0] == MAX_KEY_TYPE)
    return bool(wanted[0] == MIN_KEY_TYPE)


def build_pattern(operand: Any, options: str = "") -> Predicate:
    """A regular expression, searched for in strings;

    Python's dialect stands in for PCRE. The same expression as a value matches.
    """
    if isinstance(operand, Regex):
        text = operand.pattern if isinstance(operand.pattern, str) else operand.pattern.decode()
        flags = operand.flags
    elif isinstance(operand, str):
        text, flags = operand, 0
    else:
        raise CommandError(Code.BadValue, "$regex has to be a string")
    flags = _pattern_flags(options) if options else flags
    try:
        compiled = re.compile(text, flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE))
    except re.error as error:
        raise CommandError(Code.BadValue, f"Regular expression is invalid: {error}") from error
    as_value = sort_key(Regex(text, flags))
    return lambda value: (
        compiled.search(value) is not None
        if isinstance(value, str)
        else isinstance(value, Regex) and sort_key(value) == as_value
    )


def _pattern_flags(options: Any) -> int:
    letters = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": re.UNICODE}
    if not isinstance(options, str) or set(options) - set(letters):
        raise CommandError(Code.BadValue, f"invalid flag in regex options: {options}")
    flags = 0
    for letter in options:
        flags |= letters[letter]
    return flags


def build_type(operand: Any) -> Predicate:
    """`$type`: one of the named or numbered types."""
    wanted: set[type] = set()
    for item in operand if isinstance(operand, list) else [operand]:
        wanted.update(_types_named(item))
    return lambda value: type(value) in wanted


def _types_named(name: Any) -> tuple[type, ...]:
    if name == "number":
        return _NUMBERS
    if isinstance(name, str) and name in _TYPES:
        return _TYPES[name][1]
    if is_number(name) and not isinstance(name, Decimal128) and name in _TYPES_BY_NUMBER:
        return _TYPES_BY_NUMBER[int(name)]
    raise CommandError(Code.BadValue, f"Unknown type name alias: {name}")


def build_size(operand: Any) -> Predicate:
    """`$size`: an array of exactly so many elements."""
    size = as_whole_number(operand)
    if size is None or size < 0:
        raise CommandError(
            Code.FailedToParse, f"Failed to parse $size. Expected a non-negative whole number: {operand!r}"
        )
    return lambda value: isinstance(value, list) and len(value) == size


def build_modulo(operand: Any) -> Predicate:
    """`$mod: [divisor, remainder]`, on whole parts, with the sign of the value."""
    parts = [_whole_part(item) for item in operand] if isinstance(operand, list) else []
    if len(parts) != 2 or None in parts:
        raise CommandError(Code.BadValue, "malformed mod, needs to be an array of two numbers")
    divisor, remainder = parts
    if not divisor:
        raise CommandError(Code.BadValue, "divisor cannot be 0")

    def holds(value: Any) -> bool:
        whole = _whole_part(value)
        if whole is None:
            return False
        left = abs(whole) % abs(divisor)
        return (left if whole >= 0 else -left) == remainder

    return holds


def _whole_part(value: Any) -> int | None:
    number = value.to_decimal() if isinstance(value, Decimal128) else value
    return int(number) if is_number(value) and math.isfinite(number) else None
