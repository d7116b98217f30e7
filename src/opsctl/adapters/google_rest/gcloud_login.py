"""The login of gcloud itself (`gcloud auth login`), asked for a token by starting gcloud."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from opsctl.adapters.google_rest.credentials import LOGIN, Origin, check_token
from opsctl.adapters.google_rest.gcloud_settings import read_gcloud_settings
from opsctl.adapters.google_rest.metadata_server import name_member
from opsctl.errors import AccessDeniedError, UnavailableError

_TIMEOUT_SECONDS = 20.0


class GcloudLogin:
    """Tokens from `gcloud auth print-access-token`, which refreshes them itself. One start takes about a second."""

    quota_project = None

    def __init__(
        self, program: str, origin: Origin, environment: Mapping[str, str], *, timeout_seconds: float = _TIMEOUT_SECONDS
    ) -> None:
        self.origin = origin
        self._program = program
        self._environment = {**environment, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        self._timeout_seconds = timeout_seconds
        self._token: str | None = None
        self._children = _Children()

    def token(self) -> str:
        if self._token is None:
            self._token = self._ask()
        return self._token

    def renew(self) -> bool:
        refused, self._token = self._token, None
        return self.token() != refused

    def close(self) -> None:
        """Ends a gcloud that is still at work."""
        self._children.end()

    def _ask(self) -> str:
        command = [self._program, "auth", "print-access-token", "--quiet"]
        try:
            code, output = _run(command, self._environment, self._timeout_seconds, self._children)
        except TimeoutError as error:
            raise UnavailableError("gcloud gave no access token in time", code="timeout") from error
        except OSError as error:
            raise UnavailableError(f"gcloud could not be started ({type(error).__name__})") from error
        if code != 0:
            raise AccessDeniedError(
                "gcloud gave no access token: its login has expired or was withdrawn",
                code="expired-credentials",
                hint=self.origin.renewal,
            )
        return check_token(output, self.origin)


def find_gcloud_login(environment: Mapping[str, str]) -> GcloudLogin | None:
    """None when gcloud is not on the PATH, or nobody is signed in with it."""
    settings = read_gcloud_settings(environment)
    if settings.account is None:
        return None
    program = shutil.which("gcloud", path=environment.get("PATH", ""))
    if program is None:
        return None
    acting = settings.impersonated_account or settings.account
    origin = Origin(f"gcloud's login ({settings.account})", f"Sign in again: {LOGIN}", name_member(acting))
    return GcloudLogin(program, origin, environment)


class _Children:
    """The processes that run, ended together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._is_over = False

    @contextmanager
    def watch(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """`end` ends this process as long as the context lasts, and at once when it came before."""
        with self._lock:
            self._running = process
            if self._is_over:
                _kill(process)
        try:
            yield
        finally:
            with self._lock:
                self._running = None

    def end(self) -> None:
        """From now on nothing runs."""
        with self._lock:
            self._is_over = True
            if self._running is not None:
                _kill(self._running)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _run(
    command: Sequence[str], environment: Mapping[str, str], timeout_seconds: float, children: _Children
) -> tuple[int, str]:
    """Exit code and standard output. Raises `TimeoutError` or another `OSError`.

    gcloud is a shell script around a Python: the deadline has to end both, or the pipe stays open.
    """
    with (
        subprocess.Popen(  # noqa: S603 the program is the gcloud on the caller's own PATH
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
        children.watch(process),
    ):
        try:
            output, _ = process.communicate(timeout=timeout_seconds)
        except BaseException as error:
            _kill(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise TimeoutError from error
            raise
    return process.returncode, output.decode("utf-8", "replace")
