"""Credentials from a program: `users[].user.exec` of a kubeconfig.

Protocol: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from opsctl.adapters.kube.kubeconfig import Access
from opsctl.adapters.kube.sign_in import sign_in_hint
from opsctl.errors import AccessDeniedError, ConfigError

PLUGIN_SECONDS = 60.0
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_EXTENSION = "client.authentication.k8s.io/exec"
_MAX_TOLD = 300


@dataclass(frozen=True, slots=True)
class Credential:
    """What is sent, or shown in the TLS handshake. `expires_at` is seconds since 1970, None when it is not told."""

    token: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    expires_at: float | None = None


async def run_exec_plugin(
    access: Access, environ: Mapping[str, str], *, timeout_seconds: float = PLUGIN_SECONDS
) -> Credential:
    """Runs the program of the context's user, without a terminal.

    Raises ConfigError when it is missing or speaks another protocol, AccessDeniedError when it fails or takes too long.
    """
    settings = access.user.values.get("exec")
    if not isinstance(settings, dict):
        raise ConfigError(f"kubeconfig: exec of user {access.user.name!r} must be a table.")
    version, command = settings.get("apiVersion"), settings.get("command")
    if version not in _VERSIONS or not isinstance(command, str) or not command:
        raise ConfigError(
            f"kubeconfig: exec of user {access.user.name!r} needs a command, and one of {', '.join(_VERSIONS)}."
        )
    if settings.get("interactiveMode") == "Always":
        raise ConfigError(
            f"The credential program {command} of {access.origin} wants a terminal.",
            hint="Choose a context that signs in without one.",
        )
    variables = {**environ, **_own_variables(settings), "KUBERNETES_EXEC_INFO": _exec_info(access, settings, version)}
    program = _find_program(access, command, settings, variables)
    output = await _run((program, *_arguments(settings, access)), variables, access, timeout_seconds)
    return _read_answer(output, version, command)


def _find_program(access: Access, command: str, settings: dict[str, Any], variables: Mapping[str, str]) -> str:
    found = str(access.user.path(command)) if os.sep in command else shutil.which(command, path=variables.get("PATH"))
    if found is not None and os.access(found, os.X_OK):
        return found
    hint = settings.get("installHint")
    raise ConfigError(
        f"The credential program {command} of {access.origin} is not installed.",
        hint=" ".join(hint.split()) if isinstance(hint, str) and hint.strip() else "Install it, or put it on PATH.",
    )


async def _run(command: tuple[str, ...], variables: dict[str, str], access: Access, timeout_seconds: float) -> bytes:
    name = os.path.basename(command[0])  # noqa: PTH119
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            env=variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(f"The credential program {name} cannot be started: {error.strerror}.") from error
    has_ended = False
    try:
        async with asyncio.timeout(timeout_seconds):
            output, complaint = await child.communicate()
        has_ended = True
    except TimeoutError as error:
        raise AccessDeniedError(
            f"The credential program {name} gave no answer within {timeout_seconds:g} seconds.",
            code="expired-credentials",
            hint=f"It may wait for a person: sign in once with {access.kubectl} get namespaces",
        ) from error
    finally:
        if not has_ended:
            # Its children too: a plug-in is often a shell script, and what it has left behind may hold its output open.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, 9)
            await child.wait()
    if child.returncode:
        told = complaint.decode(errors="replace").strip().splitlines()
        raise AccessDeniedError(
            f"The credential program {name} failed ({child.returncode})"
            + (f": {told[-1].strip()[:_MAX_TOLD]}" if told else ""),
            code="expired-credentials",
            hint=sign_in_hint(access),
        )
    return output


def _read_answer(output: bytes, version: str, command: str) -> Credential:
    """The text itself is never repeated: it holds the token."""
    wrong = ConfigError(f"The credential program {command} did not answer with an ExecCredential of {version}.")
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential" or answer.get("apiVersion") != version:
        raise wrong
    status = answer.get("status")
    status = status if isinstance(status, dict) else {}
    token, certificate, key = (status.get(name) for name in ("token", "clientCertificateData", "clientKeyData"))
    if not (isinstance(token, str) and token) and not (isinstance(certificate, str) and isinstance(key, str)):
        raise wrong
    return Credential(
        token=token if isinstance(token, str) else None,
        certificate=certificate.encode() if isinstance(certificate, str) else None,
        key=key.encode() if isinstance(key, str) else None,
        expires_at=_read_time(status.get("expirationTimestamp")),
    )


def _read_time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def _arguments(settings: dict[str, Any], access: Access) -> tuple[str, ...]:
    listed = settings.get("args") or []
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise ConfigError(f"kubeconfig: exec.args of user {access.user.name!r} must be a list of texts.")
    return tuple(listed)


def _own_variables(settings: dict[str, Any]) -> dict[str, str]:
    listed = settings.get("env") or []
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return {str(row["name"]): str(row.get("value", "")) for row in rows if row.get("name")}


def _exec_info(access: Access, settings: dict[str, Any], version: str) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if settings.get("provideClusterInfo") is True:
        spec["cluster"] = _cluster_info(access)
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": spec})


def _cluster_info(access: Access) -> dict[str, Any]:
    """The cluster as a plug-in is told of it: its authority always as content, and what the kubeconfig keeps for it."""
    values = access.cluster.values
    known = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")
    told = {key: values[key] for key in known if key in values}
    if (authority := access.cluster.bytes_of("certificate-authority")) is not None:
        told["certificate-authority-data"] = base64.b64encode(authority).decode()
    extensions = values.get("extensions")
    for row in extensions if isinstance(extensions, list) else ():
        if isinstance(row, dict) and row.get("name") == _EXTENSION:
            told["config"] = row.get("extension")
    return told
