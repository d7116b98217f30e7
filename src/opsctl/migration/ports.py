"""What the migration needs from the outside world, in its own words. Adapters implement these; so do the fakes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opsctl.migration.clock import Clock
from opsctl.migration.models import (
    DocumentId,
    DocumentPage,
    DocumentUpdate,
    DocumentView,
    Download,
    FetchFailure,
    IdRange,
    ObjectFacts,
    PageToken,
    PlanTotals,
    RecordOutcome,
    RunState,
    Selection,
    SourceDocument,
)
from opsctl.migration.room import BodyRoom
from opsctl.migration.run_record import Heartbeat, Lease, Owner, RunRecord
from opsctl.migration.shards import ShardPlan


class DocumentStore(Protocol):
    """The collection. Every method raises UnavailableError or AccessDeniedError when the database does not answer."""

    async def check(self) -> None:
        """Raise NotFoundError when the database has no such collection."""

    async def page(
        self, selection: Selection, view: DocumentView, after: PageToken | None, within: IdRange | None = None
    ) -> DocumentPage:
        """The next documents in `_id` order, type of `_id` by type; some hundreds, fewer when they are large.

        With `within` only those of a part of the collection; `after` is None or a place in that part.
        """

    async def count_open(self, selection: Selection, within: IdRange | None = None) -> int:
        """How many of the selected documents are not processed, at this moment."""

    async def read(self, document_id: DocumentId) -> SourceDocument | None:
        """One document as it is now, or None when it is gone."""

    async def record(self, update: DocumentUpdate) -> RecordOutcome:
        """Apply one update, guarded on every original field and on what earlier runs wrote."""


class ImageSource(Protocol):
    """Where images are downloaded from."""

    async def fetch(self, url: str, room: BodyRoom | None = None) -> Download | FetchFailure:
        """One try to download one absolute URL; never raises for what a host does.

        A body that is larger than `room.LARGE_BYTES` reserves its size in `room` before it is read on.
        """


class ObjectStore(Protocol):
    """The bucket. Every method raises UnavailableError, AccessDeniedError or NotFoundError (no such bucket)."""

    async def check(self) -> None:
        """Raise when the bucket does not exist or cannot be read."""

    async def put_new(self, key: str, body: bytes, *, sha256: str, content_type: str) -> bool:
        """Create the object if there is none with this key; False when there is one already."""

    async def head(self, key: str) -> ObjectFacts | None:
        """The object with its checksum and content type, or None."""

    async def read(self, key: str) -> bytes | None:
        """The whole content of an object, or None."""

    def list(self, prefix: str) -> AsyncGenerator[Sequence[ObjectFacts], None]:
        """Pages of the objects below a prefix that ends with `/`, keys in UTF-8 order."""


class RunStore(Protocol):
    """The run records. Methods that take an owner write only while that owner's lease is the current one.

    An owner with the number of a shard writes to that shard, and what it counts to the run's sums with it.
    """

    async def latest(self) -> RunRecord | None:
        """The newest run of this collection."""

    async def create(self, record: RunRecord) -> bool:
        """Insert a new record with its lease; False when another process was quicker."""

    async def claim(self, seen: RunRecord, owner: Owner, now: datetime) -> RunRecord | None:
        """Take the lease over from what was `seen`, with the next epoch; None when it has changed meanwhile."""

    async def freeze_plan(self, run_id: str, owner: Owner, totals: PlanTotals, now: datetime) -> bool:
        """Write the plan's totals, set the counters to zero, and the state to running."""

    async def beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        """Renew the lease and add what was done since the last beat; False when the lease is somebody else's now."""

    async def announce(self, run_id: str, owner: Owner, document_ids: Sequence[DocumentId]) -> bool:
        """Write which documents are about to be worked on, before the first of their images is stored."""

    async def note_document_failure(self, run_id: str, owner: Owner, document_id: DocumentId, reason: str) -> None:
        """Keep a document that cannot be recorded at all in the run record (the newest thousand)."""

    async def finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        """Write the final state and give the lease back. The last shard that ends gives the run its state.

        Done twice, because an answer was lost, it is done once; False when the lease is somebody else's now.
        """

    async def close(self, run_id: str, owner: Owner, reason: str, now: datetime) -> bool:
        """Stop a run for good, because another one takes its place, and give the lease back; False when the lease is
        somebody else's now. `owner` holds the only lease of the run, or has seized all of them."""

    # -- sharded runs

    async def write_shards(
        self, run_id: str, owner: Owner, plans: Sequence[ShardPlan], now: datetime, *, has_foreign_work: bool = False
    ) -> bool:
        """Write what the planner has cut and found, once and for all, and give its lease back."""

    async def seize(self, seen: RunRecord, owner: Owner, now: datetime) -> bool:
        """Take every lease of a sharded run at once, each with its next epoch; False when anything has changed
        since it was `seen`. `owner` is the PLANNER, who may then finish the run."""

    async def leases(self, run_id: str, shard_count: int) -> Sequence[Lease]:
        """The leases of all shards at this moment, and nothing else: it is asked every second."""


@dataclass(frozen=True, slots=True)
class Services:
    """The outside world of a migration."""

    documents: DocumentStore
    source: ImageSource
    objects: ObjectStore
    runs: RunStore
    clock: Clock
