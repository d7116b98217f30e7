"""Is this still the process that was started? A process id alone does not say: the system gives it out again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PROC = Path("/proc")
# Fields of /proc/PID/stat after the command name, see proc(5): state is the 3rd of all, starttime the 22nd.
_STATE, _START_TICKS = 0, 19


def read_birth(pid: int) -> str | None:
    """A text that names the moment process `pid` began, the same at every call, different for any other process.

    None when there is no such process, or it has ended and only waits to be collected by its parent. It is not
    collected here: how it ended is for its parent to read.
    """
    if (_PROC / "self/stat").exists():
        return _birth_from_proc(pid)
    return birth_from_ps(pid)


def _birth_from_proc(pid: int) -> str | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in brackets and may itself hold brackets and spaces.
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in {"Z", "X"} else f"{boot}/{fields[_START_TICKS]}"


def birth_from_ps(pid: int) -> str | None:
    """The same where there is no /proc (macOS); to the second, which is as fine as ps tells it."""
    command = ("ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid))
    # The variables keep the text the same whatever the caller's language and time zone.
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=10)  # noqa: S603
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else " ".join(started.split())
