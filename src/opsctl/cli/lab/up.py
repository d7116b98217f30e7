"""`opsctl lab up`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import load_lab
from opsctl.lab.processes import inspect_all
from opsctl.lab.state import LabState, locate_lab
from opsctl.reporting.view import Column, Line, NextCommand, ReportView, Table, Texts

_PRACTICE_EXECUTION = "o4o-api-migrations-h5x5h"


@dataclass(frozen=True, slots=True)
class LabServer:
    """One running server of the lab."""

    name: str
    address: str
    pid: int
    log_file: str


@dataclass(frozen=True, slots=True)
class LabReport:
    """The lab as it is. `is_new` False: it was up before, and its data were left alone."""

    config_file: str
    mongo_kind: str
    is_new: bool
    is_half_done: bool
    servers: tuple[LabServer, ...]


def up(
    context: AppContext,
    half_done: Annotated[
        bool, typer.Option("--half-done", help="Leave the first 95 documents as the old Job would have left them.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Seed the sample again, also when the lab is up.")] = False,
) -> Outcome:
    """Start a Mongo, an S3, an image host and a Google Cloud on this machine, with sample documents and incidents.

    They listen on loopback, on ports that the system picks, and run until `opsctl lab down`. Profile `lab` leads there.
    """
    environment = load_lab()
    state = locate_lab()
    context.announce(context.texts.get("lab.starting"))
    lab = environment.start_lab(state)
    is_new = fresh or half_done or not environment.is_seeded(lab)
    if is_new:
        sample = environment.seed(lab, half_done=half_done)
        context.announce(context.texts.get("lab.seeding", documents=len(sample.documents)))
    report = LabReport(str(lab.config_file), lab.mongo_kind, is_new, half_done, _servers(state))
    return Outcome(report, view=lambda texts: up_view(report, texts))


def up_view(report: LabReport, texts: Texts) -> ReportView:
    """Where everything is."""
    t = texts.get
    names = {"mongo": f"mongo_{report.mongo_kind}", "s3": "s3", "images": "images", "google": "google"}
    rows = tuple((t(f"lab.{names[server.name]}"), server.address, str(server.pid)) for server in report.servers)
    notes = [Line(t("lab.config", path=report.config_file))]
    if report.is_half_done:
        notes.append(Line(t("lab.half_done")))
    if not report.is_new:
        notes.append(Line(t("lab.kept")))
    return ReportView(
        t("lab.up_title"),
        blocks=(Table((Column(t("lab.server")), Column(t("lab.address")), Column(t("lab.process"))), rows),),
        notes=tuple(notes),
        next_commands=(
            NextCommand("opsctl status --profile lab", t("lab.next_status")),
            NextCommand("opsctl migrate images --profile lab", t("lab.next_migrate")),
            NextCommand("opsctl migrate verify --profile lab", t("lab.next_verify")),
            NextCommand(f"opsctl cloudrun diagnose {_PRACTICE_EXECUTION} --profile lab", t("lab.next_diagnose")),
            NextCommand("opsctl lab down", t("lab.next_down")),
        ),
    )


def _servers(state: LabState) -> tuple[LabServer, ...]:
    return tuple(
        LabServer(server.name, f"127.0.0.1:{server.port}", server.pid, str(server.log_file))
        for server in (status.server for status in inspect_all(state))
    )


COMMAND = CommandSpec(
    up,
    examples=(
        Example("Start it", "opsctl lab up"),
        Example("As in the incident: 95 of 475 done by the old Job", "opsctl lab up --half-done"),
        Example("Then use it", "opsctl status --profile lab"),
    ),
)
