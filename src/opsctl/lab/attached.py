"""A server that ends with the program that started it, even when that program is killed.

`serve_attached` starts the server under this module, run as a program, which holds the reading end of a pipe. The pipe
closes when the starting program ends, in whatever way, and then the server is ended.

    python -m opsctl.lab.attached COMMAND...
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from opsctl.lab.announcement import READY_SECONDS, fill_in, wait_for_port

_GRACE_SECONDS = 5.0


@contextmanager
def serve_attached(
    command: tuple[str, ...], *, log_file: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` until the block or this program ends; its output goes to `log_file`.

    Yields the guarding process: it ends when, and with the code with which, the command ends.
    """
    with log_file.open("wb") as log:
        guard = subprocess.Popen(  # noqa: S603  # our own command lines, no shell
            (sys.executable, "-m", "opsctl.lab.attached", *command),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            # Ctrl-C in the terminal must not reach it before the program had a chance to finish with it.
            start_new_session=True,
        )
    try:
        yield guard
    finally:
        assert guard.stdin is not None  # noqa: S101
        guard.stdin.close()
        try:
            guard.wait(_GRACE_SECONDS + 5.0)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()


@contextmanager
def serve_announced(
    name: str,
    command: tuple[str, ...],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    ready_seconds: float = READY_SECONDS,
) -> Iterator[int]:
    """As `serve_attached`, for a server that writes its port to `{port_file}`; yields the port.

    `folder` takes the port file and the log. Raises UnavailableError when the server does not start.
    """
    port_file, log_file = folder / f"{name}.port", folder / f"{name}.log"
    with serve_attached(fill_in(command, port_file), log_file=log_file, environment=environment) as guard:
        yield wait_for_port(name, guard, port_file=port_file, log_file=log_file, ready_seconds=ready_seconds)


def main() -> int:
    """Run the command of our arguments until it ends, our input closes, or SIGTERM."""
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _end_with_input(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main())
