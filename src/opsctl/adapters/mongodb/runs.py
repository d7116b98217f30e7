"""Run records: collection `opsctl_runs` beside the migrated collection, one document per run.

{_id: "<collection>-<sequence>", schema: 1, collection, sequence, state, state_reason, bucket, prefix,
 created_at, started_at, heartbeat_at, finished_at, starts, closed,
 selection: {where, image_types, limit, retry_failed}, plan: {documents, ...} | null,
 counters: {documents_complete, ...}, throttle_reason,
 buckets: [{at, seconds, images, documents, bytes}], document_failures: [{id, reason}],
 shards: {"0": {lease: {owner, epoch, renewals, expires_at, process: {...}}, in_flight: [ids]}}}

A sharded run has `shard_count`, `revision`, `suspects: [ids]`, `has_foreign_work`, `execution`, `planning: {lease}`
and, once cut,
 shards: {"<number>": {range: {after: {kind, id} | null, upto}, lease, state, state_reason, heartbeat_at, finished_at,
                       starts, frozen_epoch, plan, counters, throttle_reason, idle_since,
                       in_flight}}
Its `plan` and `counters` are sums that every write to a shard brings along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from pymongo import errors
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import ReturnDocument

from opsctl.adapters.mongodb.connection import CODEC, Fields, translated
from opsctl.adapters.mongodb.run_codec import (
    decode_lease,
    decode_run,
    encode_bucket,
    encode_lease,
    encode_new_shard,
    encode_run,
)
from opsctl.errors import DataError
from opsctl.migration.models import Counters, DocumentId, PlanTotals, RunState
from opsctl.migration.run_record import (
    BUCKETS_KEPT,
    LEASE_SECONDS,
    PLANNER,
    Heartbeat,
    Lease,
    Owner,
    RunRecord,
)
from opsctl.migration.shards import ShardPlan, settle

RUNS_COLLECTION = "opsctl_runs"
DOCUMENT_FAILURES_KEPT = 1000
SETTLE_TRIES = 8


class MongoRuns:
    """Implements `migration.ports.RunStore` for one collection."""

    def __init__(self, database: AsyncDatabase[Fields], collection: str, *, host: str) -> None:
        self._runs: AsyncCollection[Fields] = database.get_collection(RUNS_COLLECTION, codec_options=CODEC)
        self._collection = collection
        self._host = host

    async def latest(self) -> RunRecord | None:
        async with translated(self._host):
            found = await self._runs.find_one({"collection": self._collection}, sort=[("sequence", -1)])
        return self._read(found) if found else None

    async def create(self, record: RunRecord) -> bool:
        fields = encode_run(record, self._collection)
        async with translated(self._host):
            try:
                await self._runs.insert_one(fields)
            except errors.DuplicateKeyError:
                return False
        return True

    async def claim(self, seen: RunRecord, owner: Owner, now: datetime) -> RunRecord | None:
        base, then = _base(owner), seen.lease_of(owner.shard)
        unchanged = {
            "_id": seen.run_id,
            f"{base}.lease.epoch": then.epoch,
            f"{base}.lease.renewals": then.renewals,
            f"{base}.lease.owner": then.owner,
        }
        lease = encode_lease(Lease(owner.id, owner.epoch, 0, owner.process), now)
        begun: Fields = {"state_reason": None, "heartbeat_at": now, "finished_at": None, "throttle_reason": None}
        changes: Fields
        if owner.shard is None or owner.shard == PLANNER:
            state = RunState.PLANNED.value
            changes = {"$set": {**begun, f"{base}.lease": lease, "state": state, "started_at": now}}
        else:
            shard = {f"{base}.{name}": value for name, value in begun.items()}
            shard |= {f"{base}.lease": lease, f"{base}.state": RunState.PLANNED.value}
            shard |= {"execution": owner.execution} if owner.execution is not None else {}
            changes = {"$set": {**begun, **shard, "state": RunState.RUNNING.value}}
        changes["$inc"] = {"starts": 1, **_raised(owner)}
        if owner.shard is not None and owner.shard != PLANNER:
            changes["$inc"][f"{base}.starts"] = 1
        async with translated(self._host):
            found = await self._runs.find_one_and_update(unchanged, changes, return_document=ReturnDocument.AFTER)
        return self._read(found) if found else None

    async def freeze_plan(self, run_id: str, owner: Owner, totals: PlanTotals, now: datetime) -> bool:
        if owner.shard is not None:
            return await self._freeze_shard(run_id, owner, totals, now)
        begun = {"state": RunState.RUNNING.value, "started_at": now, "heartbeat_at": now}
        changes = {"$set": {"plan": asdict(totals), "counters": asdict(Counters()), **begun}}
        return await self._change(run_id, owner, changes)

    async def _freeze_shard(self, run_id: str, owner: Owner, totals: PlanTotals, now: datetime) -> bool:
        """Nobody but the owner changes these figures, so what is read is what the update replaces."""
        base = _base(owner)
        async with translated(self._host):
            names = {f"{base}.plan": 1, f"{base}.counters": 1, f"{base}.frozen_epoch": 1}
            found = await self._runs.find_one(_held(run_id, owner), names)
        if found is None:
            return False
        shard = found["shards"][str(owner.shard)]
        if shard["frozen_epoch"] == owner.epoch:
            return True  # the first try had arrived, only its answer was lost
        sums = {f"plan.{name}": value - shard["plan"].get(name, 0) for name, value in asdict(totals).items()}
        sums |= {f"counters.{name}": -value for name, value in shard["counters"].items()}
        changes = {
            "$set": {
                f"{base}.plan": asdict(totals),
                f"{base}.counters": asdict(Counters()),
                f"{base}.frozen_epoch": owner.epoch,
                f"{base}.state": RunState.RUNNING.value,
                f"{base}.heartbeat_at": now,
                f"{base}.idle_since": now,
                "heartbeat_at": now,
            },
            "$inc": {name: value for name, value in sums.items() if value},
        }
        return await self._change(run_id, owner, changes, {f"{base}.frozen_epoch": shard["frozen_epoch"]})

    async def beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        """One update. A repeated one, after an answer was lost, finds its own sequence number and changes nothing."""
        base = _base(owner)
        changes: Fields = {
            "$set": {
                f"{base}.lease.renewals": beat.sequence,
                f"{base}.lease.expires_at": beat.at + timedelta(seconds=LEASE_SECONDS),
                "heartbeat_at": beat.at,
            },
        }
        prefixes = ["counters"]
        if owner.shard is None:
            changes["$set"]["throttle_reason"] = beat.throttle_reason
        elif owner.shard != PLANNER:
            changes["$set"] |= {f"{base}.heartbeat_at": beat.at, f"{base}.throttle_reason": beat.throttle_reason}
            if beat.shows_life:
                changes["$set"][f"{base}.idle_since"] = beat.at
            prefixes.append(f"{base}.counters")
        done = {name: value for name, value in asdict(beat.delta).items() if value}
        if done:
            changes["$inc"] = {f"{prefix}.{name}": value for prefix in prefixes for name, value in done.items()}
        if beat.bucket is not None:
            kept = {"$each": [encode_bucket(beat.bucket)], "$slice": -BUCKETS_KEPT}
            changes["$push"] = {"buckets": kept}
        if await self._change(run_id, owner, changes, {f"{base}.lease.renewals": beat.sequence - 1}):
            return True
        repeated = _held(run_id, owner, {f"{base}.lease.renewals": beat.sequence})
        async with translated(self._host):
            return bool(await self._runs.count_documents(repeated))

    async def announce(self, run_id: str, owner: Owner, document_ids: Sequence[DocumentId]) -> bool:
        return await self._change(run_id, owner, {"$set": {f"{_base(owner)}.in_flight": list(document_ids)}})

    async def note_document_failure(self, run_id: str, owner: Owner, document_id: DocumentId, reason: str) -> None:
        entry = {"id": document_id, "reason": reason}
        kept = {"$each": [entry], "$slice": -DOCUMENT_FAILURES_KEPT}
        await self._change(run_id, owner, {"$push": {"document_failures": kept}})

    async def finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        base = _base(owner)
        is_shard = owner.shard is not None and owner.shard != PLANNER
        where = f"{base}." if is_shard else ""
        changes: Fields = {
            f"{where}state": state.value,
            f"{where}state_reason": reason,
            f"{where}finished_at": now,
            f"{where}throttle_reason": None,
            f"{base}.lease.owner": None,
        }
        if state.is_over:
            changes[f"{base}.in_flight"] = []
        is_written = await self._change(run_id, owner, {"$set": changes})
        if not is_written:
            given_back = {f"{base}.lease.owner": None, f"{base}.lease.epoch": owner.epoch}
            repeated = {"_id": run_id, f"{where}state": state.value, f"{where}finished_at": now, **given_back}
            async with translated(self._host):
                is_written = bool(await self._runs.count_documents(repeated))
        if is_shard:
            await self._settle(run_id, now)
        return is_written

    async def close(self, run_id: str, owner: Owner, reason: str, now: datetime) -> bool:
        changes: Fields = {"state": RunState.STOPPED.value, "state_reason": reason, "finished_at": now, "closed": True}
        return await self._change(run_id, owner, {"$set": {**changes, f"{_base(owner)}.lease.owner": None}})

    async def write_shards(
        self, run_id: str, owner: Owner, plans: Sequence[ShardPlan], now: datetime, *, has_foreign_work: bool = False
    ) -> bool:
        totals = PlanTotals()
        for plan in plans:
            totals = totals.plus(plan.totals)
        changes = {
            "shards": {str(number): encode_new_shard(plan, now) for number, plan in enumerate(plans)},
            "plan": asdict(totals),
            "counters": asdict(Counters()),
            "state": RunState.RUNNING.value,
            "started_at": now,
            "heartbeat_at": now,
            "has_foreign_work": has_foreign_work,
            "planning.lease.owner": None,
        }
        return await self._change(run_id, owner, {"$set": changes})

    async def seize(self, seen: RunRecord, owner: Owner, now: datetime) -> bool:
        bases = ["planning", *(f"shards.{number}" for number in range(len(seen.shards)))]
        changes: Fields = {"heartbeat_at": now}
        for base, then in zip(bases, seen.leases, strict=True):
            changes[f"{base}.lease"] = encode_lease(Lease(owner.id, then.epoch + 1, 0, owner.process), now)
        unchanged = {"_id": seen.run_id, "revision": seen.revision}
        async with translated(self._host):
            result = await self._runs.update_one(unchanged, {"$set": changes, "$inc": {"revision": 1}})
        return bool(result.matched_count)

    async def leases(self, run_id: str, shard_count: int) -> Sequence[Lease]:
        names = {f"shards.{number}.lease": 1 for number in range(shard_count)}
        async with translated(self._host):
            found = await self._runs.find_one({"_id": run_id}, names)
        shards = (found or {}).get("shards") or {}
        return [decode_lease(shards[str(number)]["lease"]) for number in range(shard_count) if str(number) in shards]

    async def _settle(self, run_id: str, now: datetime) -> None:
        """Give the run the state that its shards have; what others write meanwhile is looked at again."""
        for _ in range(SETTLE_TRIES):
            async with translated(self._host):
                found = await self._runs.find_one({"_id": run_id}, {"buckets": 0, "document_failures": 0})
            if found is None:
                return
            settled = settle(self._read(found).shards)
            if settled is None or settled == (RunState(found["state"]), found["state_reason"]):
                return
            changes = {"state": settled[0].value, "state_reason": settled[1], "finished_at": now}
            unchanged = {"_id": run_id, "revision": found["revision"]}
            async with translated(self._host):
                result = await self._runs.update_one(unchanged, {"$set": changes, "$inc": {"revision": 1}})
            if result.matched_count:
                return

    def _read(self, fields: Fields) -> RunRecord:
        try:
            return decode_run(fields)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"run record {fields.get('_id')!s} in {RUNS_COLLECTION} cannot be read by this version",
                hint="a newer opsctl may have written it: use that one",
            ) from error

    async def _change(self, run_id: str, owner: Owner, changes: Fields, more: Fields | None = None) -> bool:
        if owner.shard is not None:
            changes = {**changes, "$inc": {**changes.get("$inc", {}), **_raised(owner)}}
        async with translated(self._host):
            result = await self._runs.update_one(_held(run_id, owner, more), changes)
        return bool(result.matched_count)


def _base(owner: Owner) -> str:
    """Where an owner's lease stands."""
    if owner.shard is None:
        return "shards.0"
    return "planning" if owner.shard == PLANNER else f"shards.{owner.shard}"


def _held(run_id: str, owner: Owner, more: Fields | None = None) -> Fields:
    base = _base(owner)
    return {"_id": run_id, f"{base}.lease.owner": owner.id, f"{base}.lease.epoch": owner.epoch, **(more or {})}


def _raised(owner: Owner) -> dict[str, int]:
    return {} if owner.shard is None else {"revision": 1}
