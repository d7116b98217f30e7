"""The update operators: each turns the value at a path into a new one.

A `Change` is given the old value (or `MISSING`) and answers with the new one (`MISSING` takes the field away).
Nothing is changed in place, so an update that fails half-way leaves no trace.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bson import Int64, Timestamp
from bson.decimal128 import Decimal128, create_decimal128_context

from opsctl.lab.mongo_wire.bson_order import SortKey, sort_key
from opsctl.lab.mongo_wire.comparisons import as_whole_number, build_equality, build_pattern, is_number, type_name
from opsctl.lab.mongo_wire.documents import MISSING, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.filters import build_element_matcher, is_operators
from opsctl.lab.mongo_wire.paths import smallest_key, split_path

Change = Callable[[Any], Any]

_INT32: Final = range(-(2**31), 2**31)
_INT64: Final = range(-(2**63), 2**63)
_DECIMAL_CONTEXT: Final = create_decimal128_context()


@dataclass(frozen=True, slots=True)
class Operator:
    """How one `$` operator is read. `creates`: whether it makes the fields on the way when they are missing."""

    build: Callable[[str, Any, datetime], Change]
    creates: bool = True


def _build_set(_path: str, operand: Any, _now: datetime) -> Change:
    return lambda _: operand


def _build_unset(_path: str, _operand: Any, _now: datetime) -> Change:
    return lambda _: MISSING


def _build_increment(path: str, operand: Any, _now: datetime) -> Change:
    _require_number("increment", path, operand)
    return lambda old: operand if old is MISSING else _calculate("$inc", path, old, operand)


def _build_multiply(path: str, operand: Any, _now: datetime) -> Change:
    _require_number("multiply", path, operand)
    return lambda old: _calculate("$mul", path, 0 if old is MISSING else old, operand)


def _build_smaller(_path: str, operand: Any, _now: datetime) -> Change:
    return lambda old: operand if old is MISSING or sort_key(operand) < sort_key(old) else old


def _build_larger(_path: str, operand: Any, _now: datetime) -> Change:
    return lambda old: operand if old is MISSING or sort_key(operand) > sort_key(old) else old


def _build_current_date(path: str, operand: Any, now: datetime) -> Change:
    kind = operand.get("$type") if isinstance(operand, dict) else "date" if isinstance(operand, bool) else None
    if kind == "date":
        return lambda _: now
    if kind == "timestamp":
        return lambda _: Timestamp(now, 1)
    raise CommandError(Code.BadValue, f"{path}: $currentDate needs a bool or {{$type: 'date' | 'timestamp'}}")


def _build_push(path: str, operand: Any, _now: datetime) -> Change:
    modifiers = operand if isinstance(operand, dict) and "$each" in operand else {"$each": [operand]}
    unknown = set(modifiers) - {"$each", "$slice", "$sort", "$position"}
    if unknown:
        raise CommandError(Code.BadValue, f"Unrecognized clause in $push: {min(unknown)}")
    items = _require_array("$push", "$each", modifiers["$each"])
    position, keep = _whole(modifiers, "$position"), _whole(modifiers, "$slice")
    sort = _element_order(modifiers["$sort"]) if "$sort" in modifiers else None

    def push(old: Any) -> list[Any]:
        array = [] if old is MISSING else _array_at(path, old)
        at = len(array) if position is None else position
        result = [*array[:at], *items, *array[at:]]
        if sort is not None:
            result = sort(result)
        return result if keep is None else result[keep:] if keep < 0 else result[:keep]

    return push


def _build_add_to_set(path: str, operand: Any, _now: datetime) -> Change:
    several = isinstance(operand, dict) and "$each" in operand
    items = _require_array("$addToSet", "$each", operand["$each"]) if several else [operand]

    def add(old: Any) -> list[Any]:
        array = [] if old is MISSING else _array_at(path, old)
        result, seen = list(array), {sort_key(item) for item in array}
        for item in items:
            key = sort_key(item)
            if key not in seen:
                seen.add(key)
                result.append(item)
        return result

    return add


def _build_pull(path: str, operand: Any, _now: datetime) -> Change:
    if is_operators(operand) or (isinstance(operand, dict) and operand):
        unwanted = build_element_matcher(operand)
    elif type_name(operand) == "regex":
        unwanted = build_pattern(operand)
    else:
        unwanted = build_equality(operand)
    return lambda old: old if old is MISSING else [item for item in _array_at(path, old) if not unwanted(item)]


def _build_pull_all(path: str, operand: Any, _now: datetime) -> Change:
    unwanted = {sort_key(item) for item in _require_array("$pullAll", path, operand)}
    return lambda old: (
        old if old is MISSING else [item for item in _array_at(path, old) if sort_key(item) not in unwanted]
    )


def _build_pop(path: str, operand: Any, _now: datetime) -> Change:
    if not is_number(operand) or operand not in (1, -1):
        raise CommandError(Code.FailedToParse, f"$pop expects 1 or -1, found: {operand!r}")
    return lambda old: (
        old if old is MISSING else _array_at(path, old)[:-1] if operand == 1 else _array_at(path, old)[1:]
    )


OPERATORS: Final[dict[str, Operator]] = {
    "$set": Operator(_build_set),
    "$setOnInsert": Operator(_build_set),
    "$unset": Operator(_build_unset, creates=False),
    "$inc": Operator(_build_increment),
    "$mul": Operator(_build_multiply),
    "$min": Operator(_build_smaller),
    "$max": Operator(_build_larger),
    "$currentDate": Operator(_build_current_date),
    "$push": Operator(_build_push),
    "$addToSet": Operator(_build_add_to_set),
    "$pull": Operator(_build_pull, creates=False),
    "$pullAll": Operator(_build_pull_all, creates=False),
    "$pop": Operator(_build_pop, creates=False),
}


def _require_number(verb: str, path: str, operand: Any) -> None:
    if not is_number(operand):
        raise CommandError(Code.TypeMismatch, f"Cannot {verb} with non-numeric argument: {{{path}: {operand!r}}}")


def _require_array(operator: str, name: str, operand: Any) -> list[Any]:
    if not isinstance(operand, list):
        raise CommandError(
            Code.BadValue,
            f"The argument to {name} in {operator} must be an array but it was of type {type_name(operand)}",
        )
    return operand


def _array_at(path: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CommandError(Code.BadValue, f"The field '{path}' must be an array but is of type {type_name(value)}")
    return value


def _whole(modifiers: Document, name: str) -> int | None:
    if name not in modifiers:
        return None
    value = modifiers[name]
    number = as_whole_number(value)
    if number is None:
        raise CommandError(
            Code.BadValue, f"The value for {name} must be an integer value but was given type: {type_name(value)}"
        )
    return number


def _element_order(spec: Any) -> Callable[[list[Any]], list[Any]]:
    if is_number(spec) and spec in (1, -1):
        return lambda items: sorted(items, key=sort_key, reverse=spec == -1)
    if (
        not isinstance(spec, dict)
        or not spec
        or any(not is_number(item) or item not in (1, -1) for item in spec.values())
    ):
        raise CommandError(Code.BadValue, "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1}")

    def sort(items: list[Any]) -> list[Any]:
        for path, direction in reversed(spec.items()):
            items = sorted(items, key=functools.partial(_key_at, path=split_path(path)), reverse=direction == -1)
        return items

    return sort


def _key_at(item: Any, *, path: tuple[str, ...]) -> SortKey:
    return smallest_key(item, path)


def _calculate(operator: str, path: str, old: Any, operand: Any) -> Any:
    """Add or multiply in the wider of the two types; int32 grows into int64, int64 does not overflow silently."""
    if not is_number(old):
        raise CommandError(
            Code.TypeMismatch,
            f"Cannot apply {operator} to a value of non-numeric type. "
            f"The field '{path}' has non-numeric type {type_name(old)}",
        )
    adds = operator == "$inc"
    if isinstance(old, Decimal128) or isinstance(operand, Decimal128):
        left, right = _as_decimal(old), _as_decimal(operand)
        total = _DECIMAL_CONTEXT.add(left, right) if adds else _DECIMAL_CONTEXT.multiply(left, right)
        return Decimal128(total)
    result = old + operand if adds else old * operand
    if isinstance(result, float):
        return result
    if result not in _INT64:
        raise CommandError(
            Code.BadValue, f"Failed to apply {operator} operations to current value (int64 overflow) at {path}"
        )
    wide = isinstance(old, Int64) or isinstance(operand, Int64) or result not in _INT32
    return Int64(result) if wide else int(result)


def _as_decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal128):
        return value.to_decimal()
    # A double enters with 15 digits, as the server converts it.
    return Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(int(value))
