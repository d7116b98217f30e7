"""Asking the same thing of several resources, one answer or error for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from opsctl.errors import OpsctlError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
AT_ONCE = 4


async def ask_each(
    ask: Callable[[Item], Awaitable[Answer]], items: Sequence[Item], *, at_once: int = AT_ONCE
) -> list[Answer | OpsctlError]:
    """The answers in the order of the items, a few questions at a time. What a port raises is an answer too."""
    room = asyncio.Semaphore(at_once)

    async def one(item: Item) -> Answer | OpsctlError:
        async with room:
            try:
                return await ask(item)
            except OpsctlError as error:
                return error

    return list(await asyncio.gather(*(one(item) for item in items)))
