"""A real `mongod`, when one is on PATH: `python -m opsctl.lab.real_mongod --port-file PATH --data-dir DIR`.

Runs until SIGTERM; announces its port once the server answers.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from opsctl.lab.announcement import announce_port

READY_SECONDS = 30.0


def main() -> int:
    """Start mongod, announce it, wait for its end; its exit code is ours (0 after SIGTERM)."""
    parser = argparse.ArgumentParser(prog="opsctl.lab.real_mongod", description="A real MongoDB for the lab.")
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    options = parser.parse_args()
    program = find_mongod()
    if program is None:
        sys.stderr.write("there is no mongod on PATH\n")
        return 7
    options.data_dir.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [program, "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(options.data_dir)]
    child = subprocess.Popen(command)  # noqa: S603 our own words, and a program that the user installed

    def end(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if not _wait_until_it_answers(child, port):
        child.kill()
        return 5
    announce_port(options.port_file, port)
    code = child.wait()
    return 0 if code in (0, -signal.SIGTERM) else abs(code)


def find_mongod() -> str | None:
    """The path of mongod, or None."""
    return shutil.which("mongod")


def _wait_until_it_answers(child: subprocess.Popen[bytes], port: int) -> bool:
    from pymongo import MongoClient  # noqa: PLC0415  # only once the server has been started
    from pymongo.errors import PyMongoError  # noqa: PLC0415

    deadline = time.monotonic() + READY_SECONDS
    with MongoClient[dict[str, object]](f"mongodb://127.0.0.1:{port}", serverSelectionTimeoutMS=500) as client:
        while child.poll() is None and time.monotonic() < deadline:
            try:
                client.admin.command("ping")
            except PyMongoError:
                continue
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
