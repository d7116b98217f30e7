"""Collects for each rule what speaks for it and against it: signs, codes and clues, before any number is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opsctl.diagnosis.facts.model import End, Facts, Pointer
from opsctl.diagnosis.matching import Match, find_rule_codes, find_signs
from opsctl.diagnosis.rule import Clue, Rule, Stage, Weight

CONNECTING = ("db-connection-refused", "network-unreachable")
# Other words for a connection that failed, and what any failure ends in.
_NO_ANSWERS = (*CONNECTING, "cloudsql-not-attached", "application-error")
# What an error of connecting still counts when something else failed after it, for a reason of its own.
OVERCOME = 0.3
RELEVANT_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence for or against a cause. `id` is that of a sign, a code or a clue; `factor` (0 to 1) is how
    much of its weight counts here."""

    id: str
    weight: Weight
    factor: float
    pointers: tuple[Pointer, ...]
    clue: Clue | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A rule with its evidence. `missing` are sections that it needs and that tell nothing."""

    rule: Rule
    support: tuple[Piece, ...]
    against: tuple[Piece, ...]
    missing: tuple[str, ...]


def gather_cases(rules: Sequence[Rule], facts: Facts) -> tuple[Case, ...]:
    """The evidence for every rule that fits the outcome: controls for what did not fail, causes for the rest."""
    rules = [rule for rule in rules if rule.is_control == facts.execution.outcome.is_harmless]
    matches = find_signs(rules, facts.logs.messages)
    for rule in rules:
        matches.setdefault(rule.cause, []).extend(find_rule_codes(rule, facts.logs.codes))
    answers = _find_answers(rules, matches)
    return tuple(_gather(rule, matches[rule.cause], answers, facts) for rule in rules)


def lacks_output(facts: Facts) -> bool:
    """Whether the program's own words are missing although it may have run."""
    never_ran = bool(facts.attempts) and all(attempt.end is End.NEVER_STARTED for attempt in facts.attempts)
    return not facts.logs.has_output and facts.execution.has_started is not False and not never_ran


def _gather(rule: Rule, matches: Iterable[Match], answers: Mapping[tuple[int, int], int], facts: Facts) -> Case:
    best: dict[str, Piece] = {}
    for match in matches:
        factor = match.message.relevance * _still_holds(rule, match, answers)
        known = best.get(match.id)
        if known is None or factor > known.factor:
            best[match.id] = Piece(match.id, match.weight, factor, (match.pointer,))
    clues = [(clue, Piece(clue.id, clue.weight, 1.0, clue.pointers, clue)) for clue in rule.look(facts)]
    return Case(
        rule,
        (*best.values(), *(piece for clue, piece in clues if clue.supports)),
        tuple(piece for clue, piece in clues if not clue.supports),
        tuple(name for name in rule.needs if not facts.seen(name) or (name == "logs" and lacks_output(facts))),
    )


def _find_answers(rules: Iterable[Rule], matches: Mapping[str, Sequence[Match]]) -> dict[tuple[int, int], int]:
    """By task and attempt: the last place where something else than a connection failed for a reason of its own."""
    found: dict[tuple[int, int], int] = {}
    for rule in rules:
        if rule.cause in _NO_ANSWERS or rule.stage > Stage.WORK:
            continue
        for match in matches[rule.cause]:
            is_plain = match.weight in (Weight.STRONG, Weight.DECISIVE) and match.message.relevance >= RELEVANT_FROM
            if is_plain and not match.message.origin.is_platform:
                key = (match.message.task, match.message.attempt)
                found[key] = max(found.get(key, -1), match.message.position)
    return found


def _still_holds(rule: Rule, match: Match, answers: Mapping[tuple[int, int], int]) -> float:
    """Connections that failed on the way to another failure were survived: a cache, a metrics endpoint, a first try."""
    if rule.cause not in CONNECTING:
        return 1.0
    last = answers.get((match.message.task, match.message.attempt), -1)
    return OVERCOME if match.message.position < last else 1.0
