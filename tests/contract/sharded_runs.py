"""What sharded runs rely on in a `RunStore`: the same tests for the fake and for the adapter."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from bson import ObjectId

from opsctl.migration.models import BEFORE_ALL, Counters, IdRange, PlanTotals, RunState
from opsctl.migration.ports import RunStore
from opsctl.migration.run_record import PLANNER, Bucket, Lease, Owner, RunRecord, Shard
from opsctl.migration.shards import ShardPlan
from tests.contract.run_store import PROCESS, WHEN, beat, make_record, newest

RUN = "vehicles-1"
PLANNING = Owner("planner", 1, PROCESS, PLANNER)
SECOND, MIDDLE = (4, ObjectId("5" * 24)), (1, "m")
PLANS = (
    ShardPlan(IdRange(None, MIDDLE), PlanTotals(3, 1, 30, 10, 0, 2)),
    ShardPlan(IdRange(MIDDLE, SECOND), PlanTotals(4, 0, 40, 0, 1, 0)),
    ShardPlan(IdRange(SECOND, None), PlanTotals()),
)
SUM = PlanTotals(7, 1, 70, 10, 1, 2)


def unplanned(count: int = 3) -> RunRecord:
    return replace(make_record(), lease=Lease(PLANNING.id, 1, 0, PROCESS), shard_count=count)


def worker(shard: int, epoch: int = 1, name: str = "worker") -> Owner:
    return Owner(f"{name}-{shard}", epoch, PROCESS, shard)


async def plan_run(runs: RunStore) -> None:
    assert await runs.create(unplanned())
    assert await runs.write_shards(RUN, PLANNING, PLANS, WHEN, has_foreign_work=True)


async def claim(runs: RunStore, owner: Owner) -> RunRecord:
    claimed = await runs.claim(await newest(runs), owner, WHEN)
    assert claimed is not None
    return claimed


async def end(runs: RunStore, owner: Owner, state: RunState, reason: str | None = None) -> RunRecord:
    assert await runs.finish(RUN, owner, state, reason, WHEN)
    return await newest(runs)


class ShardedRunsContract:
    """Derive from it, and give it a fixture `runs`: the records of collection `vehicles`, of which there are none."""

    async def test_every_field_of_a_shard_reads_back(self, runs: RunStore) -> None:
        shard = Shard(
            within=IdRange(BEFORE_ALL, (4, ObjectId("a" * 24))),
            lease=Lease("x", 7, 3, PROCESS),
            plan=PlanTotals(*range(1, 1 + len(fields(PlanTotals)))),
            heartbeat_at=WHEN,
            state=RunState.STOPPED,
            state_reason="왜",
            finished_at=WHEN,
            starts=4,
            frozen_epoch=6,
            counters=Counters(*range(1, 1 + len(fields(Counters)))),
            throttle_reason="host",
            idle_since=WHEN,
            in_flight=(1, "x", ObjectId("0" * 24)),
        )
        record = replace(
            unplanned(2),
            in_flight=("left",),
            shards=(shard, replace(shard, within=IdRange((1, "x"), None))),
            revision=9,
            has_foreign_work=True,
            throttle_reason="host",
            execution="job-1",
        )
        assert await runs.create(record)
        assert await runs.latest() == record

    # -- planning

    async def test_the_plan_is_written_once(self, runs: RunStore) -> None:
        await plan_run(runs)
        planned = await newest(runs)
        assert [(shard.within, shard.plan) for shard in planned.shards] == [(p.within, p.totals) for p in PLANS]
        assert (planned.plan, planned.counters, planned.state) == (SUM, Counters(), RunState.RUNNING)
        assert (planned.lease.owner, planned.has_foreign_work) == (None, True)
        assert {shard.lease for shard in planned.shards} == {Lease(None, 0, 0, None)}
        assert not await runs.write_shards(RUN, PLANNING, PLANS[::-1], WHEN)
        assert await runs.latest() == planned

    async def test_of_many_planners_one_writes(self, runs: RunStore) -> None:
        await runs.create(unplanned())
        seen = await newest(runs)
        planners = [Owner(f"planner-{n}", 2, PROCESS, PLANNER) for n in range(8)]
        claims = await asyncio.gather(*(runs.claim(seen, owner, WHEN) for owner in planners))
        assert sum(claim is not None for claim in claims) == 1
        written = await asyncio.gather(*(runs.write_shards(RUN, owner, PLANS, WHEN) for owner in [PLANNING, *planners]))
        assert written == [False, *(claim is not None for claim in claims)]

    async def test_a_planner_keeps_its_lease_and_may_give_it_back(self, runs: RunStore) -> None:
        await runs.create(unplanned())
        assert await runs.beat(RUN, PLANNING, beat(1))
        record = await newest(runs)
        assert (record.lease.renewals, record.heartbeat_at) == (1, beat(1).at)
        assert await runs.finish(RUN, PLANNING, RunState.STOPPED, "왜", WHEN)
        record = await newest(runs)
        assert (record.state, record.state_reason, record.lease.owner) == (RunState.STOPPED, "왜", None)
        claimed = await claim(runs, Owner("next", 2, PROCESS, PLANNER))
        assert (claimed.state, claimed.lease.owner, claimed.shards) == (RunState.PLANNED, "next", ())

    # -- leases of shards

    async def test_shards_are_claimed_apart(self, runs: RunStore) -> None:
        await plan_run(runs)
        seen = await newest(runs)
        claims = await asyncio.gather(*(runs.claim(seen, worker(n), WHEN + timedelta(minutes=1)) for n in range(3)))
        assert None not in claims
        record = await newest(runs)
        assert [shard.lease.owner for shard in record.shards] == ["worker-0", "worker-1", "worker-2"]
        assert [(shard.starts, shard.state) for shard in record.shards] == [(1, RunState.PLANNED)] * 3
        assert (record.starts, record.state) == (4, RunState.RUNNING)
        assert await runs.leases(RUN, 3) == [shard.lease for shard in record.shards]

    async def test_a_claim_says_of_which_execution_it_is(self, runs: RunStore) -> None:
        assert await runs.create(replace(unplanned(), execution="job-1"))
        assert await runs.write_shards(RUN, PLANNING, PLANS, WHEN)
        assert (await claim(runs, replace(worker(0), execution="job-2"))).execution == "job-2"
        assert (await claim(runs, worker(1))).execution == "job-2", "one that does not know leaves it"

    async def test_of_many_claims_of_a_shard_one_wins(self, runs: RunStore) -> None:
        await plan_run(runs)
        seen = await newest(runs)
        owners = [worker(1, 1, f"w{n}") for n in range(12)]
        claims = await asyncio.gather(*(runs.claim(seen, owner, WHEN) for owner in owners))
        [winner] = [owner for owner, claim in zip(owners, claims, strict=True) if claim is not None]
        assert (await newest(runs)).shards[1].lease.owner == winner.id

    async def test_a_stale_epoch_writes_nothing(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(1))
        await claim(runs, worker(1, 2, "heir"))
        before = await newest(runs)
        for owner in (worker(1), worker(1, 2), worker(1, 1, "heir"), worker(0), worker(2, 2, "heir"), PLANNING):
            assert not await runs.freeze_plan(RUN, owner, PlanTotals(documents=9), WHEN)
            assert not await runs.beat(RUN, owner, beat(1, Counters(images_stored=9)))
            assert not await runs.announce(RUN, owner, ["late"])
            assert not await runs.finish(RUN, owner, RunState.COMPLETE, None, WHEN)
            assert not await runs.write_shards(RUN, owner, PLANS, WHEN)
            await runs.note_document_failure(RUN, owner, "late", "late")
        assert await runs.latest() == before

    async def test_nothing_is_known_of_a_run_that_is_not_planned(self, runs: RunStore) -> None:
        assert await runs.leases(RUN, 3) == []
        await runs.create(unplanned())
        assert await runs.leases(RUN, 3) == []
        assert not await runs.beat(RUN, worker(0), beat(1))
        assert not await runs.freeze_plan(RUN, worker(0), PlanTotals(), WHEN)

    # -- sums

    async def test_what_a_shard_counts_is_added_to_the_run(self, runs: RunStore) -> None:
        await plan_run(runs)
        for number in (0, 1):
            await claim(runs, worker(number))
            assert await runs.freeze_plan(RUN, worker(number), PLANS[number].totals, WHEN)
        bucket = Bucket(WHEN, 10.0, 3, 1, 99)
        first, second = Counters(1, images_stored=5, requests=6), Counters(2, images_failed=1)
        assert await runs.beat(RUN, worker(0), replace(beat(1, first, bucket), throttle_reason="slow"))
        for _ in range(2):
            assert await runs.beat(RUN, worker(1), beat(1, second, bucket))
        record = await newest(runs)
        assert (record.plan, record.counters) == (SUM, first.plus(second))
        assert [shard.counters for shard in record.shards] == [first, second, Counters()]
        assert (record.buckets, record.heartbeat_at) == ((bucket, bucket), beat(1).at)
        assert [shard.throttle_reason for shard in record.shards] == ["slow", None, None]
        assert [shard.state for shard in record.shards[:2]] == [RunState.RUNNING, RunState.RUNNING]

    async def test_a_shard_is_idle_while_it_finishes_nothing_and_waits_for_nothing(self, runs: RunStore) -> None:
        await plan_run(runs)
        assert [shard.idle_since for shard in (await newest(runs)).shards] == [None] * 3
        await claim(runs, worker(0))
        assert await runs.freeze_plan(RUN, worker(0), PLANS[0].totals, WHEN)
        seen = []
        for sequence, done, reason in (
            (1, Counters(), None),
            (2, Counters(images_failed=1), None),
            (3, Counters(), None),
            (4, Counters(), "slow"),
            (5, Counters(), None),
        ):
            assert await runs.beat(RUN, worker(0), replace(beat(sequence, done), throttle_reason=reason))
            seen.append((await newest(runs)).shards[0].idle_since)
        assert seen == [WHEN, beat(2).at, beat(2).at, beat(4).at, beat(4).at]

    async def test_many_beats_at_once_lose_nothing(self, runs: RunStore) -> None:
        await plan_run(runs)
        for number in range(3):
            await claim(runs, worker(number))

        async def keep_beating(number: int) -> None:
            for sequence in range(1, 11):
                assert await runs.beat(RUN, worker(number), beat(sequence, Counters(images_stored=1 + number)))

        await asyncio.gather(*(keep_beating(number) for number in range(3)))
        record = await newest(runs)
        assert [shard.counters.images_stored for shard in record.shards] == [10, 20, 30]
        assert record.counters.images_stored == 60

    async def test_a_shard_that_starts_again_counts_anew_and_the_sums_stay_true(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        assert await runs.freeze_plan(RUN, worker(0), PLANS[0].totals, WHEN)
        await runs.beat(RUN, worker(0), beat(1, Counters(images_stored=7)))
        await claim(runs, worker(0, 2))
        recounted = replace(PLANS[0].totals, images=31, images_stored=17)
        for _ in range(2):  # the answer to the first may be lost
            assert await runs.freeze_plan(RUN, worker(0, 2), recounted, WHEN)
        record = await newest(runs)
        assert (record.shards[0].plan, record.shards[0].counters) == (recounted, Counters())
        assert (record.plan, record.counters) == (replace(SUM, images=71, images_stored=17), Counters())

    async def test_announcements_of_shards_stand_apart(self, runs: RunStore) -> None:
        await plan_run(runs)
        for number in (0, 1):
            await claim(runs, worker(number))
            assert await runs.announce(RUN, worker(number), [number, "x"])
        record = await newest(runs)
        assert [shard.in_flight for shard in record.shards] == [(0, "x"), (1, "x"), ()]
        assert sorted(map(str, record.all_in_flight)) == ["0", "1", "x", "x"]

    # -- the end

    @pytest.mark.parametrize("failed", [False, True])
    async def test_the_run_is_over_when_all_shards_are(self, runs: RunStore, failed: bool) -> None:
        await plan_run(runs)
        for number in range(3):
            await claim(runs, worker(number))
        record = await end(runs, worker(1), RunState.COMPLETE_WITH_FAILURES if failed else RunState.COMPLETE)
        assert (record.state, record.finished_at, record.shards[1].finished_at) == (RunState.RUNNING, None, WHEN)
        record = await end(runs, worker(0), RunState.COMPLETE)
        assert record.state is RunState.RUNNING
        record = await end(runs, worker(2), RunState.COMPLETE)
        assert record.state is (RunState.COMPLETE_WITH_FAILURES if failed else RunState.COMPLETE)
        assert record.finished_at == WHEN

    async def test_the_end_of_a_shard_whose_answer_was_lost_is_written_once(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        for _ in range(2):
            assert await runs.finish(RUN, worker(0), RunState.COMPLETE, None, WHEN)
        assert not await runs.finish(RUN, worker(0), RunState.STOPPED, None, WHEN)
        await claim(runs, worker(0, 2))
        assert not await runs.finish(RUN, worker(0), RunState.COMPLETE, None, WHEN)

    async def test_shards_that_end_at_the_same_moment_end_the_run(self, runs: RunStore) -> None:
        await plan_run(runs)
        for number in range(3):
            await claim(runs, worker(number))
        await asyncio.gather(*(runs.finish(RUN, worker(n), RunState.COMPLETE, None, WHEN) for n in range(3)))
        assert (await newest(runs)).state is RunState.COMPLETE

    async def test_a_stopped_shard_stops_the_run_once_nobody_works(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        await claim(runs, worker(1))
        await runs.announce(RUN, worker(0), ["x"])
        record = await end(runs, worker(0), RunState.STOPPED, "왜")
        assert (record.state, record.shards[0].state_reason, record.shards[0].in_flight) == (
            RunState.RUNNING,
            "왜",
            ("x",),
        )
        record = await end(runs, worker(1), RunState.COMPLETE)
        assert (record.state, record.state_reason) == (RunState.STOPPED, "왜")
        claimed = await claim(runs, worker(0, 2))
        assert (claimed.state, claimed.state_reason, claimed.finished_at) == (RunState.RUNNING, None, None)

    async def test_a_shard_that_nobody_began_keeps_the_run_open(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        assert (await end(runs, worker(0), RunState.COMPLETE)).state is RunState.RUNNING

    # -- taking all of it

    async def test_seizing_shuts_every_shard_out(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        taker = Owner("taker", 2, PROCESS, PLANNER)
        assert await runs.seize(await newest(runs), taker, WHEN)
        record = await newest(runs)
        assert [(lease.owner, lease.epoch) for lease in record.leases] == [
            ("taker", 2),
            ("taker", 2),
            ("taker", 1),
            ("taker", 1),
        ]
        assert not await runs.beat(RUN, worker(0), beat(1))
        assert not await runs.close(RUN, worker(0), "late", WHEN)
        assert await runs.close(RUN, taker, "왜", WHEN)
        record = await newest(runs)
        assert (record.state, record.state_reason, record.is_closed) == (RunState.STOPPED, "왜", True)

    async def test_what_has_changed_since_it_was_seen_cannot_be_seized(self, runs: RunStore) -> None:
        await plan_run(runs)
        await claim(runs, worker(0))
        seen = await newest(runs)
        assert await runs.beat(RUN, worker(0), beat(1))
        assert not await runs.seize(seen, Owner("taker", 2, PROCESS, PLANNER), WHEN)
        seen = await newest(runs)
        await claim(runs, worker(1))
        assert not await runs.seize(seen, Owner("taker", 2, PROCESS, PLANNER), WHEN)
