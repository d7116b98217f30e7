"""From facts and ranking to the report, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from opsctl.diagnosis.access import find_access_needs
from opsctl.diagnosis.command_values import CommandValues, command_values, commands_of, fill, is_possible
from opsctl.diagnosis.commit_relevance import relate_commits
from opsctl.diagnosis.facts.model import Facts, Pointer
from opsctl.diagnosis.gather import Piece, lacks_output
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Evidence, SectionStatus
from opsctl.diagnosis.rank import Ranked, Ranking, Verdict
from opsctl.diagnosis.remedy_choice import by_fit
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
_LOG_COMMAND = "opsctl cloudrun logs {execution} --project={project} --region={region}"
# Probabilities are told to four digits.
_PARTS = 10_000
_RISKS = tuple(Risk)
# What the sections can tell about a failure; `value_facts` only explains values that are masked.
_ASKED = tuple(name for name in SECTIONS if name != "value_facts")


def build_report(
    evidence: Evidence, facts: Facts, ranking: Ranking, masked: Mapping[str, int], texts: Texts
) -> DiagnosisReport:
    """The whole report. `masked` counts masked values by kind."""
    first = ranking.findings[0] if ranking.findings else None
    shares = _shares(ranking)
    said = _Said(facts)
    return DiagnosisReport(
        execution=_execution(facts),
        findings=tuple(
            _finding(found, share, facts, said, texts) for found, share in zip(ranking.findings, shares, strict=True)
        ),
        unknown_probability=(_PARTS - sum(round(share * _PARTS) for share in shares)) / _PARTS,
        ruled_out=tuple(
            RuledOut(found.rule.cause, _title(found.rule, texts), tuple(_items(found.rule, found.against, said, texts)))
            for found in ranking.ruled_out
        ),
        not_checked=tuple(
            NotChecked(found.rule.cause, _title(found.rule, texts), found.missing) for found in ranking.not_checked
        ),
        completeness=_completeness(evidence, facts),
        access=find_access_needs(evidence, facts),
        baseline_diff=_baseline(facts),
        commits=relate_commits(facts, first),
        timeline=build_timeline(facts, ranking, texts, said.at),
        next_step=_next_step(facts, ranking, texts),
        masked=Masked(sum(masked.values()), dict(sorted(masked.items()))),
    )


class _Said:
    """Finds the line that a pointer into the logs means."""

    def __init__(self, facts: Facts) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        self._messages = facts.logs.messages
        for index, message in enumerate(self._messages):
            self._places.setdefault(message.pointer.pointer, (index, 0))
            for offset, number in message.parts:
                self._places.setdefault(f"/entries/{number}", (index, offset))

    def at(self, pointer: Pointer) -> tuple[Pointer, int | None]:
        """The pointer with what stands there, and its time."""
        if pointer.section != "logs" or pointer.pointer not in self._places:
            return pointer, None
        index, offset = self._places[pointer.pointer]
        message = self._messages[index]
        return (pointer if pointer.excerpt else message.locate(_telling(message.text, offset))), message.time_ns


def _telling(text: str, offset: int) -> int:
    """The first line from there that says more than what is to come ("Migration failed:")."""
    for line in text[offset:].split("\n"):
        if line.strip() and not line.rstrip().endswith(":"):
            return offset
        offset += len(line) + 1
    return 0


def _shares(ranking: Ranking) -> list[float]:
    """The probabilities of the findings to four digits. Rounded up together they may be more than 1: then the first one
    gives way."""
    parts = [round(found.probability * _PARTS) for found in ranking.findings]
    if parts:
        parts[0] -= max(0, sum(parts) - _PARTS)
    return [part / _PARTS for part in parts]


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


def _finding(found: Ranked, share: float, facts: Facts, said: _Said, texts: Texts) -> Finding:
    rule = found.rule
    values = command_values(facts, found.support)
    possible = [remedy for remedy in rule.remedies if is_possible(remedy, facts)]
    remedies = by_fit(rule.cause, possible, found.support)
    fixes = [remedy for remedy in remedies if not remedy.is_workaround]
    # To look is no fix, unless there is no other.
    looks = [remedy for remedy in fixes if remedy.risk is Risk.READ_ONLY]
    changes = [remedy for remedy in fixes if remedy.risk is not Risk.READ_ONLY]
    fix = next(iter((*changes, *looks)), None)
    others = [remedy for remedy in (*changes, *(r for r in remedies if r.is_workaround)) if remedy is not fix]
    checks = [*_check(rule, values, texts), *(_remedy(rule, look, values, texts) for look in looks if look is not fix)]
    return Finding(
        cause=rule.cause,
        probability=share,
        verdict=found.verdict,
        title=_title(rule, texts),
        summary=texts.get(f"causes_{rule.family}.{rule.key}_summary"),
        evidence=tuple(_items(rule, found.support[:MOST_EVIDENCE], said, texts)),
        contradicting=tuple(_items(rule, found.against[:MOST_EVIDENCE], said, texts)),
        remedy=None if fix is None else _remedy(rule, fix, values, texts),
        workarounds=tuple(
            _remedy(rule, remedy, values, texts) for remedy in sorted(others, key=lambda item: _RISKS.index(item.risk))
        ),
        checks=_without_doubles(checks),
    )


def _items(rule: Rule, pieces: Iterable[Piece], said: _Said, texts: Texts) -> Iterator[EvidenceItem]:
    """What the pieces point at: each place once, and each meaning once."""
    seen: set[tuple[str, str]] = set()
    meant: set[str] = set()
    for piece in pieces:
        clue = piece.clue
        meaning = texts.get(f"causes_{rule.family}.{rule.key}_clue_{clue.id}", **clue.values) if clue else None
        for place in piece.pointers:
            pointer, _ = said.at(place)
            is_new = (pointer.section, pointer.pointer) not in seen and bool(pointer.excerpt or meaning)
            tells = meaning if meaning is not None and meaning not in meant else None
            if tells is None and not (is_new and pointer.excerpt):
                continue
            seen.add((pointer.section, pointer.pointer))
            meant.update((tells,) if tells else ())
            yield EvidenceItem(pointer.section, pointer.pointer, pointer.excerpt, tells)


def _check(rule: Rule, values: CommandValues, texts: Texts) -> Iterator[RemedyText]:
    if rule.check is not None:
        text = texts.get(f"causes_{rule.family}.{rule.key}_check")
        yield RemedyText(text, (fill(rule.check.command, values),), Risk.READ_ONLY, None, None)


def _without_doubles(checks: Sequence[RemedyText]) -> tuple[RemedyText, ...]:
    """A look whose commands another one has already adds nothing."""
    seen: set[str] = set()
    kept = []
    for check in checks:
        commands = tuple(command for command in check.commands if command not in seen)
        seen.update(commands)
        if commands or not check.commands:
            kept.append(replace(check, commands=commands))
    return tuple(kept)


def _remedy(rule: Rule, remedy: Remedy, values: CommandValues, texts: Texts) -> RemedyText:
    key = f"causes_{rule.family}.{rule.key}_remedy_{remedy.id}"
    is_safe = remedy.risk is Risk.READ_ONLY
    return RemedyText(
        text=texts.get(key),
        commands=commands_of(remedy, values),
        risk=remedy.risk,
        precondition=None if is_safe else texts.get(f"{key}_before"),
        undo=None if is_safe else texts.get(f"{key}_undo"),
    )


def _completeness(evidence: Evidence, facts: Facts) -> Completeness:
    told = (*_ASKED, *(name for name in OWN_SECTIONS if name in evidence.sections))
    sections = tuple(
        SectionSummary(name, evidence.section(name).status.value, evidence.section(name).reason) for name in told
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


def _next_step(facts: Facts, ranking: Ranking, texts: Texts) -> NextStep | None:
    """The look that tells most: at the program's own words when nobody saw them; else at a section that was not seen,
    of the first two causes, then of those that could not be judged. With everything seen, the check of the first cause
    unless that is confirmed."""
    leading = [found for found in ranking.findings[:2] if found.rule.check is not None]
    candidates = [*leading, *(found for found in ranking.not_checked if found.rule.check is not None)]
    unseen = [found for found in candidates if found.rule.check and not facts.seen(found.rule.check.section)]
    is_settled = bool(leading) and leading[0].verdict is Verdict.CONFIRMED
    if not facts.execution.outcome.is_harmless and not is_settled and lacks_output(facts):
        return _read_log(facts, ranking, texts)
    chosen = None if is_settled else next(iter((*unseen, *leading)), None)
    if chosen is None or chosen.rule.check is None:
        return None
    check = chosen.rule.check
    return NextStep(
        texts.get(f"causes_{chosen.rule.family}.{chosen.rule.key}_check"),
        fill(check.command, command_values(facts, chosen.support)),
        check.section,
        tuple(dict.fromkeys((chosen.rule.cause, *(found.rule.cause for found in leading)))),
    )


def _read_log(facts: Facts, ranking: Ranking, texts: Texts) -> NextStep:
    """Without the program's output everything is a guess."""
    status = facts.sections.get("logs", SectionStatus.SKIPPED)
    key = "diagnose.check_log_denied" if status is SectionStatus.DENIED else "diagnose.check_log"
    wanting = (found.rule.cause for found in ranking.not_checked if "logs" in found.missing)
    causes = dict.fromkeys((*(found.rule.cause for found in ranking.findings[:2]), *wanting))
    return NextStep(texts.get(key), fill(_LOG_COMMAND, command_values(facts)), "logs", tuple(causes))
