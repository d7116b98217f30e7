"""Writes the starter configuration file."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.config.file import FILE_NAME
from opsctl.config.starter import STARTER
from opsctl.errors import OpsctlError, UsageError
from opsctl.reporting.view import Line, NextCommand, ReportView, Texts


@dataclass(frozen=True, slots=True)
class ConfigInitReport:
    """The file that was written. `replaced` is true when there was one before."""

    path: Path
    replaced: bool


def init(
    context: AppContext,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> Outcome:
    """Writes a commented opsctl.toml to start from.

    It goes into the working folder, or to the place that --config names. Only you can read it. A file that is already
    there is left alone unless --force is given.
    """
    path = (context.process.folder / (context.options.config or Path(FILE_NAME))).expanduser()
    exists = os.path.lexists(path)
    if exists and not force:
        raise UsageError(
            f"{path} is already there and was left as it is.",
            hint="Choose another place with --config FILE, or add --force.",
        )
    context.confirm(
        context.texts.get("config.ask_replace" if exists else "config.ask_write", path=str(path)), assume_yes=yes
    )
    try:
        _write_privately(path, STARTER, replace=exists)
    except FileExistsError as error:
        raise UsageError(
            f"{path} appeared meanwhile and was left as it is.", hint="Look at it, then use --force."
        ) from error
    except OSError as error:
        raise OpsctlError(f"{path} cannot be written: {error.strerror}.") from error
    report = ConfigInitReport(path=path, replaced=exists)
    return Outcome(report, view=lambda texts: _view(report, texts))


def _write_privately(path: Path, text: str, *, replace: bool) -> None:
    """All or nothing, mode 0600 from the first moment. Without `replace` raises `FileExistsError` for a file that came
    meanwhile."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _view(report: ConfigInitReport, texts: Texts) -> ReportView:
    return ReportView(
        texts.get("config.init_title", path=str(report.path)),
        summary=(Line(texts.get("config.init_fill_in")),),
        next_commands=(NextCommand("opsctl config check", texts.get("config.next_check")),),
    )


COMMAND = CommandSpec(
    init,
    examples=(
        Example("Start in this folder", "opsctl config init"),
        Example(
            "Somewhere else, without being asked", "opsctl config init --config ~/.config/opsctl/opsctl.toml --yes"
        ),
    ),
)
