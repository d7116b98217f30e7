"""From facts and ranking to the report, in the language of the reader."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from opsctl.diagnosis.commit_relevance import relate_commits
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.gather import Piece
from opsctl.diagnosis.models import SECTIONS, Evidence
from opsctl.diagnosis.rank import Ranked, Ranking, Verdict
from opsctl.diagnosis.report import (
    AttemptSummary,
    BaselineDiff,
    ChangeItem,
    Completeness,
    DiagnosisReport,
    EvidenceItem,
    ExecutionSummary,
    Finding,
    Masked,
    NextStep,
    NotChecked,
    RemedyText,
    RuledOut,
    SectionSummary,
)
from opsctl.diagnosis.rule import Remedy, Risk, Rule
from opsctl.diagnosis.timeline import build_timeline
from opsctl.diagnosis.timestamps import to_datetime
from opsctl.reporting.view import Texts

MOST_EVIDENCE = 6
# What the sections can tell about a failure; `value_facts` only explains values that are masked.
_ASKED = tuple(name for name in SECTIONS if name != "value_facts")


def build_report(
    evidence: Evidence, facts: Facts, ranking: Ranking, masked: Mapping[str, int], texts: Texts
) -> DiagnosisReport:
    """The whole report. `masked` counts masked values by kind."""
    values = command_values(facts)
    first = ranking.findings[0] if ranking.findings else None
    return DiagnosisReport(
        execution=_execution(facts),
        findings=tuple(_finding(found, values, texts) for found in ranking.findings),
        unknown_probability=round(max(0.0, 1.0 - sum(_rounded(found.probability) for found in ranking.findings)), 4),
        ruled_out=tuple(
            RuledOut(found.rule.cause, _title(found.rule, texts), tuple(_items(found.rule, found.against, texts)))
            for found in ranking.ruled_out
        ),
        not_checked=tuple(
            NotChecked(found.rule.cause, _title(found.rule, texts), found.missing) for found in ranking.not_checked
        ),
        completeness=_completeness(evidence, facts),
        baseline_diff=_baseline(facts),
        commits=relate_commits(facts, first),
        timeline=build_timeline(facts, ranking, texts),
        next_step=_next_step(facts, ranking, values, texts),
        masked=Masked(sum(masked.values()), dict(sorted(masked.items()))),
    )


def command_values(facts: Facts) -> dict[str, str]:
    """What commands name, quoted for a shell; in capitals what the evidence does not tell."""
    execution = facts.execution
    secret = next((variable.secret for variable in execution.env if variable.secret), None)
    attached = (*execution.cloudsql_instances, *(instance.connection_name for instance in facts.cloudsql))
    known = {
        "project": execution.name.project,
        "region": execution.name.location,
        "job": execution.name.job,
        "execution": execution.name.execution,
        "service_account": facts.identity.email or execution.service_account,
        "image": execution.image,
        "secret": secret or next(iter(execution.secret_volumes), None),
        "instance": next(iter(attached), "").rpartition(":")[2],
    }
    return {name: shlex.quote(value) if value else name.upper() for name, value in known.items()}


def _rounded(probability: float) -> float:
    return round(probability, 4)


def _title(rule: Rule, texts: Texts) -> str:
    return texts.get(f"causes_{rule.family}.{rule.key}_title")


def _execution(facts: Facts) -> ExecutionSummary:
    execution = facts.execution
    begin, end = execution.started_ns or execution.created_ns, execution.completed_ns
    failed = next((found.message for found in execution.conditions if found.state == "CONDITION_FAILED"), None)
    return ExecutionSummary(
        name=execution.name.full,
        project=execution.name.project,
        region=execution.name.location,
        job=execution.name.job,
        execution=execution.name.execution,
        outcome=execution.outcome,
        created_at=to_datetime(execution.created_ns),
        started_at=to_datetime(execution.started_ns),
        completed_at=to_datetime(end),
        duration_seconds=None if begin is None or end is None else max(0.0, round((end - begin) / 1e9, 3)),
        image=execution.image,
        task_count=execution.task_count,
        failed_count=execution.failed_count,
        max_retries=execution.max_retries,
        timeout_seconds=execution.timeout_seconds,
        memory_bytes=execution.memory_limit_bytes,
        message=failed or None,
        attempts=tuple(
            AttemptSummary(
                attempt.task,
                attempt.number,
                attempt.end.value,
                attempt.exit_code,
                attempt.signal,
                to_datetime(attempt.last_output_ns),
                to_datetime(attempt.ended_ns),
                attempt.output_lines,
            )
            for attempt in facts.attempts
        ),
    )


def _finding(found: Ranked, values: Mapping[str, str], texts: Texts) -> Finding:
    rule = found.rule
    fixes = [_remedy(rule, remedy, values, texts) for remedy in rule.remedies if not remedy.is_workaround]
    workarounds = [_remedy(rule, remedy, values, texts) for remedy in rule.remedies if remedy.is_workaround]
    return Finding(
        cause=rule.cause,
        probability=_rounded(found.probability),
        verdict=found.verdict,
        title=_title(rule, texts),
        summary=texts.get(f"causes_{rule.family}.{rule.key}_summary"),
        evidence=tuple(_items(rule, found.support[:MOST_EVIDENCE], texts)),
        contradicting=tuple(_items(rule, found.against[:MOST_EVIDENCE], texts)),
        remedy=fixes[0] if fixes else None,
        workarounds=tuple(fixes[1:] + workarounds),
    )


def _items(rule: Rule, pieces: Iterable[Piece], texts: Texts) -> Iterator[EvidenceItem]:
    """What the pieces point at, each place once."""
    seen: set[tuple[str, str]] = set()
    for piece in pieces:
        clue = piece.clue
        meaning = texts.get(f"causes_{rule.family}.{rule.key}_clue_{clue.id}", **clue.values) if clue else None
        for pointer in piece.pointers or ():
            if (pointer.section, pointer.pointer) not in seen or meaning is not None:
                seen.add((pointer.section, pointer.pointer))
                yield EvidenceItem(pointer.section, pointer.pointer, pointer.excerpt, meaning)


def _remedy(rule: Rule, remedy: Remedy, values: Mapping[str, str], texts: Texts) -> RemedyText:
    key = f"causes_{rule.family}.{rule.key}_remedy_{remedy.id}"
    is_safe = remedy.risk is Risk.READ_ONLY
    return RemedyText(
        text=texts.get(key),
        commands=tuple(fill(command, values) for command in remedy.commands),
        risk=remedy.risk,
        precondition=None if is_safe else texts.get(f"{key}_before"),
        undo=None if is_safe else texts.get(f"{key}_undo"),
    )


def fill(command: str, values: Mapping[str, str]) -> str:
    """A command with its placeholders filled; doubled braces are literal."""
    return command.format_map(values)


def _completeness(evidence: Evidence, facts: Facts) -> Completeness:
    sections = tuple(
        SectionSummary(name, evidence.section(name).status.value, evidence.section(name).reason) for name in _ASKED
    )
    seen = sum(facts.seen(name) for name in _ASKED)
    return Completeness(
        round(seen / len(_ASKED), 3), facts.logs.line_count, facts.logs.is_cut, sections, evidence.remarks
    )


def _baseline(facts: Facts) -> BaselineDiff | None:
    if facts.baseline.changes is None:
        return None
    changes = tuple(ChangeItem(item.what, item.name, item.before, item.after) for item in facts.baseline.changes)
    return BaselineDiff(facts.baseline.execution, to_datetime(facts.baseline.completed_ns), changes)


def _next_step(facts: Facts, ranking: Ranking, values: Mapping[str, str], texts: Texts) -> NextStep | None:
    """The look that tells most: at a section that was not seen, of the first two causes, then of those that could not
    be judged. With everything seen, the check of the first cause unless that is confirmed."""
    leading = [found for found in ranking.findings[:2] if found.rule.check is not None]
    candidates = [*leading, *(found for found in ranking.not_checked if found.rule.check is not None)]
    unseen = [found for found in candidates if found.rule.check and not facts.seen(found.rule.check.section)]
    is_settled = bool(leading) and leading[0].verdict is Verdict.CONFIRMED
    chosen = None if is_settled else next(iter((*unseen, *leading)), None)
    if chosen is None or chosen.rule.check is None:
        return None
    check = chosen.rule.check
    return NextStep(
        texts.get(f"causes_{chosen.rule.family}.{chosen.rule.key}_check"),
        fill(check.command, values),
        check.section,
        tuple(dict.fromkeys((chosen.rule.cause, *(found.rule.cause for found in leading)))),
    )
