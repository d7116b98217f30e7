"""A container as a process of this machine: host name, process ids, mounts and /proc are its own, the network is ours.

The process is number 1 of its container, as in a pod: a signal that it has no answer for is not taken.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

import opsctl
from tests.servers.pod_volumes import Mount, mount_script

PROGRAMS: Mapping[str, tuple[str, ...]] = {"opsctl": (sys.executable, "-m", "opsctl")}
"""What stands for the programs of the image."""

LineSink = Callable[[str, str], None]
"""Called with `stdout` or `stderr`, and a line."""

# The opsctl that the tests import, whatever else is installed.
_IMAGE = {
    "PATH": os.environ["PATH"],
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": str(Path(opsctl.__file__).parents[1]),
}
_NAMESPACES = ("--pid", "--uts", "--mount")
# Of all that this shell starts, the first is number 1 of the new namespace; only there its /proc can be had. What the
# shell itself has to say about its end (`Killed`) is not the container's.
_OUTSIDE = """exec 3>&2 2>/dev/null
(exec setpriv --pdeathsig KILL sh -c "$0" "$@" 2>&3 3>&-)
exit $?
"""
_INSIDE = ("set -e", "mount -t proc proc /proc", 'hostname "$0"')
_END_SECONDS = 60.0
_POLL_SECONDS = 0.01


class PodProcess:
    """Runs from its making on, until it ends or `close`. Made by one thread, it may be signalled by another."""

    def __init__(
        self,
        host: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        sink: LineSink,
        *,
        mounts: Sequence[Mount] = (),
        is_root_read_only: bool = False,
    ) -> None:
        program = PROGRAMS.get(command[0], (command[0],))
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        script = (*_INSIDE, *mount_script(mounts, is_root_read_only=is_root_read_only), 'exec "$@"')
        self._popen = subprocess.Popen(
            (*_isolation(), "sh", "-c", _OUTSIDE, "\n".join(script), host, *program, *command[1:]),
            env={**_IMAGE, **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        streams = (("stdout", self._popen.stdout, self.stdout), ("stderr", self._popen.stderr, self.stderr))
        self._readers = [threading.Thread(target=_read, args=(*each, sink), daemon=True) for each in streams]
        for reader in self._readers:
            reader.start()

    @property
    def exit_code(self) -> int | None:
        """As a container has it, 128 and the signal's number after a signal; None while it runs."""
        if self._popen.poll() is None or any(reader.is_alive() for reader in self._readers):
            return None
        code = self._popen.returncode
        # Below 0 when `close` has ended the shell around it.
        return code if code >= 0 else 128 - code

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process inside, once there is one; nothing happens when it has ended."""
        while self._popen.poll() is None:
            child = self._child()
            if child is not None:
                # It may have ended since it was seen.
                with suppress(ProcessLookupError):
                    os.kill(child, number)
                return
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Ends it, whatever state it is in."""
        if self._popen.poll() is None:
            # The whole group, not the shell alone: what was stopped before it had asked to end with the shell
            # (`--pdeathsig`) would live on and hold its output open.
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait(_END_SECONDS)
        for reader in self._readers:
            reader.join(_END_SECONDS)

    def _child(self) -> int | None:
        pid = self._popen.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        return int(children[0]) if children else None


def _read(name: str, stream: IO[str], lines: list[str], sink: LineSink) -> None:
    for line in stream:
        text = line.rstrip("\n")
        lines.append(text)
        sink(name, text)


def check_isolation() -> None:
    """Skips the test where processes cannot be given namespaces."""
    if not _isolation():
        pytest.skip("pods need namespaces: util-linux's unshare and setpriv, and the right to use them")


@functools.cache
def _isolation() -> tuple[str, ...]:
    """The words that put a command into namespaces of its own; it ends with the thread that started it."""
    for user in ((), ("--user", "--map-root-user")):
        words = ("setpriv", "--pdeathsig", "KILL", "unshare", *user, *_NAMESPACES, "--")
        try:
            probe = (*words, "sh", "-c", _OUTSIDE, "\n".join((*_INSIDE, 'exec "$@"')), "probe", "true")
            done = subprocess.run(probe, capture_output=True, check=False, timeout=120)
        except FileNotFoundError:
            break
        if done.returncode == 0:
            return words
    return ()
