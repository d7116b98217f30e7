"""`opsctl lab down`."""

from dataclasses import dataclass

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import load_lab
from opsctl.lab.state import locate_lab
from opsctl.reporting.view import Line, NextCommand, ReportView, Texts


@dataclass(frozen=True, slots=True)
class LabStopped:
    """The servers that were running and are not any more."""

    stopped: tuple[str, ...]


def down(_context: AppContext) -> Outcome:
    """Stop the servers of the lab and forget their data. Nothing is left running."""
    running = load_lab().stop_lab(locate_lab())
    report = LabStopped(tuple(status.server.name for status in running))
    return Outcome(report, view=lambda texts: down_view(report, texts))


def down_view(report: LabStopped, texts: Texts) -> ReportView:
    """One line."""
    t = texts.get
    said = t("lab.down_stopped", count=len(report.stopped)) if report.stopped else t("lab.down_nothing")
    next_commands = (NextCommand("opsctl lab up", t("lab.next_up")),)
    return ReportView(t("lab.down_title"), (Line(said),), next_commands=next_commands)


COMMAND = CommandSpec(
    down,
    examples=(
        Example("Stop the local servers", "opsctl lab down"),
        Example("In a script: which ones were running?", "opsctl lab down -o json"),
    ),
)
