"""A clock that follows the loop's time, with dice that are loaded or seeded."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)


@dataclass(slots=True)
class FakeClock:
    """Implements `migration.clock.Clock` on the running loop's time. `dice` fixes every roll, else they are seeded.

    `suspended_seconds` is how long the machine was suspended so far, `wall_ahead_seconds` how far the time of day was
    set forward.
    """

    dice: float | None = None
    seed: int = 1
    suspended_seconds: float = 0.0
    wall_ahead_seconds: float = 0.0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def now(self) -> datetime:
        at = EPOCH + timedelta(seconds=self.monotonic() + self.wall_ahead_seconds)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def boottime(self) -> float:
        return self.monotonic() + self.suspended_seconds

    def random(self) -> float:
        return self._random.random() if self.dice is None else self.dice

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
