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

    An unfinished run with the same selection is continued; another one is closed first, so that nobody goes on with
    it. Raises BusyError when somebody else works on the collection.
    """
    while True:
        seen = await runs.latest()
        if seen is not None and not seen.has_ended:
            await wait_until_free(runs, seen, process, clock)
            if seen.shard_count is None and seen.selection == selection:
                owner = Owner(owner_id, seen.lease.epoch + 1, process)
                claimed = await runs.claim(seen, owner, clock.now())
                if claimed is not None:
                    return claimed, owner
            else:
                await take_and_close(runs, seen, owner_id, process, clock)
            continue
        owner = Owner(owner_id, 1, process)
        record = new_record(
            seen, owner, clock, selection=selection, bucket=bucket, prefix=prefix, collection=collection
        )
        if await runs.create(record):
            return record, owner


async def take_and_close(
    runs: RunStore, seen: RunRecord, owner_id: str, process: ProcessIdentity, clock: Clock
) -> None:
    """Take every lease of a run that is free, and close it. Nothing happens when it has changed since it was seen.

    Closed it stays, whoever dies or falls asleep before the next run is there: the next one to come begins that.
    """
    now = clock.now()
    if seen.shard_count is None:
        owner = Owner(owner_id, seen.lease.epoch + 1, process)
        is_taken = await runs.claim(seen, owner, now) is not None
    else:
        owner = Owner(owner_id, seen.lease.epoch + 1, process, PLANNER)
        is_taken = await runs.seize(seen, owner, now)
    if is_taken:
        await runs.close(seen.run_id, owner, "a run with other options took over", now)


async def wait_until_free(
    runs: RunStore, seen: RunRecord, process: ProcessIdentity, clock: Clock, shard: int | None = None
) -> None:
    """Return once the lease of a shard, or every lease of a run, may be taken, or the run is not the newest any more;
    one lease of silence proves that nobody renews it. Raises BusyError when somebody does."""
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
        if now is None or now.run_id != seen.run_id or all(lease.owner is None for lease in _pick(now, shard)):
            return
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
    execution: str | None = None,
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
        # What the closed run left half done is still to be looked for; one that is over left nothing.
        in_flight=before.all_in_flight if before is not None and not before.state.is_over else (),
        shard_count=shard_count,
        execution=execution,
    )
