"""The report for people: the answer in ten lines, then what it rests on. The Markdown form is an incident report."""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.own_reasons import is_nothing_there
from opsctl.diagnosis.rank import Verdict
from opsctl.diagnosis.report import DiagnosisReport, EvidenceItem, Finding, RemedyText, SectionSummary
from opsctl.diagnosis.rule import Risk
from opsctl.diagnosis.timeline import name_end
from opsctl.diagnosis.view_context import context_blocks, name_section
from opsctl.reporting.view import (
    Block,
    Cell,
    Code,
    Column,
    Duration,
    Field,
    Line,
    NextCommand,
    Percent,
    ReportView,
    Section,
    Step,
    Steps,
    Table,
    Texts,
    Tone,
)

# Less likely causes are named in one row each, not explained.
EXPLAINED_FROM = 0.05
MOST_EXPLAINED = 4
MOST_NAMED = 12
NAMED_FROM = 0.005
MOST_APART = 3
MOST_SHOWN = 0.999
# Here stands what others wrote; elsewhere the meaning says it all.
_QUOTED_SECTIONS = ("logs", "execution", "tasks", "job")
_FAILED_ENDS = ("exited", "signalled", "timeout", "memory", "never_started")
_RISKS = tuple(Risk)
_TONES: dict[Verdict, Tone] = {
    Verdict.CONFIRMED: "bad",
    Verdict.LIKELY: "bad",
    Verdict.POSSIBLE: "warning",
}


def diagnosis_view(report: DiagnosisReport, texts: Texts) -> ReportView:
    """The whole report as a view, in the order in which an incident report is read."""
    timeline, *context = context_blocks(report, texts, is_failure=is_failure(report))
    return ReportView(
        title=texts.get("diagnose.title", execution=report.execution.execution),
        blocks=(
            Section(tuple(_summary(report, texts)), title=texts.get("diagnose.heading_summary")),
            *timeline,
            *_causes(report, texts),
            *(block for blocks in context for block in blocks),
            *_steps(report, texts),
        ),
        notes=tuple(_notes(report, texts)),
        next_commands=tuple(_next(report, texts)),
    )


def is_failure(report: DiagnosisReport) -> bool:
    """Whether there is a failure to explain."""
    return not report.execution.outcome.is_harmless


def _summary(report: DiagnosisReport, texts: Texts) -> Iterator[Field]:
    """The ten lines on top."""
    t, execution = texts.get, report.execution
    outcome = t(f"diagnose.outcome_{execution.outcome.value}")
    if execution.duration_seconds is not None:
        outcome = t("diagnose.outcome_after", outcome=outcome, duration=Duration(execution.duration_seconds))
    tone: Tone = "bad" if execution.outcome is Outcome.FAILED else "strong"
    yield Field(t("diagnose.field_outcome"), Cell(outcome, tone), _first_failure(report, texts))
    first = next(iter(report.findings), None)
    said = next((item.excerpt for item in first.evidence if item.section == "logs"), None) if first else None
    if said or execution.message:
        yield Field(t("diagnose.field_message"), Code(said or execution.message or ""))
    if first is None:
        yield Field(t("diagnose.field_likeliest"), Cell(t("diagnose.no_cause"), "warning"))
    elif is_failure(report):
        yield from _answer(first, report.unknown_probability, texts)
    else:
        yield Field(t("diagnose.field_judgement"), first.summary)
    yield from _summary_of_the_rest(report, texts)
    place = t("diagnose.place", job=execution.job, project=execution.project, region=execution.region)
    yield Field(t("diagnose.field_where"), place)


def _first_failure(report: DiagnosisReport, texts: Texts) -> str | None:
    """The attempt that speaks first, and how many there were."""
    attempts = report.execution.attempts
    failed = next((item for item in attempts if item.end in _FAILED_ENDS), None)
    if failed is None:
        return None
    end = name_end(failed.end, failed.exit_code, failed.signal, texts)
    text = texts.get("diagnose.event_attempt", task=str(failed.task), attempt=str(failed.attempt), end=end)
    return text if len(attempts) == 1 else texts.get("diagnose.first_of", attempt=text, count=len(attempts))


