"""An HTTP server on loopback that gives prepared answers, and a kubeconfig that leads to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from opsctl.adapters.kube.client import KubeClient
from opsctl.adapters.kube.credentials import Credentials
from opsctl.adapters.kube.kubeconfig import Access, Entry

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class ApiServer:
    """`answers` are given in turn, the last one for ever; `requests` is what came, `bodies` what it held."""

    answers: list[Answer]
    port: int = 0
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.answers[min(len(self.requests), len(self.answers)) - 1](request)

    def access(self, user: Mapping[str, Any] | None = None, cluster: Mapping[str, Any] | None = None) -> Access:
        """A context named `test`."""
        server = f"http://127.0.0.1:{self.port}"
        return Access(
            context="test",
            origin="context test of /somewhere/config",
            server=server,
            namespace="default",
            cluster=Entry("c", {"server": server, **(cluster or {})}, Path("/")),
            user=Entry("u", user or {"token": "secret-token"}, Path("/")),
        )


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, body=json.dumps(content).encode(), content_type="application/json", headers=headers
        )

    return answer


def refusal(status: int, reason: str, message: str = "", **more: Any) -> Answer:
    """A `Status`, as the API server words its refusals."""
    content = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
    headers = {"Retry-After": "0"} if status == 429 else None
    return json_answer({**content, "code": status, **more}, status, headers)


def text_answer(text: str, status: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    return answer


def broken_answer(begin: bytes, *, length: int | None = None) -> Answer:
    """Promises more than it gives, then the connection breaks."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if length is not None:
            response.content_length = length
        await response.prepare(request)
        await response.write(begin)
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


def hanging_answer(begin: bytes) -> Answer:
    """Begins, and then says nothing more."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(begin)
        await asyncio.Event().wait()
        return response

    return answer


@asynccontextmanager
async def api_server(*answers: Answer) -> AsyncIterator[ApiServer]:
    server = ApiServer(list(answers))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(
    access: Access, *, pauses: list[float] | None = None, environ: Mapping[str, str] | None = None, seconds: float = 120
) -> AsyncIterator[KubeClient]:
    """A client that does not wait between its tries; `pauses` takes how long it would have."""

    async def skip(pause: float) -> None:
        if pauses is not None:
            pauses.append(pause)

    client = KubeClient(
        access, Credentials(access, environ or {}), timeout_seconds=seconds, sleep=skip, dice=lambda: 0.5
    )
    try:
        yield client
    finally:
        await client.close()


async def items_of(client: KubeClient, path: str, query: Sequence[tuple[str, str]] = ()) -> list[Mapping[str, Any]]:
    return [item async for item in client.list(path, query)]
