"""Run records: collection `opsctl_runs` beside the migrated collection, one document per run.

{_id: "<collection>-<sequence>", schema: 1, collection, sequence, state, state_reason, bucket, prefix,
 created_at, started_at, heartbeat_at, finished_at, starts, selection: {where, image_types, limit, retry_failed},
 plan: {documents, ...} | null, counters: {documents_complete, ...}, throttle_reason,
 buckets: [{at, seconds, images, documents, bytes}], document_failures: [{id, reason}],
 shards: {"0": {lease: {owner, epoch, renewals, expires_at, process: {...}}, in_flight: [ids]}}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pymongo import errors
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collection import ReturnDocument

from opsctl.adapters.mongodb.connection import CODEC, Fields, translated
from opsctl.errors import DataError
from opsctl.migration.models import Counters, DocumentId, PlanTotals, RunState, Selection
from opsctl.migration.run_record import (
    BUCKETS_KEPT,
    LEASE_SECONDS,
    Bucket,
    Heartbeat,
    Lease,
    Owner,
    ProcessIdentity,
    RunRecord,
)

RUNS_COLLECTION = "opsctl_runs"
SCHEMA = 1
DOCUMENT_FAILURES_KEPT = 1000

_LEASE = "shards.0.lease"


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
        fields = _encode_run(record, self._collection)
        async with translated(self._host):
            try:
                await self._runs.insert_one(fields)
            except errors.DuplicateKeyError:
                return False
        return True

    async def claim(self, seen: RunRecord, owner: Owner, now: datetime) -> RunRecord | None:
        unchanged = {
            "_id": seen.run_id,
            f"{_LEASE}.epoch": seen.lease.epoch,
            f"{_LEASE}.renewals": seen.lease.renewals,
            f"{_LEASE}.owner": seen.lease.owner,
        }
        lease = Lease(owner.id, owner.epoch, 0, owner.process)
        changes = {
            "$set": {
                _LEASE: _encode_lease(lease, now),
                "state": RunState.PLANNED.value,
                "state_reason": None,
                "started_at": now,
                "heartbeat_at": now,
                "finished_at": None,
                "throttle_reason": None,
            },
            "$inc": {"starts": 1},
        }
        async with translated(self._host):
            found = await self._runs.find_one_and_update(unchanged, changes, return_document=ReturnDocument.AFTER)
        return self._read(found) if found else None

    async def freeze_plan(self, run_id: str, owner: Owner, totals: PlanTotals, now: datetime) -> bool:
        return await self._change(
            run_id,
            owner,
            {
                "$set": {
                    "plan": asdict(totals),
                    "counters": asdict(Counters()),
                    "state": RunState.RUNNING.value,
                    "started_at": now,
                    "heartbeat_at": now,
                }
            },
        )

    async def beat(self, run_id: str, owner: Owner, beat: Heartbeat) -> bool:
        """One update. A repeated one, after an answer was lost, finds its own sequence number and changes nothing."""
        changes: Fields = {
            "$set": {
                f"{_LEASE}.renewals": beat.sequence,
                f"{_LEASE}.expires_at": beat.at + timedelta(seconds=LEASE_SECONDS),
                "heartbeat_at": beat.at,
                "throttle_reason": beat.throttle_reason,
            },
        }
        increments = {f"counters.{name}": value for name, value in asdict(beat.delta).items() if value}
        if increments:
            changes["$inc"] = increments
        if beat.bucket is not None:
            kept = {"$each": [_encode_bucket(beat.bucket)], "$slice": -BUCKETS_KEPT}
            changes["$push"] = {"buckets": kept}
        if await self._change(run_id, owner, changes, {f"{_LEASE}.renewals": beat.sequence - 1}):
            return True
        async with translated(self._host):
            return bool(await self._runs.count_documents(_held(run_id, owner, {f"{_LEASE}.renewals": beat.sequence})))

    async def announce(self, run_id: str, owner: Owner, document_ids: Sequence[DocumentId]) -> bool:
        return await self._change(run_id, owner, {"$set": {"shards.0.in_flight": list(document_ids)}})

    async def note_document_failure(self, run_id: str, owner: Owner, document_id: DocumentId, reason: str) -> None:
        entry = {"id": document_id, "reason": reason}
        kept = {"$each": [entry], "$slice": -DOCUMENT_FAILURES_KEPT}
        await self._change(run_id, owner, {"$push": {"document_failures": kept}})

    async def finish(self, run_id: str, owner: Owner, state: RunState, reason: str | None, now: datetime) -> bool:
        changes: Fields = {
            "state": state.value,
            "state_reason": reason,
            "finished_at": now,
            "throttle_reason": None,
            f"{_LEASE}.owner": None,
        }
        if state.is_over:
            changes["shards.0.in_flight"] = []
        return await self._change(run_id, owner, {"$set": changes})

    def _read(self, fields: Fields) -> RunRecord:
        try:
            return decode_run(fields)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"run record {fields.get('_id')!s} in {RUNS_COLLECTION} cannot be read by this version",
                hint="a newer opsctl may have written it: use that one",
            ) from error

    async def _change(self, run_id: str, owner: Owner, changes: Fields, more: Fields | None = None) -> bool:
        async with translated(self._host):
            result = await self._runs.update_one(_held(run_id, owner, more or {}), changes)
        return bool(result.matched_count)


def decode_run(fields: Fields) -> RunRecord:
    """A run record as it stands in the database; fields that a newer version added are ignored."""
    shard = fields["shards"]["0"]
    selection = fields.get("selection") or {}
    plan = fields.get("plan")
    return RunRecord(
        run_id=fields["_id"],
        sequence=int(fields["sequence"]),
        state=RunState(fields["state"]),
        state_reason=fields.get("state_reason"),
        bucket=fields["bucket"],
        prefix=fields["prefix"],
        created_at=fields["created_at"],
        started_at=fields["started_at"],
        heartbeat_at=fields["heartbeat_at"],
        finished_at=fields.get("finished_at"),
        starts=int(fields.get("starts", 1)),
        lease=_decode_lease(shard["lease"]),
        selection=Selection(
            where=selection.get("where"),
            image_types=tuple(selection.get("image_types") or ()),
            limit=selection.get("limit"),
            retry_failed=bool(selection.get("retry_failed")),
        ),
        plan=PlanTotals(**_known(plan, PlanTotals)) if plan else None,
        counters=Counters(**_known(fields.get("counters") or {}, Counters)),
        throttle_reason=fields.get("throttle_reason"),
        in_flight=tuple(shard.get("in_flight") or ()),
        buckets=tuple(
            Bucket(entry["at"], float(entry["seconds"]), entry["images"], entry["documents"], entry["bytes"])
            for entry in fields.get("buckets") or ()
        ),
    )


def _encode_run(record: RunRecord, collection: str) -> Fields:
    return {
        "_id": record.run_id,
        "schema": SCHEMA,
        "collection": collection,
        "sequence": record.sequence,
        "state": record.state.value,
        "state_reason": record.state_reason,
        "bucket": record.bucket,
        "prefix": record.prefix,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "heartbeat_at": record.heartbeat_at,
        "finished_at": record.finished_at,
        "starts": record.starts,
        "selection": {**asdict(record.selection), "image_types": list(record.selection.image_types)},
        "plan": asdict(record.plan) if record.plan else None,
        "counters": asdict(record.counters),
        "throttle_reason": record.throttle_reason,
        "buckets": [_encode_bucket(bucket) for bucket in record.buckets],
        "document_failures": [],
        "shards": {"0": {"lease": _encode_lease(record.lease, record.started_at), "in_flight": list(record.in_flight)}},
    }


def _held(run_id: str, owner: Owner, more: Fields) -> Fields:
    return {"_id": run_id, f"{_LEASE}.owner": owner.id, f"{_LEASE}.epoch": owner.epoch, **more}


def _encode_lease(lease: Lease, now: datetime) -> Fields:
    return {
        "owner": lease.owner,
        "epoch": lease.epoch,
        "renewals": lease.renewals,
        "expires_at": now + timedelta(seconds=LEASE_SECONDS),
        "process": asdict(lease.process) if lease.process else None,
    }


def _decode_lease(fields: Fields) -> Lease:
    process = fields.get("process")
    return Lease(
        owner=fields.get("owner"),
        epoch=int(fields["epoch"]),
        renewals=int(fields["renewals"]),
        process=ProcessIdentity(**_known(process, ProcessIdentity)) if process else None,
    )


def _encode_bucket(bucket: Bucket) -> Fields:
    return {
        "at": bucket.at,
        "seconds": bucket.seconds,
        "images": bucket.images,
        "documents": bucket.documents,
        "bytes": bucket.size_bytes,
    }


def _known(fields: Fields, kind: type[Any]) -> dict[str, Any]:
    return {name: fields[name] for name in kind.__slots__ if name in fields}
