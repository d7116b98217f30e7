"""A run of `migrate images`: the one place of the migration that starts tasks.

    feed -> bounded queue -> workers: plan -> (fetch -> store) per image -> one guarded update per document
    pulse: renews the lease, adds up the counters, tells the progress

Memory is bounded by the queue and the number of workers, whatever the size of the collection.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from opsctl.errors import BusyError, OpsctlError
from opsctl.migration.clock import Clock
from opsctl.migration.crowd import Crowd
from opsctl.migration.document import DocumentWork, build_update, has_work, plan_work
from opsctl.migration.ending import final_state, first_known
from opsctl.migration.models import (
    DocumentId,
    DocumentUpdate,
    DocumentView,
    ImageMapping,
    KeyLayout,
    PageToken,
    PlannedImage,
    PlanTotals,
    RecordOutcome,
    RunState,
    Selection,
    SourceDocument,
    TransferLimits,
)
from opsctl.migration.patience import Patience
from opsctl.migration.plan import count_document
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.ports import DocumentStore, ImageSource, ObjectStore, RunStore
from opsctl.migration.pulse import Pulse, lease_lost
from opsctl.migration.report import MigrationReport, Progress, ShardPart
from opsctl.migration.run_record import Owner, RunRecord
from opsctl.migration.tally import Tally
from opsctl.migration.transfer import Outcome, Transfer, has_objects

CHUNK_DOCUMENTS = 100
CHUNK_BYTES = 8 * 1024 * 1024
CONFLICT_TRIES = 3
LAST_WORD_SECONDS = 5.0
RATE_SECONDS = 10

ProgressSink = Callable[[Progress], None]
ReportSink = Callable[[MigrationReport], None]
DocumentQueue = asyncio.Queue[SourceDocument | None]


@dataclass(frozen=True, slots=True)
class Services:
    """The outside world of a migration."""

    documents: DocumentStore
    source: ImageSource
    objects: ObjectStore
    runs: RunStore
    clock: Clock


@dataclass(frozen=True, slots=True)
class Settings:
    """What to migrate, where to, and how hard."""

    mapping: ImageMapping
    layout: KeyLayout
    limits: TransferLimits
    selection: Selection = field(default_factory=Selection)


class Run:
    """One start of a run that holds the lease."""

    def __init__(
        self,
        record: RunRecord,
        owner: Owner,
        settings: Settings,
        services: Services,
        *,
        stop: asyncio.Event,
        on_progress: ProgressSink,
    ) -> None:
        clock, limits = services.clock, settings.limits
        self.record, self.owner = record, owner
        self.settings, self.services = settings, services
        self.stop, self.on_progress = stop, on_progress
        self.plan = PlanTotals()
        self.phase = "planning"
        self.budgets = HostBudgets(limits, clock, stop)
        self.patience = Patience(limits.outage_seconds, clock, stop)
        self.transfer = Transfer(
            source=services.source,
            objects=services.objects,
            layout=settings.layout,
            limits=limits,
            budgets=self.budgets,
            patience=self.patience,
            clock=clock,
            stop=stop,
            slots=asyncio.Semaphore(limits.workers),
        )
        self.tally = Tally(self.transfer.figures, settings.selection.retry_failed)
        self.pulse = Pulse(
            record.run_id, owner, services.runs, clock, self.patience, self.tally.snapshot, self._waiting_reason
        )
        self.shard = None if owner.shard is None else record.shards[owner.shard]
        self.within = self.shard.within if self.shard else None
        self.crowd = None if owner.shard is None else Crowd(owner.shard, clock)
        # Documents that an earlier start announced and may have left with images stored but not recorded.
        announced = self.shard.in_flight if self.shard else record.in_flight
        self._suspects = {_hashable(identifier) for identifier in (*record.in_flight, *announced)}
        self._open: dict[object, DocumentId] = {_hashable(identifier): identifier for identifier in announced}
        self._look_everywhere = record.has_foreign_work
        self._reached_limit = False
        self._unfinished = 0  # processed documents whose missing images could not all be tried again
        self._recent: deque[tuple[float, int]] = deque(maxlen=RATE_SECONDS + 1)
        self._image_tasks: set[asyncio.Task[tuple[Outcome, ...]]] = set()

    async def work(self, on_cut_short: ReportSink) -> MigrationReport:
        """Do the run to its end. When a service stays away or the lease is lost, `on_cut_short` gets the report of
        what was done, and the OpsctlError is raised."""
        started_at = self.services.clock.now()
        try:
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(self._beat_forever())
                await self._freeze_plan()
                await self._divide_hosts()
                await self._move_everything()
                beating.cancel()
            return await self._close(started_at)
        except BaseExceptionGroup as errors:
            error = first_known(errors)
            on_cut_short(await self._cut_short(error, started_at))
            raise error from errors
        except OpsctlError as error:
            on_cut_short(await self._cut_short(error, started_at))
            raise

    # -- plan

    async def _freeze_plan(self) -> None:
        """Count what there is before the first image moves: the totals that progress and ETA are measured against."""
        totals, settings = PlanTotals(), self.settings
        async for document in self._read(DocumentView.PLAN):
            totals = count_document(totals, document, settings.mapping, settings.selection)
            # The old Job kept no record of what it was in the middle of: any open document may be half stored.
            self._look_everywhere |= document.is_processed and document.run_id is None
            self.plan = totals
            if self.stop.is_set():
                return
        if self.shard is None and (self.record.sequence, self.record.starts) == (1, 1):
            self._look_everywhere |= await self.patience.ride_out(
                partial(has_objects, self.services.objects, self.settings.layout)
            )
        now = self.services.clock.now()
        runs, run_id, owner = self.services.runs, self.record.run_id, self.owner
        if not await self.patience.ride_out(lambda: runs.freeze_plan(run_id, owner, totals, now)):
            raise lease_lost(run_id)
        self.pulse.start_buckets()
        self.phase = "moving"

    async def _read(self, view: DocumentView) -> AsyncIterator[SourceDocument]:
        """Documents page by page; an outage between two pages is waited out."""
        documents, selection = self.services.documents, self.settings.selection
        after: PageToken | None = None
        while True:
            page = await self.patience.ride_out(partial(documents.page, selection, view, after, self.within))
            for document in page.documents:
                yield document
            after = page.next
            if after is None:
                return

    # -- feed and workers

    async def _move_everything(self) -> None:
        queue: DocumentQueue = asyncio.Queue(maxsize=self.settings.limits.workers)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._worker(queue)) for _ in range(self.settings.limits.workers)]
            drain = group.create_task(self._cut_off_after_stop())
            await self._feed(queue)
            for _ in workers:
                await queue.put(None)
            await asyncio.wait(workers)
            drain.cancel()

    async def _feed(self, queue: DocumentQueue) -> None:
        """Read open documents ahead, announce them in chunks, and hand them out."""
        chunk: list[SourceDocument] = []
        chunk_bytes = fed = 0
        async for document in self._read(DocumentView.OPEN):
            if self.stop.is_set():
                return
            if not has_work(document, self.settings.mapping, self.settings.selection) or self._was_visited(document):
                continue
            if fed == self.settings.selection.limit:
                self._reached_limit = True
                break
            fed += 1
            chunk.append(document)
            chunk_bytes += document.size_bytes
            if len(chunk) >= CHUNK_DOCUMENTS or chunk_bytes >= CHUNK_BYTES:
                await self._hand_out(chunk, queue)
                chunk, chunk_bytes = [], 0
        await self._hand_out(chunk, queue)

    def _was_visited(self, document: SourceDocument) -> bool:
        """A document that this very run has tried again already: a limit goes on behind it."""
        return document.is_processed and document.run_id == self.record.run_id

    async def _hand_out(self, chunk: Sequence[SourceDocument], queue: DocumentQueue) -> None:
        if not chunk or self.stop.is_set():
            return
        self._open.update({_hashable(document.id): document.id for document in chunk})
        ids = tuple(self._open.values())
        runs, run_id, owner = self.services.runs, self.record.run_id, self.owner
        if not await self.patience.ride_out(lambda: runs.announce(run_id, owner, ids)):
            raise lease_lost(run_id)
        for document in chunk:
            await queue.put(document)

    async def _worker(self, queue: DocumentQueue) -> None:
        while (document := await queue.get()) is not None:
            if not self.stop.is_set():
                await self._migrate(document)

    async def _cut_off_after_stop(self) -> None:
        """What is in flight when the run is told to stop may finish, but only within a bound."""
        await self.stop.wait()
        self.budgets.let_go()
        await self.services.clock.sleep(self.settings.limits.drain_seconds)
        for task in self._image_tasks:
            task.cancel()

    async def _migrate(self, document: SourceDocument) -> None:
        """Work on one document. It stays among those in flight while objects may be stored that it does not name."""
        outcomes: list[Outcome] = []
        current: SourceDocument | None = document
        for _ in range(CONFLICT_TRIES):
            if current is None:
                break
            work = plan_work(current, self.settings.mapping, self.settings.selection)
            outcomes = await self._visit(work, outcomes)
            now = self.services.clock.now()
            update = build_update(work, self.settings.mapping, outcomes, run_id=self.record.run_id, now=now)
            if update.results is None and not outcomes and not self.stop.is_set():
                break  # no image of a wanted type
            if update.results is None and (current.is_processed or not outcomes):
                self._unfinished += int(current.is_processed)
                return  # not all was tried
            current = await self._record(update)
        else:
            if current is not None:
                return  # it changed under every try
        self._open.pop(_hashable(document.id), None)

    async def _visit(self, work: DocumentWork, known: Sequence[Outcome]) -> list[Outcome]:
        """Move every image of a document that has no outcome yet; returns all outcomes that belong to the plan."""
        wanted = {image.ref for image in work.todo}
        outcomes = [outcome for outcome in known if outcome.ref in wanted]
        left = work.without(outcome.ref for outcome in outcomes)
        if left and (self._look_everywhere or _hashable(work.document.id) in self._suspects):
            outcomes += await self.transfer.find_stored(work.document.id, work.plan.vehicle_name, left)
        groups = work.by_url(outcome.ref for outcome in outcomes)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._move(work, images)) for images in groups]
            self._image_tasks.update(tasks)
        self._image_tasks.difference_update(tasks)
        return outcomes + [outcome for task in tasks if not task.cancelled() for outcome in task.result()]

    async def _move(self, work: DocumentWork, images: Sequence[PlannedImage]) -> tuple[Outcome, ...]:
        if self.stop.is_set():
            return ()
        return await self.transfer.move(work.document.id, work.plan.vehicle_name, images, work.visits)

    async def _record(self, update: DocumentUpdate) -> SourceDocument | None:
        """Write one document; None when it is dealt with, the document as it is now when it changed meanwhile."""
        await self.pulse.hold()
        outcome = await self.patience.ride_out(lambda: self.services.documents.record(update))
        if outcome is RecordOutcome.CONFLICT:
            return await self._settle_conflict(update)
        if outcome is RecordOutcome.TOO_LARGE:
            self.tally.add_failed_document()
            runs, run_id, owner, identifier = self.services.runs, self.record.run_id, self.owner, update.document.id
            reason = "with its results the document would pass the 16 MB that Mongo allows"
            await self.patience.ride_out(lambda: runs.note_document_failure(run_id, owner, identifier, reason))
        else:
            self.tally.add_update(update)
        return None

    async def _settle_conflict(self, update: DocumentUpdate) -> SourceDocument | None:
        current = await self.patience.ride_out(lambda: self.services.documents.read(update.document.id))
        if current is None:
            return None  # deleted meanwhile: nothing to record, its objects show up in `migrate verify`
        if (current.run_id, current.written_at) == (update.run_id, update.finished_at):
            self.tally.add_update(update)  # the write had arrived, only its answer was lost
            return None
        self.tally.add_conflict()
        return None if current.is_processed and not self.settings.selection.retry_failed else current

    # -- progress and the end

    async def _beat_forever(self) -> None:
        while True:
            await self.services.clock.sleep(1.0)
            self._tell()
            await self.pulse.beat_if_due()
            await self._divide_hosts()

    async def _divide_hosts(self) -> None:
        """Every second: how many processes share the run, and so what each may ask of a host."""
        if self.crowd is None or self.stop.is_set():
            return
        runs, run_id, count = self.services.runs, self.record.run_id, len(self.record.shards)
        share = self.crowd.look(await self.patience.ride_out(lambda: runs.leases(run_id, count)))
        self.pulse.bucket_seconds = share.bucket_seconds
        self.budgets.divide(share)

    def _tell(self) -> None:
        done, now = self.tally.snapshot(), self.services.clock.monotonic()
        self._recent.append((now, done.images_finished))
        began, before = self._recent[0]
        rate = (done.images_finished - before) / (now - began) if now > began else 0.0
        self.on_progress(Progress(self.phase, self.plan, done, self._waiting_reason(), rate))

    def _waiting_reason(self) -> str | None:
        return self.patience.waiting_reason() or self.budgets.waiting_reason()

    async def _close(self, started_at: datetime) -> MigrationReport:
        await self.patience.ride_out(lambda: self.pulse.beat(last=True))
        documents, selection = self.services.documents, self.settings.selection
        left = await self.patience.ride_out(lambda: documents.count_open(selection, self.within))
        done = self.tally.snapshot()
        state, reason = final_state(
            self.plan,
            done,
            selection,
            # Those that cannot be recorded at all are not left for anybody.
            left=max(0, left - done.documents_failed) + self._unfinished,
            is_stopped=self.stop.is_set(),
            reached_limit=self._reached_limit,
        )
        now = self.services.clock.now()
        runs, run_id, owner = self.services.runs, self.record.run_id, self.owner
        await self.patience.ride_out(lambda: runs.finish(run_id, owner, state, reason, now))
        self.phase = "done"
        self._tell()
        return self._report(state, reason, started_at, now, left)

    def _report(
        self, state: RunState, reason: str | None, started_at: datetime, now: datetime, left: int
    ) -> MigrationReport:
        return MigrationReport(
            run_id=self.record.run_id,
            dry_run=False,
            state=state,
            state_reason=reason,
            started_at=started_at,
            finished_at=now,
            plan=self.plan,
            counters=self.tally.snapshot(),
            open_documents=left,
            failed_by_class=dict(sorted(self.tally.failed_by_class.items())),
            hosts=self.budgets.figures(),
            shard=None if self.owner.shard is None else ShardPart(self.owner.shard, len(self.record.shards)),
        )

    async def _cut_short(self, error: BaseException, started_at: datetime) -> MigrationReport:
        """The report of a run that an error ends. Tries once to say in the record why; a taken run is left alone."""
        reason = error.message if isinstance(error, OpsctlError) else type(error).__name__
        now = self.services.clock.now()
        if not isinstance(error, BusyError):
            with suppress(OpsctlError, TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await self.pulse.beat(last=True)
                    await self.services.runs.finish(self.record.run_id, self.owner, RunState.STOPPED, reason, now)
        left = self.plan.documents_open - self.tally.counters.documents_complete
        return self._report(RunState.STOPPED, reason, started_at, now, max(0, left))


def _hashable(document_id: DocumentId) -> object:
    """An `_id` may be a nested document, which no set can hold."""
    try:
        hash(document_id)
    except TypeError:
        return repr(document_id)
    return document_id
