"""What `status` asks the run records: the newest run, with its shards."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from opsctl.adapters.mongodb.connection import Fields
from opsctl.adapters.mongodb.runs import MongoRuns
from opsctl.errors import DataError
from opsctl.migration.history import join_buckets
from opsctl.migration.models import Counters, PlanTotals, StopReason
from opsctl.migration.run_record import Lease, Shard
from opsctl.migration.run_record import RunRecord as MigrationRun
from opsctl.status.answers import RunCounters, RunPlan, RunRecord, RunShard, Slice


class MongoRunRecords:
    """Implements `status.ports.RunRecords` on the records that migrations keep."""

    def __init__(self, database: AsyncDatabase[Fields], collection: str, *, host: str) -> None:
        self._runs = MongoRuns(database, collection, host=host)

    async def latest(self) -> RunRecord | None:
        """The newest run of the collection. Raises DataError for a record that this version cannot read."""
        try:
            run = await self._runs.latest()
            return None if run is None else _map_run(run)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"the newest run record cannot be read ({type(error).__name__})",
                hint="it may come from another version of opsctl",
            ) from error


def _map_run(run: MigrationRun) -> RunRecord:
    """Raises TypeError for what is no time: nothing else of a record is taken apart later."""
    for moment in (run.started_at, run.heartbeat_at, run.finished_at or run.started_at):
        _expect_time(moment)
    selection = run.selection
    buckets = run.buckets if run.shard_count is None else join_buckets(run.buckets)
    held = [lease for lease in run.leases if lease.owner is not None]
    shards = tuple(_map_shard(number, shard) for number, shard in enumerate(run.shards))
    return RunRecord(
        run_id=run.run_id,
        state=run.state.value,
        state_reason=run.state_reason,
        bucket=run.bucket,
        prefix=run.prefix,
        started_at=run.started_at,
        heartbeat_at=run.heartbeat_at,
        finished_at=run.finished_at,
        throttle_reason=_common_throttle(shards) if shards else run.throttle_reason,
        stop_code=next((reason.name.lower() for reason in StopReason if reason == run.state_reason), None),
        has_selection=bool(selection.where or selection.image_types or selection.limit),
        retries_failed=selection.retry_failed,
        is_process_gone=bool(held) and all(map(_is_dead_here, held)),
        hosts=tuple(dict.fromkeys(lease.process.host for lease in held if lease.process is not None)),
        plan=None if run.plan is None else _map_plan(run.plan),
        counters=_map_counters(run.counters),
        slices=tuple(Slice(entry.at, entry.seconds, entry.images, entry.documents) for entry in buckets),
        shards=shards,
    )


def _map_shard(index: int, shard: Shard) -> RunShard:
    return RunShard(
        index=index,
        state=shard.state.value,
        heartbeat_at=_expect_time(shard.heartbeat_at),
        plan=_map_plan(shard.plan),
        counters=_map_counters(shard.counters),
        state_reason=shard.state_reason,
        finished_at=None if shard.finished_at is None else _expect_time(shard.finished_at),
        throttle_reason=shard.throttle_reason,
        is_held=shard.lease.owner is not None,
        is_process_gone=shard.lease.owner is not None and _is_dead_here(shard.lease),
        host=shard.lease.process.host if shard.lease.process is not None else None,
        starts=shard.starts,
        idle_since=None if shard.idle_since is None else _expect_time(shard.idle_since),
    )


def _common_throttle(shards: Sequence[RunShard]) -> str | None:
    """A shared run waits only when all that are at work do."""
    reasons = [shard.throttle_reason for shard in shards if shard.is_held]
    return reasons[0] if reasons and all(reasons) else None


def _is_dead_here(lease: Lease) -> bool:
    # Asking about a process costs; only one of this machine can be answered.
    process = lease.process
    return process is not None and process.host == os.uname().nodename and process.is_dead_here()


def _map_plan(plan: PlanTotals) -> RunPlan:
    return RunPlan(
        documents=plan.documents,
        documents_processed=plan.documents_processed,
        images=plan.images,
        images_stored=plan.images_stored,
        images_failed=plan.images_failed,
    )


def _map_counters(done: Counters) -> RunCounters:
    return RunCounters(
        documents_complete=done.documents_complete,
        images_stored=done.images_stored,
        images_failed=done.images_failed,
        documents_failed=done.documents_failed,
    )


def _expect_time(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a time is expected")
    return value
