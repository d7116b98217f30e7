"""How many bytes of pictures may be in memory at once: small bodies are few enough, large ones are counted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

LARGE_BYTES = 1024 * 1024
"""A body beyond this asks for room. What is smaller is bounded by the number of workers alone."""


@dataclass(slots=True)
class ByteBudget:
    """The room that all large bodies of a run share. One that is larger than all of it may be there alone."""

    limit_bytes: int
    _used_bytes: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, size_bytes: int) -> int:
        """Wait until there is room; returns what has to be given back."""
        size_bytes = min(size_bytes, self.limit_bytes)
        async with self._changed:
            await self._changed.wait_for(lambda: self._used_bytes + size_bytes <= self.limit_bytes)
            self._used_bytes += size_bytes
        return size_bytes

    async def give_back(self, size_bytes: int) -> None:
        async with self._changed:
            self._used_bytes -= size_bytes
            self._changed.notify_all()


@dataclass(slots=True)
class BodyRoom:
    """The room of one body. Waiting for it is not the host's fault: the deadline of the download stands still."""

    budget: ByteBudget
    deadline: asyncio.Timeout
    _taken_bytes: int = 0

    async def reserve(self, size_bytes: int) -> None:
        """Once for a body, before its large part is read."""
        if self._taken_bytes:
            return
        loop = asyncio.get_running_loop()
        ends_at = self.deadline.when()
        began = loop.time()
        self.deadline.reschedule(None)
        self._taken_bytes = await self.budget.take(size_bytes)
        if ends_at is not None:
            self.deadline.reschedule(ends_at + loop.time() - began)

    async def release(self) -> None:
        if self._taken_bytes:
            taken, self._taken_bytes = self._taken_bytes, 0
            await self.budget.give_back(taken)
