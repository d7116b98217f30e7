"""The same done to many things, some of them at once: one of the few places where tasks start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def do_at_once(work: Callable[[T], Awaitable[R]], items: Sequence[T], limit: int) -> list[R]:
    """What `work` makes of each item, in their order; never more than `limit` at the same time. `work` gives failures
    back as values: one that it raises ends all others and comes out in a group."""
    slots = asyncio.Semaphore(limit)

    async def take_turn(item: T) -> R:
        async with slots:
            return await work(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(take_turn(item)) for item in items]
    return [task.result() for task in tasks]
