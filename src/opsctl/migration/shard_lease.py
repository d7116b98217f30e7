"""Whose shard it is: find the run that all shards share, or begin it; cut it, or wait until it is cut; take the lease.

Any number of processes may start at the same moment and in any order. Closing a run, creating the next, planning and
claiming are each one conditional write, of which one succeeds; who was too late looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from opsctl.errors import BusyError
from opsctl.migration.clock import sleep_unless
from opsctl.migration.lease import POLL_SECONDS, new_record, take_and_close, wait_until_free
from opsctl.migration.models import Settings
from opsctl.migration.ports import Services
from opsctl.migration.report import ProgressSink
from opsctl.migration.run_record import LEASE_SECONDS, PLANNER, Owner, ProcessIdentity, RunRecord
from opsctl.migration.shard_planner import Planner
from opsctl.migration.shards import ShardChoice


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
        while not self.stop.is_set():
            seen = await self.services.runs.latest()
            if seen is None or not await self._is_to_go_on(seen):
                await self._begin(seen)
            elif not self._is_same(seen):
                await self._close(seen)
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
        """A run that is over goes on for a process that comes late, or again, and finds nothing left to do.

        Within one execution of a Job it goes on in any case. A Job starts an index again that has done its part when
        its pod died before it could say so; the other indexes would never come to a new run.
        """
        if not seen.has_ended:
            return True
        if seen.is_closed or not self._is_same(seen):
            return False
        if self.choice.execution is not None and self.choice.execution == seen.execution:
            return True
        if self.settings.selection.retry_failed:
            return False
        return not await self.services.documents.count_open(self.settings.selection)

    async def _begin(self, before: RunRecord | None) -> None:
        layout = self.settings.layout
        record = new_record(
            before,
            Owner(self.owner_id, 1, self.process, PLANNER),
            self.services.clock,
            selection=self.settings.selection,
            bucket=layout.bucket,
            prefix=layout.prefix,
            collection=layout.collection,
            shard_count=self.choice.count,
            execution=self.choice.execution,
        )
        await self.services.runs.create(record)

    async def _close(self, seen: RunRecord) -> None:
        """Close a run that is worked on in another way. Raises BusyError while somebody does."""
        runs, clock = self.services.runs, self.services.clock
        try:
            await wait_until_free(runs, seen, self.process, clock)
        except BusyError:
            # It may be one of our own shards that is about to close it: all of them start at the same moment.
            await sleep_unless(self.stop, clock, 2 * POLL_SECONDS)
            now = await runs.latest()
            if now is not None and now.run_id == seen.run_id and not now.has_ended:
                raise
            return
        await take_and_close(runs, seen, self.owner_id, self.process, clock)

    async def _claim(self, seen: RunRecord) -> tuple[RunRecord, Owner] | None:
        index, clock = self.choice.index, self.services.clock
        await wait_until_free(self.services.runs, seen, self.process, clock, index)
        epoch = seen.shards[index].lease.epoch + 1
        owner = Owner(self.owner_id, epoch, self.process, index, self.choice.execution)
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
        planner = Planner(seen, owner, self.settings, self.services, self.stop, self.on_progress, self.has_objects)
        with suppress(BusyError):  # another one plans: this one took too long
            await planner.plan()

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
