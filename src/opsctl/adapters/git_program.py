"""Running git so that it only reads. Locks, prompts, transports and whatever the configuration of a repository could
start (hooks, monitors, pagers, diff and signature programs) are switched off."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UnavailableError

_LONGEST_MESSAGE = 300
# How often a git that runs is looked at.
_GLANCE_SECONDS = 0.05
_MOST_ERROR_BYTES = 65_536
_SWITCHED_OFF = (
    "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.pager=",
    "-c", "protocol.allow=never", "-c", "log.showSignature=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What git printed; `is_cut` when there was more than we read."""

    exit_code: int
    output: bytes
    error: str
    is_cut: bool

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", errors="backslashreplace").strip()


@dataclass(frozen=True, slots=True)
class GitProgram:
    """The git program in one folder, until a deadline (of `time.monotonic`) or until it is called off."""

    program: str
    folder: Path
    deadline: float
    most_output_bytes: int
    called_off: threading.Event = field(default_factory=threading.Event)

    def ask(self, *arguments: str) -> Answer:
        """Like `run`; raises what a failure means."""
        answer = self.run(*arguments)
        if answer.exit_code == 0 or answer.is_cut:
            return answer
        if "not a git repository" in answer.error or "must be run in a work tree" in answer.error:
            raise NotFoundError(f"{self.folder} is no git repository.", code="no-repository")
        if "dubious ownership" in answer.error or "unsafe repository" in answer.error:
            raise AccessDeniedError(
                f"git does not trust {self.folder}: it belongs to another user.",
                hint=f"git config --global --add safe.directory {self.folder.resolve()}",
                code="unsafe-repository",
            )
        if re.search(r"promisor|transport '\w+' not allowed|missing (?:tree|commit|blob)|bad object", answer.error):
            raise DataError(
                f"The checkout in {self.folder} does not hold all of its history.",
                hint="git fetch --refetch --no-filter",
                code="incomplete-repository",
            )
        first_line = answer.error.partition("\n")[0][:_LONGEST_MESSAGE]
        raise UnavailableError(f"git {arguments[0]} ended with {answer.exit_code}: {first_line}")

    def run(self, *arguments: str) -> Answer:
        """Runs git to its end, or to the deadline, or until it has printed too much."""
        command = [self.program, "-C", str(self.folder), "--no-pager", *_SWITCHED_OFF, *arguments]
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(  # noqa: S603  # no shell, and checked revisions
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=_build_environment(os.environ),
                    start_new_session=True,
                )
            except OSError as error:
                raise UnavailableError(
                    f"{self.program} cannot be started: {error.strerror}.", hint="Install git.", code="no-git"
                ) from error
            output = self._read(process)
            errors.seek(0)
            error_text = errors.read(_MOST_ERROR_BYTES).decode("utf-8", errors="replace").strip()
        is_cut = len(output) > self.most_output_bytes
        return Answer(process.returncode, output[: self.most_output_bytes], error_text, is_cut)

    def _read(self, process: subprocess.Popen[bytes]) -> bytes:
        is_late, has_ended = threading.Event(), threading.Event()

        def watch() -> None:
            while not has_ended.wait(_GLANCE_SECONDS):
                if self.called_off.is_set() or time.monotonic() >= self.deadline:
                    is_late.set()
                    _kill(process)
                    return

        threading.Thread(target=watch, name="git-deadline", daemon=True).start()
        try:
            with process:  # waits for its end
                output = process.stdout.read(self.most_output_bytes + 1) if process.stdout else b""
                if len(output) > self.most_output_bytes:
                    _kill(process)
        finally:
            has_ended.set()
        if is_late.is_set():
            raise UnavailableError(f"git took too long in {self.folder}.", code="timeout")
        return output


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _build_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Without the variables that lead git to another repository or make it start programs; those of its configuration
    stay: `safe.directory` may be there."""
    own = {
        name: value for name, value in environ.items() if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    return own | {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
