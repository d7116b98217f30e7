"""An image host on this machine: pictures drawn on request, and every fault that real hosts show.

    /img/<anything>.<jpg|png|webp|avif>   a picture; `/img?id=..&w=..` as well
    /fault/<name>/<anything>.<format>     a fault of `image_faults`
    /signed/...                           a picture, if the query string arrives to the letter (`sign_target`)
    /private/...                          a picture for HTTP Basic user `CREDENTIALS`
    /common/no-image.png                  the placeholder
    /_lab/stats                           what was asked so far, as JSON

An address has the same answer after a restart; only the faults that recover count their requests, in memory.

    python -m opsctl.lab.image_host --port 0 --port-file PATH [--request-log PATH]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from aiohttp import hdrs, web

from opsctl.lab.announcement import announce_port
from opsctl.lab.fault_answers import Exchange, answer_fault
from opsctl.lab.host_traffic import HostLoad, Traffic
from opsctl.lab.image_answers import PLACEHOLDER_PATH, answer_hop, answer_picture, answer_placeholder, answer_status
from opsctl.lab.image_faults import FAULTS, split_fault
from opsctl.lab.picture_paths import has_valid_signature, is_well_encoded, picture_at

CREDENTIALS: Final = ("opsctl", "canary-s3cr3t")
DEFAULT_TRICKLE_SECONDS: Final = 20.0
STATS_PATH: Final = "/_lab/stats"
_CLIENT_GONE: Final = 499
_HOP: Final = re.compile(r"/hop/(?P<left>[1-9])/(?P<rest>.+)")


@dataclass(slots=True)
class ImageHost:
    """A running image host."""

    base_url: str = ""
    trickle_seconds: float = DEFAULT_TRICKLE_SECONDS
    latency_seconds: float = 0.0
    request_log: TextIO | None = None
    _traffic: Traffic = field(default_factory=Traffic)
    _failures: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> Counter[str]:
        """Requests by target: encoded path, with the query string."""
        return self._traffic.requests

    @property
    def max_in_flight(self) -> int:
        """The largest number of requests in flight at once under one Host header."""
        return self._traffic.max_in_flight

    @property
    def loads(self) -> dict[str, HostLoad]:
        """The load by Host header."""
        return self._traffic.hosts

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request and see the answer out: it counts as in flight until its last byte is written."""
        if request.path == STATS_PATH:
            return web.json_response(self._traffic.summarise())
        with self._traffic.count(host=request.host, target=request.raw_path, at_seconds=time.monotonic()):
            response = await self._answer_uncounted(request)
        self._log(request, response.status)
        return response

    async def _answer_uncounted(self, request: web.Request) -> web.StreamResponse:
        # A client that leaves, or was hung up on, is no failure of the host.
        with suppress(ConnectionError):
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            response = await self._choose_answer(request)
            await response.prepare(request)
            await response.write_eof()
            return response
        return web.Response(status=_CLIENT_GONE)

    async def _choose_answer(self, request: web.Request) -> web.StreamResponse:
        target = request.raw_path
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            return answer_status(405, {"Allow": "GET, HEAD"})
        if not is_well_encoded(target):
            # A path that still holds percent sequences once decoded was encoded twice: no such file.
            return answer_status(404 if target.isascii() else 400)
        split = split_fault(target)
        if split is not None and split[0] in FAULTS:
            return await self._answer_fault(request, *split)
        return _answer_file(request, target)

    async def _answer_fault(self, request: web.Request, name: str, rest: str) -> web.StreamResponse:
        target = request.raw_path
        failures_left = FAULTS[name].failures - self._failures[target]
        if failures_left > 0:
            self._failures[target] += 1
        exchange = Exchange(request, target, rest, self.trickle_seconds)
        return await answer_fault(name, exchange, failures_left=failures_left)

    def _log(self, request: web.Request, status: int) -> None:
        """Write one line of JSON. Query strings stay out: they may hold signatures."""
        if self.request_log is None:
            return
        entry = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "host": request.host,
            "method": request.method,
            "path": request.raw_path.partition("?")[0],
            "status": None if status == _CLIENT_GONE else status,
            "userAgent": request.headers.get(hdrs.USER_AGENT),
        }
        self.request_log.write(json.dumps(entry) + "\n")
        self.request_log.flush()


@asynccontextmanager
async def serve_images(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    request_log: Path | None = None,
    trickle_seconds: float = DEFAULT_TRICKLE_SECONDS,
    latency_seconds: float = 0.0,
) -> AsyncIterator[ImageHost]:
    """Run an image host for as long as the block lasts; port 0 lets the system pick one.

    `trickle_seconds` is how long a trickling answer goes on before the host hangs up; `latency_seconds` what
    every answer waits before it begins (without it, requests hardly overlap). Raises OSError when the port is taken.
    """
    with nullcontext() if request_log is None else request_log.open("a", encoding="utf-8") as log:
        image_host = ImageHost(trickle_seconds=trickle_seconds, latency_seconds=latency_seconds, request_log=log)
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", image_host.answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, backlog=1024).start()
            image_host.base_url = f"http://{host}:{runner.addresses[0][1]}"
            yield image_host
        finally:
            await runner.cleanup()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m opsctl.lab.image_host", description="Image host of the lab.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: the system picks one")
    parser.add_argument("--port-file", type=Path, required=True, help="gets the port once the host listens")
    parser.add_argument("--request-log", type=Path, help="one line of JSON for each request")
    parser.add_argument("--trickle-seconds", type=float, default=DEFAULT_TRICKLE_SECONDS)
    parser.add_argument("--latency-seconds", type=float, default=0.0)
    options = parser.parse_args(arguments)
    asyncio.run(_serve_until_signal(options))
    return 0


async def _serve_until_signal(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    async with serve_images(
        host=options.host,
        port=options.port,
        request_log=options.request_log,
        trickle_seconds=options.trickle_seconds,
        latency_seconds=options.latency_seconds,
    ) as image_host:
        announce_port(options.port_file, int(image_host.base_url.rpartition(":")[2]))
        await stop.wait()


def _answer_file(request: web.Request, target: str) -> web.StreamResponse:
    """Answer an address without a fault; the path decides."""
    path = target.partition("?")[0]
    if path == PLACEHOLDER_PATH:
        return answer_placeholder()
    hop = _HOP.fullmatch(path)
    if hop is not None:
        return answer_hop(int(hop["left"]), hop["rest"])
    area = path.split("/", 2)[1]
    if area == "signed":
        return answer_picture(request, picture_at(target)) if has_valid_signature(target) else answer_status(403)
    if area == "private":
        return answer_picture(request, picture_at(target)) if _is_admitted(request) else _ask_for_credentials()
    return answer_picture(request, picture_at(target)) if area == "img" else answer_status(404)


def _is_admitted(request: web.Request) -> bool:
    expected = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
    return request.headers.get(hdrs.AUTHORIZATION) == f"Basic {expected}"


def _ask_for_credentials() -> web.Response:
    return answer_status(401, {hdrs.WWW_AUTHENTICATE: 'Basic realm="pictures"'})


if __name__ == "__main__":
    sys.exit(main())
