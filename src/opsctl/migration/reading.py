"""Reading a collection page by page, whatever becomes of Mongo between two pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from opsctl.migration.models import DocumentPage, DocumentView, IdRange, PageToken, Selection
from opsctl.migration.patience import Patience
from opsctl.migration.ports import DocumentStore


async def read_pages(
    documents: DocumentStore,
    selection: Selection,
    view: DocumentView,
    patience: Patience,
    within: IdRange | None = None,
) -> AsyncIterator[DocumentPage]:
    """All pages in reading order; an outage between two of them is waited out, within the limits."""
    after: PageToken | None = None
    while True:
        page = await patience.ride_out(partial(documents.page, selection, view, after, within))
        yield page
        after = page.next
        if after is None:
            return
