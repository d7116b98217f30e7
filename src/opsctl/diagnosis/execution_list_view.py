"""The list of executions for people."""

from __future__ import annotations

from opsctl.diagnosis.execution_list import ExecutionList, ExecutionRow
from opsctl.diagnosis.facts.model import Outcome
from opsctl.reporting.view import (
    Cell,
    CellValue,
    Code,
    Column,
    Duration,
    Line,
    NextCommand,
    ReportView,
    Table,
    Texts,
    Tone,
)

_TONES: dict[Outcome, Tone] = {
    Outcome.SUCCEEDED: "good",
    Outcome.FAILED: "bad",
    Outcome.CANCELLED: "warning",
    Outcome.RUNNING: "strong",
    Outcome.UNTOLD: "muted",
}


def execution_list_view(report: ExecutionList, texts: Texts) -> ReportView:
    """A row for each execution; the reason of a failed one in a table below, where it has room."""
    t = texts.get
    several_jobs, several_regions = report.job is None, len(report.regions) > 1
    headings = (
        Column(t("cloudrun.execution"), keep_whole=True),
        *((Column(t("cloudrun.job")),) if several_jobs else ()),
        *((Column(t("cloudrun.region")),) if several_regions else ()),
        Column(t("cloudrun.outcome"), keep_whole=True),
        Column(t("cloudrun.created")),
        Column(t("cloudrun.duration"), "right"),
        Column(t("cloudrun.tasks"), "right"),
        Column(t("cloudrun.retried"), "right"),
        Column(t("cloudrun.run_by")),
    )
    rows = tuple(_row(row, texts, several_jobs, several_regions) for row in report.executions)
    blocks = [Table(headings, rows, empty=t(_empty_key(report)))]
    reasons = tuple((Code(row.execution), row.reason) for row in report.executions if row.reason)
    if reasons:
        columns = (Column(t("cloudrun.execution"), keep_whole=True), Column(t("cloudrun.reason")))
        blocks.append(Table(columns, reasons, t("cloudrun.reasons")))
    place = report.regions[0] if not several_regions else t("cloudrun.regions", count=len(report.regions))
    title = t("cloudrun.title_job", job=report.job) if report.job else t("cloudrun.title_all")
    return ReportView(
        title,
        (Line(t("cloudrun.place", project=report.project, region=place), "muted"),),
        tuple(blocks),
        _notes(report, texts),
        _next_commands(report, texts),
    )


def _row(row: ExecutionRow, texts: Texts, several_jobs: bool, several_regions: bool) -> tuple[CellValue, ...]:
    return (
        Code(row.execution),
        *((row.job,) if several_jobs else ()),
        *((row.region,) if several_regions else ()),
        Cell(texts.get(f"cloudrun.outcome_{row.outcome.value}"), _TONES[row.outcome]),
        row.created_at,
        None if row.duration_seconds is None else Duration(row.duration_seconds),
        f"{row.succeeded_count}/{row.task_count}",
        row.retried_count,
        row.creator,
    )


def _empty_key(report: ExecutionList) -> str:
    if report.only_failed and report.searched:
        return "cloudrun.none_failed"
    return "cloudrun.none"


def _notes(report: ExecutionList, texts: Texts) -> tuple[Line, ...]:
    lines = [
        Line(texts.get("cloudrun.unseen", region=item.region, message=item.message), "warning")
        for item in report.unseen
    ]
    if report.has_more and report.only_failed:
        lines.append(Line(texts.get("cloudrun.more_failed", searched=report.searched)))
    elif report.has_more:
        lines.append(Line(texts.get("cloudrun.more", shown=len(report.executions))))
    return tuple(lines)


def _next_commands(report: ExecutionList, texts: Texts) -> tuple[NextCommand, ...]:
    failed = report.latest_failed
    if failed is None:
        return ()
    command = f"opsctl cloudrun diagnose {failed.execution} --project {report.project} --region {failed.region}"
    return (NextCommand(command, texts.get("cloudrun.next_diagnose")),)
