"""Update documents: read once, applied to many documents, each time giving a new document.

Fields keep their place; new ones are appended in the order of their names, as the server does it, with array
positions in numeric order. Pipelines, array filters and the positional `$` are refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bson import ObjectId

from opsctl.lab.mongo_wire.bson_order import sort_key
from opsctl.lab.mongo_wire.comparisons import type_name
from opsctl.lab.mongo_wire.documents import (
    MAX_DOCUMENT_BYTES,
    MISSING,
    Document,
    Stored,
    encode_document,
    store,
)
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.filters import is_operators
from opsctl.lab.mongo_wire.paths import is_position, split_path
from opsctl.lab.mongo_wire.update_operators import OPERATORS, Change

_MOST_PADDING: Final = 1_500_000


@dataclass(frozen=True, slots=True)
class _Step:
    path: tuple[str, ...]
    change: Change
    creates: bool
    only_on_insert: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """One update statement: a whole new document, or steps with their renames."""

    replacement: Document | None
    steps: tuple[_Step, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()

    def apply(self, old: Stored) -> Stored:
        """The document after the update; `old` itself when nothing changed.

        Raises `CommandError`: PathNotViable, TypeMismatch, BadValue, ImmutableField, 17419 above 16 MiB.
        """
        raw = encode_document(changed := self._change(old.document, inserting=False))
        if raw == old.raw:
            return old
        if len(raw) > MAX_DOCUMENT_BYTES:
            raise CommandError(
                Code.Location17419, f"Resulting document after update is larger than {MAX_DOCUMENT_BYTES}"
            )
        return Stored(changed, raw)

    def apply_to_new(self, query: Document) -> Stored:
        """The document that an upsert inserts: what the query demands to be equal, changed by the update."""
        wanted = _equalities(query)
        if self.replacement is not None:
            start = {"_id": wanted["_id"]} if "_id" in wanted else {}
        else:
            start = {}
            for path, value in wanted.items():
                start = _set_path(start, split_path(path), _always(value), creates=True)
        return store(with_id(self._change(start, inserting=True)))

    def _change(self, document: Document, *, inserting: bool) -> Document:
        if self.replacement is not None:
            result = _replace(document, self.replacement)
        else:
            result = document
            for source, target in self.renames:
                result = _rename(result, source, target)
            for step in self.steps:
                if inserting or not step.only_on_insert:
                    result = _set_path(result, step.path, step.change, creates=step.creates)
        _require_same_id(document, result)
        return result


def read_update(update: Any, *, now: datetime) -> Update:
    """Read an update document.

    Raises `CommandError`: FailedToParse for an unknown operator, ConflictingUpdateOperators when two of them touch
    one path.
    """
    if isinstance(update, list):
        raise unsupported("an update with an aggregation pipeline")
    if not isinstance(update, dict):
        raise CommandError(Code.FailedToParse, "the update must be a document or an array")
    if not update or not next(iter(update)).startswith("$"):
        _refuse_operators(update)
        return Update(replacement=update)
    steps: list[_Step] = []
    renames: list[tuple[str, str]] = []
    for name, fields in update.items():
        if not isinstance(fields, dict):
            raise CommandError(
                Code.FailedToParse,
                f"Modifiers operate on fields but we found type {type_name(fields)} instead. "
                f"For example: {{$mod: {{<field>: ...}}}} not {{{name}: {fields!r}}}",
            )
        if name == "$rename":
            renames.extend(_read_rename(source, target) for source, target in fields.items())
        else:
            steps.extend(_read_step(name, path, operand, now) for path, operand in fields.items())
    _refuse_conflicts([step.path for step in steps] + [split_path(path) for pair in renames for path in pair])
    return Update(None, tuple(sorted(steps, key=lambda step: _path_order(step.path))), tuple(renames))


def with_id(document: Document) -> Document:
    """The document with `_id` in front, a new one when it had none.

    Raises `CommandError` for an `_id` that cannot be one.
    """
    value = document.get("_id", MISSING)
    if value is MISSING:
        return {"_id": ObjectId(), **document}
    if type_name(value) in ("array", "regex"):
        raise CommandError(Code.InvalidIdField, f"The '_id' value cannot be of type {type_name(value)}")
    if next(iter(document)) == "_id":
        return document
    return {"_id": value, **document}


def _read_step(name: str, path: str, operand: Any, now: datetime) -> _Step:
    operator = OPERATORS.get(name)
    if operator is None:
        raise CommandError(
            Code.FailedToParse,
            f"Unknown modifier: {name}. Expected a valid update modifier or "
            "pipeline-style update specified as an array",
        )
    return _Step(
        _read_path(path), operator.build(path, operand, now), operator.creates, only_on_insert=name == "$setOnInsert"
    )


def _read_path(path: str) -> tuple[str, ...]:
    names = split_path(path)
    if "" in names:
        raise CommandError(
            Code.FailedToParse if path else Code.BadValue, f"The update path '{path}' contains an empty field name"
        )
    if any(name.startswith("$") for name in names):
        raise unsupported(f"the positional path '{path}'")
    return names


def _read_rename(source: str, target: Any) -> tuple[str, str]:
    if not isinstance(target, str):
        raise CommandError(Code.BadValue, f"The 'to' field for $rename must be a string: {source}")
    return ".".join(_read_path(source)), ".".join(_read_path(target))


def _path_order(path: tuple[str, ...]) -> list[tuple[int, int, str]]:
    return [(0, int(name), "") if is_position(name) else (1, 0, name) for name in path]


def _refuse_conflicts(paths: list[tuple[str, ...]]) -> None:
    ordered = sorted(paths)
    for first, second in itertools.pairwise(ordered):
        if second[: len(first)] == first:
            raise CommandError(
                Code.ConflictingUpdateOperators,
                f"Updating the path '{'.'.join(second)}' would create a conflict at '{'.'.join(first)}'",
            )


def _refuse_operators(replacement: Document) -> None:
    name = next((name for name in replacement if name.startswith("$")), None)
    if name is not None:
        raise CommandError(
            Code.DollarPrefixedFieldName, f"The dollar ($) prefixed field '{name}' is not allowed in a replacement"
        )


def _equalities(query: Document) -> Document:
    """The paths that a query wants to be equal to a value."""
    found: Document = {}
    for name, operand in query.items():
        if name == "$and":
            for branch in operand:
                found.update(_equalities(branch))
        elif name.startswith("$") or type_name(operand) == "regex":
            continue
        elif not is_operators(operand):
            found[name] = operand
        elif "$eq" in operand:
            found[name] = operand["$eq"]
    return found


def _replace(document: Document, replacement: Document) -> Document:
    if "_id" in replacement or "_id" not in document:
        return with_id(replacement) if "_id" in replacement else dict(replacement)
    return {"_id": document["_id"], **replacement}


def _require_same_id(old: Document, new: Document) -> None:
    if "_id" in old and ("_id" not in new or sort_key(old["_id"]) != sort_key(new["_id"])):
        raise CommandError(
            Code.ImmutableField, "Performing an update on the path '_id' would modify the immutable field '_id'"
        )


def _rename(document: Document, source: str, target: str) -> Document:
    moved: list[Any] = []

    def take(value: Any) -> Any:
        moved.append(value)
        return MISSING

    without: Document = _set_path(document, split_path(source), take, creates=False)
    if not moved or moved[0] is MISSING:
        return document
    renamed: Document = _set_path(without, split_path(target), _always(moved[0]), creates=True)
    return renamed


def _always(value: Any) -> Change:
    return lambda _: value


def _set_path(value: Any, path: Sequence[str], change: Callable[[Any], Any], *, creates: bool) -> Any:
    """A copy of `value` in which the value at `path` is changed;

    Everything beside the path is shared with the original.
    """
    name, rest = path[0], path[1:]
    if isinstance(value, dict):
        return _set_field(value, name, rest, change, creates=creates)
    if isinstance(value, list) and is_position(name):
        return _set_element(value, int(name), rest, change, creates=creates)
    if creates:
        raise CommandError(Code.PathNotViable, f"Cannot create field '{name}' in element of type {type_name(value)}")
    return value


def _set_field(old: Document, name: str, rest: Sequence[str], change: Change, *, creates: bool) -> Document:
    new = _set_rest(old.get(name, MISSING), rest, change, creates=creates)
    if new is not MISSING:
        return {**old, name: new}
    return {field: item for field, item in old.items() if field != name} if name in old else old


def _set_element(old: list[Any], position: int, rest: Sequence[str], change: Change, *, creates: bool) -> list[Any]:
    present = old[position] if position < len(old) else MISSING
    new = _set_rest(present, rest, change, creates=creates)
    if new is MISSING:
        # A removed element leaves null in its place, so that the others keep their numbers.
        return old if present is MISSING else [*old[:position], None, *old[position + 1 :]]
    if position - len(old) > _MOST_PADDING:
        raise CommandError(Code.BadValue, f"can't backfill more than {_MOST_PADDING} elements")
    padding = [None] * (position - len(old))
    return [*old[:position], *padding, new, *old[position + 1 :]]


def _set_rest(present: Any, rest: Sequence[str], change: Change, *, creates: bool) -> Any:
    if not rest:
        return change(present)
    if present is MISSING:
        return _set_path({}, rest, change, creates=True) if creates else MISSING
    return _set_path(present, rest, change, creates=creates)
