"""Fewer than 60 reads in any 60 seconds, whatever the rhythm."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.adapters.google_rest.read_pace import PERIOD_SECONDS, READS, ReadPace


@dataclass
class Timer:
    """A clock that only sleeping moves on."""

    seconds: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds


def busiest_minute(times: list[float]) -> int:
    return max(sum(begin <= at < begin + 60 for at in times) for begin in times)


def take_all(gaps: list[float], timer: Timer, extra: frozenset[int] = frozenset()) -> list[float]:
    pace, times = ReadPace(timer.now, timer.sleep, timer.waits.append), []

    async def run() -> None:
        for number, gap in enumerate(gaps):
            timer.seconds += gap
            await pace.take()
            times.append(timer.seconds)
            if number in extra:
                pace.count()
                times.append(timer.seconds)

    asyncio.run(run())
    return times


def test_the_first_reads_of_a_minute_do_not_wait_and_the_next_one_does() -> None:
    timer = Timer()
    times = take_all([0.0] * (READS + 1), timer)
    assert times[:READS] == [1000.0] * READS
    assert times[READS] == 1000.0 + PERIOD_SECONDS
    assert timer.waits == [PERIOD_SECONDS]


def test_a_hundred_pages_take_one_wait_that_is_worth_a_word() -> None:
    timer = Timer()
    times = take_all([0.01, 0.02] * 50, timer)
    assert len(timer.waits) == 1
    assert times[-1] - times[0] < 63


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 20), min_size=60, max_size=250))
def test_no_minute_holds_sixty_reads(gaps: list[float]) -> None:
    assert busiest_minute(take_all(gaps, Timer())) < 60


def test_retries_are_counted() -> None:
    timer = Timer()
    take_all([0.0] * 40, timer, extra=frozenset(range(30)))
    # 30 reads with a retry each are 60 already, so that the 31st waits until two of them are old enough.
    assert timer.waits[0] == PERIOD_SECONDS


def test_readers_at_the_same_time_share_one_pace() -> None:
    async def run() -> list[float]:
        loop = asyncio.get_running_loop()
        moments: list[float] = []
        seconds = 0.0

        async def sleep(wait_seconds: float) -> None:
            nonlocal seconds
            await asyncio.sleep(0)
            seconds += wait_seconds

        pace = ReadPace(lambda: seconds, sleep, lambda _: None)

        async def read() -> None:
            await pace.take()
            moments.append(seconds)

        await asyncio.gather(*(loop.create_task(read()) for _ in range(130)))
        return moments

    moments = asyncio.run(run())
    assert len(moments) == 130
    assert busiest_minute(moments) < 60
