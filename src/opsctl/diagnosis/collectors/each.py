"""Asking the same thing of several resources, one answer or error for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from opsctl.errors import OpsctlError, UnavailableError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
AT_ONCE = 4
# Less than what a section has.
WITHIN_SECONDS = 15.0


async def ask_each(
    ask: Callable[[Item], Awaitable[Answer]],
    items: Sequence[Item],
    *,
    at_once: int = AT_ONCE,
    within_seconds: float = WITHIN_SECONDS,
) -> list[Answer | OpsctlError]:
    """The answers in the order of the items, a few questions at a time. What a port raises is an answer too, and so is
    that nothing came in time: one that hangs does not take the others with it."""
    room = asyncio.Semaphore(at_once)
    end = asyncio.get_running_loop().time() + within_seconds

    async def one(item: Item) -> Answer | OpsctlError:
        try:
            async with asyncio.timeout_at(end), room:
                return await ask(item)
        except TimeoutError:
            return UnavailableError(f"no answer within {within_seconds:g} s", code="timeout")
        except OpsctlError as error:
            return error

    return list(await asyncio.gather(*(one(item) for item in items)))
