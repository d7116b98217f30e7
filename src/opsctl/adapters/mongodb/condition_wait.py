"""A wait of PyMongo's that deadlocks on Python 3.11 when it is cancelled at the wrong moment.

PyMongo waits for a server, or for a free connection, with `asyncio.wait_for(condition.wait(), timeout)`. Before Python
3.12 `wait_for` does so in a task of its own. When the timeout has passed and the caller is cancelled before that task
has its lock back, the caller leaves the lock's block, the task takes the lock afterwards, and nobody ever releases it:
every later call of the client waits for ever. Many calls that time out together, as in an outage, meet that moment.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

from pymongo import lock

T = TypeVar("T")


def mend_condition_wait() -> None:
    """Let PyMongo wait in the caller's own task, as `wait_for` does from Python 3.12 on. Doing it twice is harmless."""
    if sys.version_info < (3, 12) and getattr(lock, "wait_for", None) is asyncio.wait_for:
        lock.wait_for = _wait_for  # type: ignore[attr-defined, assignment]


async def _wait_for(awaitable: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - the signature of wait_for
    async with asyncio.timeout(timeout):
        return await awaitable
