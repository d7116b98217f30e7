"""What a person reads of a restart: how it ended, what was stuck, what was done, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from opsctl.migration.kubernetes.restart_models import RestartOutcome, RestartReport, StepResult, StepState
from opsctl.migration.kubernetes.trouble import Finding, Remedy
from opsctl.reporting.view import (
    Cell,
    Code,
    Column,
    Field,
    Line,
    NextCommand,
    ReportView,
    Section,
    Table,
    Texts,
    Tone,
)

_OUTCOME_TONES: dict[RestartOutcome, Tone] = {
    RestartOutcome.MENDED: "good",
    RestartOutcome.NOT_CONFIRMED: "warning",
    RestartOutcome.INCOMPLETE: "bad",
}
_STEP_TONES: dict[StepState, Tone] = {StepState.DONE: "good", StepState.FAILED: "bad", StepState.SKIPPED: "muted"}


def restart_view(report: RestartReport, texts: Texts) -> ReportView:
    """The end of `migrate restart`, or of its dry run."""
    t = texts.get
    job = f"{report.namespace}/{report.job}"
    summary = [Line(t(f"kubernetes.outcome_{report.outcome}", job=job), _OUTCOME_TONES.get(report.outcome, "plain"))]
    if report.kept_manifest is not None:
        summary.append(Line(t("kubernetes.manifest_kept", path=report.kept_manifest), "bad"))
    blocks: list[Section | Table] = [_findings(report.findings, t("kubernetes.stuck"), texts)]
    if report.steps:
        blocks.append(_steps(report, texts))
    if report.documents_after is not None:
        fields = (
            Field(t("kubernetes.new_pods"), ", ".join(report.new_pods) or None),
            Field(t("kubernetes.documents_before"), report.documents_before),
            Field(t("kubernetes.documents_after"), report.documents_after),
        )
        blocks.append(Section(fields))
    if report.obstacles:
        blocks.append(_findings(report.obstacles, t("kubernetes.obstacles"), texts))
    return ReportView(
        t("kubernetes.restart_title"),
        tuple(summary),
        tuple(blocks),
        tuple(_notes(report, texts)),
        tuple(_next(report, texts)),
    )


def finding_text(finding: Finding, texts: Texts) -> str:
    """One trouble as a sentence."""
    return texts.get(f"kubernetes.trouble_{finding.trouble}")


def _findings(findings: tuple[Finding, ...], title: str, texts: Texts) -> Table:
    t = texts.get
    columns = (
        Column(t("kubernetes.pod"), keep_whole=True),
        Column(t("kubernetes.trouble")),
        Column(t("kubernetes.since")),
        Column(t("kubernetes.detail")),
        Column(t("kubernetes.remedy")),
    )
    rows = tuple(
        (
            finding.pod or t("kubernetes.the_job"),
            Cell(finding_text(finding, texts), "warning"),
            finding.since,
            Code(finding.detail) if finding.detail else None,
            t(f"kubernetes.remedy_{finding.remedy}"),
        )
        for finding in findings
    )
    return Table(columns, rows, title, empty=t("kubernetes.nothing_stuck"))


def _steps(report: RestartReport, texts: Texts) -> Table:
    t = texts.get
    columns = (
        Column(t("kubernetes.step")),
        Column(t("kubernetes.target"), keep_whole=True),
        Column(t("kubernetes.step_state")),
        Column(t("kubernetes.detail")),
    )
    rows = tuple(
        (t(f"kubernetes.step_{result.step.kind}"), result.step.target, _state(result, report, texts), result.detail)
        for result in report.steps
    )
    return Table(columns, rows, t("kubernetes.steps"))


def _state(result: StepResult, report: RestartReport, texts: Texts) -> Cell:
    if report.outcome is RestartOutcome.PLANNED:
        return Cell(texts.get("kubernetes.state_planned"))
    return Cell(texts.get(f"kubernetes.state_{result.state}"), _STEP_TONES[result.state])


def _notes(report: RestartReport, texts: Texts) -> Iterator[Line]:
    for owner in report.owners:
        yield Line(texts.get("kubernetes.owned", tool=owner.tool.value, name=owner.name), "warning")
    for writer in report.other_writers:
        yield Line(texts.get("kubernetes.other_writer", host=writer.host, heartbeat=writer.heartbeat_at), "warning")
    for finding in report.findings:
        if finding.remedy is Remedy.NONE:
            yield Line(texts.get(f"kubernetes.advice_{finding.trouble}"))


def _next(report: RestartReport, texts: Texts) -> Iterator[NextCommand]:
    t = texts.get
    if report.outcome is RestartOutcome.PLANNED:
        yield NextCommand("opsctl migrate restart", t("kubernetes.next_restart"))
    elif report.outcome is RestartOutcome.INCOMPLETE and report.kept_manifest is not None:
        yield NextCommand(f"kubectl create -f {shlex.quote(report.kept_manifest)}", t("kubernetes.next_create"))
    elif report.outcome is RestartOutcome.NOT_CONFIRMED:
        yield NextCommand("opsctl migrate logs --follow", t("kubernetes.next_logs"))
    yield NextCommand("opsctl status --watch", t("kubernetes.next_status"))
