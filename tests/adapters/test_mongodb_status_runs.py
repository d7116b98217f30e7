"""The newest run record, with its shards, as `status` sees it; on a server."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsctl.adapters.mongodb.connection import connect
from opsctl.adapters.mongodb.runs import RUNS_COLLECTION, MongoRuns
from opsctl.adapters.mongodb.status_runs import MongoRunRecords
from opsctl.errors import DataError
from opsctl.migration.models import Counters, IdRange, PlanTotals, RunState, Selection
from opsctl.migration.run_record import PLANNER, Bucket, Heartbeat, Lease, Owner, current_process
from opsctl.migration.run_record import RunRecord as MigrationRun
from opsctl.migration.shards import ShardPlan
from opsctl.status.answers import RunCounters, RunPlan, Slice

COLLECTION = "danawa_vehicle_data"
HOST = "mongo.test"
STARTED = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A database of one's own."""

    database: Any

    @property
    def runs(self) -> MongoRunRecords:
        return MongoRunRecords(self.database, COLLECTION, host=HOST)


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    client = connect(mongo_uri, timeout_seconds=60)
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    yield Place(client[name])
    await client.drop_database(name)
    await client.close()


def ended_process() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def record(**changes: Any) -> MigrationRun:
    process = current_process()
    values: dict[str, Any] = {
        "run_id": f"{COLLECTION}-1",
        "sequence": 1,
        "state": RunState.RUNNING,
        "state_reason": None,
        "bucket": "b",
        "prefix": "images",
        "created_at": STARTED,
        "started_at": STARTED,
        "heartbeat_at": STARTED,
        "finished_at": None,
        "starts": 1,
        "lease": Lease("me", 1, 0, process),
        "selection": Selection(),
    }
    return MigrationRun(**{**values, **changes})


async def test_a_run_as_the_migration_writes_it(place: Place) -> None:
    runs = MongoRuns(place.database, COLLECTION, host=HOST)
    owner = Owner("me", 1, current_process())
    await runs.create(record())
    totals = PlanTotals(documents=475, documents_processed=95, images=1800, images_stored=370, images_failed=12)
    await runs.freeze_plan(f"{COLLECTION}-1", owner, totals, STARTED + timedelta(seconds=1))
    beat = Heartbeat(
        1,
        STARTED + timedelta(seconds=11),
        Counters(documents_complete=3, images_stored=11, images_failed=1, documents_failed=1),
        "img.example asked for a pause of 30 s",
        Bucket(STARTED + timedelta(seconds=1), 10.0, 12, 3, 1234),
    )
    assert await runs.beat(f"{COLLECTION}-1", owner, beat)
    run = await place.runs.latest()
    assert run is not None
    assert (run.run_id, run.state, run.bucket, run.prefix) == (f"{COLLECTION}-1", "running", "b", "images")
    assert (run.started_at, run.heartbeat_at) == (STARTED + timedelta(seconds=1), STARTED + timedelta(seconds=11))
    assert run.plan == RunPlan(475, 95, 1800, 370, 12)
    assert run.counters == RunCounters(documents_complete=3, images_stored=11, images_failed=1, documents_failed=1)
    assert run.slices == (Slice(STARTED + timedelta(seconds=1), 10.0, 12, 3),)
    assert run.throttle_reason == "img.example asked for a pause of 30 s"
    assert (run.has_selection, run.retries_failed, run.is_process_gone) == (False, False, False)

    await runs.finish(f"{COLLECTION}-1", owner, RunState.STOPPED, "stopped on request", STARTED + timedelta(seconds=20))
    stopped = await place.runs.latest()
    assert stopped is not None
    assert (stopped.state, stopped.stop_code, stopped.is_process_gone) == ("stopped", "request", False)


async def test_without_a_run_there_is_no_record(place: Place) -> None:
    assert await place.runs.latest() is None


async def test_the_newest_run_of_this_collection_counts(place: Place) -> None:
    runs = MongoRuns(place.database, COLLECTION, host=HOST)
    await runs.create(record())
    await runs.create(record(run_id=f"{COLLECTION}-2", sequence=2, selection=Selection(where="{}", retry_failed=True)))
    await MongoRuns(place.database, "other", host=HOST).create(record(run_id="other-3", sequence=3))
    run = await place.runs.latest()
    assert run is not None
    assert (run.run_id, run.has_selection, run.retries_failed) == (f"{COLLECTION}-2", True, True)