def _answer(first: Finding, unknown: float, texts: Texts) -> Iterator[Field]:
    t = texts.get
    verdict = t(f"diagnose.verdict_{first.verdict.value}")
    key = "first_guess" if unknown > first.probability else "first_cause"
    answer = t(f"diagnose.{key}", title=first.title, share=_share(first.probability, texts), verdict=verdict)
    yield Field(t("diagnose.field_likeliest"), Cell(answer, _TONES.get(first.verdict, "strong")), first.cause)
    fact = next((item for item in first.evidence if item.meaning), None)
    judgement = first.summary if fact is None or fact.meaning is None else fact.meaning
    yield Field(t("diagnose.field_judgement"), judgement, None if fact is None else _place(fact))
    # A guess is no reason to change something.
    if first.remedy is not None and first.verdict is not Verdict.POSSIBLE:
        yield Field(t("diagnose.field_fix"), first.remedy.text, t(_risk(first.remedy)))


def _summary_of_the_rest(report: DiagnosisReport, texts: Texts) -> Iterator[Field]:
    t = texts.get
    if is_failure(report):
        others = [
            t("diagnose.other", title=f.title, share=_share(f.probability, texts))
            for f in report.findings[1:3]
            if f.probability >= NAMED_FROM
        ]
        others.append(t("diagnose.unknown", share=_share(report.unknown_probability, texts)))
        yield Field(t("diagnose.field_otherwise"), ", ".join(others))
        unseen = [
            item
            for item in report.completeness.sections
            if item.status not in ("ok", "partial") and not is_nothing_there(item)
        ]
        if unseen:
            yield Field(t("diagnose.field_unseen"), ", ".join(_unseen(item, texts) for item in unseen))
    if report.next_step is not None:
        yield Field(t("diagnose.field_look_next"), report.next_step.text)


def _unseen(item: SectionSummary, texts: Texts) -> str:
    name = name_section(item.section, texts)
    return name if item.status == "skipped" else f"{name} ({texts.get(f'diagnose.status_{item.status}')})"


def _causes(report: DiagnosisReport, texts: Texts) -> Iterator[Block]:
    if not is_failure(report) or not report.findings:
        return
    t = texts.get
    named = [item for item in report.findings if item.probability >= NAMED_FROM][:MOST_NAMED] or report.findings[:1]
    rows = [
        (
            Cell(finding.title, _TONES.get(finding.verdict, "plain")),
            _share(finding.probability, texts),
            t(f"diagnose.verdict_{finding.verdict.value}"),
            finding.cause,
        )
        for finding in named
    ]
    further = report.findings[len(named) :]
    if further:
        share = _share(sum(finding.probability for finding in further), texts)
        rows.append((Cell(t("diagnose.further_causes", count=len(further)), "muted"), share, "", ""))
    rows.append((Cell(t("diagnose.unknown_cause"), "muted"), _share(report.unknown_probability, texts), "", "unknown"))
    columns = (
        Column(t("diagnose.column_cause")),
        Column(t("diagnose.column_probability"), "right"),
        Column(t("diagnose.column_verdict"), keep_whole=True),
        Column(t("diagnose.column_id"), keep_whole=True),
    )
    yield Table(columns, tuple(rows), title=t("diagnose.heading_causes"))
    for rank, finding in enumerate(_explained(report), 1):
        yield _finding(rank, finding, texts)


def _explained(report: DiagnosisReport) -> tuple[Finding, ...]:
    likely = [finding for finding in report.findings if finding.probability >= EXPLAINED_FROM]
    return tuple(likely[:MOST_EXPLAINED] or report.findings[:1])


def _finding(rank: int, finding: Finding, texts: Texts) -> Section:
    t = texts.get
    fields = [Field(t("diagnose.field_what"), finding.summary)]
    fields += [field for item in finding.evidence for field in _evidence("evidence", item, texts)]
    fields += [field for item in finding.contradicting for field in _evidence("against", item, texts)]
    if rank > 1 and finding.remedy is not None:
        fields.append(Field(t("diagnose.field_fix"), finding.remedy.text, t(_risk(finding.remedy))))
    title = t("diagnose.heading_finding", rank=rank, title=finding.title, share=_share(finding.probability, texts))
    return Section(tuple(fields), title=title, is_part=True)


