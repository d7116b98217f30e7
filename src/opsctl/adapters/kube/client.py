"""One Kubernetes API server, asked for JSON. Every request ends within its time, retries included."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from opsctl.adapters.kube.connection import Connection, read_pieces
from opsctl.adapters.kube.credentials import Credentials
from opsctl.adapters.kube.kubeconfig import Access, find_access
from opsctl.adapters.kube.refusals import Refusal, read_refusal, right_for, translate
from opsctl.adapters.kube.sign_in import sign_in_hint
from opsctl.errors import DataError, OpsctlError, UnavailableError

JsonObject = Mapping[str, Any]
Query = Sequence[tuple[str, str]]

TIMEOUT_SECONDS = 15.0
MAX_ATTEMPTS = 4
PAGE_SIZE = 500
_MAX_ANSWER_BYTES = 256 << 20
_MAX_REFUSAL_BYTES = 1 << 20
_MAX_LINE_BYTES = 1 << 20
_MAX_PAUSE_SECONDS = 5.0


def open_kube(
    environ: Mapping[str, str],
    *,
    context: str | None = None,
    kubeconfig: Path | None = None,
    namespace: str | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> KubeClient:
    """A client of the chosen context; `namespace` beats the one of the context. Raises ConfigError; nothing is asked
    yet."""
    access = find_access(environ, context=context, kubeconfig=kubeconfig)
    return KubeClient(access, Credentials(access, environ), namespace=namespace, timeout_seconds=timeout_seconds)


class KubeClient:
    """One API server, signed in.

    Raises AccessDeniedError (`permission` is `get jobs.batch in namespace n`), NotFoundError, UnavailableError,
    ConfigError for a kubeconfig that cannot be used, DataError for an answer that cannot be read and for a refused
    change (`code` is `conflict`, `already-exists` or `invalid`).
    """

    namespace: str

    def __init__(
        self,
        access: Access,
        credentials: Credentials,
        *,
        namespace: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.namespace = namespace or access.namespace
        self.access = access
        self.connection = Connection(access, credentials)
        self._credentials = credentials
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._dice = dice

    async def sign_in(self) -> None:
        """Finds the credentials, unless they are there. A credential program has its own limit of time, a minute; what
        it takes is not the server's. Raises ConfigError, AccessDeniedError."""
        await self._credentials.current()

    async def get(self, path: str, query: Query = ()) -> JsonObject:
        """The object at `path`, `/apis/batch/v1/namespaces/n/jobs/j`."""
        return await self._ask(_Request("GET", path, tuple(query)))

    async def list(self, path: str, query: Query = ()) -> AsyncIterator[JsonObject]:
        """The items of a collection, fetched in pages of 500."""
        page = dict(query)
        page.setdefault("limit", str(PAGE_SIZE))
        while True:
            answer = await self._ask_page(_Request("GET", path, tuple(page.items())))
            items = answer.get("items")
            for item in items if isinstance(items, list) else ():
                if isinstance(item, dict):
                    yield item
            metadata = answer.get("metadata")
            token = metadata.get("continue") if isinstance(metadata, dict) else None
            if not token:
                return
            page["continue"] = str(token)

    async def send(
        self,
        method: str,
        path: str,
        body: JsonObject | None,
        *,
        content_type: str = "application/json",
        query: Query = (),
    ) -> JsonObject:
        """A change. It is sent again only when the server did not begin with it: no connection, or throttled."""
        content = None if body is None else json.dumps(dict(body), separators=(",", ":")).encode()
        return await self._ask(_Request(method, path, tuple(query), content, content_type))

    async def stream(self, path: str, query: Query = (), *, idle_seconds: float | None = None) -> AsyncIterator[bytes]:
        """Lines as they come, without their ends. Of a line longer than 1 MiB the rest comes as further lines.

        Raises UnavailableError with code `cut` when the connection breaks before the server has finished, with code
        `idle` when nothing has come for `idle_seconds`. There is no other limit of time once the answer has begun: who
        follows a log may wait for days.
        """
        request = _Request("GET", path, tuple(query))
        await self.sign_in()
        deadline = time.monotonic() + self._timeout_seconds
        rest = b""
        async with self._answer(request, deadline) as answer:
            pieces = read_pieces(answer)
            while piece := await self._next_piece(pieces, request, idle_seconds):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    yield line
                if len(rest) > _MAX_LINE_BYTES:
                    yield rest
                    rest = b""
        if rest:
            yield rest

    async def close(self) -> None:
        """Closes the connections."""
        await self.connection.close()

    async def _ask_page(self, request: _Request) -> JsonObject:
        try:
            return await self._ask(request)
        except _OutdatedPageError as error:
            # The list has changed too long ago; the server says where to go on with the newer one.
            again = {**dict(request.query), "continue": error.continue_from}
            return await self._ask(_Request("GET", request.path, tuple(again.items())))

    async def _ask(self, request: _Request) -> JsonObject:
        await self.sign_in()
        deadline = time.monotonic() + self._timeout_seconds
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return _decode(await self._read(request, deadline), self.access.host)
        except TimeoutError as error:
            raise self._too_slow() from error
        except OSError as error:
            raise self.connection.explain(error) from error

    async def _read(self, request: _Request, deadline: float) -> bytes:
        """The whole body. A read whose answer was cut is sent once more."""
        try:
            async with self._answer(request, deadline) as answer:
                return await _read_all(answer, _MAX_ANSWER_BYTES)
        except ConnectionError:
            if not request.is_read:
                raise
        async with self._answer(request, deadline) as answer:
            return await _read_all(answer, _MAX_ANSWER_BYTES)

    @asynccontextmanager
    async def _answer(self, request: _Request, deadline: float) -> AsyncIterator[Any]:
        """The answer of a success, its body not yet read. Retries what may be sent again."""
        attempt, has_renewed = 0, False
        while True:
            attempt += 1
            try:
                answer = await self._send_once(request, deadline)
            except OSError as error:
                if not self._may_retry(request, error, attempt, deadline):
                    raise self.connection.explain(error) from error
                await self._sleep(self._pause(attempt, {}))
                continue
            if answer.status < 300:
                break
            refusal, headers = await self._read_refusal(answer), answer.headers
            if refusal.status == 401 and not has_renewed and self.connection.renew():
                has_renewed, attempt = True, attempt - 1
                continue
            pause = self._pause(attempt, headers)
            may_repeat = refusal.is_throttled or (refusal.is_transient and request.is_read)
            if not may_repeat or attempt >= MAX_ATTEMPTS or time.monotonic() + pause >= deadline:
                raise self._error(request, refusal)
            await self._sleep(pause)
        try:
            yield answer
        finally:
            # Nothing is left in it after a success; anything else must not go back to the pool.
            answer.close()

    async def _send_once(self, request: _Request, deadline: float) -> Any:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await self.connection.send(
                    request.method, request.target, request.body, content_type=request.content_type
                )
        except TimeoutError as error:
            raise self._too_slow() from error

    def _may_retry(self, request: _Request, error: OSError, attempt: int, deadline: float) -> bool:
        if attempt >= MAX_ATTEMPTS or time.monotonic() >= deadline:
            return False
        return self.connection.may_help_again(error) and (request.is_read or self.connection.was_not_sent(error))

    def _pause(self, attempt: int, headers: Mapping[str, str]) -> float:
        asked = headers.get("Retry-After", "")
        backoff = 0.2 * 2.0 ** (attempt - 1) * (0.5 + self._dice() / 2)
        return max(backoff, min(float(asked), _MAX_PAUSE_SECONDS)) if asked.isascii() and asked.isdigit() else backoff

    async def _read_refusal(self, answer: Any) -> Refusal:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return read_refusal(answer.status, await _read_all(answer, _MAX_REFUSAL_BYTES))
        except (OSError, DataError):
            return Refusal(answer.status)
        finally:
            answer.close()

    def _error(self, request: _Request, refusal: Refusal) -> OpsctlError:
        if refusal.status == 410 and refusal.continue_from:
            return _OutdatedPageError(refusal.continue_from)
        needed = right_for(request.method, request.path, request.query)
        return translate(
            refusal,
            host=self.access.host,
            needed=needed,
            origin=self.access.origin,
            sign_in=sign_in_hint(self.access),
        )

    async def _next_piece(self, pieces: AsyncIterator[bytes], request: _Request, idle_seconds: float | None) -> bytes:
        try:
            async with asyncio.timeout(idle_seconds):
                return await anext(pieces, b"")
        except TimeoutError as error:
            text = f"The Kubernetes API server {self.access.host} sent nothing of {request.path}"
            raise UnavailableError(f"{text} for {idle_seconds:g} seconds", code="idle") from error
        except OSError as error:
            raise UnavailableError(
                f"The Kubernetes API server {self.access.host} cut the stream of {request.path}", code="cut"
            ) from error

    def _too_slow(self) -> UnavailableError:
        return UnavailableError(
            f"The Kubernetes API server {self.access.host} gave no answer within {self._timeout_seconds:g} seconds",
            code="timeout",
            hint=f"Is it overloaded? This asks the same server: {self.access.kubectl} get namespaces",
        )


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    @property
    def target(self) -> str:
        return self.path + ("?" + urlencode(self.query) if self.query else "")


class _OutdatedPageError(OpsctlError):
    def __init__(self, continue_from: str) -> None:
        super().__init__("the list changed too long ago")
        self.continue_from = continue_from


async def _read_all(answer: Any, limit: int) -> bytes:
    body = bytearray()
    async for piece in read_pieces(answer):
        body += piece
        if len(body) > limit:
            raise DataError(f"The answer of the Kubernetes API server is larger than {limit >> 20} MiB")
    return bytes(body)


def _decode(body: bytes, host: str) -> JsonObject:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DataError(
            f"{host} answered with something that is not JSON",
            hint="Does a proxy, a firewall or another service stand at this address?",
        ) from error
    if not isinstance(decoded, dict):
        raise DataError(f"{host} answered with JSON that is no object")
    return decoded
