"""The proxy does to a connection what it says, at once."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Iterator

import pytest

from tests.servers.kube_cluster import wait_for
from tests.servers.proxy import TcpProxy, tcp_proxy


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while chunk := connection.recv(65536):
                    connection.sendall(chunk)
            except ConnectionError:
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    # Closing alone does not wake the thread that waits in accept.
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo_port: int) -> Iterator[TcpProxy]:
    with tcp_proxy(echo_port) as running:
        yield running


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def echo(connection: socket.socket, content: bytes) -> bytes:
    connection.sendall(content)
    back = b""
    while len(back) < len(content):
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionAbortedError
        back += chunk
    return back


def read_one(proxy: TcpProxy) -> bytes:
    with connect(proxy) as connection:
        return connection.recv(1)


def read_to_end(connection: socket.socket) -> None:
    while connection.recv(10):
        pass


def echo_often(connection: socket.socket) -> None:
    for _ in range(1000):
        assert echo(connection, b"x" * 1000) == b"x" * 1000


def test_it_forwards_both_ways_and_counts(proxy: TcpProxy) -> None:
    content = bytes(range(256)) * 100
    with connect(proxy) as one, connect(proxy) as two:
        assert echo(one, content) == content
        assert echo(two, b"two") == b"two"
    assert proxy.accepted == 2
    assert proxy.client_bytes == len(content) + 3


def test_the_end_of_one_direction_is_passed_on(proxy: TcpProxy) -> None:
    with connect(proxy) as connection:
        connection.sendall(b"last words")
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(100):
            received += chunk
    assert received == b"last words"


def test_cut_resets_what_is_open_and_serves_what_is_new(proxy: TcpProxy) -> None:
    with connect(proxy) as broken:
        assert echo(broken, b"1") == b"1"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            broken.recv(1)
    with connect(proxy) as fresh:
        assert echo(fresh, b"2") == b"2"


def test_cut_answers_after_some_bytes_of_the_server(proxy: TcpProxy) -> None:
    with connect(proxy) as broken:
        proxy.cut_answers_after(4)
        broken.sendall(b"123456")
        with pytest.raises(ConnectionResetError):
            read_to_end(broken)
    with connect(proxy) as fresh:
        assert echo(fresh, b"2") == b"2"


def test_refuse_until_restore_on_the_same_port(proxy: TcpProxy) -> None:
    port = proxy.port
    with connect(proxy) as broken:
        assert echo(broken, b"1") == b"1"
        for _ in range(3):
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                connect(proxy)
            proxy.restore()
            assert proxy.port == port
            with connect(proxy) as fresh:
                assert echo(fresh, b"2") == b"2"
        with pytest.raises(ConnectionResetError):
            broken.recv(1)


def test_hold_swallows_and_restore_lets_go(proxy: TcpProxy) -> None:
    with connect(proxy) as connection:
        assert echo(connection, b"1") == b"1"
        proxy.hold()
        connection.sendall(b"held")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(4)
        connection.settimeout(10)
        proxy.restore()
        assert connection.recv(4) == b"held"


def test_delay_changes_nothing_but_the_time(proxy: TcpProxy) -> None:
    proxy.delay(0.01)
    with connect(proxy) as connection:
        assert echo(connection, b"slow") == b"slow"


@pytest.mark.parametrize("limit", [1, 1000, 200_000])
def test_cut_after_breaks_at_the_exact_byte(proxy: TcpProxy, limit: int) -> None:
    proxy.cut_after(limit)
    with connect(proxy) as connection, pytest.raises(ConnectionError):
        echo_often(connection)
    assert proxy.client_bytes == limit
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.restore()
    with connect(proxy) as fresh:
        assert echo(fresh, b"again") == b"again"


class Keeper:
    """Keeps the chunks of the first connection until it is told to let go."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._may_go = asyncio.Event()

    def watch(self, connection: int, _chunk: bytes) -> Awaitable[None] | None:
        return self._keep() if connection == 1 else None

    def let_go(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._may_go.set)

    async def _keep(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self._may_go.wait()


def test_a_chunk_is_kept_until_its_watcher_lets_it_go(echo_port: int) -> None:
    keeper = Keeper()
    with tcp_proxy(echo_port, keeper.watch) as proxy, connect(proxy) as kept:
        kept.sendall(b"kept")
        wait_for(lambda: keeper.loop, "the chunk to be kept")
        with connect(proxy) as free:
            assert echo(free, b"free") == b"free"
        assert proxy.client_bytes == len(b"free")
        keeper.let_go()
        assert kept.recv(4) == b"kept"


def test_what_was_kept_for_a_client_that_has_gone_is_not_passed_on() -> None:
    keeper = Keeper()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tcp_proxy(server.getsockname()[1], keeper.watch) as proxy,
    ):
        with connect(proxy) as leaving:
            leaving.sendall(b"kept")
            wait_for(lambda: keeper.loop, "the chunk to be kept")
        arrived, _ = server.accept()
        with arrived:
            keeper.let_go()
            with pytest.raises(ConnectionResetError):
                arrived.recv(4)


def test_a_target_that_is_down_resets_the_client() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with tcp_proxy(port) as proxy, pytest.raises(ConnectionResetError):
        read_one(proxy)


def test_no_thread_is_left(echo_port: int) -> None:
    with tcp_proxy(echo_port) as proxy, connect(proxy) as connection:
        assert echo(connection, b"1") == b"1"
    assert "tcp-proxy" not in {thread.name for thread in threading.enumerate()}
