"""Time and chance, passed in so that tests decide both."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock for records, steady clock for waiting, and the dice for jitter."""

    def now(self) -> datetime:
        """The time of day, with its zone, in milliseconds: finer than that Mongo cannot keep."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def boottime(self) -> float:
        """The same, and they go on while the machine is suspended, where it has a clock that does."""

    def random(self) -> float:
        """A number in [0, 1)."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        return time.monotonic() if _SUSPENDED_TOO is None else time.clock_gettime(_SUSPENDED_TOO)

    def random(self) -> float:
        return random.random()  # noqa: S311 jitter needs no secrecy

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _find_clock() -> int | None:
    """Linux calls it CLOCK_BOOTTIME; on macOS CLOCK_MONOTONIC goes on, unlike the clock behind `time.monotonic`."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        clock = getattr(time, name, None)
        if isinstance(clock, int):
            with suppress(OSError):  # a sandbox may know the name and not the clock
                time.clock_gettime(clock)
                return clock
    return None


_SUSPENDED_TOO = _find_clock()


async def sleep_unless(stop: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Wait, but no longer than until `stop` is set."""
    if seconds <= 0 or stop.is_set():
        return
    stopped = asyncio.ensure_future(stop.wait())
    slept = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({stopped, slept}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        slept.cancel()
