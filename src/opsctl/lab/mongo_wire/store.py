"""All databases of the server, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from opsctl.lab.mongo_wire.collection import Collection
from opsctl.lab.mongo_wire.errors import Code, CommandError

_LONGEST_NAMESPACE_BYTES: Final = 255
_FORBIDDEN_IN_DATABASE: Final = frozenset('/\\. "$\x00')


class Store:
    """Collections by database and name; a collection exists once something was written to it or it was created."""

    def __init__(self) -> None:
        self._databases: dict[str, dict[str, Collection]] = {}

    def databases(self) -> list[str]:
        """The names of the databases that have a collection, sorted."""
        return sorted(name for name, collections in self._databases.items() if collections)

    def collections(self, database: str) -> list[tuple[str, Collection]]:
        """Name and content of the collections of one database, sorted by name."""
        return sorted(self._databases.get(database, {}).items())

    def __iter__(self) -> Iterator[tuple[str, str, Collection]]:
        for database in self.databases():
            for name, collection in self.collections(database):
                yield database, name, collection

    def read(self, database: str, name: str) -> Collection:
        """A collection to read from; an empty one when it does not exist."""
        return self.get(database, name) or Collection(f"{database}.{name}")

    def get(self, database: str, name: str) -> Collection | None:
        """A collection, or None. Raises `CommandError` (InvalidNamespace)."""
        _check_namespace(database, name)
        return self._databases.get(database, {}).get(name)

    def write(self, database: str, name: str) -> Collection:
        """A collection to write to; it is made when it does not exist. Raises `CommandError` (InvalidNamespace)."""
        collection = self.get(database, name)
        if collection is None:
            collection = self._databases.setdefault(database, {})[name] = Collection(f"{database}.{name}")
        return collection

    def drop(self, database: str, name: str) -> Collection | None:
        """Remove a collection and give it back; None when there was none."""
        return self._databases.get(database, {}).pop(name, None)

    def drop_database(self, database: str) -> bool:
        """Remove a database; whether there was one."""
        return bool(self._databases.pop(database, None))


def _check_namespace(database: str, name: str) -> None:
    valid = (
        bool(database)
        and not _FORBIDDEN_IN_DATABASE & set(database)
        and bool(name)
        and not name.startswith(".")
        and not name.endswith(".")
        and "$" not in name
        and "\x00" not in name
        and len(f"{database}.{name}".encode()) <= _LONGEST_NAMESPACE_BYTES
    )
    if not valid:
        raise CommandError(Code.InvalidNamespace, f"Invalid namespace specified '{database}.{name}'")
