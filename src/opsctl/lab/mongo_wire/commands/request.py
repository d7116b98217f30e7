"""What a command is given: its document, and the server it runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opsctl.lab.mongo_wire.authentication import Conversation, Credentials
from opsctl.lab.mongo_wire.comparisons import as_whole_number, type_name
from opsctl.lab.mongo_wire.cursors import Cursors
from opsctl.lab.mongo_wire.documents import Document
from opsctl.lab.mongo_wire.errors import Code, CommandError, unsupported
from opsctl.lab.mongo_wire.store import Store


@dataclass(slots=True)
class Deployment:
    """What all connections share. `clock` gives the present in UTC without a zone, in whole milliseconds."""

    store: Store
    cursors: Cursors
    clock: Callable[[], datetime]
    credentials: Credentials | None = None
    # Grows with every command that may have changed something.
    revision: int = 0


@dataclass(slots=True)
class Connection:
    """One client's connection. `user` is who it has proved to be; `peer` is its address."""

    number: int
    peer: str
    user: str | None = None
    conversation: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One command as it arrived."""

    name: str
    database: str
    body: Document
    deployment: Deployment
    connection: Connection = field(repr=False)

    @property
    def collection_name(self) -> str:
        """The collection that the command names as its value. Raises `CommandError` (InvalidNamespace)."""
        value = self.body[self.name]
        if not isinstance(value, str) or not value:
            raise CommandError(
                Code.InvalidNamespace, f"collection name has invalid type {type_name(value)}, or is empty"
            )
        return value

    @property
    def namespace(self) -> str:
        return f"{self.database}.{self.collection_name}"

    @property
    def session(self) -> Any:
        """The id of the client's session, or None."""
        lsid = self.body.get("lsid")
        return lsid.get("id") if isinstance(lsid, dict) else None

    def whole_number(self, name: str, default: int | None = None) -> int | None:
        """A field that is a non-negative whole number of any width. Raises `CommandError` (TypeMismatch, BadValue)."""
        value = self.body.get(name)
        if value is None:
            return default
        number = as_whole_number(value)
        if number is None:
            raise CommandError(
                Code.TypeMismatch,
                f"BSON field '{self.name}.{name}' is the wrong type '{type_name(value)}', expected a whole number",
            )
        if number < 0:
            raise CommandError(Code.BadValue, f"BSON field '{name}' value must be >= 0, actual value '{number}'")
        return number

    def documents(self, name: str) -> list[Document]:
        """A field that is an array of documents, at least one. Raises `CommandError` (InvalidLength, TypeMismatch)."""
        value = self.body.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise CommandError(Code.TypeMismatch, f"BSON field '{self.name}.{name}' must be an array of documents")
        if not 1 <= len(value) <= 100_000:
            raise CommandError(
                Code.InvalidLength, f"Write batch sizes must be between 1 and 100000. Got {len(value)} operations."
            )
        return value


def refuse_options(options: Document, *names: str) -> None:
    """Refuse what a statement asks for and this server does not do. Raises `CommandError` (CommandNotSupported)."""
    for name in names:
        if options.get(name):
            raise unsupported(f"the option '{name}'")
