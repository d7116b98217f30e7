"""`migrate verify`: Mongo against S3, object by object, and proof that the original fields are untouched.

Both sides are read once and merged like two sorted files, so memory does not grow with the collection. What the
documents say is sorted on disk first: the order of their `_id`s is not always that of their keys (`ab-1/` sorts
before `ab/`), and a key may have been written under another name of the vehicle.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from opsctl.migration.clock import Clock
from opsctl.migration.external_sort import ExternalSorter, Row
from opsctl.migration.keys import collection_prefix
from opsctl.migration.models import (
    DocumentView,
    ImageMapping,
    KeyLayout,
    ObjectFacts,
    PageToken,
    Selection,
    SourceDocument,
)
from opsctl.migration.plan import plan_document, result_fields
from opsctl.migration.ports import DocumentStore, ObjectStore

EXAMPLES = 1000


class DifferenceKind(StrEnum):
    """What can be wrong: with an object, or with a document."""

    MISSING_OBJECT = "missing-object"
    SIZE_MISMATCH = "size-mismatch"
    ORPHAN_OBJECT = "orphan-object"
    SOURCE_CHANGED = "source-changed"
    RESULT_MISMATCH = "result-mismatch"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as recorded."""

    kind: DifferenceKind
    document_id: str | None
    key: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class VerifyGaps:
    """What could not be checked, and so is neither right nor wrong.

    `documents_without_digest` were written by another tool, which kept no proof of the original fields.
    `images_without_size` have no recorded size; `images_elsewhere` are in another bucket or below another prefix.
    `newer_objects` appeared after the verification began.
    """

    documents_without_digest: int = 0
    images_without_size: int = 0
    images_elsewhere: int = 0
    newer_objects: int = 0


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was compared and what differed. `differences` are the first thousand; `by_kind` counts all of them."""

    started_at: datetime
    finished_at: datetime
    documents: int
    documents_processed: int
    documents_verified: int
    images: int
    objects: int
    size_bytes: int
    difference_count: int
    by_kind: dict[str, int]
    differences: tuple[Difference, ...]
    gaps: VerifyGaps


ProgressSink = Callable[[int, int], None]


async def verify(
    documents: DocumentStore,
    objects: ObjectStore,
    *,
    mapping: ImageMapping,
    layout: KeyLayout,
    clock: Clock,
    on_progress: ProgressSink,
) -> VerifyReport:
    """Compare everything. `on_progress` gets the documents and the objects read so far.

    Raises what the two stores raise: an outage is no difference.
    """
    await objects.check()
    await documents.check()
    comparison = _Comparison(mapping, layout, clock.now(), on_progress)
    with ExternalSorter() as sorter:
        await comparison.read_documents(documents, sorter)
        await comparison.merge(sorter, objects)
    return comparison.report(clock.now())


@dataclass(slots=True)
class _Comparison:
    mapping: ImageMapping
    layout: KeyLayout
    started_at: datetime
    on_progress: ProgressSink
    documents: int = 0
    processed: int = 0
    verified: int = 0
    without_digest: int = 0
    images: int = 0
    without_size: int = 0
    elsewhere: int = 0
    objects: int = 0
    size_bytes: int = 0
    newer: int = 0
    by_kind: dict[DifferenceKind, int] = field(default_factory=dict)
    examples: list[Difference] = field(default_factory=list)

    async def read_documents(self, documents: DocumentStore, sorter: ExternalSorter) -> None:
        """Check each document by itself, and note which objects it says are there."""
        after: PageToken | None = None
        while True:
            page = await documents.page(Selection(), DocumentView.ALL, after)
            for document in page.documents:
                self._check_document(document)
                self._expect_objects(document, sorter)
            self.on_progress(self.documents, self.objects)
            after = page.next
            if after is None:
                return

    async def merge(self, expected: ExternalSorter, objects: ObjectStore) -> None:
        """Walk both ordered sequences side by side."""
        rows = iter(expected)
        row = next(rows, None)
        async for found in self._list(objects):
            while row is not None and row[0] < found.key:
                self._add(DifferenceKind.MISSING_OBJECT, row[2], row[0], "recorded, but not in the bucket")
                row = next(rows, None)
            is_known = row is not None and row[0] == found.key
            while row is not None and row[0] == found.key:  # two images of a document may share an object
                self._compare_size(row, found)
                row = next(rows, None)
            if not is_known:
                self._check_orphan(found)
        while row is not None:
            self._add(DifferenceKind.MISSING_OBJECT, row[2], row[0], "recorded, but not in the bucket")
            row = next(rows, None)

    def report(self, finished_at: datetime) -> VerifyReport:
        return VerifyReport(
            started_at=self.started_at,
            finished_at=finished_at,
            documents=self.documents,
            documents_processed=self.processed,
            documents_verified=self.verified,
            images=self.images,
            objects=self.objects,
            size_bytes=self.size_bytes,
            difference_count=sum(self.by_kind.values()),
            by_kind={kind.value: self.by_kind.get(kind, 0) for kind in DifferenceKind},
            differences=tuple(self.examples),
            gaps=VerifyGaps(self.without_digest, self.without_size, self.elsewhere, self.newer),
        )

    def _check_document(self, document: SourceDocument) -> None:
        self.documents += 1
        if not document.is_processed:
            return
        self.processed += 1
        if document.source_digest is None:
            self.without_digest += 1
            return
        name = str(document.id)
        if document.source_digest != document.digest:
            detail = "an original field is not what it was when its images were stored"
            self._add(DifferenceKind.SOURCE_CHANGED, name, None, detail)
            return
        urls = {entry.ref: entry.s3_url for entry in document.stored}
        known = urls.keys() | {failure.ref for failure in document.failed if failure.failure_class.is_final}
        if any(image.ref not in known for image in plan_document(document.original, self.mapping).images):
            detail = "it counts as processed, but an image of it is neither stored nor given up"
            self._add(DifferenceKind.RESULT_MISMATCH, name, None, detail)
            return
        if not _are_same(result_fields(document.original, self.mapping, urls), document.results):
            self._add(DifferenceKind.RESULT_MISMATCH, name, None, "its s3_ fields do not match s3_images_metadata")
            return
        self.verified += 1

    def _expect_objects(self, document: SourceDocument, sorter: ExternalSorter) -> None:
        prefix = collection_prefix(self.layout)
        for entry in document.stored:
            self.images += 1
            if entry.size_bytes is None:
                self.without_size += 1
            if entry.bucket != self.layout.bucket or not entry.key.startswith(prefix):
                self.elsewhere += 1
            else:
                sorter.add((entry.key, entry.size_bytes, str(document.id)))

    async def _list(self, objects: ObjectStore) -> AsyncIterator[ObjectFacts]:
        async for page in objects.list(collection_prefix(self.layout)):
            for found in page:
                self.objects += 1
                self.size_bytes += found.size_bytes
                yield found
            self.on_progress(self.documents, self.objects)

    def _compare_size(self, row: Row, found: ObjectFacts) -> None:
        if row[1] is not None and row[1] != found.size_bytes:
            detail = f"recorded with {row[1]} bytes, the object has {found.size_bytes}"
            self._add(DifferenceKind.SIZE_MISMATCH, row[2], row[0], detail)

    def _check_orphan(self, found: ObjectFacts) -> None:
        # S3 tells whole seconds: what was stored in the second of the beginning may be newer.
        if found.modified_at is not None and found.modified_at >= self.started_at.replace(microsecond=0):
            self.newer += 1
        else:
            self._add(DifferenceKind.ORPHAN_OBJECT, None, found.key, "in the bucket, but no document says so")

    def _add(self, kind: DifferenceKind, document_id: str | None, key: str | None, detail: str) -> None:
        self.by_kind[kind] = self.by_kind.get(kind, 0) + 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(Difference(kind, document_id, key, detail))


def _are_same(expected: object, found: object) -> bool:
    """Equality in which NaN, which a colour object may hold, equals itself."""
    return expected == found or repr(expected) == repr(found)