async def test_a_process_that_ended_on_this_machine_is_gone(place: Place) -> None:
    gone = replace(current_process(), pid=ended_process(), started="1")
    await MongoRuns(place.database, COLLECTION, host=HOST).create(record(lease=Lease("me", 1, 0, gone)))
    run = await place.runs.latest()
    assert run is not None
    assert run.is_process_gone
    elsewhere = replace(gone, host="another machine")
    await MongoRuns(place.database, COLLECTION, host=HOST).create(
        record(run_id=f"{COLLECTION}-2", sequence=2, lease=Lease("me", 1, 0, elsewhere))
    )
    run = await place.runs.latest()
    assert run is not None
    assert not run.is_process_gone


async def test_the_shards_of_a_run(place: Place) -> None:
    """One process works, one has ended on this machine, one has never begun."""
    runs, run_id = MongoRuns(place.database, COLLECTION, host=HOST), f"{COLLECTION}-1"
    here = current_process()
    planner = Owner("planner", 1, here, PLANNER)
    await runs.create(record(lease=Lease("planner", 1, 0, here), shard_count=3))
    plans = [ShardPlan(IdRange(), PlanTotals(documents=10, images=40, images_stored=n)) for n in range(3)]
    assert await runs.write_shards(run_id, planner, plans, STARTED)
    gone = replace(here, pid=ended_process(), started="1")
    elsewhere = replace(here, host="car-image-migration-0")
    for index, process in ((0, elsewhere), (1, gone)):
        seen = await runs.latest()
        assert seen is not None
        claimed = await runs.claim(seen, Owner(f"o{index}", 1, process, index), STARTED + timedelta(seconds=index))
        assert claimed is not None
    owner = Owner("o0", 1, elsewhere, 0)
    await runs.freeze_plan(run_id, owner, plans[0].totals, STARTED + timedelta(seconds=2))
    done = Counters(documents_complete=2, images_stored=7, images_failed=1)
    assert await runs.beat(run_id, owner, Heartbeat(1, STARTED + timedelta(seconds=9), done, "img.example: pause"))

    run = await place.runs.latest()
    assert run is not None
    first, second, third = run.shards
    assert (first.state, first.is_held, first.host, first.starts) == ("running", True, "car-image-migration-0", 1)
    assert (first.heartbeat_at, first.throttle_reason) == (STARTED + timedelta(seconds=9), "img.example: pause")
    assert (first.plan, first.counters) == (RunPlan(10, 0, 40, 0, 0), RunCounters(2, 7, 1, 0))
    assert (second.is_held, second.is_process_gone, first.is_process_gone) == (True, True, False)
    assert (third.state, third.is_held, third.host, third.starts) == ("planned", False, None, 0)
    assert run.hosts == ("car-image-migration-0", here.host)
    assert not run.is_process_gone
    assert run.throttle_reason is None, "one of two that hold a lease waits"
    assert run.plan == RunPlan(30, 0, 120, 3, 0)

    assert await runs.finish(run_id, owner, RunState.COMPLETE, None, STARTED + timedelta(seconds=20))
    later = await place.runs.latest()
    assert later is not None
    assert (later.shards[0].state, later.shards[0].finished_at) == ("complete", STARTED + timedelta(seconds=20))
    assert (later.hosts, later.is_process_gone) == ((here.host,), True)


async def test_a_thousand_shards(place: Place) -> None:
    runs, here = MongoRuns(place.database, COLLECTION, host=HOST), current_process()
    await runs.create(record(lease=Lease("planner", 1, 0, here), shard_count=1000))
    plans = [ShardPlan(IdRange(), PlanTotals(documents=1, images=4))] * 1000
    await runs.write_shards(f"{COLLECTION}-1", Owner("planner", 1, here, PLANNER), plans, STARTED)
    run = await place.runs.latest()
    assert run is not None
    assert [shard.index for shard in run.shards] == list(range(1000))
    assert run.plan == RunPlan(1000, 0, 4000, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "levitating"},
        {"shards": {}},
        {"shards": None},
        {"plan": 3},
        {"buckets": [1]},
        {"heartbeat_at": None},
        {"started_at": "soon"},
    ],
)
async def test_a_record_that_cannot_be_read_is_bad_data(place: Place, change: dict[str, Any]) -> None:
    await MongoRuns(place.database, COLLECTION, host=HOST).create(record())
    await place.database[RUNS_COLLECTION].update_one({}, {"$set": change})
    with pytest.raises(DataError):
        await place.runs.latest()
