"""`python -m opsctl.lab.google`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from opsctl.lab.announcement import announce_port
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.server import listen
from opsctl.lab.google.token_file import read_or_create_token
from opsctl.lab.google.world_of_incidents import cloud_of_incidents


def main() -> int:
    options = _parse_options()
    try:
        cloud = cloud_of_incidents(options.incident or None)
    except KeyError as error:
        sys.stderr.write(f"There is no practice incident {error}\n")
        return 2
    if options.token_file is not None:
        cloud.token = read_or_create_token(options.token_file)
    asyncio.run(_serve(cloud, options.port, options.port_file))
    return 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m opsctl.lab.google", description="Google's APIs, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick one")
    parser.add_argument("--port-file", type=Path, help="the chosen port is written here once it listens")
    parser.add_argument("--token-file", type=Path, help="the access token to ask for; created when missing")
    parser.add_argument(
        "--incident", action="append", metavar="NAME", help="only this practice incident has happened; may be repeated"
    )
    return parser.parse_args()


async def _serve(cloud: Cloud, port: int, port_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with listen(cloud, port) as running:
        if port_file is not None:
            announce_port(port_file, running.port)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
