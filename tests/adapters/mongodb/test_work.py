"""What a restart learns from Mongo: how far the work is, and whose leases are renewed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from opsctl.adapters.mongodb.connection import connect
from opsctl.adapters.mongodb.runs import MongoRuns
from opsctl.adapters.mongodb.work import MongoWorkLog
from opsctl.errors import UnavailableError
from opsctl.migration.kubernetes.models import WorkMark, Writer
from opsctl.migration.kubernetes.work_log import LeaseWatch
from opsctl.migration.models import Counters, IdRange, ImageMapping, PlanTotals, RunState
from opsctl.migration.run_record import LEASE_SECONDS, Bucket, Lease, Owner, RunRecord, Shard, current_process
from tests.contract.run_store import PROCESS, WHEN, A, beat, make_record
from tests.contract.sharded_runs import unplanned
from tests.servers.launch import refusing_port

COLLECTION = "vehicles"


@dataclass(slots=True)
class HandClock:
    """A clock that a test sets; whoever sleeps moves it, and what `meanwhile` does happens then."""

    seconds: float = 0.0
    meanwhile: Callable[[], Awaitable[object]] | None = None
    naps: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return WHEN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds

    def random(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.seconds += seconds
        if self.meanwhile is not None:
            await self.meanwhile()


@dataclass(frozen=True, slots=True)
class Place:
    """A database of one's own, and a clock beside it."""

    database: Any
    clock: HandClock
    watch: LeaseWatch

    @property
    def runs(self) -> MongoRuns:
        return MongoRuns(self.database, COLLECTION, host="mongo.test")

    async def look(self, **more: Any) -> WorkMark:
        work = MongoWorkLog(self.database, COLLECTION, ImageMapping(), host="mongo.test", watch=self.watch, **more)
        return await work.look()

    async def insert(self, processed: int, open_documents: int, *, with_times: bool = True) -> None:
        """Documents as the old Job leaves them, in its order: one a minute."""
        documents: list[dict[str, Any]] = [{"_id": number} for number in range(processed + open_documents)]
        for document in documents[:processed]:
            entry: dict[str, Any] = {
                "original_url": "u",
                "image_type": "basic",
                "bucket": "b",
                "key": f"images/{document['_id']}",
            }
            if with_times:
                entry["uploaded_at"] = WHEN + timedelta(minutes=document["_id"])
            document["s3_images_metadata"] = [entry]
        await self.database[COLLECTION].insert_many(documents)

    async def record(self, **changes: Any) -> RunRecord:
        record = replace(make_record(), **{"state": RunState.RUNNING, **changes})
        assert await self.runs.create(record)
        return record


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    client = connect(mongo_uri, timeout_seconds=60)
    name = f"work-{uuid.uuid4().hex[:12]}"
    clock = HandClock()
    yield Place(client[name], clock, LeaseWatch(clock))
    await client.drop_database(name)
    await client.close()


async def test_nothing_at_all(place: Place) -> None:
    assert await place.look() == WorkMark(WHEN, 0, None)


async def test_the_old_job_is_known_by_its_documents_alone(place: Place) -> None:
    await place.insert(95, 5)
    mark = await place.look()
    assert (mark.documents_processed, mark.images_finished, mark.state, mark.writers) == (95, None, None, ())
    assert mark.last_progress_at == WHEN + timedelta(minutes=94)
    assert place.clock.naps == []


async def test_documents_without_times_do_not_tell_when_they_were_done(place: Place) -> None:
    await place.insert(3, 2, with_times=False)
    mark = await place.look()
    assert (mark.documents_processed, mark.last_progress_at) == (3, None)


async def test_a_run_at_work(place: Place) -> None:
    await place.record(throttle_reason="x asked for a pause of 9 s")
    bucket = Bucket(WHEN + timedelta(seconds=1), 10, 7, 2, 700)
    assert await place.runs.beat("vehicles-1", A, beat(1, Counters(images_stored=6, images_failed=1), bucket))
    empty = Bucket(WHEN + timedelta(seconds=11), 10, 0, 0, 0)
    assert await place.runs.beat("vehicles-1", A, beat(2, Counters(), empty))
    place.clock.seconds = 12
    mark = await place.look()
    assert (mark.images_finished, mark.state, mark.last_progress_at) == (7, "running", WHEN + timedelta(seconds=11))
    assert mark.writers == (Writer("node-7", True, WHEN + timedelta(seconds=10), None, 7),)
    assert place.clock.naps == []


