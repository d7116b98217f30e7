"""HTTP and WebSocket connections to one API server, through aiohttp, which is imported with the first of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from opsctl import __version__
from opsctl.adapters.kube.credentials import Credentials, tls_context
from opsctl.adapters.kube.kubeconfig import Access
from opsctl.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientSession

    from opsctl.adapters.kube.exec_plugin import Credential

_CONNECTIONS = 64
_CONNECT_SECONDS = 10.0
# Proxies and load balancers end what is silent for a minute or more.
_PING_SECONDS = 30.0
_MAX_HEADER_BYTES = 65_536
_OURS = (("Accept", "application/json, */*"), ("User-Agent", f"opsctl/{__version__}"))


class Connection:
    """Sends signed requests. Raises OSError (which aiohttp's errors are turned into), ConfigError and
    AccessDeniedError."""

    def __init__(self, access: Access, credentials: Credentials) -> None:
        self._access = access
        self._credentials = credentials
        self._session: ClientSession | None = None
        self._tls: tuple[Credential, ssl.SSLContext] | None = None
        self._sent: Credential | None = None

    async def send(self, method: str, target: str, body: bytes | None, *, content_type: str) -> Any:
        """The answer, an `aiohttp.ClientResponse` whose body is not yet read. `target` is path and query."""
        import aiohttp  # noqa: PLC0415

        headers = {"Content-Type": content_type} if body is not None else {}
        settings = await self._settings(headers)
        try:
            return await self._open_session().request(
                method, self._url(target), data=body, allow_redirects=False, **settings
            )
        except aiohttp.ClientError as error:
            raise _as_os_error(error) from error

    async def open_websocket(self, target: str, protocol: str) -> Any:
        """An `aiohttp.ClientWebSocketResponse` of the given subprotocol. A refused handshake raises
        `aiohttp.WSServerHandshakeError`."""
        import aiohttp  # noqa: PLC0415

        settings = await self._settings({})
        try:
            return await self._open_session().ws_connect(
                self._url(target), protocols=(protocol,), max_msg_size=0, heartbeat=_PING_SECONDS, **settings
            )
        except aiohttp.WSServerHandshakeError:
            raise
        except aiohttp.ClientError as error:
            raise _as_os_error(error) from error

    def renew(self) -> bool:
        """Forgets the credentials that were just refused; whether others can be had."""
        return self._sent is not None and self._credentials.refused(self._sent)

    async def close(self) -> None:
        """Closes everything."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def was_not_sent(self, error: OSError) -> bool:
        """Whether the server cannot have seen the request."""
        import aiohttp  # noqa: PLC0415

        return isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, aiohttp.ClientConnectorError)

    def may_help_again(self, error: OSError) -> bool:
        """Whether another try is worth it: not for a certificate or an address that is wrong."""
        import aiohttp  # noqa: PLC0415

        return not isinstance(error.__cause__, aiohttp.ClientSSLError | aiohttp.InvalidURL)

    def explain(self, error: OSError) -> UnavailableError:
        """A failed connection in words."""
        import aiohttp  # noqa: PLC0415

        cause, host = error.__cause__ or error, self._access.host
        hint = f"The address is that of {self._access.origin}. Is the network (VPN) up?"
        if isinstance(cause, aiohttp.ClientSSLError):
            reason = "its TLS certificate or ours was not accepted"
            hint = f"Check certificate-authority and the client certificate of {self._access.origin}."
        elif isinstance(cause, aiohttp.ClientProxyConnectionError):
            reason = "the proxy on the way cannot be used"
            hint = "Check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY."
        elif isinstance(cause, aiohttp.ClientConnectorDNSError):
            reason = "its name cannot be resolved"
        elif isinstance(cause, TimeoutError):
            reason = "it did not accept a connection in time"
        elif isinstance(cause, aiohttp.ClientConnectorError):
            reason = _reason(cause.os_error)
        else:
            reason = _reason(error)
        return UnavailableError(f"The Kubernetes API server {host} cannot be reached: {reason}", hint=hint)

    async def _settings(self, headers: dict[str, str]) -> dict[str, Any]:
        signed = await self._credentials.headers()
        self._sent = credential = await self._credentials.current()
        if self._tls is None or self._tls[0] is not credential:
            self._tls = (credential, await asyncio.to_thread(tls_context, self._access, credential))
        return {
            "headers": (*headers.items(), *signed, *_OURS),
            "ssl": self._tls[1],
            "server_hostname": self._access.cluster.text("tls-server-name"),
            "proxy": self._proxy(),
        }

    def _open_session(self) -> ClientSession:
        import aiohttp  # noqa: PLC0415

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                # Every caller brings its own limit of time; reading a log has none.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                max_field_size=_MAX_HEADER_BYTES,
                auto_decompress=True,
            )
        return self._session

    def _url(self, target: str) -> Any:
        from yarl import URL  # noqa: PLC0415

        return URL(self._access.server + target, encoded=True)

    def _proxy(self) -> str | None:
        named = self._access.cluster.text("proxy-url")
        if named is not None:
            if urlsplit(named).scheme not in ("http", "https"):
                raise ConfigError(
                    f"kubeconfig: proxy-url of cluster {self._access.cluster.name!r} is not http or https.",
                    hint="SOCKS is not supported.",
                )
            return named
        parts = urlsplit(self._access.server)
        if proxy_bypass(parts.hostname or "") or _is_loopback(parts.hostname or ""):
            return None
        return getproxies().get(parts.scheme)


async def read_pieces(answer: Any) -> AsyncIterator[bytes]:
    """The body as it comes. Raises ConnectionError when it is cut."""
    import aiohttp  # noqa: PLC0415

    try:
        async for piece in answer.content.iter_any():
            yield piece
    except (aiohttp.ClientError, ConnectionError) as error:
        raise _as_os_error(error) from error


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _as_os_error(error: Exception) -> OSError:
    """Some of aiohttp's errors are OSErrors, some are not: callers catch one kind. The cause is the original."""
    return ConnectionError(type(error).__name__)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionResetError):
        return "the connection was reset"
    return (error.strerror or "the connection broke").lower() if error.errno else "the connection broke"
