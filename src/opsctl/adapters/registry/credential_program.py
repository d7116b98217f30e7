"""Asks a `docker-credential-*` program: the server's name on stdin, a JSON object on stdout."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, cast

from opsctl.errors import DataError, UnavailableError

_MAX_ANSWER_BYTES = 64 << 10
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the program knows. The user `<token>` means that the secret is an identity token."""

    username: str
    secret: str = field(repr=False)


def ask_credential_program(
    program: str, server: str, *, environ: Mapping[str, str], timeout_seconds: float
) -> Credentials | None:
    """Runs `program get`; None when it has no login for the server.

    Raises `DataError` when the program is missing, fails or answers something else, `UnavailableError` when it does not
    end in time. What it writes is never repeated: it may be a secret.
    """
    path = shutil.which(program, path=environ.get("PATH", os.defpath))
    if path is None:
        raise DataError(
            f"{program}, which docker's configuration names, is not on PATH", hint="install it, or log in without it"
        )
    output, code = _run(path, server, environ, timeout_seconds)
    text = output.decode("utf-8", errors="replace")
    if code != 0:
        if _NOT_FOUND in text:
            return None
        raise DataError(f"{program} failed with code {code}", hint=f"try it: echo {server} | {program} get")
    return _parse(text, program)


def _run(path: str, server: str, environ: Mapping[str, str], timeout_seconds: float) -> tuple[bytes, int]:
    try:
        # A session of its own: such programs are often shell scripts, and their children must end with them.
        process = subprocess.Popen(  # noqa: S603
            [path, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise DataError(f"{path} cannot be run: {error.strerror}") from error
    with process:
        try:
            output = _converse(process, server, time.monotonic() + timeout_seconds)
            return output, process.wait(timeout=timeout_seconds)
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{path} did not end within {timeout_seconds:g} s", code="timeout") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _converse(process: subprocess.Popen[bytes], server: str, deadline: float) -> bytes:
    stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with suppress(BrokenPipeError):
        # Shorter than a pipe holds: this does not wait for the program.
        stdin.write(server.encode())
    stdin.close()
    output = bytearray()
    while len(output) <= _MAX_ANSWER_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stdout], [], [], left)[0]:
            raise TimeoutError
        piece = os.read(stdout.fileno(), 8192)
        if not piece:
            return bytes(output)
        output += piece
    raise DataError(f"a credential program wrote more than {_MAX_ANSWER_BYTES} bytes")


def _parse(text: str, program: str) -> Credentials | None:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        username, secret = answer.get("Username"), answer.get("Secret")
        if isinstance(username, str) and isinstance(secret, str):
            return Credentials(username, secret) if secret else None
    raise DataError(f"{program} did not answer with a user name and a secret")
