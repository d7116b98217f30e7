"""Snapshots and run records for the tests of `status`: ordinary ones, to be changed with `replace` or keywords."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from opsctl.status.answers import ImageTally, ObjectTally, RunCounters, RunPlan, RunRecord, RunShard, Slice, Snapshot
from opsctl.status.ports import StatusSettings

NOW = datetime(2025, 12, 23, 6, 26, tzinfo=UTC)
BUCKET = "carimage-382045063773"
SETTINGS = StatusSettings("prod", BUCKET, "images", image_timeout_seconds=60.0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def slices(rates: Sequence[float], *, seconds: float = 10.0, end: datetime = NOW) -> tuple[Slice, ...]:
    """A history with these images a second, slice by slice; it ends at `end`."""
    begin = end - timedelta(seconds=seconds * len(rates))
    return tuple(
        Slice(begin + timedelta(seconds=seconds * number), seconds, round(rate * seconds), round(rate * seconds / 4))
        for number, rate in enumerate(rates)
    )


def run(**changes: Any) -> RunRecord:
    """A run in the middle of its work, whose last word is three seconds old."""
    values: dict[str, Any] = {
        "run_id": "danawa_vehicle_data-1",
        "state": "running",
        "state_reason": None,
        "bucket": BUCKET,
        "prefix": "images",
        "started_at": ago(600),
        "heartbeat_at": ago(3),
        "plan": RunPlan(documents=475, documents_processed=95, images=1800, images_stored=370, images_failed=12),
        "counters": RunCounters(documents_complete=100, images_stored=430, images_failed=8),
        "slices": slices([0.7] * 60),
    }
    return RunRecord(**{**values, **changes})


def run_shard(index: int, **changes: Any) -> RunShard:
    """A shard in the middle of its work: 119 documents and 450 images, of which 120 are stored and 2 have failed."""
    values: dict[str, Any] = {
        "index": index,
        "state": "running",
        "heartbeat_at": ago(3),
        "plan": RunPlan(documents=119, documents_processed=20, images=450, images_stored=80, images_failed=1),
        "counters": RunCounters(documents_complete=10, images_stored=40, images_failed=1),
        "is_held": True,
        "host": f"car-image-migration-{index}",
        "starts": 1,
    }
    return RunShard(**{**values, **changes})


def sharded_run(*shards: RunShard, **changes: Any) -> RunRecord:
    """A run of these shards, with plan and counters that are their sums."""
    plan = RunPlan(*(sum(getattr(shard.plan, name) for shard in shards) for name in RunPlan.__slots__))
    counters = RunCounters(*(sum(getattr(shard.counters, name) for shard in shards) for name in RunCounters.__slots__))
    values: dict[str, Any] = {
        "shards": shards,
        "plan": plan,
        "counters": counters,
        "hosts": tuple(shard.host for shard in shards if shard.is_held and shard.host),
        "heartbeat_at": max(shard.heartbeat_at for shard in shards),
    }
    return run(**{**values, **changes})


def tally(**changes: Any) -> ImageTally:
    """A walk to the end of the collection of the old Job."""
    values: dict[str, Any] = {
        "is_complete": True,
        "documents": 475,
        "planned": 1800,
        "planned_open": 1418,
        "stored": 370,
        "failed": 12,
        "failed_by_class": {"unrecorded": 12},
        "stored_keys": 370,
        "first_upload_at": ago(44 * 60),
        "last_upload_at": ago(20),
        "slices": slices([0.14] * 264),
    }
    return ImageTally(**{**values, **changes})


def objects(**changes: Any) -> ObjectTally:
    values: dict[str, Any] = {
        "is_complete": True,
        "count": 371,
        "size_bytes": 16_000_000,
        "oldest_at": ago(44 * 60),
        "newest_at": ago(20),
        "last_key": "z/1.jpg",
    }
    return ObjectTally(**{**values, **changes})


def snapshot(**changes: Any) -> Snapshot:
    """95 of 475, without a run record: the old Job."""
    values: dict[str, Any] = {
        "taken_at": NOW,
        "documents": 475,
        "documents_estimate": 475,
        "processed": 95,
        "partial": 0,
        "run": None,
        "images": tally(),
        "objects": objects(),
    }
    return Snapshot(**{**values, **changes})


def all_done(**changes: Any) -> Snapshot:
    """Everything processed and stored, the last upload an hour ago."""
    walked = tally(
        planned_open=0, stored=1800, failed=0, failed_by_class={}, stored_keys=1800, last_upload_at=ago(3600)
    )
    listed = objects(count=1800, newest_at=ago(3600))
    return snapshot(**{"processed": 475, "images": walked, "objects": listed, **changes})
