"""How a server tells where it listens: once ready it writes its port into a file, for which its starter waits."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from opsctl.errors import UnavailableError

PORT_FILE = "{port_file}"
"""The word in a command line that stands for the path of the port file."""

READY_SECONDS = 120.0
"""How long a server may take to its port, unless its starter says otherwise: one that cannot start ends, and is told at
once; one on a busy machine takes a minute."""

_POLL_SECONDS = 0.02
_LOG_LINES = 15


def announce_port(port_file: Path, port: int) -> None:
    """Write the port in one step: who reads it, reads all of it."""
    beside = port_file.with_name(f"{port_file.name}.part")
    beside.write_text(f"{port}\n", encoding="ascii")
    beside.replace(port_file)


def fill_in(command: tuple[str, ...], port_file: Path) -> tuple[str, ...]:
    """The command line with the path of the port file in place of `{port_file}`."""
    return tuple(str(port_file) if word == PORT_FILE else word for word in command)


def wait_for_port(
    name: str, child: subprocess.Popen[bytes], *, port_file: Path, log_file: Path, ready_seconds: float
) -> int:
    """The port that `child` announces.

    Raises UnavailableError, with the end of its log, when it ends first or is not ready within `ready_seconds`.
    """
    deadline = time.monotonic() + ready_seconds
    while True:
        ended = child.poll()
        if ended is not None:
            raise not_started(name, f"ended with code {ended}", log_file)
        port = _read_port(port_file)
        if port is not None:
            return port
        if time.monotonic() > deadline:
            raise not_started(name, f"was not ready within {ready_seconds:g} s", log_file)
        time.sleep(_POLL_SECONDS)


def not_started(name: str, what: str, log_file: Path) -> UnavailableError:
    """The error for a server that did not come up, with the last lines it wrote."""
    lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    log = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
    return UnavailableError(f"The {name} server {what}. The end of its log:\n{log}", hint=f"Full log: {log_file}")


def _read_port(port_file: Path) -> int | None:
    try:
        return int(port_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
