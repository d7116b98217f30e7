"""The server: connections in, answers out, one command at a time.

All commands run on one event loop and none of them waits for anything, so each is atomic.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from opsctl.lab.mongo_wire.authentication import Credentials
from opsctl.lab.mongo_wire.commands.dispatch import run_command
from opsctl.lab.mongo_wire.commands.request import Connection, Deployment
from opsctl.lab.mongo_wire.commands.sessions import MAX_MESSAGE_BYTES
from opsctl.lab.mongo_wire.cursors import Cursors
from opsctl.lab.mongo_wire.errors import CommandError
from opsctl.lab.mongo_wire.frames import HEADER, FrameError, Message, read_message, write_reply
from opsctl.lab.mongo_wire.snapshot import SnapshotFile
from opsctl.lab.mongo_wire.store import Store

_log = logging.getLogger(__name__)

_READ_BUFFER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MongoServer:
    """A server that listens. `uri` holds the password when there is one; show `address` instead."""

    host: str
    port: int
    uri: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@asynccontextmanager
async def serve_mongo(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    user: str | None = None,
    password: str | None = None,
    snapshot: Path | None = None,
    snapshot_interval_seconds: float = 3.0,
) -> AsyncIterator[MongoServer]:
    """Serve until the block ends; port 0 lets the system choose.

    With `user` and `password` clients must authenticate (SCRAM-SHA-256, `authSource=admin`). With `snapshot` the data
    is read from that file at the start, and written to it every few seconds after a change and at the end. Raises
    `OSError` when the port is taken, `ValueError` for a user without a password, `DataError` for a snapshot that is
    cut.
    """
    if (user is None) != (password is None):
        raise ValueError("user and password belong together")
    credentials = Credentials(user, password) if user is not None and password is not None else None
    store = Store()
    file = None if snapshot is None else SnapshotFile(snapshot)
    if file is not None:
        file.load_into(store)
    deployment = Deployment(store, Cursors(time.monotonic), _utc_now, credentials)
    listener = _Listener(deployment)
    server = await asyncio.start_server(listener.serve_client, host, port, limit=_READ_BUFFER_BYTES)
    stop = asyncio.Event()
    saving = (
        None
        if file is None
        else asyncio.create_task(_keep_saved(file, deployment, stop, interval_seconds=snapshot_interval_seconds))
    )
    chosen = int(server.sockets[0].getsockname()[1])
    try:
        yield MongoServer(host, chosen, _uri(host, chosen, user, password))
    finally:
        server.close()
        await listener.disconnect()
        stop.set()
        if saving is not None:
            await saving


class _Listener:
    """The connections that are open, each served by a task of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server runs this in a task
        self._tasks.add(task)
        peer = writer.get_extra_info("peername")
        connection = Connection(next(self._numbers), ":".join(map(str, peer[:2])) if peer else "")
        try:
            await _answer_messages(reader, writer, self._deployment, connection)
        except FrameError as error:
            _log.warning("connection %s closed: %s", connection.peer, error)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The client went away, or the server ends: neither is a fault, and the task has nothing else to clean up.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def disconnect(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer_messages(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deployment: Deployment, connection: Connection
) -> None:
    for reply_id in itertools.count(1):
        length, request_id, _, operation = HEADER.unpack(await reader.readexactly(HEADER.size))
        if not HEADER.size < length <= MAX_MESSAGE_BYTES:
            raise FrameError(f"a message of {length} bytes")
        content = await reader.readexactly(length - HEADER.size)
        try:
            message = read_message(request_id, operation, content)
        except CommandError as error:
            message = Message(request_id, operation, {}, None, True)
            answer = error.as_reply()
        else:
            answer = run_command(message.body, deployment, connection, database=message.database)
        if message.wants_reply:
            writer.write(write_reply(message, answer, reply_id % 2**31))
            await writer.drain()


async def _keep_saved(
    file: SnapshotFile, deployment: Deployment, stop: asyncio.Event, *, interval_seconds: float
) -> None:
    """Write the snapshot now and then while there are changes, and at the end; only then `OSError` is raised."""
    saved = deployment.revision
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), interval_seconds)
        if deployment.revision != saved and not stop.is_set():
            revision = deployment.revision
            try:
                await _save(file, deployment)
                saved = revision
            except OSError as error:
                _log.warning("the snapshot could not be written: %s", error)
    if deployment.revision != saved or not file.exists():
        await _save(file, deployment)


async def _save(file: SnapshotFile, deployment: Deployment) -> None:
    # Stored documents are never changed in place, so a thread can write them while commands run.
    await asyncio.to_thread(file.write, file.collect(deployment.store))


def _utc_now() -> datetime:
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _uri(host: str, port: int, user: str | None, password: str | None) -> str:
    if user is None or password is None:
        return f"mongodb://{host}:{port}/"
    return f"mongodb://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/?authSource=admin"
