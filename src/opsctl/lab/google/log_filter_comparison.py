"""Single comparisons of a filter: a field of an entry against a value.

Texts are compared without regard to case, patterns with it. A field of LogEntry that an entry lacks counts as its
default; a label or a part of a payload that it lacks makes every comparison false, `!=` too.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from opsctl.diagnosis.timestamps import parse_seconds, parse_time
from opsctl.lab.google.log_filter_fields import SEVERITIES, Type, resolve
from opsctl.lab.google.log_filter_parser import Comparison
from opsctl.lab.google.log_filter_tokens import FilterError

Json = Mapping[str, Any]
Predicate = Callable[[Json], bool]
Test = Callable[[Any], bool]

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PATTERNS = ("=~", "!~")
_MISSING = object()
_LONGEST_PATTERN = 1000
# RE2 has none of these; nested repetition it has, but Python would need exponential time for it.
_NOT_RE2 = re.compile(r"\(\?[=!<>](?!\w+>)|\(\?\(|\\[1-9]|\(\?P=|(?<!\\)[*+?}]\+")
_END_OF_TEXT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
_NESTED_REPETITION = re.compile(r"\((?:[^()\\]|\\.)*[*+](?:[^()\\]|\\.)*\)[*+{]")


def compile_comparison(comparison: Comparison) -> Predicate:
    """What tells of an entry whether the comparison holds. Raises `FilterError` for one that cannot be made."""
    found = resolve(comparison.path)
    if found is None:
        raise FilterError(f"Unparseable filter: field not found: '{'.'.join(comparison.path)}'")
    path, kind = found
    if comparison.operator == ":" and comparison.value.text == "*" and not comparison.value.is_quoted:
        return lambda entry: any(value not in (_MISSING, "", None) for value in _values(entry, path))
    test = _test(comparison, kind)
    is_required = kind in {Type.LABEL, Type.LABELS, Type.PAYLOAD, Type.MESSAGE}

    def holds(entry: Json) -> bool:
        value: Any = entry
        for part in path:
            if type(value) is not dict:
                break
            value = value.get(part, _MISSING)
        else:
            if type(value) is not list:
                return not is_required and test(None) if value is _MISSING else test(value)
        values = _values(entry, path)
        return any(not is_required and test(None) if one is _MISSING else test(one) for one in values)

    return holds


def contains(value: object, wanted: str) -> bool:
    """Whether a text, a number or anything inside holds `wanted`, which is case-folded."""
    if isinstance(value, str):
        return wanted in value.casefold()
    if isinstance(value, Mapping):
        return any(contains(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return any(contains(inner, wanted) for inner in value)
    return value is not None and wanted in _in_words(value)


def _test(comparison: Comparison, kind: Type) -> Test:
    sign, text = comparison.operator, comparison.value.text
    if sign in _PATTERNS and not comparison.value.is_quoted:
        raise FilterError(f"Unparseable filter: regular expressions must begin and end with '\"': {text}")
    if kind in {Type.TEXT, Type.LABEL}:
        return _text_test(sign, text)
    if kind is Type.PAYLOAD:
        return _payload_test(comparison)
    if kind in {Type.LABELS, Type.MESSAGE}:
        if sign != ":":
            raise _misfit(comparison)
        wanted = text.casefold()
        return lambda value: contains(value, wanted) or (isinstance(value, Mapping) and text in value)
    return _typed_test(comparison, kind)


def _text_test(sign: str, text: str) -> Test:
    if sign in _PATTERNS:
        search = compile_pattern(text).search
        return (
            (lambda value: search(value or "") is None) if sign == "!~" else (lambda value: bool(search(value or "")))
        )
    wanted = text.casefold()
    if sign == ":":
        return lambda value: wanted in (value or "").casefold()
    compare = _ORDERS[sign]
    if sign == "=":
        # Most texts are written as the filter has them.
        return lambda value: value == text or (value or "").casefold() == wanted
    return lambda value: compare((value or "").casefold(), wanted)


def _typed_test(comparison: Comparison, kind: Type) -> Test:
    """Numbers, times and the like: both sides are read, and compared by their order. `:` is equality there."""
    read: Callable[[Any], Any] = {
        Type.NUMBER: _number,
        Type.BOOLEAN: _boolean,
        Type.TIME: _moment,
        Type.DURATION: parse_seconds,
        Type.SEVERITY: _severity,
    }[kind]
    wanted = read(comparison.value.text)
    if wanted is None or comparison.operator in _PATTERNS:
        raise _misfit(comparison)
    compare = _ORDERS["=" if comparison.operator == ":" else comparison.operator]
    default = None if kind is Type.TIME else (0 if kind is not Type.BOOLEAN else False)

    def test(value: Any) -> bool:
        held = default if value is None else read(value)
        return held is not None and compare(held, wanted)

    return test


def _payload_test(comparison: Comparison) -> Test:
    """Payloads have no types of their own: the value decides how it is compared."""
    sign, literal = comparison.operator, comparison.value
    on_text = _text_test(sign, literal.text)
    wanted = literal.text.casefold()
    number = _number(literal.text)
    is_null = literal.text == "NULL_VALUE" and not literal.is_quoted

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return not is_null and on_text(value)
        if isinstance(value, Mapping):
            return sign == ":" and contains(value, wanted)
        if sign in _PATTERNS:
            return False
        if value is None or is_null:
            return sign in {"=", "!="} and ((value is None) == is_null) == (sign == "=")
        if isinstance(value, bool):
            return _ORDERS["=" if sign == ":" else sign](_in_words(value), wanted)
        return number is not None and _ORDERS["=" if sign == ":" else sign](value, number)

    return test


def compile_pattern(text: str) -> re.Pattern[str]:
    """A pattern of RE2. Raises `FilterError` for what RE2 refuses, and for what would take Python too long."""
    if len(text) > _LONGEST_PATTERN or _NOT_RE2.search(text) or _NESTED_REPETITION.search(text):
        raise FilterError(f"Unparseable filter: invalid regular expression: {text[:100]}")
    try:
        return re.compile(_END_OF_TEXT.sub(_translate_end, text), 0 if "(?i" in text else re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError(f"Unparseable filter: invalid regular expression: {text[:100]}") from error


def _translate_end(match: re.Match[str]) -> str:
    """RE2's `$` and `\\z` are the end of the text; Python's `$` also holds before a last line feed."""
    found = match.group()
    is_multiline = "(?m" in match.string
    return r"\Z" if found == r"\z" or (found == "$" and not is_multiline) else found


def _values(entry: Json, path: tuple[str, ...]) -> list[Any]:
    """What stands at a path: one value, or each of a list on the way. `_MISSING` when nothing does."""
    values: list[Any] = [entry]
    for part in path:
        following: list[Any] = []
        for value in values:
            inner = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
            if isinstance(inner, list):
                following.extend(inner)
            else:
                following.append(inner)
        values = following
    return values


def _misfit(comparison: Comparison) -> FilterError:
    path = ".".join(comparison.path)
    return FilterError(
        f"Unparseable filter: invalid comparison of '{path}': {comparison.operator} {comparison.value.text[:100]}"
    )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _boolean(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(_in_words(value))


def _severity(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() and text.isascii() else SEVERITIES.get(text.upper())


def _moment(value: Any) -> int | None:
    return parse_time(f"{value}T00:00:00Z" if isinstance(value, str) and len(value) == len("2026-01-12") else value)


def _in_words(value: object) -> str:
    return str(value).casefold()
