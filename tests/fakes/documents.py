"""A collection in memory, for `migration.ports.DocumentStore`."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bson import ObjectId

from opsctl.errors import NotFoundError
from opsctl.migration.models import (
    DocumentId,
    DocumentPage,
    DocumentUpdate,
    DocumentView,
    IdRange,
    ImageFailure,
    ImageMapping,
    PageToken,
    RecordOutcome,
    Selection,
    SourceDocument,
    StoredImage,
)
from tests.fakes.wire import Wire

PAGE_BYTES = 8 * 1024 * 1024
_KINDS: tuple[type, ...] = (int, float, str, dict, bytes, ObjectId, bool, datetime)


@dataclass(frozen=True, slots=True)
class Row:
    """One document: its original fields, and what runs wrote beside them."""

    original: dict[str, object]
    is_processed: bool = False
    stored: tuple[StoredImage, ...] = ()
    failed: tuple[ImageFailure, ...] = ()
    results: Mapping[str, object] = field(default_factory=dict)
    source_digest: str | None = None
    run_id: str | None = None
    written_at: datetime | None = None


class FakeDocuments:
    """Guards each update like the real collection; `largest_bytes` is its limit for one document."""

    def __init__(
        self, mapping: ImageMapping, wire: Wire, *, page_documents: int = 2, largest_bytes: int = 16 * 1024 * 1024
    ) -> None:
        self._mapping = mapping
        self._wire = wire
        self._page_documents = page_documents
        self._largest_bytes = largest_bytes
        self._rows: dict[str, Row] = {}
        self.exists = True

    # -- the port

    async def check(self) -> None:
        def look() -> None:
            if not self.exists:
                raise NotFoundError("database has no such collection")

        await self._wire.call("documents.check", look)

    async def page(
        self, selection: Selection, view: DocumentView, after: PageToken | None, within: IdRange | None = None
    ) -> DocumentPage:
        within = within or IdRange()
        rest = IdRange(after or within.after, within.upto)
        return await self._wire.call("documents.page", lambda: self._page(selection, view, rest))

    async def count_open(self, selection: Selection, within: IdRange | None = None) -> int:
        return await self._wire.call(
            "documents.count_open",
            lambda: sum(
                not row.is_processed and _matches(row, selection.where) and _lies_in(row, within or IdRange())
                for row in self._rows.values()
            ),
        )

    async def read(self, document_id: DocumentId) -> SourceDocument | None:
        def find() -> SourceDocument | None:
            row = self._rows.get(_identity(document_id))
            return self._show(row, DocumentView.ALL) if row else None

        return await self._wire.call("documents.read", find)

    async def record(self, update: DocumentUpdate) -> RecordOutcome:
        return await self._wire.call("documents.record", lambda: self._record(update))

    # -- for tests

    def insert(self, **fields: object) -> None:
        """Add a document; `id` is its `_id`."""
        original = {"_id": fields.pop("id"), **copy.deepcopy(fields)}
        self._rows[_identity(original["_id"])] = Row(original)

    def change(self, document_id: DocumentId, **fields: object) -> None:
        """Set original fields, as the collection's own application does."""
        row = self._rows[_identity(document_id)]
        self._rows[_identity(document_id)] = replace(row, original={**row.original, **fields})

    def replace_row(self, document_id: DocumentId, **changes: object) -> None:
        """Write what another tool, or a fault, would have written."""
        row = self._rows[_identity(document_id)]
        self._rows[_identity(document_id)] = replace(row, **changes)  # type: ignore[arg-type]

    def delete(self, document_id: DocumentId) -> None:
        del self._rows[_identity(document_id)]

    def row(self, document_id: DocumentId) -> Row:
        return self._rows[_identity(document_id)]

    @property
    def rows(self) -> list[Row]:
        """All documents in `_id` order."""
        return sorted(self._rows.values(), key=lambda row: _order(row.original["_id"]))

    @property
    def originals(self) -> list[dict[str, object]]:
        """A copy of all original fields."""
        return [copy.deepcopy(row.original) for row in self.rows]

    # -- inside

    def _page(self, selection: Selection, view: DocumentView, within: IdRange) -> DocumentPage:
        wanted = [
            row
            for row in self.rows
            if _matches(row, selection.where)
            and (
                view is not DocumentView.OPEN
                or not row.is_processed
                or (selection.retry_failed and (row.failed or row.run_id is None))
            )
            and _lies_in(row, within)
        ]
        page: list[SourceDocument] = []
        while wanted and len(page) < self._page_documents and sum(d.size_bytes for d in page) < PAGE_BYTES:
            page.append(self._show(wanted.pop(0), view))
        return DocumentPage(tuple(page), (0, page[-1].id) if wanted else None)

    def _show(self, row: Row, view: DocumentView) -> SourceDocument:
        original = copy.deepcopy(row.original)
        digest = hashlib.sha256(repr(sorted(original.items())).encode()).hexdigest()
        size_bytes = len(repr(original))
        if view is DocumentView.PLAN:
            names = {"_id", *self._mapping.vehicle_name_fields, *(rule.source for rule in self._mapping.fields)}
            original = {name: value for name, value in original.items() if name in names}
            digest, size_bytes = "", 0
        return SourceDocument(
            id=original["_id"],
            original=original,
            digest=digest,
            size_bytes=size_bytes,
            is_processed=row.is_processed,
            stored=row.stored,
            failed=row.failed,
            source_digest=row.source_digest,
            run_id=row.run_id,
            written_at=row.written_at,
            results=copy.deepcopy(dict(row.results)),
        )

    def _record(self, update: DocumentUpdate) -> RecordOutcome:
        seen = update.document
        if seen.size_bytes + len(repr((update.results, update.stored, update.failed))) > self._largest_bytes:
            return RecordOutcome.TOO_LARGE
        row = self._rows.get(_identity(seen.id))
        if row is None or not self._holds(row, seen):
            return RecordOutcome.CONFLICT
        is_complete = update.results is not None
        self._rows[_identity(seen.id)] = replace(
            row,
            is_processed=row.is_processed or is_complete,
            stored=update.stored,
            failed=update.failed,
            results=copy.deepcopy(dict(update.results)) if update.results is not None else row.results,
            source_digest=seen.digest,
            run_id=update.run_id,
            written_at=update.finished_at,
        )
        return RecordOutcome.RECORDED

    def _holds(self, row: Row, seen: SourceDocument) -> bool:
        """The guard: the fields that were read are as they were, no image field is new, and no run wrote meanwhile."""
        sources = {rule.source for rule in self._mapping.fields}
        return (
            # By their text: MongoDB minds the order of fields inside a field, Python's equality does not.
            all(
                name in row.original and repr(row.original[name]) == repr(seen.original[name]) for name in seen.original
            )
            and all(name in seen.original for name in sources if name in row.original)
            and (row.is_processed, row.written_at) == (seen.is_processed, seen.written_at)
        )


def _identity(document_id: DocumentId) -> str:
    return f"{type(document_id).__name__}:{document_id!r}"


def _order(document_id: DocumentId) -> tuple[int, object]:
    """As MongoDB sorts: one kind after the other, texts by their bytes."""
    kind = _KINDS.index(type(document_id))
    if kind == 1:
        kind = 0
    return kind, document_id.encode() if isinstance(document_id, str) else document_id


def _lies_in(row: Row, within: IdRange) -> bool:
    place = _order(row.original["_id"])
    if within.upto is not None and (within.upto[1] is None or place > _order(within.upto[1])):
        return False
    return within.after is None or within.after[1] is None or place > _order(within.after[1])


def _matches(row: Row, where: str | None) -> bool:
    """Equality of top-level fields; nothing else is needed by the tests, and nothing else is understood."""
    wanted = json.loads(where) if where else {}
    if any(isinstance(value, dict) for value in wanted.values()):
        raise NotImplementedError(f"the fake knows equality only: {where}")
    return all(row.original.get(name) == value for name, value in wanted.items())


def _may_lack_images(row: SourceDocument) -> bool:
    return bool(row.failed) or row.run_id is None
