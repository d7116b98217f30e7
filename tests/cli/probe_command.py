"""A command for tests that does what its argument says."""

import logging
import os
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Annotated

import typer

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.errors import (
    AccessDeniedError,
    BusyError,
    ConfigError,
    DataError,
    ExitCode,
    NotFoundError,
    OpsctlError,
    UnavailableError,
    UsageError,
)
from opsctl.reporting.view import Column, Field, NextCommand, ReportView, Section, Table, Texts

KST = timezone(timedelta(hours=9))
ERRORS: dict[str, type[OpsctlError]] = {
    "error": OpsctlError,
    "usage": UsageError,
    "config": ConfigError,
    "data": DataError,
    "unavailable": UnavailableError,
    "denied": AccessDeniedError,
    "not-found": NotFoundError,
    "busy": BusyError,
}


@dataclass(frozen=True, slots=True)
class ProbeItem:
    """A row."""

    item_name: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What the probe saw."""

    taken_at: datetime
    full_name: str
    unknown_count: int | None
    profile: str | None
    limit: int
    items: tuple[ProbeItem, ...]


def probe(
    context: AppContext,
    action: Annotated[str, typer.Argument(help="What to do.")] = "ok",
    name: Annotated[str, typer.Option("--name", help="A text to report.")] = "현대 아반떼",
    limit: Annotated[int, typer.Option("--limit", min=0, help="A number.")] = 10,
) -> Outcome:
    """Does what it is told."""
    if action in ERRORS:
        raise ERRORS[action](f"This went wrong: {name}", hint="Do it better.")
    report = ProbeReport(
        datetime(2026, 1, 12, 12, 4, 5, tzinfo=KST),
        name,
        None,
        context.options.profile,
        limit,
        (ProbeItem(name, 3), ProbeItem("b", None)),
    )
    if action == "log":
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger("opsctl.probe").log(level, "%s at %s", name, logging.getLevelName(level))
            logging.getLogger("botocore.auth").log(level, "library %s", logging.getLevelName(level))
    return _act(action, context, report)


def _act(action: str, context: AppContext, report: ProbeReport) -> Outcome:
    match action:
        case "bug":
            local_secret = "s3cr3t-in-a-local"  # noqa: F841 - must not be shown
            raise ValueError("canary-s3cr3t in the text of an unknown exception")
        case "group":
            raise ExceptionGroup("several", [ValueError("x"), UnavailableError("Mongo is away.")])
        case "interrupt":
            raise KeyboardInterrupt
        case "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        case "confirm":
            context.confirm("Write 3 documents?", assume_yes=False)
        case "stream":
            stream = context.stream()
            for _ in range(2):
                stream.emit(report, lambda texts: view(report, texts))
            return Outcome(emitted=True, exit_code=ExitCode.PENDING)
        case "stopped":
            error = UnavailableError("Mongo went away.", hint="Start again.")
            return Outcome(report, view=lambda texts: view(report, texts), error=error)
    code = ExitCode[action.upper()] if action.upper() in ExitCode.__members__ else ExitCode.OK
    return Outcome(
        report,
        view=lambda texts: view(report, texts),
        exit_code=code,
        items=(item for item in report.items),
        item_type=ProbeItem,
        names=(item.item_name for item in report.items),
    )


def view(report: ProbeReport, texts: Texts) -> ReportView:
    return ReportView(
        f"Probe {report.full_name}",
        blocks=(
            Section((Field("Taken", report.taken_at), Field("Unknown", report.unknown_count))),
            Table(
                (Column("Name"), Column("Size", "right")),
                tuple((item.item_name, item.size_bytes) for item in report.items),
            ),
        ),
        next_commands=(NextCommand("opsctl probe again"),),
    )


COMMAND = CommandSpec(probe, examples=(Example("Do nothing", "opsctl probe ok"),), formats=LIST_FORMATS)
