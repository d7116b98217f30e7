"""What a person reads of a restart: how it ended, what was stuck, what was done, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartPlan,
    RestartReport,
    StepKind,
    StepResult,
    StepState,
)
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble
from opsctl.reporting.view import (
    Cell,
    CellValue,
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
    RestartOutcome.NO_REMEDY: "warning",
    RestartOutcome.NOT_CONFIRMED: "warning",
    RestartOutcome.INCOMPLETE: "bad",
}
# Of what a restart does not mend: where something else does.
_ADVISED = frozenset(
    {
        Trouble.JOB_COMPLETE,
        Trouble.JOB_SUSPENDED,
        Trouble.JOB_ENDING,
        Trouble.RUN_PAUSED,
        Trouble.STUCK_ENDING,
        Trouble.IMAGE,
        Trouble.CONTAINER_CONFIG,
        Trouble.UNSCHEDULABLE,
        Trouble.NOT_STARTED,
        Trouble.WAITING,
        Trouble.UNKNOWN_PROGRESS,
    }
)
_STEP_TONES: dict[StepState, Tone] = {StepState.DONE: "good", StepState.FAILED: "bad", StepState.SKIPPED: "muted"}


def restart_view(report: RestartReport, texts: Texts) -> ReportView:
    """The end of `migrate restart`, or of its dry run."""
    t = texts.get
    job = f"{report.namespace}/{report.job}"
    summary = [Line(t(f"kubernetes.outcome_{report.outcome}", job=job), _OUTCOME_TONES.get(report.outcome, "plain"))]
    if report.why_not is not None:
        summary.append(Line(t(f"kubernetes.why_{report.why_not}"), "warning"))
    if report.kept_manifest is not None:
        summary.append(Line(t("kubernetes.manifest_kept", path=report.kept_manifest), "bad"))
    blocks: list[Section | Table] = []
    if report.findings:
        blocks.append(_findings(report, texts))
    if report.steps:
        blocks.append(_steps(report, texts))
    if report.new_pods:
        blocks.append(_results(report, texts))
    if report.obstacles:
        blocks.append(_obstacles(report.obstacles, texts))
    return ReportView(
        t("kubernetes.restart_title"),
        tuple(summary),
        tuple(blocks),
        tuple(_notes(report, texts)),
        tuple(_next(report, texts)),
    )


def plan_lines(plan: RestartPlan, texts: Texts) -> Iterator[str]:
    """What a person should know before saying yes: what is stuck and why, who else has a hand in it. What was asked for
    is in the question."""
    t = texts.get
    if plan.documents_processed is not None:
        yield t("kubernetes.plan_documents", documents=plan.documents_processed)
    for finding in plan.findings:
        if finding.trouble is Trouble.REQUESTED:
            continue
        yield t(
            "kubernetes.plan_finding",
            pod=finding.pod or t("kubernetes.the_job"),
            trouble=finding_text(finding, texts),
            since=t("kubernetes.plan_since", since=finding.since) if finding.since else "",
            detail=t("kubernetes.plan_detail", detail=finding.detail) if finding.detail else "",
        )
    for line in _warnings(plan, texts):
        yield line.text


def ask(plan: RestartPlan, texts: Texts) -> str:
    """The question."""
    if plan.recreates:
        return texts.get("kubernetes.ask_recreate", job=str(plan.job.key))
    pods = ", ".join(step.target for step in plan.steps if step.kind is StepKind.DELETE_POD)
    return texts.get("kubernetes.ask_pods", pods=pods, job=plan.job.key.name)


def finding_text(finding: Finding, texts: Texts) -> str:
    """One trouble as a sentence."""
    return texts.get(f"kubernetes.trouble_{finding.trouble}")


def _findings(report: RestartReport, texts: Texts) -> Table:
    t = texts.get
    rows = tuple((*_cells(finding, texts), t(f"kubernetes.remedy_{finding.remedy}")) for finding in report.findings)
    columns = (*_columns(texts), Column(t("kubernetes.remedy")))
    is_well = report.outcome is RestartOutcome.NOTHING_TO_DO  # a complete Job, one that is suspended
    return Table(columns, rows, t("kubernetes.state_found" if is_well else "kubernetes.stuck"))


def _results(report: RestartReport, texts: Texts) -> Section:
    fields = [Field(texts.get("kubernetes.new_pods"), ", ".join(report.new_pods))]
    if report.documents_after is not None:
        fields.append(Field(texts.get("kubernetes.documents_before"), report.documents_before))
        fields.append(Field(texts.get("kubernetes.documents_after"), report.documents_after))
    return Section(tuple(fields))


def _obstacles(findings: tuple[Finding, ...], texts: Texts) -> Table:
    rows = tuple(_cells(finding, texts) for finding in findings)
    return Table(_columns(texts), rows, texts.get("kubernetes.obstacles"))


def _columns(texts: Texts) -> tuple[Column, ...]:
    t = texts.get
    return (
        Column(t("kubernetes.pod"), keep_whole=True),
        Column(t("kubernetes.trouble")),
        Column(t("kubernetes.since")),
        Column(t("kubernetes.detail")),
    )


def _cells(finding: Finding, texts: Texts) -> tuple[CellValue, ...]:
    return (
        finding.pod or texts.get("kubernetes.the_job"),
        Cell(finding_text(finding, texts), "warning"),
        finding.since,
        Code(finding.detail) if finding.detail else None,
    )


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
    if result.state is StepState.FAILED and report.outcome is RestartOutcome.NOT_CONFIRMED:
        return Cell(texts.get("kubernetes.state_not_seen"), "warning")
    return Cell(texts.get(f"kubernetes.state_{result.state}"), _STEP_TONES[result.state])


def _notes(report: RestartReport, texts: Texts) -> Iterator[Line]:
    yield from _warnings(report, texts)
    troubles = (found.trouble for found in (*report.findings, *report.obstacles) if found.remedy is Remedy.NONE)
    for trouble in dict.fromkeys(troubles):
        if trouble in _ADVISED:
            yield Line(texts.get(f"kubernetes.advice_{trouble}"))


def _warnings(found: RestartPlan | RestartReport, texts: Texts) -> Iterator[Line]:
    if found.unknown_because is not None:
        yield Line(texts.get("kubernetes.records_unknown", reason=found.unknown_because), "warning")
    for owner in found.owners:
        yield Line(texts.get("kubernetes.owned", tool=owner.tool.label, name=owner.name), "warning")
    for writer in found.other_writers:
        yield Line(texts.get("kubernetes.other_writer", host=writer.host, heartbeat=writer.heartbeat_at), "warning")


def _next(report: RestartReport, texts: Texts) -> Iterator[NextCommand]:
    t = texts.get
    if report.outcome is RestartOutcome.PLANNED:
        yield NextCommand(f"opsctl migrate restart{_options(report)}", t("kubernetes.next_restart"))
    elif report.outcome is RestartOutcome.INCOMPLETE and report.kept_manifest is not None:
        yield NextCommand(f"kubectl create -f {shlex.quote(report.kept_manifest)}", t("kubernetes.next_create"))
    elif report.outcome is RestartOutcome.NOT_CONFIRMED:
        yield NextCommand("opsctl migrate logs --follow", t("kubernetes.next_logs"))
    yield NextCommand("opsctl status --watch", t("kubernetes.next_status"))


def _options(report: RestartReport) -> str:
    """What makes the same plan again."""
    if any(found.trouble is Trouble.REQUESTED and found.pod is None for found in report.findings):
        return " --recreate"
    deleted = [result.step.target for result in report.steps if result.step.kind is StepKind.DELETE_POD]
    curable = {found.pod for found in report.findings if found.remedy is Remedy.DELETE_POD}
    is_wished = any(found.trouble is Trouble.REQUESTED for found in report.findings)
    is_chosen = bool(deleted) and (is_wished or curable != set(deleted))
    return "".join(f" --pod {shlex.quote(name)}" for name in deleted) if is_chosen else ""
