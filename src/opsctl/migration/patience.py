"""Outages of our own services: wait and try again within a bound, and mark nothing as failed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from opsctl.errors import UnavailableError
from opsctl.migration.clock import Clock, sleep_unless

T = TypeVar("T")
LONGEST_WAIT_SECONDS = 5.0


@dataclass(slots=True)
class Patience:
    """How long a run waits for Mongo or S3 to come back before it gives up."""

    limit_seconds: float
    clock: Clock
    stop: asyncio.Event
    _waiting: dict[int, str] = field(default_factory=dict)

    async def ride_out(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do `call` until it answers. Raises the last UnavailableError once the outage is longer than the limit,
        or when the run was told to stop; every other error at once."""
        began: float | None = None
        token = id(call)
        wait = 0.25
        try:
            while True:
                asked = self.clock.monotonic()
                try:
                    return await call()
                except UnavailableError as error:
                    now = self.clock.monotonic()
                    # A call that gave up after its own deadline has met the outage when it was made.
                    began = began if began is not None else asked
                    if self.stop.is_set() or now - began >= self.limit_seconds:
                        raise
                    self._waiting[token] = error.message
                await sleep_unless(self.stop, self.clock, wait * (0.5 + self.clock.random() / 2))
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        finally:
            self._waiting.pop(token, None)

    def waiting_reason(self) -> str | None:
        """What is being waited for at this moment."""
        return next(iter(self._waiting.values()), None)
