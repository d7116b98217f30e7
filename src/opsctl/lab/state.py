"""The lab's folder on disk, and the one file in it that names the servers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsctl.errors import DataError

LAB_PROFILE = "lab"
_SCHEMA = "opsctl.lab-state/v1"


@dataclass(frozen=True, slots=True)
class LabState:
    """The folder that holds everything the lab leaves on this machine."""

    folder: Path

    @property
    def servers_file(self) -> Path:
        return self.folder / "servers.json"

    @property
    def lock_file(self) -> Path:
        return self.folder / "lab.lock"

    def port_file(self, name: str) -> Path:
        return self.folder / f"{name}.port"

    def log_file(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that was started. `birth` tells its process from a later one with the same id (see `liveness`).

    `port` is None while the server is not ready.
    """

    name: str
    pid: int
    birth: str
    port: int | None
    log_file: Path


def locate_lab(folder: Path | None = None) -> LabState:
    """The lab in `folder`, else in the user's state folder. Creates nothing."""
    if folder is None:
        from platformdirs import user_state_path  # noqa: PLC0415  # 20 ms that a given folder does not need

        folder = user_state_path("opsctl") / "lab"
    return LabState(folder.absolute())


def lab_config_file(state: LabState) -> Path:
    """Where the profile `lab` is while the lab is up."""
    return state.folder / "opsctl.toml"


def read_servers(state: LabState) -> tuple[RunningServer, ...]:
    """The recorded servers, in the order of their start; raises DataError when the file cannot be understood."""
    try:
        content = state.servers_file.read_bytes()
    except FileNotFoundError:
        return ()
    try:
        document = json.loads(content)
        if document["schema"] != _SCHEMA:
            raise ValueError(document["schema"])
        return tuple(_from_json(entry) for entry in document["servers"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"{state.servers_file} is not a list of lab servers"
        hint = "End the servers it may name by hand, then remove the file."
        raise DataError(message, hint=hint) from error


def record_server(state: LabState, server: RunningServer) -> None:
    """Add the server, or put it in the place of the one with the same name."""
    servers = list(read_servers(state))
    places = [place for place, known in enumerate(servers) if known.name == server.name]
    if places:
        servers[places[0]] = server
    else:
        servers.append(server)
    _write(state, servers)


def forget_server(state: LabState, name: str) -> None:
    """Remove the server; no file is left when it was the last."""
    servers = [server for server in read_servers(state) if server.name != name]
    if servers:
        _write(state, servers)
    else:
        state.servers_file.unlink(missing_ok=True)


def _write(state: LabState, servers: list[RunningServer]) -> None:
    document = {"schema": _SCHEMA, "servers": [_to_json(server) for server in servers]}
    beside = state.servers_file.with_suffix(".part")
    beside.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(state.servers_file)


def _to_json(server: RunningServer) -> dict[str, Any]:
    return {
        "name": server.name,
        "pid": server.pid,
        "birth": server.birth,
        "port": server.port,
        "log_file": str(server.log_file),
    }


def _from_json(entry: dict[str, Any]) -> RunningServer:
    port = entry["port"]
    return RunningServer(
        name=str(entry["name"]),
        pid=int(entry["pid"]),
        birth=str(entry["birth"]),
        port=None if port is None else int(port),
        log_file=Path(entry["log_file"]),
    )
