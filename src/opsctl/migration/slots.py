"""A semaphore whose size may change while it is used."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slots:
    """At most `limit` holders, first come first served. After it became smaller, holders leave, but nobody enters."""

    limit: int
    _taken: int = 0
    _turns: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def acquire(self) -> None:
        """Wait for a slot."""
        if self._taken < self.limit and not self._turns:
            self._taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release()  # it had been given one at the same moment
            elif turn in self._turns:
                self._turns.remove(turn)
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._taken -= 1
        self._hand_out()

    def resize(self, limit: int) -> None:
        """Change how many there are."""
        self.limit = limit
        self._hand_out()

    @property
    def is_overdrawn(self) -> bool:
        """Whether there are more holders than slots."""
        return self._taken > self.limit

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._turns)

    def _hand_out(self) -> None:
        while self._taken < self.limit and self._turns:
            turn = self._turns.popleft()
            if not turn.cancelled():
                self._taken += 1
                turn.set_result(None)
