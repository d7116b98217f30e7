"""The local Google with a tap on its wire: what was sent is kept, and what is about to be sent can be changed."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.server import Manners, RunningGoogle, build_application
from tests.end_to_end.live_google import LiveGoogle

Json = dict[str, Any]
# Of the layer of a base image the beginning will do.
_LONGEST_KEPT = 400_000
# Changes an answer before it is sent: the path that was asked for, the status, headers, the body as JSON or None.
Change = Callable[[web.Request, web.Response, "Json | None"], "Json | None"]


@dataclass(slots=True)
class Tap:
    """`sent` holds the text of every answer, unpacked, with its headers. `change`, when there is one, sees each answer
    before it goes out; what it returns becomes the body."""

    change: Change | None = None
    sent: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Everything that was sent."""
        return "\n".join(self.sent)

    def pass_on(self, request: web.Request, response: web.StreamResponse) -> None:
        """Change and keep one answer."""
        if not isinstance(response, web.Response) or response.prepared:
            return
        body = response.body if isinstance(response.body, bytes) else b""
        if self.change is not None:
            changed = self.change(request, response, _read_json(body))
            if changed is not None:
                body = json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
                response.body = body
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.sent.append(f"{request.path_qs}\n{headers}\n{_unpack(body)}")


@contextmanager
def tapped_google(
    folder: Path, cloud: Cloud, change: Change | None = None, manners: Manners | None = None
) -> Iterator[tuple[LiveGoogle, Tap]]:
    """Serves `cloud` from a thread, through a tap."""
    tap = Tap(change)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tapped-google", daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_start(cloud, tap, manners or Manners()), loop).result(120)
    try:
        yield LiveGoogle(RunningGoogle(cloud, runner.addresses[0][1]), folder), tap
        assert cloud.violations == []
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(120)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(cloud: Cloud, tap: Tap, manners: Manners) -> web.AppRunner:
    @web.middleware
    async def listen_in(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        tap.pass_on(request, response)
        return response

    application = build_application(cloud, manners)
    application.middlewares.append(listen_in)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=512).start()
    return runner


def _read_json(body: bytes) -> Json | None:
    with suppress(ValueError):
        document = json.loads(body)
        if isinstance(document, dict):
            return document
    return None


def _unpack(body: bytes) -> str:
    """The text of a body, of a layer that of its tar archive."""
    with suppress(OSError, EOFError, zlib.error):
        body = gzip.decompress(body)
    return body[:_LONGEST_KEPT].decode("utf-8", "replace")
