"""Downloading images over HTTP, with the guard against private addresses in the socket itself."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from opsctl.migration.addresses import AllowedHosts, BlockedAddressError, check_address, parse_allowed
from opsctl.migration.models import Download, FailureClass, FetchFailure
from opsctl.migration.room import LARGE_BYTES, BodyRoom
from opsctl.migration.urls import BadUrlError, resolve_url

HOPS = 5

# Which host the request is for that opens a socket; a context of its own for every task.
_asked_host: ContextVar[str] = ContextVar("asked_host", default="")

_REDIRECTS = {301, 302, 303, 307, 308}
_BY_STATUS = {404: FailureClass.GONE, 410: FailureClass.GONE}
_LATER_STATUS = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What a download may take. `allow_private_hosts` are addresses, networks (CIDR) or host names."""

    max_bytes: int
    timeout_seconds: float
    user_agent: str
    workers: int
    allow_private_hosts: tuple[str, ...] = ()


@asynccontextmanager
async def open_http_images(settings: HttpSettings) -> AsyncIterator[HttpImages]:
    """An image source; its connections are closed at the end."""
    allowed = parse_allowed(settings.allow_private_hosts)
    resolver = _Resolver()
    connector = aiohttp.TCPConnector(
        limit=settings.workers * 2,
        resolver=resolver,
        ttl_dns_cache=300,
        socket_factory=lambda info: _open_socket(info, allowed),
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=min(15.0, settings.timeout_seconds)),
        headers={"User-Agent": settings.user_agent, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"},
        # A proxy would resolve the names itself, out of the guard's sight.
        trust_env=False,
        requote_redirect_url=False,
    )
    async with session:
        yield HttpImages(session, settings, resolver)


class HttpImages:
    """Implements `migration.ports.ImageSource`."""

    def __init__(self, session: aiohttp.ClientSession, settings: HttpSettings, resolver: _Resolver) -> None:
        self._session = session
        self._settings = settings
        self._resolver = resolver

    async def fetch(self, url: str, room: BodyRoom | None = None) -> Download | FetchFailure:
        """One try, redirects followed. The caller bounds its time."""
        try:
            for _ in range(HOPS + 1):
                result = await self._ask(url, room)
                if not isinstance(result, str):
                    return result
                url = resolve_url(urljoin(url, result), url)
        except BadUrlError as error:
            return FetchFailure(FailureClass.BAD_URL, f"the host redirects to an address that {error}")
        except (aiohttp.ClientError, OSError, BlockedAddressError, ValueError) as error:
            return self._explain(error)
        return FetchFailure(FailureClass.REFUSED, f"more than {HOPS} redirects")

    async def _ask(self, url: str, room: BodyRoom | None) -> Download | FetchFailure | str:
        """One request; a text is where the host redirects to."""
        _asked_host.set((URL(url, encoded=True).host or "").rstrip("."))
        async with self._session.get(URL(url, encoded=True), allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                location = response.headers.get("Location", "")
                return location or FetchFailure(FailureClass.REFUSED, "a redirect that names no address")
            if response.status != 200:
                return _explain_status(response)
            return await self._read(response, room)

    async def _read(self, response: aiohttp.ClientResponse, room: BodyRoom | None) -> Download | FetchFailure:
        declared, max_bytes = response.content_length, self._settings.max_bytes
        if declared is not None and declared > max_bytes:
            return _too_large(f"{declared} bytes", max_bytes)
        body = bytearray()
        is_whole = (declared or 0) <= LARGE_BYTES and await _fill(body, response, min(LARGE_BYTES, max_bytes))
        if not is_whole:
            if room is not None:
                await room.reserve(declared or max_bytes)
            is_whole = await _fill(body, response, max_bytes)
        if not is_whole:
            return _too_large(f"more than {max_bytes} bytes", max_bytes)
        is_framed = declared is not None or "chunked" in response.headers.get("Transfer-Encoding", "")
        return Download(bytes(body), is_framed)

    def _explain(self, error: Exception) -> FetchFailure:
        """Which failure an exception of the HTTP client stands for. Its text is not used: it may repeat the URL."""
        if isinstance(error, BlockedAddressError):
            return FetchFailure(FailureClass.BLOCKED_ADDRESS, str(error))
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return self._resolver.explain(error)
        # Before ValueError: the error of a certificate is one, too.
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return FetchFailure(FailureClass.LATER, "the host's certificate is not accepted")
        if isinstance(error, aiohttp.InvalidURL | ValueError):
            return FetchFailure(FailureClass.BAD_URL, "is not a valid address")
        if isinstance(error, aiohttp.ClientPayloadError):
            return FetchFailure(FailureClass.LATER, "the connection ended before the body did")
        return FetchFailure(FailureClass.LATER, f"the connection failed ({type(error).__name__})")


@dataclass(slots=True)
class _Resolver(AbstractResolver):
    """The system's resolver. Remembers whether any name was ever found, which tells a dead name from dead DNS."""

    has_answered: bool = False
    _inner: ThreadedResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = ThreadedResolver()
        try:
            found = await self._inner.resolve(host, port, family)
        except OSError as error:
            if not _is_unknown_name(error):
                raise
            found = await self._inner.resolve(host, port, family)  # a name is gone when it is gone twice
        self.has_answered = True
        return found

    async def close(self) -> None:
        """Nothing is held."""

    def explain(self, error: aiohttp.ClientConnectorDNSError) -> FetchFailure:
        if _is_unknown_name(error.os_error) and self.has_answered:
            return FetchFailure(FailureClass.GONE, "the host name does not exist")
        return FetchFailure(FailureClass.OURS, "the host name could not be looked up")


def _is_unknown_name(error: OSError) -> bool:
    causes = (error, error.__cause__, error.__context__)
    codes = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
    return any(isinstance(cause, socket.gaierror) and cause.errno in codes for cause in causes)


def _open_socket(info: tuple[Any, ...], allowed: AllowedHosts) -> socket.socket:
    """Called by aiohttp for every address, literal or resolved, before anything is sent to it.

    A host that is allowed by name is allowed under this name only: another one may lead to the same address.
    """
    family, kind, protocol, _, address = info
    if _asked_host.get() not in allowed.names:
        check_address(address[0], allowed.networks)
    opened = socket.socket(family=family, type=kind, proto=protocol)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


async def _fill(body: bytearray, response: aiohttp.ClientResponse, up_to: int) -> bool:
    """Read on until the end of the body (True) or until it is longer than `up_to` (False)."""
    while len(body) <= up_to:
        chunk = await response.content.readany()
        if not chunk:
            return True
        body += chunk
    return False


def _too_large(size: str, max_bytes: int) -> FetchFailure:
    return FetchFailure(FailureClass.TOO_LARGE, f"the body has {size}; max_bytes is {max_bytes}")


def _explain_status(response: aiohttp.ClientResponse) -> FetchFailure:
    status = response.status
    detail = f"HTTP {status}"
    if status in _LATER_STATUS or status >= 500:
        wait = _retry_after(response.headers.get("Retry-After"))
        return FetchFailure(FailureClass.LATER, detail, wait, is_throttle=status in (429, 503))
    return FetchFailure(_BY_STATUS.get(status, FailureClass.REFUSED), detail)


def _retry_after(text: str | None) -> float | None:
    """Seconds, or an HTTP date (RFC 9110 §10.2.3); None for anything else."""
    if text is None:
        return None
    if text.isascii() and text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
