"""One HTTP request with a deadline that holds whatever the server does: silent, slow, or a byte now and then."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, HTTPError, NameResolutionError, ProxyError, SSLError
from urllib3.exceptions import TimeoutError as WaitedTooLong
from urllib3.response import BaseHTTPResponse

MAX_ANSWER_BYTES = 64 << 20
_PIECE_BYTES = 64 << 10
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. The names of `headers` are in lower case; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """No complete answer came. The text names no URL, no header and no body. `unreadable`: one came, of no use."""

    def __init__(
        self, reason: str, *, timed_out: bool = False, may_retry: bool = True, unreadable: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out
        self.may_retry = may_retry and not timed_out
        self.unreadable = unreadable


class Interruption:
    """Ends a request from outside its thread by shutting its connection down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.fired = False

    def watch(self, connected: socket.socket | None) -> None:
        """Named by the connection before it waits for anything."""
        with self._lock:
            self._socket = connected
            if self.fired:
                self._shut_down()

    def fire(self) -> None:
        """The thread that waits for the server gets the end of the stream. More than once does no harm."""
        with self._lock:
            self.fired = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            # Not SSLSocket.shutdown: it takes the TLS state away from under the thread that is reading.
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Transport:
    """Sends requests over kept connections. Follows no redirect and tries nothing twice. Safe to share by threads."""

    def __init__(
        self, *, connections: int = 16, environment_proxies: bool = True, max_answer_bytes: int = MAX_ANSWER_BYTES
    ) -> None:
        self._connections = connections
        self._max_answer_bytes = max_answer_bytes
        self._environment_proxies = environment_proxies
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        timeout_seconds: float,
        interruption: Interruption | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises `TransportError`, after `timeout_seconds` at the latest."""
        interruption = interruption or Interruption()
        deadline = time.monotonic() + timeout_seconds
        timeout = urllib3.Timeout(connect=min(timeout_seconds, _CONNECT_SECONDS), read=timeout_seconds)
        try:
            with _interrupted_after(timeout_seconds, interruption), _current.set_to(interruption):
                response = self._pool_for(url).request(
                    method, url, headers=dict(headers), body=body, timeout=timeout,
                    preload_content=False, retries=False, redirect=False,
                )  # fmt: skip
                return self._read(response, interruption)
        except (HTTPError, OSError, ValueError) as error:
            # ValueError: what http.client makes of a connection that goes away between two of its steps.
            timed_out = interruption.fired or (isinstance(error, WaitedTooLong) and time.monotonic() >= deadline)
            raise _explain(error, timed_out) from error

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        for pool in self._pools.values():
            pool.clear()

    def _read(self, response: BaseHTTPResponse, interruption: Interruption) -> Answer:
        body = bytearray()
        try:
            for piece in response.stream(_PIECE_BYTES, decode_content=True):
                body += piece
                if len(body) > self._max_answer_bytes:
                    size_mib = self._max_answer_bytes >> 20
                    raise TransportError(f"the answer is larger than {size_mib} MiB", may_retry=False, unreadable=True)
            # From here on the connection may belong to another request.
            interruption.watch(None)
            if interruption.fired:
                # A body without a length ends where the connection does, here by our own hand.
                raise TransportError("no complete answer in time", timed_out=True)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, bytes(body))

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        host, proxy = parts.hostname or "", None
        if self._environment_proxies and not _is_direct(host) and not proxy_bypass(host):
            proxy = getproxies().get(parts.scheme)
        with self._lock:
            if proxy not in self._pools:
                options: dict[str, Any] = {"num_pools": 8, "maxsize": self._connections, "block": False}
                pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
                pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
                self._pools[proxy] = pool
            return self._pools[proxy]


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine, told without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_direct(host: str) -> bool:
    """What no proxy can reach: this machine, and the metadata server beside it."""
    try:
        return is_loopback(host) or host == "metadata.google.internal" or ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


class _Current(threading.local):
    """The interruption of the request that this thread is sending."""

    interruption: Interruption | None = None

    @contextmanager
    def set_to(self, interruption: Interruption) -> Iterator[None]:
        self.interruption = interruption
        try:
            yield
        finally:
            self.interruption = None

    def watch(self, connected: socket.socket | None) -> None:
        if self.interruption is not None:
            self.interruption.watch(connected)


_current = _Current()


class _PlainConnection(HTTPConnection):
    def getresponse(self) -> Any:
        _current.watch(self.sock)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _current.watch(self.sock)
        return super().getresponse()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


@contextmanager
def _interrupted_after(seconds: float, interruption: Interruption) -> Iterator[None]:
    timer = threading.Timer(max(seconds, 0.0), interruption.fire)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _explain(error: Exception, timed_out: bool) -> TransportError:
    if timed_out:
        return TransportError("no complete answer in time", timed_out=True)
    if isinstance(error, SSLError):
        return TransportError("the TLS certificate of the host was not accepted", may_retry=False)
    if isinstance(error, DecodeError):
        return TransportError("the answer could not be decompressed", unreadable=True)
    for kind, meaning in _KINDS.items():
        if isinstance(error, kind):
            return TransportError(meaning)
    known = next((meaning for sign, meaning in _BROKEN.items() if sign in str(error)), None)
    if known is None and isinstance(error, WaitedTooLong):
        known = "the host did not accept a connection in time"
    return TransportError(known or f"the connection failed ({type(error).__name__})")


_KINDS: dict[type[Exception], str] = {
    ProxyError: "the proxy of this machine could not be used",
    NameResolutionError: "the name of the host could not be resolved",
}
_BROKEN = {
    "refused": "the connection was refused",
    "Connection reset": "the connection was reset",
    "IncompleteRead": "the answer was cut off",
    "Connection broken": "the answer was cut off",
    "without response": "the connection was closed without an answer",
    "Network is unreachable": "the network is unreachable",
    "No route to host": "there is no route to the host",
}
