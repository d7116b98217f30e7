"""What the migration relies on in a `RunStore`: the same tests for the fake and for the adapter."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from opsctl.migration.models import Counters, PlanTotals, RunState, Selection
from opsctl.migration.ports import RunStore
from opsctl.migration.run_record import (
    BUCKETS_KEPT,
    Bucket,
    Heartbeat,
    Lease,
    Owner,
    ProcessIdentity,
    RunRecord,
)

WHEN = datetime(2025, 12, 23, 6, 26, 15, 123000, tzinfo=UTC)
PROCESS = ProcessIdentity("node-7", "boot", "pid:[4026531836]", 17, "4711")
A, B = Owner("owner-a", 1, PROCESS), Owner("owner-b", 2, PROCESS)


def make_record(sequence: int = 1) -> RunRecord:
    return RunRecord(
        run_id=f"vehicles-{sequence}",
        sequence=sequence,
        state=RunState.PLANNED,
        state_reason=None,
        bucket="pictures",
        prefix="images",
        created_at=WHEN,
        started_at=WHEN,
        heartbeat_at=WHEN,
        finished_at=None,
        starts=1,
        lease=Lease(A.id, A.epoch, 0, PROCESS),
        selection=Selection(),
    )


def beat(sequence: int, delta: Counters | None = None, bucket: Bucket | None = None) -> Heartbeat:
    return Heartbeat(sequence, WHEN + timedelta(seconds=5 * sequence), delta or Counters(), bucket=bucket)


async def newest(runs: RunStore) -> RunRecord:
    record = await runs.latest()
    assert record is not None
    return record


class RunStoreContract:
    """Derive from it, and give it a fixture `runs`: the records of collection `vehicles`, of which there are none."""

    async def test_none(self, runs: RunStore) -> None:
        assert await runs.latest() is None

    async def test_every_field_reads_back(self, runs: RunStore) -> None:
        record = replace(
            make_record(),
            state=RunState.STOPPED,
            state_reason="왜",
            finished_at=WHEN,
            starts=3,
            lease=Lease(None, 7, 3, None),
            selection=Selection('{"a": 1}', ("basic", "color"), 5, True),
            plan=PlanTotals(*range(1, 1 + len(fields(PlanTotals)))),
            counters=Counters(*range(1, 1 + len(fields(Counters)))),
            throttle_reason="host",
            in_flight=(1, "x", ObjectId("0" * 24)),
            buckets=(Bucket(WHEN, 10.5, 3, 2, 2**40),),
            is_closed=True,
        )
        assert await runs.create(record)
        assert await runs.latest() == record

    async def test_the_newest_is_that_with_the_highest_number(self, runs: RunStore) -> None:
        for sequence in (9, 10, 2):
            assert await runs.create(make_record(sequence))
        assert (await newest(runs)).run_id == "vehicles-10"

    async def test_a_number_is_given_once(self, runs: RunStore) -> None:
        created = await asyncio.gather(*(runs.create(replace(make_record(), bucket=str(n))) for n in range(8)))
        assert created.count(True) == 1
        assert (await newest(runs)).bucket == str(created.index(True))

    # -- lease

    async def test_a_claim_starts_the_run_again_and_keeps_what_it_did(self, runs: RunStore) -> None:
        at = WHEN + timedelta(minutes=1)
        await runs.create(make_record())
        await runs.announce("vehicles-1", A, ["x"])
        await runs.beat("vehicles-1", A, beat(1, Counters(images_stored=4)))
        await runs.finish("vehicles-1", A, RunState.STOPPED, "stopped", at)
        claimed = await runs.claim(await newest(runs), B, at)
        assert claimed == await runs.latest()
        assert claimed is not None
        assert (claimed.lease, claimed.starts, claimed.state) == (Lease(B.id, 2, 0, PROCESS), 2, RunState.PLANNED)
        assert (claimed.state_reason, claimed.finished_at, claimed.started_at) == (None, None, at)
        assert (claimed.in_flight, claimed.counters.images_stored) == (("x",), 4)

    async def test_what_has_changed_since_it_was_seen_cannot_be_claimed(self, runs: RunStore) -> None:
        await runs.create(make_record())
        seen = await newest(runs)
        assert await runs.beat("vehicles-1", A, beat(1))
        assert await runs.claim(seen, B, WHEN) is None
        seen = await newest(runs)
        assert await runs.finish("vehicles-1", A, RunState.STOPPED, None, WHEN)
        assert await runs.claim(seen, B, WHEN) is None
        seen = await newest(runs)
        assert await runs.claim(seen, B, WHEN) is not None
        assert await runs.claim(seen, replace(B, id="owner-c"), WHEN) is None

    async def test_of_many_claims_one_wins(self, runs: RunStore) -> None:
        await runs.create(make_record())
        seen = await newest(runs)
        owners = [Owner(f"owner-{n}", 2, PROCESS) for n in range(12)]
        claims = await asyncio.gather(*(runs.claim(seen, owner, WHEN) for owner in owners))
        [winner] = [owner for owner, claim in zip(owners, claims, strict=True) if claim is not None]
        assert (await newest(runs)).lease.owner == winner.id
        assert (await newest(runs)).starts == 2

    async def test_a_process_whose_lease_is_gone_writes_nothing(self, runs: RunStore) -> None:
        await runs.create(make_record())
        claimed = await runs.claim(await newest(runs), B, WHEN)
        impostor = replace(A, epoch=2)
        late = replace(B, epoch=1)
        for owner in (A, impostor, late):
            assert not await runs.freeze_plan("vehicles-1", owner, PlanTotals(documents=9), WHEN)
            assert not await runs.beat("vehicles-1", owner, beat(1, Counters(images_stored=9)))
            assert not await runs.announce("vehicles-1", owner, ["late"])
            assert not await runs.finish("vehicles-1", owner, RunState.COMPLETE, None, WHEN)
            await runs.note_document_failure("vehicles-1", owner, "late", "late")
        assert await runs.latest() == claimed

    async def test_nothing_is_written_to_a_run_that_is_not_there(self, runs: RunStore) -> None:
        assert not await runs.beat("vehicles-1", A, beat(1))
        assert await runs.claim(make_record(), B, WHEN) is None
        assert await runs.latest() is None

    async def test_after_it_gave_the_lease_back_a_process_writes_nothing(self, runs: RunStore) -> None:
        await runs.create(make_record())
        assert await runs.finish("vehicles-1", A, RunState.STOPPED, None, WHEN)
        assert not await runs.beat("vehicles-1", A, beat(1))
        assert not await runs.finish("vehicles-1", A, RunState.COMPLETE, None, WHEN)

    # -- work

    async def test_a_frozen_plan_sets_the_counters_to_zero(self, runs: RunStore) -> None:
        await runs.create(replace(make_record(), counters=Counters(images_stored=7)))
        totals = PlanTotals(documents=475, documents_processed=95, images=2000, images_stored=400, images_failed=3)
        at = WHEN + timedelta(seconds=2)
        assert await runs.freeze_plan("vehicles-1", A, totals, at)
        record = await newest(runs)
        assert (record.plan, record.counters, record.state) == (totals, Counters(), RunState.RUNNING)
        assert (record.started_at, record.heartbeat_at) == (at, at)

    async def test_beats_add_up(self, runs: RunStore) -> None:
        await runs.create(make_record())
        bucket = Bucket(WHEN, 10.2, 3, 1, 999)
        assert await runs.beat("vehicles-1", A, replace(beat(1, Counters(1, 2, 3)), throttle_reason="why"))
        assert await runs.beat("vehicles-1", A, beat(2, Counters(10, requests=5), bucket))
        record = await newest(runs)
        assert record.counters == Counters(11, 2, 3, requests=5)
        assert (record.lease.renewals, record.heartbeat_at) == (2, beat(2).at)
        assert (record.buckets, record.throttle_reason) == ((bucket,), None)

    async def test_a_repeated_beat_counts_once(self, runs: RunStore) -> None:
        await runs.create(make_record())
        repeated = beat(1, Counters(images_stored=3), Bucket(WHEN, 10.0, 3, 0, 0))
        for _ in range(3):
            assert await runs.beat("vehicles-1", A, repeated)
        record = await newest(runs)
        assert (record.counters.images_stored, len(record.buckets), record.lease.renewals) == (3, 1, 1)

    @pytest.mark.parametrize("sequence", [0, 2, 3, 7])
    async def test_a_beat_out_of_turn_is_refused(self, runs: RunStore, sequence: int) -> None:
        await runs.create(make_record())
        await runs.beat("vehicles-1", A, beat(1))
        await runs.beat("vehicles-1", A, beat(2))
        if sequence != 2:
            expected = sequence == 3
            assert await runs.beat("vehicles-1", A, beat(sequence, Counters(images_stored=1))) is expected
            assert (await newest(runs)).counters.images_stored == int(expected)

    async def test_the_history_is_a_ring(self, runs: RunStore) -> None:
        old = tuple(Bucket(WHEN + timedelta(seconds=10 * n), 10.0, n, 0, 0) for n in range(BUCKETS_KEPT))
        await runs.create(replace(make_record(), buckets=old))
        new = Bucket(WHEN, 10.0, -1, 0, 0)
        await runs.beat("vehicles-1", A, beat(1, bucket=new))
        assert (await newest(runs)).buckets == (*old[1:], new)

    async def test_announcements_replace_each_other(self, runs: RunStore) -> None:
        await runs.create(make_record())
        for ids in ([1, "x"], [ObjectId("0" * 24), {"a": 1}], []):
            assert await runs.announce("vehicles-1", A, ids)
            assert (await newest(runs)).in_flight == tuple(ids)

    async def test_an_end_whose_answer_was_lost_is_written_once(self, runs: RunStore) -> None:
        await runs.create(make_record())
        for _ in range(2):
            assert await runs.finish("vehicles-1", A, RunState.STOPPED, "왜", WHEN)
        assert not await runs.finish("vehicles-1", A, RunState.COMPLETE, None, WHEN)
        assert not await runs.finish("vehicles-1", A, RunState.STOPPED, "왜", WHEN + timedelta(seconds=1))
        ended = await newest(runs)
        assert await runs.claim(ended, B, WHEN) is not None
        assert not await runs.finish("vehicles-1", A, RunState.STOPPED, "왜", WHEN)

    async def test_a_run_is_closed_by_its_owner_only_and_stays_closed(self, runs: RunStore) -> None:
        await runs.create(make_record())
        await runs.announce("vehicles-1", A, ["x"])
        claimed = await runs.claim(await newest(runs), B, WHEN)
        assert claimed is not None
        assert not await runs.close("vehicles-1", A, "late", WHEN)
        assert not (await newest(runs)).is_closed
        assert await runs.close("vehicles-1", B, "왜", WHEN)
        closed = await newest(runs)
        assert (closed.state, closed.state_reason, closed.finished_at) == (RunState.STOPPED, "왜", WHEN)
        assert (closed.is_closed, closed.has_ended, closed.lease.owner, closed.in_flight) == (True, True, None, ("x",))
        assert await runs.claim(claimed, replace(B, epoch=3), WHEN) is None, "what was seen before"

    @pytest.mark.parametrize("state", [RunState.STOPPED, RunState.FAILED, RunState.COMPLETE])
    async def test_the_end(self, runs: RunStore, state: RunState) -> None:
        await runs.create(make_record())
        await runs.announce("vehicles-1", A, ["x"])
        at = WHEN + timedelta(hours=1)
        assert await runs.finish("vehicles-1", A, state, "왜", at)
        record = await newest(runs)
        assert (record.state, record.state_reason, record.finished_at) == (state, "왜", at)
        assert record.lease.owner is None
        assert record.in_flight == (() if state.is_over else ("x",))
