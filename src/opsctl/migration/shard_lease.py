"""Whose shard it is: find the run that all shards share, or begin it; cut it, or wait until it is cut; take the lease.

Any number of processes may start at the same moment and in any order. Creating a record, planning and claiming are
each one conditional write, of which one succeeds; who was too late looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from opsctl.errors import BusyError
from opsctl.migration.clock import sleep_unless
from opsctl.migration.lease import POLL_SECONDS, begin, new_record, take_whole, wait_until_free
from opsctl.migration.models import Counters, DocumentView, PageToken, PlanTotals, RunState, StopReason
from opsctl.migration.patience import Patience
from opsctl.migration.plan import count_document
from opsctl.migration.pulse import Pulse
from opsctl.migration.report import Progress
from opsctl.migration.run import ProgressSink, Services, Settings
from opsctl.migration.run_record import LEASE_SECONDS, PLANNER, Owner, ProcessIdentity, RunRecord
from opsctl.migration.shards import Cutter, ShardChoice

_NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class ShardStart:
    """One process that was told to work on one shard. `has_objects` asks the bucket for what is there already."""

    choice: ShardChoice
    settings: Settings
    services: Services
    owner_id: str
    process: ProcessIdentity
    stop: asyncio.Event
    on_progress: ProgressSink
    has_objects: Callable[[], Awaitable[bool]]

    async def acquire(self) -> tuple[RunRecord, Owner] | None:
        """Get the run and this shard's lease; None when told to stop before that.

        Raises BusyError when another process works on the shard, or the collection is worked on in another way.
        """
        runs = self.services.runs
        while not self.stop.is_set():
            seen = await runs.latest()
            if seen is None or not await self._is_to_go_on(seen):
                await self._begin(seen, None)
            elif not self._is_same(seen):
                await wait_until_free(runs, seen, self.process, self.services.clock)
                taken = await take_whole(runs, seen, self.owner_id, self.process, self.services.clock)
                if taken is not None:
                    await self._begin(*taken)
            elif not seen.shards:
                await self._plan_or_wait(seen)
            else:
                claimed = await self._claim(seen)
                if claimed is not None:
                    return claimed
        return None

    def _is_same(self, seen: RunRecord) -> bool:
        return (seen.selection, seen.shard_count) == (self.settings.selection, self.choice.count)

    async def _is_to_go_on(self, seen: RunRecord) -> bool:
        """A run that is over goes on for a process that comes late, or again, and finds nothing left to do."""
        if not seen.state.is_over:
            return True
        if not self._is_same(seen) or self.settings.selection.retry_failed:
            return False
        return not await self.services.documents.count_open(self.settings.selection)

    async def _begin(self, before: RunRecord | None, old_owner: Owner | None) -> None:
        layout, clock = self.settings.layout, self.services.clock
        record = new_record(
            before,
            Owner(self.owner_id, 1, self.process, PLANNER),
            clock,
            selection=self.settings.selection,
            bucket=layout.bucket,
            prefix=layout.prefix,
            collection=layout.collection,
            shard_count=self.choice.count,
        )
        await begin(self.services.runs, record, before, old_owner, clock)

    async def _claim(self, seen: RunRecord) -> tuple[RunRecord, Owner] | None:
        index, clock = self.choice.index, self.services.clock
        await wait_until_free(self.services.runs, seen, self.process, clock, index)
        owner = Owner(self.owner_id, seen.shards[index].lease.epoch + 1, self.process, index)
        claimed = await self.services.runs.claim(seen, owner, clock.now())
        return (claimed, owner) if claimed is not None else None

    # -- planning

    async def _plan_or_wait(self, seen: RunRecord) -> None:
        owner = Owner(self.owner_id, seen.lease.epoch, self.process, PLANNER)
        if (seen.lease.owner, seen.lease.renewals) != (self.owner_id, 0):
            free = await self._wait_for_planner(seen)
            if free is None:
                return
            owner = Owner(self.owner_id, free.lease.epoch + 1, self.process, PLANNER)
            if await self.services.runs.claim(free, owner, self.services.clock.now()) is None:
                return
        with suppress(BusyError):  # another one plans: this one took too long
            await _Planner(self, seen, owner).plan()

    async def _wait_for_planner(self, seen: RunRecord) -> RunRecord | None:
        """The record once nobody plans; None when it is planned, or has become another. Waits while a planner lives."""
        standing = 0.0
        while standing < LEASE_SECONDS and not self.stop.is_set():
            lease = seen.lease
            if lease.owner is None or (lease.process is not None and lease.process.is_dead_here()):
                return seen
            await sleep_unless(self.stop, self.services.clock, POLL_SECONDS)
            now = await self.services.runs.latest()
            if now is None or now.run_id != seen.run_id or now.shards:
                return None
            standing = standing + POLL_SECONDS if now.lease == lease else 0.0
            seen = now
        return None if self.stop.is_set() else seen


class _Planner:
    """Reads the collection once and cuts it; its lease is renewed between two pages."""

    def __init__(self, start: ShardStart, record: RunRecord, owner: Owner) -> None:
        services, limits = start.services, start.settings.limits
        self.start, self.record, self.owner = start, record, owner
        self.patience = Patience(limits.outage_seconds, services.clock, start.stop)
        self.pulse = Pulse(
            record.run_id,
            owner,
            services.runs,
            services.clock,
            self.patience,
            lambda: _NOTHING,
            self.patience.waiting_reason,
        )
        self.cutter = Cutter(start.choice.count)
        self.totals = PlanTotals()
        self.has_foreign_work = False

    async def plan(self) -> None:
        services, run_id = self.start.services, self.record.run_id
        if self.record.sequence == 1:
            self.has_foreign_work = await self.patience.ride_out(self.start.has_objects)
        await self._read()
        now = services.clock.now()
        if self.start.stop.is_set():
            await services.runs.finish(run_id, self.owner, RunState.STOPPED, StopReason.REQUEST, now)
            return
        plans, foreign = self.cutter.cut(), self.has_foreign_work
        await self.patience.ride_out(
            lambda: services.runs.write_shards(run_id, self.owner, plans, now, has_foreign_work=foreign)
        )

    async def _read(self) -> None:
        documents, settings = self.start.services.documents, self.start.settings
        after: PageToken | None = None
        while not self.start.stop.is_set():
            page = await self.patience.ride_out(partial(documents.page, settings.selection, DocumentView.PLAN, after))
            for document in page.documents:
                counted = count_document(PlanTotals(), document, settings.mapping, settings.selection)
                self.cutter.add((page.kind, document.id), counted)
                self.totals = self.totals.plus(counted)
                # The old Job kept no record of what it was in the middle of: any open document may be half stored.
                self.has_foreign_work |= document.is_processed and document.run_id is None
            self.start.on_progress(Progress("planning", self.totals, _NOTHING, self.patience.waiting_reason()))
            await self.pulse.beat_if_due()
            after = page.next
            if after is None:
                return
