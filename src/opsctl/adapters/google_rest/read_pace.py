"""Keeps the reads of Cloud Logging below its quota.

`entries.list` takes 60 requests a minute and project, and the quota cannot be raised:
https://cloud.google.com/logging/quotas#api-limits
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

READS = 59
# A second more than the quota's minute: requests do not all take equally long to get there.
PERIOD_SECONDS = 61.0
NOTICED_SECONDS = 1.0


class ReadPace:
    """At most `READS` reads in any `PERIOD_SECONDS`. One for the whole process; times are on a clock that never goes
    back."""

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        on_wait: Callable[[float], None],
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._on_wait = on_wait
        self._taken: deque[float] = deque()

    async def take(self) -> None:
        """Take the right to one read; waits while there is none, and says through `on_wait` for how many seconds."""
        while (wait_seconds := self._wait_seconds()) > 0:
            await self.pause(wait_seconds)
        self.count()

    def count(self) -> None:
        """Count a read that was sent without asking, such as a retry."""
        self._taken.append(self._clock())

    async def pause(self, seconds: float) -> None:
        """Wait, and say so when a person would notice."""
        if seconds >= NOTICED_SECONDS:
            self._on_wait(seconds)
        await self._sleep(seconds)

    def _wait_seconds(self) -> float:
        now = self._clock()
        while self._taken and self._taken[0] <= now - PERIOD_SECONDS:
            self._taken.popleft()
        # More may have been counted than are allowed: then the first ones to expire are not enough.
        over = len(self._taken) - READS
        return 0.0 if over < 0 else self._taken[over] + PERIOD_SECONDS - now
