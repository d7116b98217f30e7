"""The process as the command line sees it: streams, environment, clock, working folder, and what its terminals can
do."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

from opsctl.errors import OpsctlError
from opsctl.reporting.redact import Redactor


class ClosedPipe(BaseException):
    """The reader of stdout is gone: there is nobody left to work for."""


class OutputError(OpsctlError):
    """The report cannot be written: disk full, closed descriptor."""

    default_code = "output"


@dataclass(frozen=True, slots=True)
class Process:
    """Everything from outside that a command may use. Tests make their own."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    redactor: Redactor
    """Cleans everything that leaves the process; learns the secrets of the configuration as it is read."""

    @classmethod
    def current(cls) -> Process:
        """The real one. Streams replace what their encoding cannot say: a report must not end in an encoding error."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="replace")
        return cls(
            stdin=sys.stdin or _open_nothing("r"),
            stdout=sys.stdout or _open_nothing("w"),
            stderr=sys.stderr or _open_nothing("w"),
            environ=os.environ,
            folder=Path.cwd(),
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            redactor=Redactor(),
        )

    def write(self, text: str, *, flush: bool = True) -> None:
        """Writes to stdout; the one way in which anything gets there. Raises `ClosedPipe` or `OutputError`."""
        try:
            self.stdout.write(text)
            if flush:
                self.stdout.flush()
        except BrokenPipeError as error:
            raise ClosedPipe from error
        except OSError as error:
            raise OutputError(f"The report cannot be written: {error.strerror}.") from error

    def write_bytes(self, content: bytes) -> None:
        """Writes bytes to stdout as they are. A stdout of text alone gets them as UTF-8, what is none replaced."""
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self.write(content.decode("utf-8", errors="replace"))
            return
        self.write("")
        try:
            binary.write(content)
            binary.flush()
        except BrokenPipeError as error:
            raise ClosedPipe from error
        except OSError as error:
            raise OutputError(f"The report cannot be written: {error.strerror}.") from error

    def tell(self, text: str) -> None:
        """Writes to stderr. A stderr that cannot be written is no reason to fail."""
        with contextlib.suppress(OSError):
            self.stderr.write(text)
            self.stderr.flush()

    def has_colour(self, stream: TextIO, *, no_color: bool) -> bool:
        """--no-color, OPSCTL_NO_COLOR and NO_COLOR forbid; then FORCE_COLOR and CLICOLOR_FORCE demand; then the
        terminal decides."""
        environ = self.environ
        if no_color or environ.get("OPSCTL_NO_COLOR") or environ.get("NO_COLOR"):
            return False
        if any(environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        return environ.get("TERM") != "dumb" and is_terminal(stream)

    def width_of(self, stream: TextIO) -> int | None:
        """Columns of the terminal behind `stream`; None when it is none."""
        return shutil.get_terminal_size().columns if is_terminal(stream) else None

    def is_animated(self) -> bool:
        """True when stderr may show a moving bar: a real terminal, and not a CI that pretends to be one."""
        return is_terminal(self.stderr) and not self.environ.get("CI") and self.environ.get("TERM") != "dumb"

    def wants_json_logs(self) -> bool:
        """True in a pod or a Cloud Run Job, where a collector reads stderr and takes the severity from JSON."""
        is_collected = any(self.environ.get(name) for name in ("KUBERNETES_SERVICE_HOST", "CLOUD_RUN_JOB"))
        return is_collected and not is_terminal(self.stderr)


def is_terminal(stream: TextIO) -> bool:
    """`isatty`, False for a closed stream."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def is_utf8(stream: TextIO) -> bool:
    """True when the stream can say every character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-").startswith("utf")


def _open_nothing(mode: str) -> TextIO:
    """In place of a stream that was closed before the start (`>&-`)."""
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))
