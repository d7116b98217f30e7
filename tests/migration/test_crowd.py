"""Dividing a host's budget among processes that come and go."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.crowd import Crowd, Share
from opsctl.migration.politeness import HostBudgets
from opsctl.migration.run_record import LEASE_SECONDS, Lease
from opsctl.migration.slots import Slots
from tests.fakes.clock import FakeClock
from tests.fakes.world import LIMITS

HOST = "img.example.com"


@given(limit=st.integers(1, 64), live=st.integers(1, 200), host=st.text(max_size=20))
def test_the_shares_of_all_are_the_limit(limit: int, live: int, host: str) -> None:
    shares = [Share(rank, live).of(limit, host) for rank in range(live)]
    assert sum(shares) == limit
    assert max(shares) - min(shares) <= 1


def test_hosts_without_enough_slots_are_spread_over_the_processes() -> None:
    busy = {rank for n in range(50) for rank in range(8) if Share(rank, 8).of(1, f"host-{n}")}
    assert busy == set(range(8))


def lease(owner: str | None, renewals: int = 0) -> Lease:
    return Lease(owner, 1, renewals, None)


async def test_who_renews_is_alive_and_who_stands_still_is_not() -> None:
    clock = FakeClock()
    crowd = Crowd(1, clock)
    for second in range(int(LEASE_SECONDS) + 3):
        leases = [lease("dead", 7), lease("me", second), lease(None), lease("alive", second // 5)]
        share = crowd.look(leases)
        assert share == (Share(1, 3) if second < LEASE_SECONDS else Share(0, 2)), second
        await clock.sleep(1.0)
    assert crowd.look([lease("heir", 0), *leases[1:]]) == Share(1, 3)


async def test_a_record_that_is_gone_leaves_the_process_alone() -> None:
    assert Crowd(1, FakeClock()).look([]) == Share()


async def test_a_smaller_share_lets_nobody_in_until_enough_have_left() -> None:
    slots = Slots(3)
    for _ in range(3):
        await slots.acquire()
    waiting = [asyncio.ensure_future(slots.acquire()) for _ in range(2)]
    await asyncio.sleep(0)
    slots.resize(1)
    assert slots.is_overdrawn
    slots.release()
    slots.release()
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [False, False]
    slots.release()
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, False]
    slots.resize(2)
    await asyncio.sleep(0)
    assert waiting[1].done()


async def test_a_slot_is_not_lost_on_one_who_was_cancelled() -> None:
    slots = Slots(1)
    await slots.acquire()
    first, second, third = (asyncio.ensure_future(slots.acquire()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    slots.release()
    second.cancel()  # it has been given the slot, and never learns of it
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (first.cancelled(), second.cancelled(), third.done()) == (True, True, True)


class Host:
    """Counts who is there at once, over all processes."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.running = 0
        self.peaks: list[tuple[float, int]] = []
        self.starts: list[float] = []

    async def ask_forever(self, budgets: HostBudgets, slots: asyncio.Semaphore) -> None:
        while True:
            async with budgets.turn(HOST, slots) as may_ask:
                if not may_ask:
                    return
                self.running += 1
                self.starts.append(self.clock.monotonic())
                self.peaks.append((self.clock.monotonic(), self.running))
                await self.clock.sleep(self.seconds)
                self.running -= 1
                slots.release()


async def test_processes_together_keep_the_limits_of_one() -> None:
    clock, stop = FakeClock(), asyncio.Event()
    host = Host(clock, 0.3)
    limits = replace(LIMITS, per_host_concurrency=5, per_host_rate=8.0)
    crowd = [HostBudgets(limits, clock, stop) for _ in range(7)]
    async with asyncio.TaskGroup() as group:
        for alive in (1, 3, 7, 2):
            for rank, budgets in enumerate(crowd):
                budgets.divide(Share(rank, alive) if rank < alive else Share(1, 10**9))
            for budgets in crowd[:alive]:
                slots = asyncio.Semaphore(6)
                for _ in range(6):
                    group.create_task(host.ask_forever(budgets, slots))
            changed_at = clock.monotonic()
            await clock.sleep(20.0)
            settled = [running for at, running in host.peaks if at > changed_at + 1.0]
            assert max(settled) <= 5
            starts = [at for at in host.starts if at > changed_at + 10.0]
            assert 7.0 <= len(starts) / 10.0 <= 8.5, alive
        stop.set()
        for budgets in crowd:
            budgets.let_go()


async def test_who_has_no_share_says_so_and_ends_when_told() -> None:
    clock, stop = FakeClock(), asyncio.Event()
    budgets = HostBudgets(replace(LIMITS, per_host_concurrency=1), clock, stop)
    rank = next(rank for rank in range(2) if Share(rank, 2).of(1, HOST) == 0)
    budgets.divide(Share(rank, 2))
    host = Host(clock, 1.0)
    asking = asyncio.ensure_future(host.ask_forever(budgets, asyncio.Semaphore(4)))
    await clock.sleep(30.0)
    assert (host.starts, budgets.waiting_reason()) == ([], f"{HOST} is asked by other processes of this run")
    stop.set()
    budgets.let_go()
    await asyncio.wait_for(asking, 5.0)
