"""What a start of a run has done so far, added up as documents are recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from opsctl.migration.models import Counters, DocumentUpdate
from opsctl.migration.transfer import TransferFigures


@dataclass(slots=True)
class Tally:
    """The counters of this start. `figures` are the transfers' own, read when a snapshot is taken."""

    figures: TransferFigures
    retry_failed: bool
    counters: Counters = field(default_factory=Counters)
    failed_by_class: Counter[str] = field(default_factory=Counter)

    def add_update(self, update: DocumentUpdate) -> None:
        """A document was recorded: count what is new in it."""
        stored_before = {entry.ref for entry in update.document.stored}
        failed_before = {f.ref for f in update.document.failed if f.failure_class.is_final and not self.retry_failed}
        final = [f for f in update.failed if f.failure_class.is_final and f.ref not in failed_before]
        self.failed_by_class.update(failure.failure_class.value for failure in final)
        complete = update.results is not None
        self.counters = self.counters.plus(
            Counters(
                documents_complete=int(complete),
                documents_partial=int(not complete),
                images_stored=sum(1 for entry in update.stored if entry.ref not in stored_before),
                images_failed=len(final),
                images_later=sum(1 for failure in update.failed if not failure.failure_class.is_final),
            )
        )

    def add_conflict(self) -> None:
        self.counters = self.counters.plus(Counters(conflicts=1))

    def add_failed_document(self) -> None:
        self.counters = self.counters.plus(Counters(documents_failed=1))

    def snapshot(self) -> Counters:
        """Everything up to this moment."""
        figures = self.figures
        return self.counters.plus(
            Counters(images_found=figures.found, bytes_stored=figures.bytes_stored, requests=figures.requests)
        )
