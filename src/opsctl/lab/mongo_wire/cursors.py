"""Cursors: a result that is handed out in batches of at most 16 MiB."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bson import Int64
from bson.raw_bson import RawBSONDocument

from opsctl.lab.mongo_wire.documents import MAX_DOCUMENT_BYTES, Document, Stored, as_raw, encode_document
from opsctl.lab.mongo_wire.errors import Code, CommandError
from opsctl.lab.mongo_wire.projections import Projector

FIRST_BATCH_DOCUMENTS: Final = 101
IDLE_SECONDS: Final = 600.0


@dataclass(slots=True)
class Cursor:
    """What is left of one result. The documents are those of the moment of the query."""

    namespace: str
    documents: Sequence[Stored]
    projector: Projector | None = None
    session: Any = None
    expires: bool = True
    position: int = 0
    used_at: float = 0.0

    def take(self, count: int | None) -> list[RawBSONDocument]:
        """The next documents: at most `count`, at most 16 MiB together, but at least one unless `count` is 0."""
        batch: list[RawBSONDocument] = []
        size_bytes = 0
        while self.position < len(self.documents) and (count is None or len(batch) < count):
            raw = self._encoded(self.documents[self.position])
            size_bytes += len(raw)
            if batch and size_bytes > MAX_DOCUMENT_BYTES:
                break
            batch.append(as_raw(raw))
            self.position += 1
        return batch

    @property
    def is_exhausted(self) -> bool:
        return self.position >= len(self.documents)

    def _encoded(self, stored: Stored) -> bytes:
        return stored.raw if self.projector is None else encode_document(self.projector(stored.document))


class Cursors:
    """The open cursors of a server. One that nobody has read from for ten minutes is closed.

    `monotonic` gives seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open: dict[int, Cursor] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, cursor: Cursor, *, batch_size: int | None, single_batch: bool = False) -> Document:
        """Answer with the first batch; what does not fit waits for `getMore` unless a single batch was asked for."""
        self._close_idle()
        batch = cursor.take(FIRST_BATCH_DOCUMENTS if batch_size is None else batch_size)
        cursor_id = 0
        if not cursor.is_exhausted and not single_batch:
            cursor_id = random.randrange(1, 2**63)
            cursor.used_at = self._monotonic()
            self._open[cursor_id] = cursor
        return {"cursor": {"firstBatch": batch, "id": Int64(cursor_id), "ns": cursor.namespace}, "ok": 1.0}

    def next_batch(self, cursor_id: int, namespace: str, *, batch_size: int | None) -> Document:
        """Answer with the next batch. Raises `CommandError` (CursorNotFound)."""
        cursor = self._open.get(cursor_id)
        if cursor is None or cursor.namespace != namespace:
            raise CommandError(Code.CursorNotFound, f"cursor id {cursor_id} not found")
        cursor.used_at = self._monotonic()
        batch = cursor.take(batch_size or None)
        if cursor.is_exhausted:
            del self._open[cursor_id]
            cursor_id = 0
        return {"cursor": {"nextBatch": batch, "id": Int64(cursor_id), "ns": namespace}, "ok": 1.0}

    def kill(self, cursor_id: int) -> bool:
        """Close one cursor; whether it was open."""
        return self._open.pop(cursor_id, None) is not None

    def kill_of_session(self, session: Any) -> None:
        """Close the cursors that were opened in a session."""
        self._open = {
            number: cursor for number, cursor in self._open.items() if session is None or cursor.session != session
        }

    def _close_idle(self) -> None:
        oldest = self._monotonic() - IDLE_SECONDS
        self._open = {
            number: cursor for number, cursor in self._open.items() if not cursor.expires or cursor.used_at >= oldest
        }