async def test_a_run_that_has_finished_nothing_cannot_hang_since_before_it_began(place: Place) -> None:
    await place.insert(3, 2, with_times=False)
    await place.record()
    assert (await place.look()).last_progress_at == WHEN


async def test_a_lease_that_stands_still_is_dead_and_is_waited_for_once(place: Place) -> None:
    await place.record()
    place.clock.seconds = 3600
    assert [writer.is_alive for writer in (await place.look()).writers] == [False]
    assert sum(place.clock.naps) == LEASE_SECONDS
    assert [writer.is_alive for writer in (await place.look()).writers] == [False]
    assert sum(place.clock.naps) == LEASE_SECONDS


@pytest.mark.parametrize("skew_seconds", [-3600, 3600])
async def test_a_clock_that_is_wrong_makes_nobody_dead(place: Place, skew_seconds: float) -> None:
    await place.record()
    place.clock.seconds = skew_seconds

    async def renew() -> None:
        if len(place.clock.naps) == 5:
            await place.runs.beat("vehicles-1", A, beat(1))

    place.clock.meanwhile = renew
    assert [writer.is_alive for writer in (await place.look()).writers] == [True]
    assert len(place.clock.naps) == 5


async def test_a_process_of_this_machine_that_is_gone_needs_no_waiting(place: Place) -> None:
    gone = replace(current_process(), started="0")
    await place.record(lease=Lease("x", 1, 0, gone))
    assert [writer.is_alive for writer in (await place.look()).writers] == [False]
    assert place.clock.naps == []


async def test_a_lease_that_was_given_back_is_nobodys(place: Place) -> None:
    await place.insert(2, 2)
    await place.record(lease=Lease(None, 3, 9, PROCESS), state=RunState.STOPPED)
    mark = await place.look()
    assert (mark.writers, mark.state, mark.last_progress_at) == ((), "stopped", WHEN + timedelta(minutes=1))


async def test_all_silent_shards_are_waited_for_together(place: Place) -> None:
    def shard(number: int, owner: str | None, renewed: float) -> Shard:
        process = replace(PROCESS, host=f"pod-{number}")
        return Shard(
            IdRange(),
            Lease(owner, 1, 0, process),
            PlanTotals(),
            WHEN + timedelta(seconds=renewed),
            state=RunState.RUNNING,
            counters=Counters(images_stored=number * 10),
        )

    shards = (shard(0, "a", 0), shard(1, "b", 3599), shard(2, None, 0), shard(3, "d", 0))
    record = replace(unplanned(4), lease=Lease(None, 1, 3, PROCESS), state=RunState.RUNNING, shards=shards)
    assert await place.runs.create(record)
    place.clock.seconds = 3600
    owner = Owner("b", 1, replace(PROCESS, host="pod-1"), 1)
    sequence = iter(range(1, 100))

    async def renew() -> None:
        await place.runs.beat("vehicles-1", owner, replace(beat(next(sequence)), at=place.clock.now()))

    place.clock.meanwhile = renew
    mark = await place.look()
    found = [(writer.host, writer.shard, writer.is_alive, writer.images_finished) for writer in mark.writers]
    assert found == [("pod-0", 0, False, 0), ("pod-1", 1, True, 10), ("pod-3", 3, False, 30)]
    assert sum(place.clock.naps) == LEASE_SECONDS


async def test_a_server_that_is_away() -> None:
    with refusing_port() as port:
        client = connect(f"mongodb://127.0.0.1:{port}/", timeout_seconds=0.2)
        clock = HandClock()
        work = MongoWorkLog(client["x"], COLLECTION, ImageMapping(), host="mongo.test", watch=LeaseWatch(clock))
        with pytest.raises(UnavailableError, match=r"mongo\.test"):
            await work.look()
        await client.close()
