"""The one place where a run becomes text and an exit code.

Errors become a message and a hint on stderr and, with `-o json` and the like, a whole envelope on stdout. What goes
wrong inside opsctl is told by its type and place only: the text of an unknown exception may hold anything.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from typer import Exit, TyperException

from opsctl.cli.app import PROGRAM, ROOT, GroupEntry, build_root
from opsctl.cli.early_options import EarlyOptions, read_early_options
from opsctl.cli.failure import tell_error, write_failure
from opsctl.cli.interrupts import Terminated, raise_on_sigterm
from opsctl.cli.process import ClosedPipe, OutputError, Process
from opsctl.errors import ExitCode, OpsctlError, UsageError
from opsctl.reporting.neutralise import make_visible


class InternalError(OpsctlError):
    """Something that opsctl did not expect: a bug."""

    default_code = "internal"


class InterruptionError(OpsctlError):
    """Ctrl-C."""

    exit_code = ExitCode.INTERRUPTED
    default_code = "interrupted"


class TerminationError(OpsctlError):
    """SIGTERM."""

    exit_code = ExitCode.TERMINATED
    default_code = "terminated"


def main() -> None:
    """The entry point of the program."""
    code = run(sys.argv[1:], Process.current())
    if threading.active_count() > 1:
        # Python would wait for threads of an SDK at its end, and one that hangs would keep the command alive.
        # Everything is written and closed by now; what is left of the buffers is pushed out first.
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str], process: Process, commands: GroupEntry = ROOT) -> int:
    """Carries out one command line and returns the exit code; everything is written to the streams of `process`."""
    early = read_early_options(arguments, commands)
    try:
        with raise_on_sigterm():
            return int(_run_command(list(arguments), process, commands))
    except BaseException as raised:  # noqa: BLE001 - this is where every error ends
        return int(_end_after(raised, early, process))


def _run_command(arguments: list[str], process: Process, commands: GroupEntry) -> ExitCode:
    root = build_root(commands)
    with root.make_context(PROGRAM, arguments, obj=process) as context:
        code: ExitCode = root.invoke(context)
        return code


def _end_after(raised: BaseException, early: EarlyOptions, process: Process) -> int:
    if isinstance(raised, Exit):
        return raised.exit_code
    if isinstance(raised, ClosedPipe):
        _silence(process.stdout)
        return ExitCode.CLOSED_PIPE
    error = _translate(raised)
    _tell(error, process, raised if early.verbose > 1 else None)
    if isinstance(error, OutputError):
        _silence(process.stdout)
        return error.exit_code
    try:
        write_failure(early.command, error, process, early.output)
    except (ClosedPipe, OutputError):
        _silence(process.stdout)
    return error.exit_code


def _translate(raised: BaseException) -> OpsctlError:
    """The error to tell for whatever was raised; of a group the first that is understood."""
    leaves = list(_leaves(raised))
    for leaf in leaves:
        if isinstance(leaf, OpsctlError):
            return leaf
        if isinstance(leaf, KeyboardInterrupt):
            return InterruptionError("Interrupted.")
        if isinstance(leaf, Terminated):
            return TerminationError("Stopped by SIGTERM.")
        if isinstance(leaf, TyperException):
            return _usage_error(leaf)
    return InternalError(
        f"Unexpected {type(leaves[0]).__name__} at {_place_of(leaves[0])}.",
        hint="This is a bug in opsctl. Run the command again with -vv to see where it comes from.",
    )


def _usage_error(error: TyperException) -> OpsctlError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    return UsageError(error.format_message(), hint=f"See: {path} --help")


def _leaves(raised: BaseException) -> Iterator[BaseException]:
    if isinstance(raised, BaseExceptionGroup):
        for inner in raised.exceptions:
            yield from _leaves(inner)
    else:
        yield raised


def _place_of(raised: BaseException) -> str:
    """`status/snapshot.py:41`, the last line of opsctl's own code on the way."""
    folder = Path(__file__).parent.parent
    for frame in reversed(traceback.extract_tb(raised.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder) and path != Path(__file__):
            return f"{path.relative_to(folder)}:{frame.lineno}"
    return "an unknown place"


def _tell(error: OpsctlError, process: Process, raised: BaseException | None = None) -> None:
    """Message and hint on stderr; the traceback of `raised`, without locals, before them."""
    if raised is not None:
        trace = "".join(traceback.format_exception(raised))
        process.tell(make_visible(process.redactor(trace), keep_lines=True))
    tell_error(error, process)


def _silence(stream: TextIO) -> None:
    """Points a stream that cannot be written at nowhere: the interpreter flushes it once more when it ends, and would
    complain."""
    try:
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        return
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
