"""One start of a run of `migrate images`, from its lease to its last word.

fence: shuts out the process before -> plan: counts what there is -> pipeline: moves it -> the end
pulse, all the while: renews the lease, adds up the counters, tells the progress
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from opsctl.errors import BusyError, OpsctlError
from opsctl.migration.crowd import Crowd
from opsctl.migration.document_writer import DocumentWriter
from opsctl.migration.ending import final_state, first_known
from opsctl.migration.fence import Fence
from opsctl.migration.models import DocumentId, DocumentView, PlanTotals, RunState, Settings
from opsctl.migration.patience import Patience
from opsctl.migration.pipeline import Pipeline
from opsctl.migration.plan import count_document
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.ports import Services
from opsctl.migration.pulse import Pulse, lease_lost
from opsctl.migration.reading import read_pages
from opsctl.migration.report import MigrationReport, Progress, ProgressSink, ReportSink, ShardPart
from opsctl.migration.run_record import Owner, RunRecord
from opsctl.migration.tally import Tally
from opsctl.migration.transfer import Transfer, TransferFigures, has_objects

LAST_WORD_SECONDS = 5.0
RATE_SECONDS = 10


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
        self.shard = None if owner.shard is None else record.shards[owner.shard]
        self.within = self.shard.within if self.shard else None
        self.crowd = None if owner.shard is None else Crowd(owner.shard, clock)
        self.budgets = HostBudgets(limits, clock, stop)
        self.patience = Patience(limits.outage_seconds, clock, stop)
        figures = TransferFigures()
        self.tally = Tally(figures, settings.selection.retry_failed)
        self.pulse = Pulse(
            record.run_id, owner, services.runs, clock, self.patience, self.tally.snapshot, self._waiting_reason
        )
        self.pipeline = Pipeline(
            run_id=record.run_id,
            settings=settings,
            within=self.within,
            documents=services.documents,
            transfer=Transfer(
                source=services.source,
                objects=services.objects,
                layout=settings.layout,
                limits=limits,
                budgets=self.budgets,
                patience=self.patience,
                clock=clock,
                stop=stop,
                slots=asyncio.Semaphore(limits.workers),
                hold_lease=self.pulse.hold,
                figures=figures,
            ),
            writer=DocumentWriter(
                documents=services.documents,
                pulse=self.pulse,
                patience=self.patience,
                tally=self.tally,
                note_failure=partial(services.runs.note_document_failure, record.run_id, owner),
                retry_failed=settings.selection.retry_failed,
            ),
            patience=self.patience,
            stop=stop,
            announce=self._announce,
            look_everywhere=record.has_foreign_work,
        )
        self._recent: deque[tuple[float, int]] = deque(maxlen=RATE_SECONDS + 1)

    async def work(self, on_cut_short: ReportSink) -> MigrationReport:
        """Do the run to its end. When a service stays away or the lease is lost, `on_cut_short` gets the report of
        what was done, and the OpsctlError is raised."""
        started_at = self.services.clock.now()
        try:
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(self._beat_forever())
                await self._shut_out_the_one_before()
                await self._freeze_plan()
                await self._divide_hosts()
                await self.pipeline.run()
                beating.cancel()
            return await self._close(started_at)
        except BaseExceptionGroup as errors:
            error = first_known(errors)
            on_cut_short(await self._cut_short(error, started_at))
            raise error from errors
        except OpsctlError as error:
            on_cut_short(await self._cut_short(error, started_at))
            raise

    # -- before the first image

    async def _shut_out_the_one_before(self) -> None:
        """What earlier starts announced may be half done, or about to be written by a process that is not dead."""
        announced = self.shard.in_flight if self.shard else self.record.in_flight
        fence = Fence(self.record.run_id, self.services.documents, self.patience, self.services.clock)
        left = await fence.raise_around(announced)
        if self.settings.selection.retry_failed:
            left = announced  # it works on processed documents too
        self.pipeline.suspect(left, are_announced=True)
        if self.shard:
            self.pipeline.suspect(self.record.in_flight, are_announced=False)

    async def _freeze_plan(self) -> None:
        """Count what there is before the first image moves: the totals that progress and ETA are measured against."""
        totals, settings, services = PlanTotals(), self.settings, self.services
        is_foreign = False
        pages = read_pages(services.documents, settings.selection, DocumentView.PLAN, self.patience, self.within)
        async for page in pages:
            for document in page.documents:
                totals = count_document(totals, document, settings.mapping, settings.selection)
                # The old Job kept no record of what it was in the middle of: any open document may be half stored.
                is_foreign |= document.is_processed and document.run_id is None
            self.plan = totals
            if self.stop.is_set():
                return
        if self.shard is None and (self.record.sequence, self.record.starts) == (1, 1):
            is_foreign |= await self.patience.ride_out(partial(has_objects, services.objects, settings.layout))
        self.pipeline.look_everywhere |= is_foreign
        run_id, owner, now = self.record.run_id, self.owner, services.clock.now()
        if not await self.patience.ride_out(lambda: services.runs.freeze_plan(run_id, owner, totals, now)):
            raise lease_lost(run_id)
        self.pulse.start_buckets()
        self.phase = "moving"

    async def _announce(self, identifiers: Sequence[DocumentId]) -> None:
        runs, run_id, owner = self.services.runs, self.record.run_id, self.owner
        if not await self.patience.ride_out(lambda: runs.announce(run_id, owner, identifiers)):
            raise lease_lost(run_id)

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
            left=max(0, left - done.documents_failed) + self.pipeline.unfinished,
            is_stopped=self.stop.is_set(),
            reached_limit=self.pipeline.reached_limit,
        )
        now = self.services.clock.now()
        runs, run_id, owner = self.services.runs, self.record.run_id, self.owner
        if not await self.patience.ride_out(lambda: runs.finish(run_id, owner, state, reason, now)):
            raise lease_lost(run_id)
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
