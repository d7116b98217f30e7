"""Ways to ask the image host that show what a client library would hide."""

from __future__ import annotations

import asyncio

from yarl import URL

from opsctl.lab.host_traffic import HostLoad
from opsctl.lab.image_host import ImageHost


async def exchange_raw(host: ImageHost, request: str) -> bytes:
    """Send a request as it is, and return all bytes until the host closes. A reset raises ConnectionResetError."""
    url = URL(host.base_url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(request.encode())
        return await asyncio.wait_for(reader.read(), 120)
    finally:
        writer.close()


def get_raw(target: str, *, close: bool = True) -> str:
    return f"GET {target} HTTP/1.1\r\nHost: pictures.test\r\n" + ("Connection: close\r\n\r\n" if close else "\r\n")


async def wait_until_idle(load: HostLoad) -> None:
    async with asyncio.timeout(120):
        while load.in_flight:  # noqa: ASYNC110 - the host announces nothing
            await asyncio.sleep(0.01)
