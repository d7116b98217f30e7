"""How a run record stands in Mongo; `runs.py` says where each key is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from opsctl.adapters.mongodb.connection import Fields
from opsctl.migration.models import Counters, IdRange, PageToken, PlanTotals, RunState, Selection
from opsctl.migration.run_record import (
    LEASE_SECONDS,
    Bucket,
    Lease,
    ProcessIdentity,
    RunRecord,
    Shard,
)
from opsctl.migration.shards import ShardPlan, settle

SCHEMA = 1


def decode_run(fields: Fields) -> RunRecord:
    """A run record as it stands in the database; fields that a newer version added are ignored."""
    count = fields.get("shard_count")
    shards = tuple(_decode_shard(fields["shards"][str(n)]) for n in range(count)) if count and fields["shards"] else ()
    alone: Fields = fields["shards"]["0"] if count is None else {}
    # Who ended the last shard may have died before it said so of the run.
    state, reason = settle(shards) or (RunState(fields["state"]), fields.get("state_reason"))
    selection = fields.get("selection") or {}
    plan = fields.get("plan")
    return RunRecord(
        run_id=fields["_id"],
        sequence=int(fields["sequence"]),
        state=state,
        state_reason=reason,
        bucket=fields["bucket"],
        prefix=fields["prefix"],
        created_at=fields["created_at"],
        started_at=fields["started_at"],
        heartbeat_at=fields["heartbeat_at"],
        finished_at=fields.get("finished_at"),
        starts=int(fields.get("starts", 1)),
        lease=decode_lease(alone["lease"] if count is None else fields["planning"]["lease"]),
        selection=Selection(
            where=selection.get("where"),
            image_types=tuple(selection.get("image_types") or ()),
            limit=selection.get("limit"),
            retry_failed=bool(selection.get("retry_failed")),
        ),
        plan=PlanTotals(**_known(plan, PlanTotals)) if plan else None,
        counters=Counters(**_known(fields.get("counters") or {}, Counters)),
        throttle_reason=fields.get("throttle_reason")
        or next((shard.throttle_reason for shard in shards if shard.throttle_reason), None),
        in_flight=tuple((alone.get("in_flight") if count is None else fields.get("suspects")) or ()),
        buckets=tuple(
            Bucket(entry["at"], float(entry["seconds"]), entry["images"], entry["documents"], entry["bytes"])
            for entry in fields.get("buckets") or ()
        ),
        shard_count=count,
        shards=shards,
        revision=int(fields.get("revision") or 0),
        has_foreign_work=bool(fields.get("has_foreign_work")),
        execution=fields.get("execution"),
        is_closed=bool(fields.get("closed")),
    )


def encode_run(record: RunRecord, collection: str) -> Fields:
    """The whole of a new record."""
    lease = encode_lease(record.lease, record.started_at)
    fields = {
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
        "closed": record.is_closed,
        "buckets": [encode_bucket(bucket) for bucket in record.buckets],
        "document_failures": [],
    }
    if record.shard_count is None:
        return {**fields, "shards": {"0": {"lease": lease, "in_flight": list(record.in_flight)}}}
    return {
        **fields,
        "shard_count": record.shard_count,
        "revision": record.revision,
        "suspects": list(record.in_flight),
        "has_foreign_work": record.has_foreign_work,
        "execution": record.execution,
        "planning": {"lease": lease},
        "shards": {str(number): encode_shard(shard) for number, shard in enumerate(record.shards)},
    }


def encode_shard(shard: Shard) -> Fields:
    """A shard as it stands below its number."""
    return {
        "range": {"after": _encode_place(shard.within.after), "upto": _encode_place(shard.within.upto)},
        "lease": encode_lease(shard.lease, shard.heartbeat_at),
        "state": shard.state.value,
        "state_reason": shard.state_reason,
        "heartbeat_at": shard.heartbeat_at,
        "finished_at": shard.finished_at,
        "starts": shard.starts,
        "frozen_epoch": shard.frozen_epoch,
        "plan": asdict(shard.plan),
        "counters": asdict(shard.counters),
        "throttle_reason": shard.throttle_reason,
        "idle_since": shard.idle_since,
        "in_flight": list(shard.in_flight),
    }


def encode_new_shard(plan: ShardPlan, now: datetime) -> Fields:
    """A shard that nobody has begun."""
    return encode_shard(Shard(plan.within, Lease(None, 0, 0, None), plan.totals, now))


def _decode_shard(fields: Fields) -> Shard:
    return Shard(
        within=IdRange(_decode_place(fields["range"]["after"]), _decode_place(fields["range"]["upto"])),
        lease=decode_lease(fields["lease"]),
        plan=PlanTotals(**_known(fields["plan"], PlanTotals)),
        heartbeat_at=fields["heartbeat_at"],
        state=RunState(fields["state"]),
        state_reason=fields.get("state_reason"),
        finished_at=fields.get("finished_at"),
        starts=int(fields["starts"]),
        frozen_epoch=int(fields["frozen_epoch"]),
        counters=Counters(**_known(fields["counters"], Counters)),
        throttle_reason=fields.get("throttle_reason"),
        idle_since=fields.get("idle_since"),
        in_flight=tuple(fields.get("in_flight") or ()),
    )


def _encode_place(place: PageToken | None) -> Fields | None:
    return None if place is None else {"kind": place[0], "id": place[1]}


def _decode_place(fields: Fields | None) -> PageToken | None:
    return None if fields is None else (int(fields["kind"]), fields["id"])


def encode_lease(lease: Lease, now: datetime) -> Fields:
    """A lease that is renewed at this moment."""
    return {
        "owner": lease.owner,
        "epoch": lease.epoch,
        "renewals": lease.renewals,
        "expires_at": now + timedelta(seconds=LEASE_SECONDS),
        "process": asdict(lease.process) if lease.process else None,
    }


def decode_lease(fields: Fields) -> Lease:
    """The opposite."""
    process = fields.get("process")
    return Lease(
        owner=fields.get("owner"),
        epoch=int(fields["epoch"]),
        renewals=int(fields["renewals"]),
        process=ProcessIdentity(**_known(process, ProcessIdentity)) if process else None,
    )


def encode_bucket(bucket: Bucket) -> Fields:
    """A slice of history."""
    return {
        "at": bucket.at,
        "seconds": bucket.seconds,
        "images": bucket.images,
        "documents": bucket.documents,
        "bytes": bucket.size_bytes,
    }


def _known(fields: Fields, kind: type[Any]) -> dict[str, Any]:
    return {name: fields[name] for name in kind.__slots__ if name in fields}
