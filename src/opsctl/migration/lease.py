"""Whose run is it: continue the last run, take over from a dead process, or find out that somebody else is at work."""

from __future__ import annotations

from opsctl.errors import BusyError
from opsctl.migration.clock import Clock
from opsctl.migration.models import RunState, Selection
from opsctl.migration.ports import RunStore
from opsctl.migration.run_record import LEASE_SECONDS, Lease, Owner, ProcessIdentity, RunRecord

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
        seen = await runs.latest()
        if seen is not None and not seen.state.is_over:
            await _wait_until_free(runs, seen, process, clock)
            now = clock.now()
            owner = Owner(owner_id, seen.lease.epoch + 1, process)
            claimed = await runs.claim(seen, owner, now)
            if claimed is None:
                continue
            if seen.selection == selection:
                return claimed, owner
            seen, old_owner = claimed, owner
        else:
            old_owner = None
        owner = Owner(owner_id, 1, process)
        record = _new_record(
            seen, owner, clock, selection=selection, bucket=bucket, prefix=prefix, collection=collection
        )
        is_created = await runs.create(record)
        if seen is not None and old_owner is not None:
            # Only now: until the new run is there, the old one has to look like one that is being worked on.
            reason = "a run with other options took over"
            await runs.finish(seen.run_id, old_owner, RunState.STOPPED, reason, clock.now())
        if is_created:
            return record, owner


async def _wait_until_free(runs: RunStore, seen: RunRecord, process: ProcessIdentity, clock: Clock) -> None:
    """Return once the lease may be taken; one lease of silence proves that nobody renews it."""
    lease = seen.lease
    if lease.owner is None or (lease.process is not None and lease.process.is_dead_here()):
        return
    silent_seconds = (clock.now() - seen.heartbeat_at).total_seconds()
    other = lease.process if lease.process != process else None
    if other is not None and other.is_alive_here() and silent_seconds < LEASE_SECONDS:
        raise _busy(seen)  # the same machine has the same clock: nothing to wait for
    waited = 0.0
    while waited < LEASE_SECONDS:
        await clock.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
        now = await runs.latest()
        if now is None or now.lease.owner is None:
            return
        if (now.run_id, now.lease.epoch, now.lease.renewals) != (seen.run_id, lease.epoch, lease.renewals):
            raise _busy(now)


def _busy(record: RunRecord) -> BusyError:
    process = record.lease.process
    where = f" by process {process.pid} on {process.host}" if process else ""
    return BusyError(
        f"run {record.run_id} is being worked on{where}",
        hint="watch it with `opsctl status --watch`; a run whose process is gone is taken over after 15 seconds",
    )


def _new_record(
    before: RunRecord | None,
    owner: Owner,
    clock: Clock,
    *,
    selection: Selection,
    bucket: str,
    prefix: str,
    collection: str,
) -> RunRecord:
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
        in_flight=before.in_flight if before else (),
    )
