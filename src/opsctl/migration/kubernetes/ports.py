"""What running the migration on Kubernetes needs from the outside world. Adapters implement these; so do the fakes.

Objects of the API are JSON as the server sends them: what opsctl does not know in them must survive.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from opsctl.migration.kubernetes.models import Kind, LogRequest, Permission, WorkMark

JsonObject = Mapping[str, Any]


class Cluster(Protocol):
    """One API server. Every method raises AccessDeniedError (with the missing permission) or UnavailableError."""

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject:
        """One object. Raises NotFoundError."""

    def list(
        self, kind: Kind, namespace: str, *, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[JsonObject]:
        """The objects that match the selectors."""

    async def create(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Create an object; the answer has the server's defaults. Raises DataError when the server refuses it, with
        code `already-exists` when there is one of that name."""

    async def apply(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Create the object or change what the document says of it (server-side apply). Raises DataError when the
        server refuses it: a field that must not change, or one that somebody else looks after (code `conflict`)."""

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        """Delete the very object with this uid; its dependents first. Raises NotFoundError when it is gone or another
        of the same name is there."""

    def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        """The lines of a container, each with its time in front. Raises NotFoundError when the pod is gone, DataError
        when the container has no log to read, UnavailableError with code `idle` when nothing has come for long."""

    async def may(self, permission: Permission) -> bool:
        """Whether the server would let us do this."""


class WorkLog(Protocol):
    """How far the migration is, and who works on it, as its own records tell. Raises UnavailableError,
    AccessDeniedError."""

    async def look(self) -> WorkMark:
        """The state of this moment."""
