"""`migrate failures`: which images failed, why, and when they are tried again."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from opsctl.migration.models import DocumentView, FailureClass, ImageMapping, PageToken, Selection, SourceDocument
from opsctl.migration.plan import plan_document
from opsctl.migration.ports import DocumentStore


@dataclass(frozen=True, slots=True)
class FailedImage:
    """One image that is not stored. `is_final` False: the next start tries it again.

    `url` is as the document has it; it is redacted before it is shown, and `url_sha256` tells equal ones apart then.
    """

    document_id: str
    image_type: str
    color_name: str | None
    url: str
    url_sha256: str
    failure_class: FailureClass | None
    is_final: bool
    detail: str
    attempts: int
    last_at: datetime | None
    next_retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailuresReport:
    """All failed images of the selection, in the order of the documents."""

    by_class: dict[str, int]
    failures: tuple[FailedImage, ...]


async def read_failures(
    documents: DocumentStore, mapping: ImageMapping, *, classes: frozenset[str]
) -> AsyncIterator[FailedImage]:
    """Failed images one by one. An image of a document that another tool processed has no class: nobody said why."""
    await documents.check()
    after: PageToken | None = None
    while True:
        page = await documents.page(Selection(), DocumentView.PLAN, after)
        for document in page.documents:
            for failed in _failures_of(document, mapping):
                if not classes or (failed.failure_class or "unrecorded") in classes:
                    yield failed
        after = page.next
        if after is None:
            return


def _failures_of(document: SourceDocument, mapping: ImageMapping) -> list[FailedImage]:
    recorded = [
        FailedImage(
            document_id=str(document.id),
            image_type=failure.ref.image_type,
            color_name=failure.ref.color_name,
            url=failure.ref.url,
            url_sha256=_hash(failure.ref.url),
            failure_class=failure.failure_class,
            is_final=failure.failure_class.is_final,
            detail=failure.detail,
            attempts=failure.attempts,
            last_at=failure.last_at,
            next_retry_at=failure.next_retry_at,
        )
        for failure in document.failed
    ]
    if not document.is_processed or document.run_id is not None:
        return recorded
    stored = {entry.ref for entry in document.stored}
    return [
        FailedImage(
            document_id=str(document.id),
            image_type=image.ref.image_type,
            color_name=image.ref.color_name,
            url=image.ref.url,
            url_sha256=_hash(image.ref.url),
            failure_class=None,
            is_final=True,
            detail="skipped by the tool that processed the document",
            attempts=0,
            last_at=None,
            next_retry_at=None,
        )
        for image in plan_document(document.original, mapping).images
        if image.ref not in stored
    ]


def _hash(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", errors="surrogatepass")).hexdigest()
