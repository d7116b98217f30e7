"""The report for people: the answer in ten lines, then what it rests on. The Markdown form is an incident report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.report import BaselineDiff, DiagnosisReport, EvidenceItem, Finding, RemedyText, RuledOut
from opsctl.reporting.view import (
    Cell,
    CellValue,
    Code,
    Column,
    Duration,
    Field,
    Line,
    NextCommand,
    Percent,
    ReportView,
    Section,
    Table,
    Texts,
    Tone,
)

# Less likely causes are named in one row each, not explained.
EXPLAINED_FROM = 0.05
MOST_EXPLAINED = 4
MOST_NAMED = 12

_TONES: dict[Verdict, Tone] = {
    Verdict.CONFIRMED: "bad",
    Verdict.LIKELY: "bad",
    Verdict.POSSIBLE: "warning",
}


def diagnosis_view(report: DiagnosisReport, texts: Texts) -> ReportView:
    """The whole report as a view, in the order in which an incident report is read."""
    t = texts.get
    blocks: list[Section | Table] = []
    is_failure = report.execution.outcome in (Outcome.FAILED, Outcome.UNTOLD)
    if is_failure:
        blocks += [_causes(report, texts)] if report.findings else []
        explained = [f for f in report.findings if f.probability >= EXPLAINED_FROM][:MOST_EXPLAINED]
        blocks += [_finding(rank, finding, texts) for rank, finding in enumerate(explained, 1)]
    blocks += list(_surroundings(report, texts, is_failure=is_failure))
    return ReportView(
        title=t("diagnose.title", execution=report.execution.execution),
        summary=tuple(_summary(report, texts)),
        blocks=tuple(blocks),
        notes=tuple(_notes(report, texts)),
        next_commands=tuple(_next(report, texts, is_failure=is_failure)),
    )


def _summary(report: DiagnosisReport, texts: Texts) -> Iterator[Line]:
    """The ten lines on top."""
    t, execution = texts.get, report.execution
    place = t("diagnose.place", job=execution.job, project=execution.project, region=execution.region)
    outcome = t(f"diagnose.outcome_{execution.outcome.value}")
    if execution.duration_seconds is not None:
        outcome = t("diagnose.outcome_after", outcome=outcome, duration=Duration(execution.duration_seconds))
    yield Line(f"{outcome}  {place}", "bad" if execution.outcome is Outcome.FAILED else "strong")
    if execution.message:
        yield Line(t("diagnose.said", message=execution.message))
    first = next(iter(report.findings), None)
    if first is None:
        yield Line(t("diagnose.no_cause"), "warning")
    elif first.verdict in _TONES:
        verdict = t(f"diagnose.verdict_{first.verdict.value}")
        share = Percent(first.probability)
        yield Line(
            t("diagnose.first_cause", title=first.title, share=share, verdict=verdict, cause=first.cause),
            _TONES[first.verdict] if execution.outcome is Outcome.FAILED else "strong",
        )
        yield Line(first.summary)
        if first.evidence:
            item = first.evidence[0]
            yield Line(t("diagnose.rests_on", excerpt=item.excerpt or item.meaning or "", place=_place(item)))
        if first.remedy is not None:
            yield Line(t("diagnose.fix", text=first.remedy.text))
    yield from _summary_of_the_rest(report, texts)


def _summary_of_the_rest(report: DiagnosisReport, texts: Texts) -> Iterator[Line]:
    t = texts.get
    if report.execution.outcome in (Outcome.FAILED, Outcome.UNTOLD):
        others = [t("diagnose.other", title=f.title, share=Percent(f.probability)) for f in report.findings[1:3]]
        others.append(t("diagnose.unknown", share=Percent(report.unknown_probability)))
        yield Line(t("diagnose.others", others=", ".join(others)))
    unseen = [item.section for item in report.completeness.sections if item.status not in ("ok", "partial")]
    if unseen:
        yield Line(t("diagnose.unseen", sections=", ".join(unseen)), "muted")
    if report.next_step is not None:
        yield Line(t("diagnose.next_look", text=report.next_step.text))


def _causes(report: DiagnosisReport, texts: Texts) -> Table:
    t = texts.get
    rows = [
        (
            Cell(finding.title, _TONES.get(finding.verdict, "plain")),
            Percent(finding.probability),
            t(f"diagnose.verdict_{finding.verdict.value}"),
            finding.cause,
        )
        for finding in report.findings[:MOST_NAMED]
    ]
    rows.append((Cell(t("diagnose.unknown_cause"), "muted"), Percent(report.unknown_probability), "", "unknown"))
    columns = (
        Column(t("diagnose.column_cause")),
        Column(t("diagnose.column_probability"), "right"),
        Column(t("diagnose.column_verdict")),
        Column(t("diagnose.column_id"), keep_whole=True),
    )
    return Table(columns, tuple(rows), title=t("diagnose.heading_causes"))


def _finding(rank: int, finding: Finding, texts: Texts) -> Section:
    t = texts.get
    fields = [Field(t("diagnose.field_what"), finding.summary)]
    fields += [Field(t("diagnose.field_evidence"), _shown(item), _place(item)) for item in finding.evidence]
    fields += [Field(t("diagnose.field_against"), _shown(item), _place(item)) for item in finding.contradicting]
    if finding.remedy is not None:
        fields += _remedy(t("diagnose.field_fix"), finding.remedy, texts)
    for workaround in finding.workarounds:
        fields += _remedy(t("diagnose.field_workaround"), workaround, texts)
    title = t("diagnose.heading_finding", rank=rank, title=finding.title, share=Percent(finding.probability))
    return Section(tuple(fields), title=title)


def _shown(item: EvidenceItem) -> Code | str:
    if item.meaning and item.excerpt:
        return f"{item.meaning} ({item.excerpt})"
    return item.meaning or Code(item.excerpt)


def _place(item: EvidenceItem) -> str:
    return f"{item.section}{item.pointer}"


def _remedy(label: str, remedy: RemedyText, texts: Texts) -> list[Field]:
    t = texts.get
    fields = [Field(label, remedy.text, t(f"diagnose.risk_{remedy.risk.value.replace('-', '_')}"))]
    fields += [Field(t("diagnose.field_command"), Code(command)) for command in remedy.commands]
    if remedy.precondition:
        fields.append(Field(t("diagnose.field_before"), remedy.precondition))
    if remedy.undo:
        fields.append(Field(t("diagnose.field_undo"), remedy.undo))
    return fields


def _surroundings(report: DiagnosisReport, texts: Texts, *, is_failure: bool) -> Iterator[Table]:
    if report.timeline:
        timeline = tuple((item.at, item.text) for item in report.timeline)
        yield _table("timeline", ("time", "event"), timeline, texts)
    if not is_failure:
        return
    if report.baseline_diff is not None:
        yield _changes(report.baseline_diff, texts)
    if report.commits:
        commits = tuple(
            (item.id[:9], item.subject, texts.get(f"diagnose.relevance_{item.relevance}"), ", ".join(item.files[:4]))
            for item in report.commits
        )
        yield _table("commits", ("commit", "subject", "relevance", "files"), commits, texts)
    if report.ruled_out:
        ruled_out = tuple((item.title, _because(item)) for item in report.ruled_out)
        yield _table("ruled_out", ("cause", "because"), ruled_out, texts)
    unseen = tuple(
        (item.section, texts.get(f"diagnose.status_{item.status}"), item.reason or "")
        for item in report.completeness.sections
        if item.status != "ok"
    )
    if unseen:
        yield _table("unseen", ("section", "status", "reason"), unseen, texts)
    if report.not_checked:
        not_checked = tuple((item.title, ", ".join(item.missing_sections)) for item in report.not_checked)
        yield _table("not_checked", ("cause", "missing"), not_checked, texts)


def _changes(diff: BaselineDiff, texts: Texts) -> Table:
    rows = tuple(
        (texts.get(f"diagnose.change_{item.what.replace('-', '_')}"), item.name, item.before, item.after)
        for item in diff.changes
    )
    table = _table("baseline", ("change", "name", "before", "after"), rows, texts, execution=diff.execution or "")
    return replace(table, empty=texts.get("diagnose.no_change"))


def _because(item: RuledOut) -> str:
    return "; ".join(part.meaning or part.excerpt for part in item.evidence[:2])


def _table(
    heading: str, columns: tuple[str, ...], rows: tuple[tuple[CellValue, ...], ...], texts: Texts, **values: str
) -> Table:
    """A table whose title is `heading_<heading>` and whose columns are `column_<name>`."""
    titles = tuple(Column(texts.get(f"diagnose.column_{name}"), keep_whole=name == "time") for name in columns)
    return Table(titles, rows, title=texts.get(f"diagnose.heading_{heading}", **values))


def _notes(report: DiagnosisReport, texts: Texts) -> Iterator[Line]:
    t = texts.get
    if report.completeness.is_log_cut:
        yield Line(t("diagnose.note_cut"), "warning")
    for remark in report.completeness.remarks:
        kind, _, name = remark.partition(":")
        yield Line(t(f"diagnose.remark_{kind.replace('-', '_')}", section=name), "warning")
    if any(item.section in ("cloudsql", "job", "service_account") for f in report.findings for item in f.evidence):
        yield Line(t("diagnose.note_now"), "muted")
    if report.masked.values:
        yield Line(t("diagnose.note_masked", values=report.masked.values), "muted")


def _next(report: DiagnosisReport, texts: Texts, *, is_failure: bool) -> Iterator[NextCommand]:
    if report.next_step is not None:
        yield NextCommand(report.next_step.command, report.next_step.text)
    if is_failure and report.findings:
        cause = report.findings[0].cause
        yield NextCommand(f"opsctl cloudrun rules show {cause}", texts.get("diagnose.next_page"))