def _evidence(label: str, item: EvidenceItem, texts: Texts) -> Iterator[Field]:
    """What it means; and what stands there, when that says more."""
    name = texts.get(f"diagnose.field_{label}")
    if item.meaning:
        yield Field(name, item.meaning, _place(item))
    says_more = not item.meaning or (item.section in _QUOTED_SECTIONS and item.excerpt not in item.meaning)
    if item.excerpt and says_more:
        yield Field(name, Code(item.excerpt), None if item.meaning else _place(item))


def _share(probability: float, texts: Texts) -> Percent | str:
    """Nothing is certain, and nothing is impossible: not even after rounding."""
    if probability > MOST_SHOWN:
        return texts.get("diagnose.share_above", share=Percent(MOST_SHOWN))
    if probability < 1 - MOST_SHOWN:
        return texts.get("diagnose.share_below", share=Percent(1 - MOST_SHOWN))
    return Percent(probability)


def _place(item: EvidenceItem) -> str:
    return f"{item.section}{item.pointer}"


def _risk(remedy: RemedyText) -> str:
    return f"diagnose.risk_{remedy.risk.value.replace('-', '_')}"


def _steps(report: DiagnosisReport, texts: Texts) -> Iterator[Steps]:
    """What to do about the first cause, and what else to look at."""
    if not report.findings:
        return
    t, first = texts.get, report.findings[0]
    remedies = [("workaround", item) for item in first.workarounds]
    if first.remedy is not None:
        remedies.insert(0, ("fix", first.remedy))
    remedies.sort(key=lambda named: _RISKS.index(named[1].risk))
    if remedies:
        steps = tuple(_remedy(kind, item, texts) for kind, item in remedies)
        key = "remedies_if" if first.verdict is Verdict.POSSIBLE else "remedies"
        yield Steps(steps, title=t(f"diagnose.heading_{key}", title=first.title))
    looks = tuple(_looks(report))
    if is_failure(report) and looks:
        yield Steps(looks, title=t("diagnose.heading_looks"))


def _looks(report: DiagnosisReport) -> Iterator[Step]:
    """The checks of the explained causes, every command once; the one to run next comes at the very end."""
    told = set() if report.next_step is None else {report.next_step.command}
    for finding in _explained(report):
        for check in finding.checks:
            commands = tuple(command for command in check.commands if command not in told)
            told.update(commands)
            if commands:
                yield Step(check.text, finding.title, commands=commands)


def _remedy(kind: str, remedy: RemedyText, texts: Texts) -> Step:
    t = texts.get
    told = (("before", remedy.precondition), ("undo", remedy.undo))
    fields = tuple(Field(t(f"diagnose.field_{name}"), text) for name, text in told if text)
    note = t(f"diagnose.note_{kind}", risk=t(_risk(remedy)))
    return Step(remedy.text, note, fields, remedy.commands)


def _notes(report: DiagnosisReport, texts: Texts) -> Iterator[Line]:
    t = texts.get
    if report.completeness.is_log_cut:
        yield Line(t("diagnose.note_cut"), "warning")
    for remark in report.completeness.remarks:
        kind, _, name = remark.partition(":")
        yield Line(t(f"diagnose.remark_{kind.replace('-', '_')}", section=name_section(name, texts)), "warning")
    if any(item.section in ("cloudsql", "job", "service_account") for f in report.findings for item in f.evidence):
        yield Line(t("diagnose.note_now"), "muted")
    if report.masked.values:
        yield Line(t("diagnose.note_masked", values=report.masked.values), "muted")


def _next(report: DiagnosisReport, texts: Texts) -> Iterator[NextCommand]:
    t = texts.get
    if is_failure(report) and report.findings:
        yield NextCommand(f"opsctl cloudrun rules show {report.findings[0].cause}", t("diagnose.next_page"))
    if report.next_step is not None:
        titles = {item.cause: item.title for item in report.findings}
        titles.update((item.cause, item.title) for item in report.not_checked)
        told = [titles[cause] for cause in report.next_step.distinguishes if cause in titles]
        reason = (
            t("diagnose.next_apart", causes=" / ".join(told)) if 1 < len(told) <= MOST_APART else report.next_step.text
        )
        yield NextCommand(report.next_step.command, reason)
