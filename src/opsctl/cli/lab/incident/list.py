"""`opsctl lab incident list`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.lab.incidents import INCIDENTS, Incident
from opsctl.reporting.view import CellValue, Column, Line, NextCommand, ReportView, Table, Texts


@dataclass(frozen=True, slots=True)
class PracticeIncident:
    """An incident and the variants of its evidence. `execution` is a full resource name: several incidents may be
    about the same one. `cause` and `lesson` are None unless the answers were asked for."""

    name: str
    execution: str
    title: str
    story: str
    variants: tuple[str, ...]
    cause: str | None
    lesson: str | None


@dataclass(frozen=True, slots=True)
class IncidentsReport:
    """The practice incidents. `has_answers`: their causes are told."""

    has_answers: bool
    incidents: tuple[PracticeIncident, ...]


def list_incidents(
    context: AppContext,
    answers: Annotated[bool, typer.Option("--answers", help="Tell the causes, and what each one teaches.")] = False,
) -> Outcome:
    """List the practice incidents: recorded executions to try the diagnosis on. Nothing is asked of Google.

    The causes are left out, so that one can find them.
    """
    described = tuple(_describe(incident, context.texts, answers=answers) for incident in INCIDENTS.values())
    report = IncidentsReport(answers, described)
    return Outcome(
        report,
        view=lambda texts: list_view(report, texts),
        items=described,
        item_type=PracticeIncident,
        names=tuple(INCIDENTS),
    )


def list_view(report: IncidentsReport, texts: Texts) -> ReportView:
    """What one sees of each; with answers, why."""
    t = texts.get
    name = Column(t("incident.name"), keep_whole=True)
    columns: tuple[Column, ...]
    rows: tuple[tuple[CellValue, ...], ...]
    if report.has_answers:
        columns = (name, Column(t("incident.cause")), Column(t("incident.lesson")))
        rows = tuple((item.name, item.cause, item.lesson) for item in report.incidents)
    else:
        columns = (name, Column(t("incident.what")), Column(t("incident.project")), Column(t("incident.region")))
        rows = tuple((item.name, item.title, *_place_of(item)) for item in report.incidents)
    return ReportView(
        t("incident.list_title"),
        blocks=(Table(columns, rows),),
        notes=() if report.has_answers else (Line(t("incident.answers_hidden"), "muted"),),
        next_commands=(
            NextCommand(live_command(report.incidents[0].execution), t("incident.next_live")),
            NextCommand(f"opsctl lab incident write {report.incidents[0].name}", t("incident.next_write")),
        ),
    )


def live_command(execution: str) -> str:
    """The diagnosis of an incident in the local Google; `execution` is its full resource name."""
    _, project, _, region, *_, name = execution.split("/")
    return f"opsctl cloudrun diagnose {name} --project {project} --region {region} --profile lab"


def _place_of(incident: PracticeIncident) -> tuple[str, str]:
    _, project, _, region, *_ = incident.execution.split("/")
    return project, region


def _describe(incident: Incident, texts: Texts, *, answers: bool) -> PracticeIncident:
    return PracticeIncident(
        name=incident.name,
        execution=incident.execution,
        title=texts.get(f"incident.{incident.key}_title"),
        story=texts.get(f"incident.{incident.key}_story"),
        variants=tuple(variant.name for variant in incident.variants),
        cause=incident.cause if answers else None,
        lesson=texts.get(f"incident.{incident.key}_lesson") if answers else None,
    )


COMMAND = CommandSpec(
    list_incidents,
    examples=(
        Example("What is there?", "opsctl lab incident list"),
        Example("With the causes", "opsctl lab incident list --answers"),
        Example("Names only, for a loop", "opsctl lab incident list -o name"),
    ),
    formats=LIST_FORMATS,
)
