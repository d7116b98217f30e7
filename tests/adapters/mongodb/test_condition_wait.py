"""Calls that wait for a Mongo that is away, and are cancelled all at once, leave the client usable."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import ServerSelectionTimeoutError

from opsctl.adapters.mongodb.connection import Fields, connect


async def test_cancelling_many_waiting_calls_leaves_no_lock_behind() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        client = connect(f"mongodb://127.0.0.1:{bound.getsockname()[1]}/", timeout_seconds=0.3)
        for _ in range(5):
            # They time out in the same moment; the first error cancels the others in the middle of it.
            with pytest.raises(ExceptionGroup):
                await call_at_once(client, 40)
        async with asyncio.timeout(30):
            with pytest.raises(ServerSelectionTimeoutError):
                await client.admin.command("ping")
            await client.close()


async def call_at_once(client: AsyncMongoClient[Fields], calls: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(calls):
            group.create_task(client.admin.command("ping"))
