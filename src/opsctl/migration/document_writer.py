"""Writing the results of documents: each in one guarded update, under a lease that was held lately.

Whoever reads a document reads it before the announcement that it is worked on, and the announcement is refused once
the lease is somebody else's. The guard of the update is what was read. So after a taking over it is enough that the
new owner changes each announced document once (`fence`): whatever is late then finds another document than it read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opsctl.migration.models import DocumentUpdate, RecordOutcome, SourceDocument
from opsctl.migration.patience import Patience
from opsctl.migration.ports import DocumentStore
from opsctl.migration.pulse import Pulse
from opsctl.migration.tally import Tally

NoteFailure = Callable[[object, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DocumentWriter:
    """The one place of a run that writes documents, and counts what it wrote.

    `note_failure` keeps a document that cannot be recorded, with the reason, in the run record.
    """

    documents: DocumentStore
    pulse: Pulse
    patience: Patience
    tally: Tally
    note_failure: NoteFailure
    retry_failed: bool

    async def write(self, update: DocumentUpdate) -> SourceDocument | None:
        """Write one document; None when it is dealt with, the document as it is now when it changed meanwhile.

        Raises BusyError when the lease is somebody else's.
        """
        outcome = await self.patience.ride_out(lambda: self._record(update))
        if outcome is RecordOutcome.CONFLICT:
            return await self._settle_conflict(update)
        if outcome is RecordOutcome.TOO_LARGE:
            self.tally.add_failed_document()
            reason = "with its results the document would pass the 16 MB that Mongo allows"
            await self.patience.ride_out(lambda: self.note_failure(update.document.id, reason))
        else:
            self.tally.add_update(update)
        return None

    async def _record(self, update: DocumentUpdate) -> RecordOutcome:
        """One try. Between two of them the lease may have run out, so it is asked for before each."""
        await self.pulse.hold()
        return await self.documents.record(update)

    async def _settle_conflict(self, update: DocumentUpdate) -> SourceDocument | None:
        current = await self.patience.ride_out(lambda: self.documents.read(update.document.id))
        if current is None:
            return None  # deleted meanwhile: nothing to record, its objects show up in `migrate verify`
        if (current.run_id, current.written_at) == (update.run_id, update.finished_at):
            self.tally.add_update(update)  # the write had arrived, only its answer was lost
            return None
        self.tally.add_conflict()
        if current.is_processed and not self.retry_failed:
            return None
        # What was read just now is a guard against a new owner only if the lease is confirmed after the reading.
        await self.patience.ride_out(self.pulse.beat)
        return current
