"""The snapshot file: all collections in one file that is whole or is not used.

A sequence of BSON documents: a head that names the format; for each collection one with its names, indexes and number
of documents, followed by them; an end with the SHA-256 of everything before it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opsctl.errors import DataError
from opsctl.lab.mongo_wire.documents import Document, Stored, decode_document, encode_document
from opsctl.lab.mongo_wire.errors import CommandError
from opsctl.lab.mongo_wire.store import Store

FORMAT: Final = "opsctl.mongo-snapshot/v1"


@dataclass(frozen=True, slots=True)
class CollectionContent:
    """One collection as it was at one moment."""

    database: str
    name: str
    indexes: Sequence[Document]
    documents: Sequence[Stored]


class SnapshotFile:
    """Where a server keeps its data between two starts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether there is a file already."""
        return self._path.exists()

    def collect(self, store: Store) -> list[CollectionContent]:
        """The present content of all collections; cheap, for nothing is copied."""
        return [
            CollectionContent(database, name, [index.spec for index in collection.indexes.values()], list(collection))
            for database, name, collection in store
        ]

    def write(self, content: Sequence[CollectionContent]) -> None:
        """Write all of it, or leave the old file as it is. Raises `OSError`."""
        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                digest = hashlib.sha256()
                for piece in _encode(content):
                    digest.update(piece)
                    file.write(piece)
                file.write(encode_document({"end": True, "sha256": digest.digest()}))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def load_into(self, store: Store) -> None:
        """Fill an empty store;

        A file that is not there is an empty one. Raises `DataError` when it is cut or damaged.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise DataError(f"The Mongo snapshot {self._path} cannot be read: {error.strerror}") from error
        try:
            _decode(content, store)
        except (ValueError, KeyError, TypeError, CommandError) as error:
            raise DataError(
                f"The Mongo snapshot {self._path} is cut or damaged ({error})",
                hint="Remove the file to start with an empty database, or restore it from a copy.",
            ) from error


def _encode(content: Sequence[CollectionContent]) -> Iterator[bytes]:
    yield encode_document({"format": FORMAT})
    for collection in content:
        yield encode_document(
            {
                "database": collection.database,
                "collection": collection.name,
                "indexes": list(collection.indexes),
                "documents": len(collection.documents),
            }
        )
        for stored in collection.documents:
            yield stored.raw


def _decode(content: bytes, store: Store) -> None:
    pieces = _Pieces(content)
    head = pieces.next_document()
    if head.get("format") != FORMAT:
        raise ValueError(f"the format is {head.get('format')!r}, expected {FORMAT!r}")
    while not (part := pieces.next_document()).get("end"):
        collection = store.write(part["database"], part["collection"])
        for spec in part["indexes"]:
            collection.create_index(spec)
        for _ in range(part["documents"]):
            raw = pieces.next_raw()
            collection.insert(Stored(decode_document(raw), raw))
    if part.get("sha256") != hashlib.sha256(content[: pieces.last]).digest():
        raise ValueError("its checksum is wrong")
    if pieces.position != len(content):
        raise ValueError("there is something after its end")


class _Pieces:
    """The documents of a file, one after the other. `last` is where the one read last begins."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.position = 0
        self.last = 0

    def next_raw(self) -> bytes:
        size = int.from_bytes(self._content[self.position : self.position + 4], "little", signed=True)
        if size < 5 or self.position + size > len(self._content):
            raise ValueError(f"it ends within the document at byte {self.position}")
        self.last = self.position
        self.position += size
        return self._content[self.last : self.position]

    def next_document(self) -> dict[str, Any]:
        return decode_document(self.next_raw())
