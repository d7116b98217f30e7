"""`python -m opsctl.lab.s3_server`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from opsctl.errors import OpsctlError
from opsctl.lab.announcement import announce_port
from opsctl.lab.s3_server import credentials, disk
from opsctl.lab.s3_server.front import Front
from opsctl.lab.s3_server.messages import S3Request, S3Response

LARGEST_BODY_BYTES = 5 * 1024**3
# moto's headers about the connection; the web server here writes its own.
_CONNECTION_HEADERS = frozenset({"connection", "date", "server", "transfer-encoding"})


def main() -> int:
    options = _parse_options()
    try:
        key = credentials.read_or_create(options.credentials_file)
        if options.data_dir is not None:
            disk.load(options.data_dir, options.region)
    except OpsctlError as error:
        sys.stderr.write(f"{error.message}\n{error.hint or ''}\n")
        return int(error.exit_code)
    front = Front(key, options.region, options.data_dir, clock=lambda: datetime.now(UTC))
    asyncio.run(_serve(front, options.port, options.port_file))
    return 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m opsctl.lab.s3_server", description="S3 for the lab, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick one")
    parser.add_argument("--port-file", type=Path, help="the chosen port is written here once it listens")
    parser.add_argument("--credentials-file", type=Path, required=True, help="AWS format; created when missing")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--data-dir", type=Path, help="keep buckets and objects here")
    return parser.parse_args()


async def _serve(front: Front, port: int, port_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async def respond(incoming: web.Request) -> web.Response:
        request = await _read(incoming)
        # On the loop's own thread: one request at a time, which moto needs, and conditional writes cannot overlap.
        return _to_web(request, front.respond(request))

    application = web.Application(client_max_size=LARGEST_BODY_BYTES)
    application.router.add_route("*", "/{path:.*}", respond)
    # A body is stored as it is sent, whatever Content-Encoding says of it.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0, auto_decompress=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=512)
        await site.start()
        if port_file is not None:
            announce_port(port_file, runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


async def _read(incoming: web.Request) -> S3Request:
    body = await incoming.read()
    path, _, query = incoming.raw_path.partition("?")
    headers: dict[str, str] = {}
    for name, value in incoming.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    return S3Request(incoming.method, path, query, headers, body)


def _to_web(request: S3Request, response: S3Response) -> web.Response:
    headers = {name: value for name, value in response.headers if name.lower() not in _CONNECTION_HEADERS}
    if request.method != "HEAD":
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        return web.Response(status=response.status, headers=headers, body=response.body)
    return web.Response(status=response.status, headers=headers)


if __name__ == "__main__":
    sys.exit(main())
