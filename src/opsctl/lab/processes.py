"""Background servers of the lab: start them, find them again, stop them.

They outlive the command that starts them. One JSON file in the state folder names each with its process id and the
moment the process began, so that a process id which the system has given to someone else is never signalled.

A server is told where to write its port (`{port_file}` in its command) and is ready when it has done so.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from opsctl.errors import BusyError, UnavailableError
from opsctl.lab.announcement import READY_SECONDS, fill_in, wait_for_port
from opsctl.lab.liveness import read_birth
from opsctl.lab.state import LabState, RunningServer, forget_server, read_servers, record_server

_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How a server is started. `command` holds the word `{port_file}`; `environment` is added to our own."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = READY_SECONDS


class Stopped(StrEnum):
    """How a server came to its end."""

    ENDED = "ended"
    KILLED = "killed"
    ALREADY_GONE = "already-gone"


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A recorded server, and whether that very process is still there."""

    server: RunningServer
    alive: bool


def start_all(specs: Sequence[ServerSpec], state: LabState) -> tuple[RunningServer, ...]:
    """Start what is not running yet, in order; when one does not start, stop those that this call started.

    Raises UnavailableError when a server does not start, BusyError while another call works on the same folder.
    """
    with lock_lab(state):
        begun: list[RunningServer] = []
        servers: list[RunningServer] = []
        try:
            for spec in specs:
                server, is_new = _start_or_find(spec, state)
                servers.append(server)
                if is_new:
                    begun.append(server)
        except BaseException:
            for server in reversed(begun):
                stop_server(server, state)
            raise
        return tuple(servers)


def stop_all(state: LabState, *, grace_seconds: float = 10.0) -> tuple[tuple[RunningServer, Stopped], ...]:
    """Stop every recorded server, the last one first. Nothing recorded is no error.

    Raises BusyError while another call works on the same folder.
    """
    if not state.folder.exists():
        return ()
    with lock_lab(state):
        recorded = reversed(read_servers(state))
        return tuple((server, stop_server(server, state, grace_seconds=grace_seconds)) for server in recorded)


def inspect_all(state: LabState) -> tuple[ServerStatus, ...]:
    """Every recorded server, in the order of their start."""
    return tuple(ServerStatus(server, is_alive(server)) for server in read_servers(state))


def start_server(spec: ServerSpec, state: LabState) -> RunningServer:
    """Start one server, or find it running; the caller holds the lock.

    Raises UnavailableError, with the end of the server's log, when it ends or is not ready in time.
    """
    return _start_or_find(spec, state)[0]


def stop_server(server: RunningServer, state: LabState, *, grace_seconds: float = 10.0) -> Stopped:
    """Ask the server to end, kill it after `grace_seconds`, forget it; the caller holds the lock."""
    outcome = _end(server, grace_seconds)
    state.port_file(server.name).unlink(missing_ok=True)
    forget_server(state, server.name)
    return outcome


def is_alive(server: RunningServer) -> bool:
    """Whether the very process that was started is still running."""
    return read_birth(server.pid) == server.birth


@contextmanager
def lock_lab(state: LabState) -> Iterator[None]:
    """Let one command at a time work on the folder; the lock goes with the process. Raises BusyError when taken."""
    import fcntl  # noqa: PLC0415  # absent on Windows, where the rest of this module can at least be imported

    state.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with state.lock_file.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"Another command is starting or stopping the lab in {state.folder}"
            raise BusyError(message, hint="Wait for it to end, then try again.") from error
        yield


def _start_or_find(spec: ServerSpec, state: LabState) -> tuple[RunningServer, bool]:
    known = next((server for server in read_servers(state) if server.name == spec.name), None)
    if known is not None:
        if known.port is not None and is_alive(known):
            return known, False
        # Dead, or its start was cut off before it was ready.
        stop_server(known, state)
    return _start_new(spec, state), True


def _start_new(spec: ServerSpec, state: LabState) -> RunningServer:
    port_file = state.port_file(spec.name)
    port_file.unlink(missing_ok=True)
    log_file = state.log_file(spec.name)
    with log_file.open("wb") as log:
        try:
            child = subprocess.Popen(  # noqa: S603  # our own command lines, no shell
                fill_in(spec.command, port_file),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=state.folder,
                env={**os.environ, **spec.environment},
                start_new_session=True,
            )
        except OSError as error:
            raise UnavailableError(f"The {spec.name} server cannot be started: {error}") from error
    server = RunningServer(spec.name, child.pid, read_birth(child.pid) or "", None, log_file)
    try:
        # Recorded before it is ready: whatever happens to us now, `stop_all` finds it.
        record_server(state, server)
        port = wait_for_port(spec.name, child, port_file=port_file, log_file=log_file, ready_seconds=spec.ready_seconds)
        ready = replace(server, port=port)
        record_server(state, ready)
    except BaseException:
        stop_server(server, state)
        raise
    return ready


def _end(server: RunningServer, grace_seconds: float) -> Stopped:
    if not is_alive(server):
        return Stopped.ALREADY_GONE
    if _signal_and_wait(server, signal.SIGTERM, grace_seconds):
        return Stopped.ENDED
    if not _signal_and_wait(server, signal.SIGKILL, 10.0):
        raise UnavailableError(f"The {server.name} server (process {server.pid}) does not end")
    return Stopped.KILLED


def _signal_and_wait(server: RunningServer, number: signal.Signals, seconds: float) -> bool:
    try:
        os.kill(server.pid, number)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + seconds
    while is_alive(server):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
