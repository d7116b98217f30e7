"""The query language: a filter document becomes one function that says whether a document matches.

Read the filter once, test many documents. What is not known is refused by name: a query that silently ignores a
clause would report too much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from bson import Regex
from mongomock.filtering import filter_applies

from opsctl.lab.mongo_wire.comparisons import (
    Predicate,
    build_equality,
    build_membership,
    build_modulo,
    build_order,
    build_pattern,
    build_size,
    build_type,
)
from opsctl.lab.mongo_wire.documents import MISSING, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.paths import expand_array, split_path, values_at

Matcher = Callable[[Document], bool]
# Does the clause hold for the candidates at a path? The second argument: are arrays among them opened, so that an
# element will do?
_Clause = Callable[[list[Any], bool], bool]


def build_matcher(query: Any) -> Matcher:
    """Read a filter document.

    Raises `CommandError` (BadValue, FailedToParse) for a clause that is wrong, CommandNotSupported for one that is
    not built.
    """
    if not isinstance(query, dict):
        raise CommandError(Code.TypeMismatch, "the match filter must be an expression in an object")
    matchers = [_read_field(name, operand) for name, operand in query.items() if name != "$comment"]
    if not matchers:
        return lambda _: True
    if len(matchers) == 1:
        return matchers[0]
    return lambda document: all(matches(document) for matches in matchers)


def is_operators(operand: Any) -> bool:
    """Whether an operand is a document of operators (`{$gt: 1}`) and not a value to be equal to."""
    return isinstance(operand, dict) and bool(operand) and next(iter(operand)).startswith("$") and "$ref" not in operand


def _read_field(name: str, operand: Any) -> Matcher:
    if name in _LOGIC:
        return _LOGIC[name](_branches(name, operand))
    if name == "$expr":
        return lambda document: _evaluate(operand, document)
    if name.startswith("$"):
        raise CommandError(Code.BadValue, f"unknown top level operator: {name}")
    path = split_path(name)
    clause = _read_operand(operand)
    if len(path) == 1:
        return lambda document: clause([document.get(name, MISSING)], True)
    return lambda document: clause(list(values_at(document, path)), True)


def _evaluate(expression: Any, document: Document) -> bool:
    evaluate: Callable[[Document, Document], bool] = filter_applies
    try:
        return bool(evaluate({"$expr": expression}, document))
    except NotImplementedError as error:
        raise CommandError(Code.CommandNotSupported, str(error)) from error
    except Exception as error:  # mongomock says with any exception at all that an expression is wrong
        raise CommandError(Code.FailedToParse, f"$expr cannot be evaluated: {error}") from error


def _branches(name: str, operand: Any) -> list[Matcher]:
    if not isinstance(operand, list) or not operand:
        raise CommandError(Code.BadValue, f"{name} must be a nonempty array")
    return [build_matcher(branch) for branch in operand]


_LOGIC: Final[dict[str, Callable[[list[Matcher]], Matcher]]] = {
    "$and": lambda branches: lambda document: all(matches(document) for matches in branches),
    "$or": lambda branches: lambda document: any(matches(document) for matches in branches),
    "$nor": lambda branches: lambda document: not any(matches(document) for matches in branches),
}


def _read_operand(operand: Any) -> _Clause:
    if isinstance(operand, Regex):
        return _on_elements(build_pattern(operand))
    if not is_operators(operand):
        return _on_elements(build_equality(operand))
    clauses = [_read_operator(name, argument, operand) for name, argument in operand.items() if name != "$options"]
    return lambda candidates, opens: all(holds(candidates, opens) for holds in clauses)


def _read_operator(name: str, argument: Any, siblings: Document) -> _Clause:
    if name == "$regex":
        return _on_elements(build_pattern(argument, siblings.get("$options", "")))
    if name in ("$lt", "$lte", "$gt", "$gte"):
        return _on_elements(build_order(name, argument))
    build = _OPERATORS.get(name)
    if build is None:
        raise CommandError(Code.BadValue, f"unknown operator: {name}")
    return build(argument)


def _on_elements(holds: Predicate) -> _Clause:
    """The clause holds when one candidate, or one element of a candidate that is an array, satisfies it."""
    return lambda candidates, opens: any(
        holds(value) for candidate in candidates for value in (expand_array(candidate) if opens else (candidate,))
    )


def _on_whole(holds: Predicate) -> _Clause:
    return lambda candidates, _: any(holds(candidate) for candidate in candidates)


def _negate(clause: _Clause) -> _Clause:
    return lambda candidates, opens: not clause(candidates, opens)


def _read_exists(argument: Any) -> _Clause:
    present = _on_whole(lambda value: value is not MISSING)
    # Numbers and null are taken for truth values.
    return present if argument not in (False, None, 0) else _negate(present)


def _read_not(argument: Any) -> _Clause:
    if not isinstance(argument, Regex) and not is_operators(argument):
        raise CommandError(Code.BadValue, "$not needs a regex or a document")
    return _negate(_read_operand(argument))


def _read_not_in(argument: Any) -> _Clause:
    if not isinstance(argument, list):
        raise CommandError(Code.BadValue, "$nin needs an array")
    return _negate(_on_elements(build_membership(argument)))


def _read_all(argument: Any) -> _Clause:
    if not isinstance(argument, list):
        raise CommandError(Code.BadValue, "$all needs an array")
    clauses = [_read_operand(item) for item in argument]
    return lambda candidates, opens: bool(clauses) and all(holds(candidates, opens) for holds in clauses)


def _read_element_match(argument: Any) -> _Clause:
    holds = build_element_matcher(argument)
    return _on_whole(lambda value: isinstance(value, list) and any(holds(item) for item in value))


def build_element_matcher(argument: Any) -> Predicate:
    """What `$elemMatch` asks of one element: operators on its value, or a filter on its fields."""
    if not isinstance(argument, dict):
        raise CommandError(Code.BadValue, "$elemMatch needs an Object")
    if is_operators(argument) and next(iter(argument)) not in _LOGIC:
        clause = _read_operand(argument)
        return lambda item: clause([item], False)
    matches = build_matcher(argument)
    return lambda item: isinstance(item, dict) and matches(item)


_OPERATORS: Final[dict[str, Callable[[Any], _Clause]]] = {
    "$eq": lambda argument: _on_elements(build_equality(argument)),
    "$ne": lambda argument: _negate(_on_elements(build_equality(argument))),
    "$in": lambda argument: _on_elements(build_membership(argument)),
    "$nin": _read_not_in,
    "$exists": _read_exists,
    "$not": _read_not,
    "$all": _read_all,
    "$elemMatch": _read_element_match,
    "$size": lambda argument: _on_whole(build_size(argument)),
    "$type": lambda argument: _on_elements(build_type(argument)),
    "$mod": lambda argument: _on_elements(build_modulo(argument)),
}
