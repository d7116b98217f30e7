"""Shutting out the process that a lease was taken from, at the documents that it may still be about to write.

An update that is on its way when its process falls asleep, or is cut off from the network, arrives whenever it does:
no check of a clock before the sending can help. But a process may only write what it has announced, and its update
carries a guard on what it read before that. So the new owner changes every announced document that is still open: it
writes the ledger that is there once more, as a visit that has tried nothing. A late update then matches nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from opsctl.migration.clock import Clock
from opsctl.migration.ending import first_known
from opsctl.migration.models import DocumentId, DocumentUpdate, RecordOutcome, SourceDocument
from opsctl.migration.patience import Patience
from opsctl.migration.ports import DocumentStore

FENCED_AT_ONCE = 16
_SMALLEST_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Fence:
    """Shuts late writers out of documents, in the name of the run `run_id`."""

    run_id: str
    documents: DocumentStore
    patience: Patience
    clock: Clock

    async def raise_around(self, announced: Sequence[DocumentId]) -> tuple[DocumentId, ...]:
        """Change those of the documents that are open; returns those that are not processed and not gone.

        To be done under the lease, before anything is counted: what a late update has written by then is in the plan.
        Processed documents, which only `--retry-failed` opens again, are left as they are.
        """
        left: list[DocumentId] = []
        for first in range(0, len(announced), FENCED_AT_ONCE):
            batch = announced[first : first + FENCED_AT_ONCE]
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._shut(identifier)) for identifier in batch]
            except BaseExceptionGroup as errors:
                raise first_known(errors) from errors
            left += [identifier for identifier, task in zip(batch, tasks, strict=True) if task.result()]
        return tuple(left)

    async def _shut(self, identifier: DocumentId) -> bool:
        """Change one document; whether it is open afterwards. Whatever changes it meanwhile has shut it as well."""
        document = await self.patience.ride_out(partial(self.documents.read, identifier))
        if document is None or document.is_processed:
            return False
        outcome = await self.patience.ride_out(partial(self.documents.record, self._visit(document)))
        if outcome is not RecordOutcome.CONFLICT:
            return True
        document = await self.patience.ride_out(partial(self.documents.read, identifier))
        return document is not None and not document.is_processed

    def _visit(self, document: SourceDocument) -> DocumentUpdate:
        return DocumentUpdate(
            document=document,
            run_id=document.run_id or self.run_id,
            results=None,
            stored=document.stored,
            failed=document.failed,
            finished_at=_later(self.clock.now(), document.written_at),
        )


def _later(now: datetime, before: datetime | None) -> datetime:
    """The clock of the machine that wrote before may have been ahead of ours."""
    return now if before is None or now > before else before + _SMALLEST_STEP
