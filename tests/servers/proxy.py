"""A TCP proxy that tests use to take a server away, and to give it back.

It forwards to one server, on a port of its own, in a thread with an event loop. Nothing depends on time: `cut_after`
breaks the line at an exact byte.

    with tcp_proxy(mongo_port) as proxy:
        client = MongoClient("127.0.0.1", proxy.port)
        proxy.refuse()      # connections are reset, new ones refused
        proxy.restore()
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

_T = TypeVar("_T")
Watch = Callable[[int, bytes], Awaitable[None] | None]
"""Called in the proxy's thread with the number of a client's connection, from 1 on, and a chunk that came over it,
before the chunk is passed on. What it returns is waited for, while everything else flows; a chunk whose client has gone
meanwhile is not passed on, the server sees a broken line."""
_CHUNK_BYTES = 65536
_LOOPBACK = "127.0.0.1"


class TcpProxy:
    """Control it from the test's thread; every call has taken effect when it returns."""

    def __init__(self, target_port: int, watch: Watch | None = None) -> None:
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        # Bound, never listening: the port stays ours, and refuses, while no listener is open.
        self._reservation = _bound_socket(0)
        self.port: int = self._reservation.getsockname()[1]
        self._line = _Line(self.port, target_port, watch)

    def start(self) -> None:
        self._thread.start()
        self._call(self._line.listen())

    def stop(self) -> None:
        self._call(self._line.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.close()

    def cut(self) -> None:
        """Reset every open connection; new ones are still served."""
        self._call(self._line.cut())

    def refuse(self) -> None:
        """Reset every open connection and refuse new ones: the server is down."""
        self._call(self._line.close())

    def restore(self) -> None:
        """Serve again, at once and without a limit: undoes `refuse`, `hold`, `delay` and `cut_after`."""
        self._call(self._line.listen())

    def hold(self) -> None:
        """Accept and read nothing more: the network swallows it all. Open connections stay open."""
        self._call(self._line.set_held())

    def delay(self, seconds: float) -> None:
        """Keep each chunk, in both directions, for this long."""
        self._call(self._line.set_delay(seconds))

    def cut_after(self, client_bytes: int) -> None:
        """Be down, as after `refuse`, once the clients have sent this many more bytes; the last chunk arrives cut."""
        self._call(self._line.set_allowance(client_bytes))

    def cut_answers_after(self, server_bytes: int) -> None:
        """As `cut`, once the server has sent this many more bytes; the last chunk arrives cut."""
        self._call(self._line.set_answer_allowance(server_bytes))

    @property
    def accepted(self) -> int:
        """How many connections were accepted so far."""
        return self._line.accepted

    @property
    def client_bytes(self) -> int:
        """How many bytes the clients' connections have passed on to the server so far."""
        return self._line.client_bytes

    def _call(self, work: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)


@contextmanager
def tcp_proxy(target_port: int, watch: Watch | None = None) -> Iterator[TcpProxy]:
    """A proxy on a loopback port of its own in front of `target_port`, gone when the block ends."""
    proxy = TcpProxy(target_port, watch)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


class _Line:
    """The proxy's state; lives in the event loop's thread."""

    def __init__(self, port: int, target_port: int, watch: Watch | None) -> None:
        self._port = port
        self._target_port = target_port
        self._watch = watch
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._flowing = asyncio.Event()
        self._delay_seconds = 0.0
        self._allowance_bytes: int | None = None
        self._answer_bytes: int | None = None
        self.accepted = 0
        self.client_bytes = 0

    async def listen(self) -> None:
        self._delay_seconds, self._allowance_bytes = 0.0, None
        self._flowing.set()
        if self._server is None:
            listener = _bound_socket(self._port)
            self._server = await asyncio.start_server(self._serve, sock=listener, backlog=512)

    async def close(self) -> None:
        self._close_listener()
        await self.cut()

    async def cut(self) -> None:
        await asyncio.gather(*self._break_links(), return_exceptions=True)

    async def set_held(self) -> None:
        self._flowing.clear()

    async def set_delay(self, seconds: float) -> None:
        self._delay_seconds = seconds

    async def set_allowance(self, client_bytes: int) -> None:
        self._allowance_bytes = client_bytes

    async def set_answer_allowance(self, server_bytes: int) -> None:
        self._answer_bytes = server_bytes

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.accepted += 1
        number = self.accepted
        writers = self._links[task] = [writer]
        try:
            server_reader, server_writer = await asyncio.open_connection(_LOOPBACK, self._target_port)
            writers.append(server_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, server_writer, client=number))
                group.create_task(self._forward(server_reader, writer, client=None))
        except (OSError, ExceptionGroup):
            for each in writers:
                _reset(each)
        except asyncio.CancelledError:
            pass
        finally:
            for each in writers:
                each.close()
            del self._links[task]

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, client: int | None) -> None:
        """One direction of a link; `client` is the number of the client's connection when it reads from there."""
        while True:
            await self._flowing.wait()
            chunk = await reader.read(_CHUNK_BYTES)
            # What came while the line is held stays here.
            await self._flowing.wait()
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            if not chunk:
                with suppress(OSError):
                    writer.write_eof()
                return
            if client is not None and self._watch is not None:
                waiting = self._watch(client, chunk)
                if waiting is not None:
                    await waiting
                    if reader.at_eof() or reader.exception() is not None:
                        raise ConnectionResetError
            chunk = self._spend(chunk) if client is not None else self._spend_answer(chunk)
            writer.write(chunk)
            await writer.drain()
            if self._answer_bytes == 0:
                self._answer_bytes = None
                self._break_links()
            if self._allowance_bytes == 0:
                # Not `close`: it waits for every link, and this one cannot wait for itself.
                self._close_listener()
                self._break_links()

    def _spend(self, chunk: bytes) -> bytes:
        if self._allowance_bytes is not None:
            chunk = chunk[: self._allowance_bytes]
            self._allowance_bytes -= len(chunk)
        self.client_bytes += len(chunk)
        return chunk

    def _spend_answer(self, chunk: bytes) -> bytes:
        if self._answer_bytes is not None:
            chunk = chunk[: self._answer_bytes]
            self._answer_bytes -= len(chunk)
        return chunk

    def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _break_links(self) -> list[asyncio.Task[None]]:
        """Reset both ends of every link and cancel it; returns the tasks, which end at the loop's next turns."""
        tasks = list(self._links)
        for task, writers in self._links.items():
            for writer in writers:
                _reset(writer)
            task.cancel()
        return tasks


def _bound_socket(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The reservation and the listener share the port.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((_LOOPBACK, port))
    bound.setblocking(False)
    return bound


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: the other side sees a broken line, not an end."""
    connected = writer.get_extra_info("socket")
    if connected is not None and connected.fileno() >= 0:
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
