"""A host that sends exactly the bytes it is told to, for answers that no proper server would give."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class RawHost:
    """A running host. `connections` counts those that were opened, `requests` the heads that arrived."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serve_raw(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawHost]:
    """Answer every request with these bytes and close, until the block ends. An empty answer: hang up at once."""
    host = RawHost()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            host.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host.port = int(server.sockets[0].getsockname()[1])
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()
