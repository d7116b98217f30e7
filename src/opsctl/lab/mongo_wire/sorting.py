"""Sorting of whole results."""

from __future__ import annotations

from typing import Any

from opsctl.lab.mongo_wire.comparisons import is_number
from opsctl.lab.mongo_wire.documents import Stored
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.paths import largest_key, smallest_key, split_path

# Dotted path, and whether the order is downwards.
SortField = tuple[str, bool]


def read_sort(spec: Any) -> list[SortField]:
    """Read a sort document. Raises `CommandError` (15975) for a direction that is neither 1 nor -1."""
    if not spec:
        return []
    if not isinstance(spec, dict):
        raise CommandError(Code.TypeMismatch, "Expected field sort to be of type object")
    fields = []
    for path, direction in spec.items():
        if not is_number(direction) or direction not in (1, -1):
            raise CommandError(
                Code.Location15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)"
            )
        fields.append((path, direction == -1))
    return fields


def sort_documents(documents: list[Stored], fields: list[SortField]) -> list[Stored]:
    """The documents in the order of the fields, the first one first;

    Equal ones keep their order. `$natural` is theirs now.
    """
    for path, downwards in reversed(fields):
        if path == "$natural":
            documents = documents[::-1] if downwards else documents
            continue
        documents = _sort_by(documents, split_path(path), downwards=downwards)
    return documents


def _sort_by(documents: list[Stored], path: tuple[str, ...], *, downwards: bool) -> list[Stored]:
    pick = largest_key if downwards else smallest_key
    return sorted(documents, key=lambda stored: pick(stored.document, path), reverse=downwards)
