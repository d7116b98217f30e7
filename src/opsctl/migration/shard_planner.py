"""Cutting the collection of a new sharded run: one process reads everything once, before anybody moves an image."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opsctl.migration.fence import Fence
from opsctl.migration.models import Counters, DocumentPage, DocumentView, PlanTotals, RunState, Settings, StopReason
from opsctl.migration.patience import Patience
from opsctl.migration.plan import count_document
from opsctl.migration.ports import Services
from opsctl.migration.pulse import Pulse
from opsctl.migration.reading import read_pages
from opsctl.migration.report import Progress, ProgressSink
from opsctl.migration.run_record import Owner, RunRecord
from opsctl.migration.shards import Cutter

_NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class Planner:
    """Cuts one run into shards. `has_objects` asks the bucket for what is there already."""

    record: RunRecord
    owner: Owner
    settings: Settings
    services: Services
    stop: asyncio.Event
    on_progress: ProgressSink
    has_objects: Callable[[], Awaitable[bool]]

    async def plan(self) -> None:
        """Write the ranges, or give the lease back when told to stop; it is renewed between two pages.

        Raises BusyError when another process plans by now.
        """
        services, run_id, owner = self.services, self.record.run_id, self.owner
        patience = Patience(self.settings.limits.outage_seconds, services.clock, self.stop)
        is_foreign = False
        if self.record.sequence == 1:
            is_foreign = await patience.ride_out(self.has_objects)
        # Nobody works on this run yet: what the run before left announced is shut here, once for all shards.
        await Fence(run_id, services.documents, patience, services.clock).raise_around(self.record.in_flight)
        survey = await self._read(patience)
        now = services.clock.now()
        if self.stop.is_set():
            await services.runs.finish(run_id, owner, RunState.STOPPED, StopReason.REQUEST, now)
            return
        plans, is_foreign = survey.cutter.cut(), is_foreign or survey.has_foreign_work
        await patience.ride_out(
            lambda: services.runs.write_shards(run_id, owner, plans, now, has_foreign_work=is_foreign)
        )

    async def _read(self, patience: Patience) -> _Survey:
        services, settings = self.services, self.settings
        reason = patience.waiting_reason
        pulse = Pulse(self.record.run_id, self.owner, services.runs, services.clock, patience, lambda: _NOTHING, reason)
        survey = _Survey(settings, Cutter(self.record.shard_count or 1))
        async for page in read_pages(services.documents, settings.selection, DocumentView.PLAN, patience):
            survey.add(page)
            self.on_progress(Progress("planning", survey.totals, _NOTHING, reason()))
            await pulse.beat_if_due()
            if self.stop.is_set():
                break
        return survey


@dataclass(slots=True)
class _Survey:
    """What has been read so far."""

    settings: Settings
    cutter: Cutter
    totals: PlanTotals = PlanTotals()  # noqa: RUF009 it never changes
    has_foreign_work: bool = False

    def add(self, page: DocumentPage) -> None:
        for document in page.documents:
            counted = count_document(PlanTotals(), document, self.settings.mapping, self.settings.selection)
            self.cutter.add((page.kind, document.id), counted)
            self.totals = self.totals.plus(counted)
            # The old Job kept no record of what it was in the middle of: any open document may be half stored.
            self.has_foreign_work |= document.is_processed and document.run_id is None
