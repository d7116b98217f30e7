"""Time and chance, passed in so that tests decide both."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock for records, steady clock for waiting, and the dice for jitter."""

    def now(self) -> datetime:
        """The time of day, with its zone, in milliseconds: finer than that Mongo cannot keep."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

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

    def random(self) -> float:
        return random.random()  # noqa: S311 jitter needs no secrecy

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


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
