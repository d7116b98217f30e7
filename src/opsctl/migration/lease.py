"""Whose run is it: continue the last run, take over from a dead process, or find out that somebody else is at work."""

from __future__ import annotations

from opsctl.errors import BusyError
from opsctl.migration.clock import Clock
from opsctl.migration.models import RunState, Selection
from opsctl.migration.ports import RunStore
from opsctl.migration.run_record import LEASE_SECONDS, PLANNER, Lease, Owner, ProcessIdentity, RunRecord

POLL_SECONDS = 1.0


async def acquire(
    runs: RunStore,
    *,
    selection: Selection,
    bucket: str,
    prefix: str,
    collection: str,
    process: ProcessIdentity,
    owner_id: str,
    clock: Clock,
) -> tuple[RunRecord, Owner]:
    """Get a run record to work on, with its lease.

    An unfinished run with the same selection is continued; another one is closed first, so that its process, should
    it wake up, can write no more. Raises BusyError when somebody else works on the collection.
    """
    while True:
        seen, old_owner = await runs.latest(), None
        if seen is not None and not seen.state.is_over:
            await wait_until_free(runs, seen, process, clock)
            taken = await take_whole(runs, seen, owner_id, process, clock)
            if taken is None:
                continue
            seen, old_owner = taken
            if seen.shard_count is None and seen.selection == selection:
                return seen, old_owner
        owner = Owner(owner_id, 1, process)
        record = new_record(
            seen, owner, clock, selection=selection, bucket=bucket, prefix=prefix, collection=collection
        )
        if await begin(runs, record, seen, old_owner, clock):
            return record, owner


async def take_whole(
    runs: RunStore, seen: RunRecord, owner_id: str, process: ProcessIdentity, clock: Clock
) -> tuple[RunRecord, Owner] | None:
    """Take every lease of a run that is free; None when it has changed since it was seen."""
    now = clock.now()
    if seen.shard_count is not None:
        owner = Owner(owner_id, seen.lease.epoch + 1, process, PLANNER)
        return (seen, owner) if await runs.seize(seen, owner, now) else None
    owner = Owner(owner_id, seen.lease.epoch + 1, process)
    claimed = await runs.claim(seen, owner, now)
    return (claimed, owner) if claimed is not None else None


async def begin(
    runs: RunStore, record: RunRecord, before: RunRecord | None, old_owner: Owner | None, clock: Clock
) -> bool:
    """Create a run, and close the one before it if this process has taken that; False when another was quicker."""
    is_created = await runs.create(record)
    if before is not None and old_owner is not None:
        # Only now: until the new run is there, the old one has to look like one that is being worked on.
        reason = "a run with other options took over"
        await runs.finish(before.run_id, old_owner, RunState.STOPPED, reason, clock.now())
    return is_created


async def wait_until_free(
    runs: RunStore, seen: RunRecord, process: ProcessIdentity, clock: Clock, shard: int | None = None
) -> None:
    """Return once the lease of a shard, or every lease of a run, may be taken; one lease of silence proves that
    nobody renews it. Raises BusyError when somebody does."""
    held = [lease for lease in _pick(seen, shard) if not _is_free(lease)]
    if not held:
        return
    heartbeat_at = seen.heartbeat_at if shard is None else seen.shards[shard].heartbeat_at
    if (clock.now() - heartbeat_at).total_seconds() < LEASE_SECONDS:
        for lease in held:
            # The same machine has the same clock: nothing to wait for.
            if lease.process is not None and lease.process != process and lease.process.is_alive_here():
                raise _busy(seen, lease)
    waited = 0.0
    while waited < LEASE_SECONDS:
        await clock.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        now = await runs.latest()
        if now is None or all(lease.owner is None for lease in now.leases):
            return
        if now.run_id != seen.run_id:
            raise _busy(now, next(lease for lease in now.leases if lease.owner is not None))
        for lease, then in zip(_pick(now, shard), _pick(seen, shard), strict=False):
            if lease.owner is not None and (lease.epoch, lease.renewals) != (then.epoch, then.renewals):
                raise _busy(now, lease)


def _pick(record: RunRecord, shard: int | None) -> tuple[Lease, ...]:
    return record.leases if shard is None else (record.lease_of(shard),)


def _is_free(lease: Lease) -> bool:
    return lease.owner is None or (lease.process is not None and lease.process.is_dead_here())


def _busy(record: RunRecord, lease: Lease) -> BusyError:
    process = lease.process
    where = f" by process {process.pid} on {process.host}" if process else ""
    return BusyError(
        f"run {record.run_id} is being worked on{where}",
        hint="watch it with `opsctl status --watch`; a run whose process is gone is taken over after 15 seconds",
    )


def new_record(
    before: RunRecord | None,
    owner: Owner,
    clock: Clock,
    *,
    selection: Selection,
    bucket: str,
    prefix: str,
    collection: str,
    shard_count: int | None = None,
) -> RunRecord:
    """The record of a run that follows another; with a `shard_count` its owner is the planner."""
    now = clock.now()
    sequence = before.sequence + 1 if before else 1
    return RunRecord(
        run_id=f"{collection}-{sequence}",
        sequence=sequence,
        state=RunState.PLANNED,
        state_reason=None,
        bucket=bucket,
        prefix=prefix,
        created_at=now,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
        starts=1,
        lease=Lease(owner.id, owner.epoch, 0, owner.process),
        selection=selection,
        # What the closed run left half done is still to be looked for.
        in_flight=before.all_in_flight if before else (),
        shard_count=shard_count,
    )
