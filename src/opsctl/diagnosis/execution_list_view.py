"""The list of executions for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Layout:
    """What needs a column because it differs: the rest is said once, or stands in the name of the execution."""

    has_job: bool
    has_region: bool
    has_creator: bool
    offset: str

    @classmethod
    def of(cls, report: ExecutionList, texts: Texts) -> _Layout:
        rows = report.executions
        times = [texts.show(row.created_at) for row in rows if row.created_at]
        return cls(
            has_job=any(not row.execution.startswith(f"{row.job}-") for row in rows),
            has_region=len({row.region for row in rows}) > 1,
            has_creator=len({row.creator for row in rows}) > 1,
            offset=times[0].rpartition(" ")[2] if times else "",
        )


def execution_list_view(report: ExecutionList, texts: Texts) -> ReportView:
    """A row for each execution; the reason of a failed one in a table below, where it has room."""
    t = texts.get
    layout = _Layout.of(report, texts)
    headings = (
        Column(t("cloudrun.execution"), keep_whole=True),
        *((Column(t("cloudrun.job")),) if layout.has_job else ()),
        *((Column(t("cloudrun.region")),) if layout.has_region else ()),
        Column(t("cloudrun.outcome"), keep_whole=True),
        Column(t("cloudrun.created"), keep_whole=True),
        Column(t("cloudrun.duration"), "right"),
        Column(t("cloudrun.tasks"), "right"),
        Column(t("cloudrun.retried"), "right"),
        *((Column(t("cloudrun.run_by")),) if layout.has_creator else ()),
    )
    rows = tuple(_row(row, texts, layout) for row in report.executions)
    blocks = [Table(headings, rows, empty=t(_empty_key(report)))]
    reasons = tuple((Code(row.execution), row.reason) for row in report.executions if row.reason)
    if reasons:
        columns = (Column(t("cloudrun.execution"), keep_whole=True), Column(t("cloudrun.reason")))
        blocks.append(Table(columns, reasons, t("cloudrun.reasons")))
    title = t("cloudrun.title_job", job=report.job) if report.job else t("cloudrun.title_all")
    return ReportView(
        title,
        tuple(_summary(report, texts, layout)),
        tuple(blocks),
        _notes(report, texts),
        _next_commands(report, texts),
    )


def _summary(report: ExecutionList, texts: Texts, layout: _Layout) -> Iterator[Line]:
    t = texts.get
    several = len(report.regions) > 1
    place = (
        t("cloudrun.regions", count=len(report.regions)) if several else report.regions[0] if report.regions else "-"
    )
    if several and report.executions and not layout.has_region:
        place = report.executions[0].region
    yield Line(t("cloudrun.place", project=report.project, region=place), "muted")
    if report.executions:
        creator = report.executions[0].creator
        if creator and not layout.has_creator:
            yield Line(t("cloudrun.all_run_by", creator=creator), "muted")
        if layout.offset:
            yield Line(t("cloudrun.times", offset=layout.offset), "muted")


def _row(row: ExecutionRow, texts: Texts, layout: _Layout) -> tuple[CellValue, ...]:
    return (
        Code(row.execution),
        *((row.job,) if layout.has_job else ()),
        *((row.region,) if layout.has_region else ()),
        Cell(texts.get(f"cloudrun.outcome_{row.outcome.value}"), _TONES[row.outcome]),
        _minute(row, texts, layout),
        None if row.duration_seconds is None else Duration(row.duration_seconds),
        f"{row.succeeded_count}/{row.task_count}",
        row.retried_count,
        *((row.creator,) if layout.has_creator else ()),
    )


def _minute(row: ExecutionRow, texts: Texts, layout: _Layout) -> str | None:
    """`2026-01-12 11:00`; whole when the clocks were changed between the rows."""
    if row.created_at is None:
        return None
    shown = texts.show(row.created_at)
    date, clock, offset = shown.split(" ")
    return f"{date} {clock[:5]}" if offset == layout.offset else shown


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
    words = ("opsctl", "cloudrun", "diagnose", failed.execution, "--project", report.project, "--region", failed.region)
    return (NextCommand(shlex.join(words), texts.get("cloudrun.next_diagnose")),)
