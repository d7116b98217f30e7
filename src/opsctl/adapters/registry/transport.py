"""Requests to registries: connections, proxies, retries. Nothing that is raised or logged here holds an address that
was followed: a download address is a secret."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    SSLError,
    TimeoutError,
)

from opsctl import __version__
from opsctl.adapters.registry.addresses import is_loopback
from opsctl.adapters.registry.deadline import Deadline
from opsctl.errors import DataError, UnavailableError

_RETRIED = frozenset({429, 500, 502, 503, 504})
_PAUSES_SECONDS = (0.5, 1.0, 2.0)
_LONGEST_PAUSE_SECONDS = 20.0
_PIECE_BYTES = 64 << 10
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class RegistryCall:
    """One request that was sent. `path` holds no query and is empty for an address that a registry redirected to;
    `status` is 0 when no answer came."""

    method: str
    host: str
    path: str
    status: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `what` names it in messages; `path_is_secret` keeps the address out of the calls."""

    what: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    path_is_secret: bool = False


class Transport:
    """Sends requests, on any thread. `calls` grows with each."""

    def __init__(self, *, connect_seconds: float = 10.0, idle_seconds: float = 20.0) -> None:
        self.calls: list[RegistryCall] = []
        self._connect_seconds = connect_seconds
        self._idle_seconds = idle_seconds
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def ask(self, request: Request, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        """The answer, whatever its status, its body not read. The caller closes it.

        What may pass (no connection, 429, 5xx) is tried again. Raises `UnavailableError` when it does not pass.
        """
        for pause in (*_PAUSES_SECONDS, None):
            try:
                response = self._send(request, deadline)
            except (HTTPError, OSError, ValueError) as error:
                if pause is None or not _may_pass(error) or not deadline.pause(pause):
                    raise _explain(error, request) from None
                continue
            if response.status not in _RETRIED or pause is None:
                return response
            asked_seconds = _retry_after(response)
            seconds = pause if asked_seconds is None else asked_seconds
            if seconds > _LONGEST_PAUSE_SECONDS or seconds >= deadline.left():
                return response
            read_beginning(response, deadline)
            deadline.pause(seconds)
        raise AssertionError("the last try returns or raises")

    def _send(self, request: Request, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        started, status = time.perf_counter(), 0
        parts = urlsplit(request.url)
        left = deadline.left()
        try:
            response = self._pool(parts.scheme, parts.hostname or "").request(
                "GET" if request.body is None else "POST",
                request.url,
                body=request.body,
                headers={"User-Agent": f"opsctl/{__version__}", **request.headers},
                preload_content=False,
                decode_content=False,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(
                    connect=min(self._connect_seconds, left), read=min(self._idle_seconds, left), total=None
                ),
            )
            status = response.status
        finally:
            path = "" if request.path_is_secret else parts.path
            method = "GET" if request.body is None else "POST"
            self.calls.append(
                RegistryCall(method, parts.netloc.rpartition("@")[2], path, status, time.perf_counter() - started)
            )
        return response

    def _pool(self, scheme: str, host: str) -> urllib3.PoolManager:
        proxy = _find_proxy(scheme, host)
        with self._lock:
            pool = self._pools.get(proxy)
            if pool is None:
                pool = urllib3.PoolManager(maxsize=8) if proxy is None else _open_proxy(proxy)
                self._pools[proxy] = pool
            return pool


class InterruptedTransferError(Exception):
    """The connection was lost, or fell silent, while a body was read."""


def read_piece(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
    """What has arrived of the body, b"" at its end. Raises `InterruptedTransferError`, `UnavailableError`."""
    deadline.left()
    try:
        return response.read1(_PIECE_BYTES)
    except (HTTPError, OSError, ValueError):
        deadline.left()
        raise InterruptedTransferError from None


def read_body(response: urllib3.BaseHTTPResponse, deadline: Deadline, *, max_bytes: int, what: str) -> bytes:
    """A whole body. Raises `DataError` when it is larger, `UnavailableError` when it does not come."""
    try:
        body = _read(response, deadline, max_bytes)
    except InterruptedTransferError:
        raise UnavailableError(f"{what}: the connection was lost") from None
    if len(body) > max_bytes:
        raise DataError(f"{what}: the answer is larger than {max_bytes} bytes")
    return body


def read_beginning(response: urllib3.BaseHTTPResponse, deadline: Deadline, *, max_bytes: int = 16 << 10) -> bytes:
    """As much of a body as says what is wrong; nothing when it cannot be read. A body that was read to its end leaves
    a connection that can be used again."""
    try:
        return _read(response, deadline, max_bytes)[:max_bytes]
    except InterruptedTransferError:
        return b""


def _read(response: urllib3.BaseHTTPResponse, deadline: Deadline, max_bytes: int) -> bytes:
    body = bytearray()
    with closing(response), deadline.stop.broken_off_by(response.shutdown):
        while len(body) <= max_bytes and (piece := read_piece(response, deadline)):
            body += piece
    return bytes(body)


def _may_pass(error: Exception) -> bool:
    """Whether another try may end otherwise. Silence already took its time, a name or a certificate stays wrong."""
    return isinstance(error, NewConnectionError | ProtocolError) and not isinstance(error, NameResolutionError)


def _explain(error: Exception, request: Request) -> UnavailableError:
    """Without the text of the error, which repeats the address."""
    host = urlsplit(request.url).hostname
    if isinstance(error, NameResolutionError):
        return UnavailableError(f"{request.what}: the name {host} is not known", hint="check the name of the registry")
    if isinstance(error, NewConnectionError):
        return UnavailableError(f"{request.what}: {host} cannot be reached")
    if isinstance(error, TimeoutError):
        return UnavailableError(f"{request.what}: {host} does not answer", code="timeout")
    if isinstance(error, SSLError):
        return UnavailableError(f"{request.what}: the certificate of {host} is not accepted, or it speaks no TLS")
    return UnavailableError(f"{request.what}: the connection to {host} broke")


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds (RFC 9110, section 10.2.3). A date counts from the server's own clock."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        then, now = parsedate_to_datetime(value), parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _find_proxy(scheme: str, host: str) -> str | None:
    """As curl and docker do: `HTTPS_PROXY`, `NO_PROXY` and the like. This machine is asked directly."""
    if is_loopback(host) or not any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXY_VARIABLES):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  # 20 ms

    proxies = getproxies()
    if proxy_bypass(host):
        return None
    return proxies.get(scheme) or proxies.get("all")


def _open_proxy(proxy: str) -> urllib3.ProxyManager:
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        auth = urllib3.util.parse_url(url).auth
        headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
        return urllib3.ProxyManager(url, maxsize=8, proxy_headers=headers)
    except (HTTPError, ValueError):
        raise DataError("the proxy of the environment (HTTPS_PROXY) is not a URL") from None


def _hides_no_address(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Failed to parse headers")


# The one warning of urllib3 that quotes the address it asked.
logging.getLogger("urllib3.connectionpool").addFilter(_hides_no_address)
