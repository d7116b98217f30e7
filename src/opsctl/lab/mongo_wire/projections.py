"""Projections: which fields of a document an answer holds.

Inclusion or exclusion by dotted path, `$slice` and `$elemMatch`; the order of the fields stays that of the document.
Positional and computed projections are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from opsctl.lab.mongo_wire.comparisons import Predicate, as_whole_number, is_number
from opsctl.lab.mongo_wire.documents import MISSING, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.filters import build_element_matcher
from opsctl.lab.mongo_wire.paths import split_path

Projector = Callable[[Document], Document]


def build_projector(projection: Any) -> Projector | None:
    """Read a projection document; None when whole documents are wanted.

    Raises `CommandError` when inclusion and exclusion are mixed, or paths collide.
    """
    if not projection:
        return None
    if not isinstance(projection, dict):
        raise CommandError(Code.TypeMismatch, "Expected field projection to be of type object")
    spec = _read_spec(projection)
    if spec.includes:
        return lambda document: _include(document, spec.tree)
    return lambda document: _exclude(document, spec.tree)


_Transform = Callable[[Any], Any]
# A name leads to a deeper tree, to True (the whole field), or to what is made of its value.
_Tree = dict[str, "bool | _Transform | _Tree"]


@dataclass(slots=True)
class _Spec:
    tree: _Tree = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    transforms: dict[str, _Transform] = field(default_factory=dict)
    matches_elements: bool = False
    includes: bool = False


def _read_spec(projection: Document) -> _Spec:
    spec = _Spec()
    _collect(projection, "", spec)
    with_id = spec.flags.pop("_id", None)
    spec.includes = _tell_direction(spec.flags, with_id=with_id, matches_elements=spec.matches_elements)
    for path in spec.flags:
        _plant(spec.tree, path, True)
    for path, transform in spec.transforms.items():
        _plant(spec.tree, path, transform)
    # `_id` is part of every inclusion unless it is refused; an exclusion leaves it unless it is named.
    if "_id" not in spec.tree and (with_id is not False if spec.includes else with_id is False):
        spec.tree["_id"] = True
    return spec


def _collect(projection: Document, prefix: str, spec: _Spec) -> None:
    for name, value in projection.items():
        path = prefix + name
        if any(part.startswith("$") for part in split_path(path)):
            raise unsupported("a positional projection")
        if isinstance(value, bool) or is_number(value):
            spec.flags[path] = _as_flag(value)
        elif isinstance(value, dict) and value and not next(iter(value)).startswith("$"):
            _collect(value, path + ".", spec)
        else:
            spec.transforms[path] = _read_operator(path, value)
            spec.matches_elements |= "$elemMatch" in value


def _as_flag(value: Any) -> bool:
    return value.to_decimal() != 0 if hasattr(value, "to_decimal") else bool(value)


def _tell_direction(flags: dict[str, bool], *, with_id: bool | None, matches_elements: bool) -> bool:
    if not flags:
        # Only `_id` and operators: `$elemMatch` alone includes, `$slice` alone leaves the rest as it is.
        return with_id is True or matches_elements
    first, includes = next(iter(flags.items()))
    for path, flag in flags.items():
        if flag != includes:
            code = Code.Location31254 if includes else Code.Location31253
            kind, other = ("exclusion", "inclusion") if includes else ("inclusion", "exclusion")
            raise CommandError(code, f"Cannot do {kind} on field {path} in {other} projection (of {first})")
    return includes


def _plant(tree: _Tree, path: str, leaf: bool | _Transform) -> None:
    *parents, last = split_path(path)
    for position, name in enumerate(parents):
        branch = tree.setdefault(name, {})
        if not isinstance(branch, dict):
            rest = ".".join([*parents[position + 1 :], last])
            raise CommandError(Code.Location31249, f"Path collision at {path} remaining portion {rest}")
        tree = branch
    if last in tree:
        raise CommandError(Code.Location31249, f"Path collision at {path}")
    tree[last] = leaf


def _read_operator(path: str, value: Any) -> _Transform:
    if isinstance(value, dict) and len(value) == 1:
        if "$slice" in value:
            return _read_slice(value["$slice"])
        if "$elemMatch" in value:
            return _first_element(build_element_matcher(value["$elemMatch"]))
    raise unsupported(f"the computed projection of {path}")


def _read_slice(argument: Any) -> _Transform:
    numbers = [as_whole_number(item) for item in (argument if isinstance(argument, list) else [argument])]
    if isinstance(argument, list) != (len(numbers) == 2) or None in numbers:
        raise CommandError(Code.BadValue, "$slice needs a whole number, or an array of two")
    first, last = int(numbers[0] or 0), int(numbers[-1] or 0)
    if isinstance(argument, list):
        skip, limit = first, last
    else:
        skip, limit = (0, first) if first >= 0 else (first, -first)
    if limit < 0:
        raise CommandError(Code.BadValue, "the second argument of $slice must be positive")

    def cut(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        start = max(len(value) + skip, 0) if skip < 0 else skip
        return value[start : start + limit]

    return cut


def _first_element(matches: Predicate) -> _Transform:
    def pick(value: Any) -> Any:
        if not isinstance(value, list):
            return MISSING
        return next(([item] for item in value if matches(item)), MISSING)

    return pick


def _include(document: Document, tree: _Tree) -> Document:
    result: Document = {}
    for name, value in document.items():
        branch = tree.get(name)
        if branch is None:
            continue
        kept = _include_value(value, branch)
        if kept is not MISSING:
            result[name] = kept
    return result


def _include_value(value: Any, branch: bool | _Transform | _Tree) -> Any:
    if branch is True:
        return value
    if not isinstance(branch, dict):
        return branch(value) if callable(branch) else MISSING
    if isinstance(value, dict):
        return _include(value, branch)
    if isinstance(value, list):
        return [_include_value(item, branch) for item in value if isinstance(item, dict | list)]
    return MISSING


def _exclude(document: Document, tree: _Tree) -> Document:
    result: Document = {}
    for name, value in document.items():
        branch = tree.get(name)
        kept = value if branch is None else _exclude_value(value, branch)
        if kept is not MISSING:
            result[name] = kept
    return result


def _exclude_value(value: Any, branch: bool | _Transform | _Tree) -> Any:
    if branch is True:
        return MISSING
    if not isinstance(branch, dict):
        return branch(value) if callable(branch) else value
    if isinstance(value, dict):
        return _exclude(value, branch)
    if isinstance(value, list):
        return [_exclude_value(item, branch) for item in value]
    return value
