"""What stands around an execution: account, secrets, database instances, image, values and commits.

Each function gives the `data` of one section of `opsctl.evidence/v1`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsctl.lab.incidents.incident import Json
from opsctl.lab.incidents.run import Run

RUN_API = "run.googleapis.com/v2"
LOGGING_API = "logging.googleapis.com/v2 entries:list"
POLICY = "cloudresourcemanager.googleapis.com/v3 projects:getIamPolicy"
TROUBLESHOOTER = "policytroubleshooter.googleapis.com/v1 iam:troubleshoot"
SECRETS_API = "secretmanager.googleapis.com/v1 versions"
SQL_API = "sqladmin.googleapis.com/sql/v1beta4 instances.get"
REGISTRY = "artifact registry, layers read without pulling"
TAKEN = "taken before redaction"
GIT = "git log"


@dataclass(frozen=True, slots=True)
class File:
    """A file of an image: `layer` counts from 0 at the bottom; `created_by` is the build step of that layer."""

    path: str
    layer: int
    created_by: str
    size_bytes: int = 1000
    mode: str = "0644"
    kind: str = "file"


def service_account(
    email: str,
    roles: Sequence[str],
    *,
    method: str = "project-policy",
    access: Sequence[tuple[str, str, str]] = (),
) -> Json:
    """`access` holds permission, full resource name and verdict (`GRANTED`, `DENIED`) each."""
    verdicts = [{"permission": name, "resource": where, "verdict": verdict} for name, where, verdict in access]
    return {
        "email": email,
        "disabled": False,
        "projectRoles": list(roles),
        "method": method,
        "access": verdicts,
    }


def secret(name: str, version: str, resolved: str, created: str, state: str = "ENABLED") -> Json:
    """A reference of the job and the version that it led to. Never a value."""
    return {"name": name, "version": version, "resolvedVersion": resolved, "state": state, "createTime": created}


def instance(
    connection: str, *, activation: str = "ALWAYS", addresses: Sequence[str] = ("PRIMARY",), state: str = "RUNNABLE"
) -> Json:
    """A Cloud SQL instance. `RUNNABLE` also covers one that its owner stopped: then `activation` is `NEVER`."""
    return {
        "connectionName": connection,
        "state": state,
        "activationPolicy": activation,
        "ipTypes": list(addresses),
    }


def image(
    run: Run,
    files: Sequence[File],
    *,
    absent: Sequence[str] = (),
    config: Json | None = None,
    texts: dict[str, str] | None = None,
    complete: bool = False,
) -> Json:
    """The image that ran: what was looked at, what was looked for and is not there, small files read out of it."""
    return {
        "reference": run.image,
        "digest": run.digest,
        "config": config or {},
        "files": [_file(file) for file in files],
        "absent": list(absent),
        "texts": texts or {},
        "complete": complete,
    }


def image_config(
    *,
    created: str,
    steps: Sequence[str],
    cmd: Sequence[str],
    entrypoint: Sequence[str] = ("docker-entrypoint.sh",),
    architecture: str = "amd64",
    env: Sequence[str] = (),
    revision: str | None = None,
) -> Json:
    """An OCI image configuration whose history has one layer for each of `steps`."""
    settings: dict[str, Any] = {
        "Entrypoint": list(entrypoint),
        "Cmd": list(cmd),
        "WorkingDir": "/app",
        "Env": list(env),
        "Labels": {"org.opencontainers.image.revision": revision} if revision else {},
    }
    return {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": settings,
        "history": [{"created": created, "created_by": step} for step in steps],
    }


def value_fact(section: str, pointer: str, traits: Sequence[str], length: int, token: str | None = None) -> Json:
    """What was seen in a value before it was masked; `pointer` leads to it inside the section's data."""
    return {"section": section, "pointer": pointer, "traits": list(traits), "length": length, "token": token}


def commit(revision: str, subject: str, time: str, *files: str) -> Json:
    """A commit between two builds, with the files that it touches."""
    return {"id": revision, "subject": subject, "time": time, "files": list(files)}


def commits(repository: str, older: str, newer: str, listed: Sequence[Json]) -> Json:
    """The commits between two images."""
    return {"repository": repository, "from": older, "to": newer, "commits": list(listed)}


def _file(file: File) -> Json:
    return {
        "path": file.path,
        "type": file.kind,
        "size": file.size_bytes,
        "mode": file.mode,
        "layer": file.layer,
        "createdBy": file.created_by,
    }
