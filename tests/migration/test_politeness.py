"""Budgets of hosts: what a host sees of a run, on virtual time."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.migration.models import FailureClass, FetchFailure
from opsctl.migration.politeness import BREAKER_FAILURES, HostBudgets
from tests.fakes.clock import FakeClock
from tests.fakes.images import LATER
from tests.fakes.virtual_time import run_virtual
from tests.fakes.world import LIMITS, World

HOST = "img.example.com"


def most_in_a_second(times: Sequence[float]) -> int:
    """The largest number of starts in any window of one second, its end not included."""
    ordered = sorted(times)
    # A hair less than a second: starts are booked exactly one interval apart, and floats round.
    return max(bisect_left(ordered, at + 1.0 - 1e-6) - number for number, at in enumerate(ordered))


@given(
    rate=st.floats(0.5, 50.0),
    concurrency=st.integers(1, 8),
    workers=st.integers(1, 12),
    hosts=st.integers(1, 6),
    seconds=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60),
)
@settings(max_examples=60, deadline=None)
def test_no_second_holds_more_than_the_rate_and_no_moment_more_than_the_concurrency(
    rate: float, concurrency: int, workers: int, hosts: int, seconds: list[float]
) -> None:
    async def work() -> None:
        clock = FakeClock()
        limits = replace(LIMITS, per_host_rate=rate, per_host_concurrency=concurrency)
        budgets = HostBudgets(limits, clock, asyncio.Event())
        slots = asyncio.Semaphore(workers)
        starts: dict[str, list[float]] = {}
        running = 0

        async def ask(host: str, duration: float) -> None:
            nonlocal running
            async with budgets.turn(host, slots) as may_ask:
                assert may_ask
                starts.setdefault(host, []).append(clock.monotonic())
                running += 1
                assert running <= workers
                await clock.sleep(duration)
                running -= 1
                slots.release()

        async with asyncio.TaskGroup() as group:
            for number, duration in enumerate(seconds):
                group.create_task(ask(f"host-{number % hosts}", duration))
        assert sum(map(len, starts.values())) == len(seconds)
        for times in starts.values():
            assert most_in_a_second(times) <= max(1, -(-rate // 1))
        assert all(figures.peak_concurrency <= concurrency for figures in budgets.figures())
        assert sum(figures.requests for figures in budgets.figures()) == len(seconds)

    run_virtual(work)


async def test_a_slot_that_comes_late_does_not_bunch_requests_together() -> None:
    clock = FakeClock()
    budgets = HostBudgets(replace(LIMITS, per_host_rate=2.0, per_host_concurrency=8), clock, asyncio.Event())
    slots = asyncio.Semaphore(1)
    starts: list[float] = []

    async def ask() -> None:
        async with budgets.turn(HOST, slots):
            starts.append(clock.monotonic())
            slots.release()

    await slots.acquire()
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(ask())
        await clock.sleep(30)
        slots.release()
    assert starts == pytest.approx([30.0, 30.5, 31.0, 31.5, 32.0, 32.5])


async def test_hosts_do_not_wait_for_each_other() -> None:
    clock = FakeClock()
    budgets = HostBudgets(replace(LIMITS, per_host_rate=0.1), clock, asyncio.Event())
    slots = asyncio.Semaphore(2)
    budgets.pause("slow", 50)
    started: dict[str, float] = {}

    async def ask(host: str) -> None:
        async with budgets.turn(host, slots):
            started[host] = clock.monotonic()
            slots.release()

    async with asyncio.TaskGroup() as group:
        for host in ("slow", "slow", "slow", "a", "b", "c"):
            group.create_task(ask(host))
    assert started["a"] == started["b"] == started["c"] == 0.0
    assert started["slow"] >= 70.0


async def test_a_pause_moves_those_who_already_wait() -> None:
    clock = FakeClock()
    budgets = HostBudgets(replace(LIMITS, per_host_rate=1.0), clock, asyncio.Event())
    slots = asyncio.Semaphore(4)
    starts: list[float] = []

    async def ask() -> None:
        async with budgets.turn(HOST, slots):
            starts.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(ask())
        await clock.sleep(0.5)
        budgets.pause(HOST, 20)
        assert budgets.waiting_reason() == "img.example.com asked for a pause of 20 s"
    assert starts == pytest.approx([0.0, 20.5, 21.5])
    assert budgets.figures()[0].throttled == 1


async def test_a_stop_ends_all_waiting() -> None:
    clock, stop = FakeClock(), asyncio.Event()
    budgets = HostBudgets(LIMITS, clock, stop)
    budgets.pause(HOST, 1000)
    answers: list[bool] = []

    async def ask() -> None:
        async with budgets.turn(HOST, asyncio.Semaphore(1)) as may_ask:
            answers.append(may_ask)

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(ask())
        await clock.sleep(3)
        stop.set()
    assert (answers, clock.monotonic()) == ([False] * 6, 3.0)
    assert budgets.figures() == ()


async def test_the_breaker_opens_after_so_many_images_in_a_row() -> None:
    budgets = HostBudgets(LIMITS, FakeClock(), asyncio.Event())
    for _ in range(BREAKER_FAILURES - 1):
        budgets.note_outcome(HOST, is_host_failure=True)
    budgets.note_outcome(HOST, is_host_failure=False)
    for _ in range(BREAKER_FAILURES - 1):
        budgets.note_outcome(HOST, is_host_failure=True)
    assert not budgets.is_down(HOST)
    budgets.note_outcome(HOST, is_host_failure=True)
    assert budgets.is_down(HOST)
    assert not budgets.is_down("other.example.com")


async def test_a_host_that_is_down_is_left_alone_and_costs_no_visit() -> None:
    world = World(limits=replace(LIMITS, workers=1, per_host_concurrency=1, retry_base_seconds=0.01))
    for number in range(30):
        url = f"https://{HOST}/{number}.jpg"
        world.documents.insert(id=number, main_image=url, image_url=f"https://fine.example.com/{number}.jpg")
        world.images.answers[url] = [LATER]
    report = await world.start()
    asked = [request for request in world.images.requests if request.host == HOST]
    assert len(asked) == 3 * BREAKER_FAILURES
    assert report.counters.images_stored == 30
    attempts = [(row.failed[0].failure_class, row.failed[0].attempts) for row in world.documents.rows]
    assert attempts == [(FailureClass.LATER, 1)] * BREAKER_FAILURES + [(FailureClass.OURS, 0)] * 10
    assert [figures.is_down for figures in report.hosts] == [True, False]


async def test_throttling_seen_by_the_host_of_a_whole_run() -> None:
    world = World(limits=replace(LIMITS, workers=8, per_host_rate=5.0, per_host_concurrency=3))
    throttle = FetchFailure(FailureClass.LATER, "HTTP 429", 30.0, is_throttle=True)
    for number in range(20):
        world.documents.insert(id=number, main_image=f"https://{HOST}/{number}.jpg")
    first = f"https://{HOST}/0.jpg"
    world.images.answers[first] = [throttle, LATER, LATER]
    world.images.seconds_per_image = 0.9
    await world.start()
    times = [request.at_seconds for request in world.images.requests]
    assert most_in_a_second(times) <= 5
    assert world.images.peak_by_host[HOST] == 3
    throttled_at = times[0] + 0.9
    assert [at for at in times if throttled_at + 0.1 < at < throttled_at + 30.0] == []
