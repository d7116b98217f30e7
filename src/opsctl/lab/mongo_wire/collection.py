"""One collection: documents in the order of insertion, their `_id`s sorted beside them, unique indexes enforced."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any

from opsctl.lab.mongo_wire.bson_order import SortKey, sort_key
from opsctl.lab.mongo_wire.documents import Document, Stored
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.filters import build_matcher
from opsctl.lab.mongo_wire.id_ranges import id_positions, named_ids
from opsctl.lab.mongo_wire.indexes import Index, duplicate_key, read_index
from opsctl.lab.mongo_wire.sorting import SortField, sort_documents


class Collection:
    """Documents by `_id`.

    Every method either does all it was asked for or raises `CommandError` and changes nothing.
    """

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.indexes: dict[str, Index] = {"_id_": read_index(namespace, {"key": {"_id": 1}, "name": "_id_"})}
        self._documents: dict[SortKey, Stored] = {}
        self._ids: list[SortKey] = []

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Stored]:
        """All documents, oldest first."""
        return iter(self._documents.values())

    @property
    def size_bytes(self) -> int:
        """The encoded size of all documents."""
        return sum(len(stored.raw) for stored in self)

    def find(
        self, query: Any, *, sort: list[SortField] | None = None, skip: int = 0, limit: int | None = None
    ) -> list[Stored]:
        """The matching documents; without a sort in the order of insertion, or of `_id` when the filter bounds it."""
        matches = build_matcher(query)
        order = sort or []
        by_id = bool(order) and order[0][0] == "_id"
        found = (
            stored
            for stored in self._candidates(query, by_id=by_id, downwards=by_id and order[0][1])
            if matches(stored.document)
        )
        stop = None if limit is None else skip + limit
        if by_id or not order:
            return list(itertools.islice(found, skip, stop))
        return sort_documents(list(found), order)[skip:stop]

    def insert(self, stored: Stored) -> None:
        """Add a document. Raises `CommandError` (DuplicateKey)."""
        key = sort_key(stored.document["_id"])
        if key in self._documents:
            raise duplicate_key(self.namespace, "_id_", {"_id": 1}, stored.document)
        for index in self.indexes.values():
            index.check(stored.document, key)
        for index in self.indexes.values():
            index.add(stored.document, key)
        self._documents[key] = stored
        if not self._ids or self._ids[-1] < key:
            self._ids.append(key)
        else:
            insort(self._ids, key)

    def replace(self, old: Stored, new: Stored) -> None:
        """Put `new` in the place of `old`, which has the same `_id`. Raises `CommandError` (DuplicateKey)."""
        key = sort_key(old.document["_id"])
        for index in self.indexes.values():
            index.check(new.document, key)
        for index in self.indexes.values():
            index.remove(old.document)
            index.add(new.document, key)
        self._documents[key] = new

    def remove(self, stored: Stored) -> None:
        """Take a document out."""
        key = sort_key(stored.document["_id"])
        for index in self.indexes.values():
            index.remove(stored.document)
        del self._documents[key]
        del self._ids[bisect_left(self._ids, key)]

    def create_index(self, spec: Document) -> bool:
        """Build an index; False when it was there already.

        Raises `CommandError` (IndexKeySpecsConflict, IndexOptionsConflict, DuplicateKey).
        """
        index = read_index(self.namespace, spec)
        if list(index.spec["key"]) == ["_id"]:
            return False
        for known in self.indexes.values():
            if known.spec == index.spec and list(known.spec["key"]) == list(index.spec["key"]):
                return False
            _refuse_conflict(known, index)
        for stored in self:
            key = sort_key(stored.document["_id"])
            index.check(stored.document, key)
            index.add(stored.document, key)
        self.indexes[index.name] = index
        return True

    def _candidates(self, query: Document, *, by_id: bool, downwards: bool) -> Iterator[Stored]:
        keys = named_ids(query)
        if keys is not None:
            present = [self._documents[key] for key in keys if key in self._documents]
            return iter(present[::-1] if downwards else present)
        positions = id_positions(query, self._ids)
        if positions is None:
            if not by_id:
                return iter(self)
            positions = range(len(self._ids))
        return (self._documents[self._ids[position]] for position in (positions[::-1] if downwards else positions))


def _refuse_conflict(known: Index, index: Index) -> None:
    if known.name == index.name:
        raise CommandError(
            Code.IndexKeySpecsConflict,
            f"An existing index has the same name as the requested index ('{index.name}') and other options.",
        )
    if list(known.spec["key"].items()) == list(index.spec["key"].items()):
        raise CommandError(Code.IndexOptionsConflict, f"Index already exists with a different name: {known.name}")
