"""Indexes: unique ones are enforced, all are listed. They speed nothing up; only `_id` does (see `collection.py`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from opsctl.lab.mongo_wire.bson_order import MISSING_KEY, NULL_KEY, SortKey, sort_key
from opsctl.lab.mongo_wire.documents import MISSING, Document
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.filters import Matcher, build_matcher
from opsctl.lab.mongo_wire.paths import split_path, values_at

_KNOWN_OPTIONS: Final = {
    "v",
    "key",
    "name",
    "unique",
    "sparse",
    "partialFilterExpression",
    "background",
    "ns",
    "hidden",
}

IndexEntry = tuple[SortKey, ...]


@dataclass(slots=True)
class Index:
    """One index of a collection. `owners` says which `_id` holds an entry; it is kept for unique indexes only."""

    namespace: str
    spec: Document
    covers: Matcher
    owners: dict[IndexEntry, SortKey] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def is_unique(self) -> bool:
        return bool(self.spec.get("unique"))

    def check(self, document: Document, owner: SortKey) -> None:
        """Raises `CommandError` (DuplicateKey) when another document holds one of this document's entries."""
        if self.is_unique:
            for entry in self._entries(document):
                if self.owners.get(entry, owner) != owner:
                    raise duplicate_key(self.namespace, self.name, self.spec["key"], document)

    def add(self, document: Document, owner: SortKey) -> None:
        """Take up a document that was checked."""
        if self.is_unique:
            self.owners.update((entry, owner) for entry in self._entries(document))

    def remove(self, document: Document) -> None:
        """Forget a document."""
        if self.is_unique:
            for entry in self._entries(document):
                self.owners.pop(entry, None)

    def _entries(self, document: Document) -> set[IndexEntry]:
        if not self.covers(document):
            return set()
        found = [list(values_at(document, split_path(path))) for path in self.spec["key"]]
        if self.spec.get("sparse") and all(value is MISSING for values in found for value in values):
            return set()
        return set(itertools.product(*(set(_keys(values)) for values in found)))


def read_index(namespace: str, spec: Any) -> Index:
    """Read one entry of `createIndexes`.

    Raises `CommandError` for kinds of index that are not built, TTL among them.
    """
    if not isinstance(spec, dict) or not isinstance(spec.get("key"), dict) or not spec["key"]:
        raise CommandError(Code.FailedToParse, "an index needs a 'key' document")
    unknown = set(spec) - _KNOWN_OPTIONS
    if unknown:
        raise unsupported(f"the index option '{min(unknown)}'")
    if any(direction not in (1, -1) for direction in spec["key"].values()):
        raise unsupported("an index that is not ascending or descending")
    name = spec.get("name") or "_".join(f"{path}_{int(direction)}" for path, direction in spec["key"].items())
    return Index(namespace, {"v": 2, **spec, "name": name}, build_matcher(spec.get("partialFilterExpression", {})))


def duplicate_key(namespace: str, index_name: str, key: Document, document: Document) -> CommandError:
    """The refusal of a second document with the same entry in a unique index."""
    value: Document = {}
    for path in key:
        first = next(values_at(document, split_path(path)), MISSING)
        value[path] = None if first is MISSING else first
    shown = ", ".join(f"{path}: {_show(item)}" for path, item in value.items())
    return CommandError(
        Code.DuplicateKey,
        f"E11000 duplicate key error collection: {namespace} index: {index_name} dup key: {{ {shown} }}",
        details={"keyPattern": key, "keyValue": value},
    )


def _keys(values: Iterable[Any]) -> Iterable[SortKey]:
    for value in values:
        if value is MISSING:
            yield NULL_KEY
        elif isinstance(value, list):
            yield from map(sort_key, value) if value else (MISSING_KEY,)
        else:
            yield sort_key(value)


def _show(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return "null"
    return f"ObjectId('{value}')" if type(value).__name__ == "ObjectId" else str(value)
