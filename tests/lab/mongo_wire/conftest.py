"""The server under test, in a thread of its own, so that the blocking client can be used against it."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.lab.mongo_wire import MongoServer, serve_mongo

Fields = dict[str, Any]


@contextmanager
def server_in_thread(
    user: str | None = None, password: str | None = None, snapshot: Path | None = None
) -> Iterator[MongoServer]:
    """A server that ends with the block."""
    started = threading.Event()
    running: list[tuple[MongoServer, asyncio.AbstractEventLoop, asyncio.Event]] = []
    failures: list[BaseException] = []

    async def serve() -> None:
        async with serve_mongo(user=user, password=password, snapshot=snapshot) as server:
            stop = asyncio.Event()
            running.append((server, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # noqa: BLE001 - raised again where the test can see it
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    try:
        if failures:
            raise failures[0]
        yield running[0][0]
    finally:
        for _, loop, stop in running:
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failures:
        raise failures[0]


@pytest.fixture(scope="session")
def server() -> Iterator[MongoServer]:
    """One server for all tests that need nothing special; each uses a database of its own."""
    with server_in_thread() as running:
        yield running


@pytest.fixture(scope="session")
def mongo_uri(server: MongoServer) -> str:
    """The server that the contract is tested on here."""
    return server.uri


@pytest.fixture
def client(mongo_uri: str) -> Iterator[MongoClient[Fields]]:
    """A blocking client."""
    with MongoClient[Fields](mongo_uri, serverSelectionTimeoutMS=60_000) as connected:
        yield connected


@pytest.fixture
def cars(client: MongoClient[Fields]) -> Iterator[Collection[Fields]]:
    """An empty collection in a database of its own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield client[name]["cars"]
    client.drop_database(name)
