"""`python -m opsctl.lab.mongo_wire`: the server as a process of its own, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from opsctl.errors import ConfigError, OpsctlError
from opsctl.lab.mongo_wire.server import serve_mongo

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; the result is the exit code: 0 after a signal, else that of the error."""
    options = _parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(_serve(options))
    except OpsctlError as error:
        _log.error("%s%s", error.message, f"\n{error.hint}" if error.hint else "")
        return int(error.exit_code)
    except OSError as error:
        _log.error("the server cannot run: %s", error)
        return 1
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="opsctl.lab.mongo_wire", description="A small MongoDB server for the lab.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose")
    parser.add_argument("--port-file", type=Path, required=True, help="receives the port once the server listens")
    parser.add_argument("--snapshot", type=Path, help="file that keeps the data between two starts")
    parser.add_argument("--user")
    parser.add_argument("--password-file", type=Path, help="file whose first line is the user's password")
    options = parser.parse_args(arguments)
    if (options.user is None) != (options.password_file is None):
        parser.error("--user and --password-file belong together")
    return options


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    password = None if options.password_file is None else _read_password(options.password_file)
    async with serve_mongo(
        port=options.port, user=options.user, password=password, snapshot=options.snapshot
    ) as server:
        _write_atomically(options.port_file, f"{server.port}\n")
        _log.info("listening on %s", server.address)
        await stop.wait()


def _read_password(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0]:
        raise ConfigError(f"The password file {path} is empty")
    return lines[0]


def _write_atomically(path: Path, text: str) -> None:
    """A reader sees no file or the whole of it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    Path(temporary).replace(path)


if __name__ == "__main__":
    sys.exit(main())
