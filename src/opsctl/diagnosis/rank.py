"""From rules and facts to ranked causes with probabilities.

Evidence adds up in log-odds, each further piece for less: ten lines of one error are not ten proofs. Every cause
competes with the others and with "unknown". What a missing section could have said goes to "unknown": leaving evidence
out never makes another cause more likely. Without decisive evidence no cause rises above a cap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from opsctl.diagnosis.calibration import DEFAULT, Calibration
from opsctl.diagnosis.facts.model import Facts, Outcome, Pointer
from opsctl.diagnosis.matching import Match, find_rule_codes, find_signs
from opsctl.diagnosis.rule import Clue, Rule, Stage, Weight

CAP_WITHOUT_DECISIVE = 0.6
LEAST_SHOWN = 0.005
# What each further piece of evidence for the same cause counts.
_DAMPING = (1.0, 0.35, 0.2, 0.1, 0.05)
# An error of connecting that a later answer of the database proves to be overcome.
_OVERCOME = 0.3
# What a more specific cause takes from the general one that it explains.
_HIDDEN = 5.0
_HIDES_FROM = 0.6
_RULED_OUT = 3.0
# Log-odds that a section could have carried at most, as far as "unknown" is concerned.
_RESERVE = {"logs": 8.5, "image": 3.0, "service_account": 3.0, "secrets": 2.5, "cloudsql": 2.5, "job": 0.0}
_DATABASE_FAMILIES = ("database", "migration")


class Verdict(StrEnum):
    """What may be said of a cause."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled-out"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence for or against a cause. `id` is that of a sign, a code or a clue; `value` its log-odds."""

    id: str
    weight: Weight
    value: float
    pointers: tuple[Pointer, ...]
    clue: Clue | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cause with its probability, what speaks for it and what against. `missing` are the sections it needs and that
    were not seen."""

    rule: Rule
    verdict: Verdict
    probability: float
    support: tuple[Piece, ...] = ()
    against: tuple[Piece, ...] = ()
    missing: tuple[str, ...] = ()
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """`findings` best first; their probabilities and `unknown` add up to 1."""

    findings: tuple[Ranked, ...]
    ruled_out: tuple[Ranked, ...]
    not_checked: tuple[Ranked, ...]
    unknown: float


def rank_causes(rules: Sequence[Rule], facts: Facts, calibration: Calibration = DEFAULT) -> Ranking:
    """Judges every rule on the facts."""
    controls = [rule for rule in rules if rule.is_control]
    if facts.execution.outcome in (Outcome.SUCCEEDED, Outcome.CANCELLED, Outcome.RUNNING):
        rules = controls
    else:
        rules = [rule for rule in rules if not rule.is_control]
    matches = find_signs(rules, facts.logs.messages)
    for rule in rules:
        codes = list(find_rule_codes(rule, facts.logs.codes))
        if codes:
            matches.setdefault(rule.cause, []).extend(codes)
    decisive = _furthest_answers(rules, matches)
    judged = [_judge(rule, matches.get(rule.cause, ()), decisive, facts, calibration) for rule in rules]
    return _compete(_hide_general(judged, calibration), facts, calibration)


def _judge(
    rule: Rule,
    matches: Iterable[Match],
    answers: Mapping[tuple[int, int], int],
    facts: Facts,
    calibration: Calibration,
) -> Ranked:
    best: dict[str, Piece] = {}
    for match in matches:
        value = calibration.weight(match.weight) * match.message.relevance * _overcome(rule, match, answers)
        known = best.get(match.id)
        if known is None or value > known.value:
            best[match.id] = Piece(match.id, match.weight, value, (match.pointer,))
    support = list(best.values())
    against: list[Piece] = []
    for clue in rule.look(facts):
        piece = Piece(clue.id, clue.weight, calibration.weight(clue.weight), clue.pointers, clue)
        (support if clue.supports else against).append(piece)
    support.sort(key=lambda piece: (-piece.value, piece.id))
    against.sort(key=lambda piece: (-piece.value, piece.id))
    return Ranked(
        rule,
        Verdict.POSSIBLE,
        0.0,
        tuple(support),
        tuple(against),
        _missing(rule, facts),
        _damped(support) - _damped(against),
    )


def _damped(pieces: Sequence[Piece]) -> float:
    return sum(piece.value * factor for piece, factor in zip(pieces, _DAMPING, strict=False))


def _furthest_answers(rules: Iterable[Rule], matches: Mapping[str, Sequence[Match]]) -> dict[tuple[int, int], int]:
    """By task and attempt: the last place where the database itself answered about a migration or a statement."""
    found: dict[tuple[int, int], int] = {}
    for rule in rules:
        if rule.family not in _DATABASE_FAMILIES or rule.stage < Stage.HISTORY:
            continue
        for match in matches.get(rule.cause, ()):
            if match.weight in (Weight.STRONG, Weight.DECISIVE):
                key = (match.message.task, match.message.attempt)
                found[key] = max(found.get(key, -1), match.message.position)
    return found


def _overcome(rule: Rule, match: Match, answers: Mapping[tuple[int, int], int]) -> float:
    if rule.family != "database" or rule.stage not in (Stage.CONNECT, Stage.SESSION):
        return 1.0
    last = answers.get((match.message.task, match.message.attempt), -1)
    return _OVERCOME if match.message.position < last else 1.0


def _missing(rule: Rule, facts: Facts) -> tuple[str, ...]:
    """The sections that a rule needs and that tell nothing. Logs without a line of the program tell nothing about it
    when it ran."""
    return tuple(section for section in rule.needs if not facts.seen(section) or _is_lacking(section, facts))


def _lacks_output(facts: Facts) -> bool:
    return not facts.logs.has_output and facts.execution.has_started is not False


def _hide_general(judged: list[Ranked], calibration: Calibration) -> list[Ranked]:
    scores = {found.rule.cause: found.score for found in judged if found.support}
    least = calibration.moderate * _HIDES_FROM

    def hide(found: Ranked) -> Ranked:
        hiding = [scores[cause] for cause in found.rule.yields_to if scores.get(cause, 0.0) >= least]
        is_hidden = bool(hiding) and max(hiding) >= _HIDES_FROM * found.score
        return replace(found, score=found.score - _HIDDEN) if is_hidden else found

    return [hide(found) for found in judged]


def _compete(judged: Iterable[Ranked], facts: Facts, calibration: Calibration) -> Ranking:
    supported, ruled_out, not_checked = [], [], []
    for found in judged:
        if found.support and found.score > -_RULED_OUT:
            supported.append(found)
        elif found.against:
            ruled_out.append(replace(found, verdict=Verdict.RULED_OUT))
        elif found.missing:
            not_checked.append(replace(found, verdict=Verdict.NOT_CHECKED))
    supported.sort(key=lambda found: (-found.score, found.rule.cause))
    masses = [math.exp(found.score / calibration.temperature) for found in supported]
    unknown = math.exp(calibration.unknown / calibration.temperature) + _reserve(facts, calibration)
    total = unknown + sum(masses)
    findings, rest = [], unknown / total
    for found, mass in zip(supported, masses, strict=True):
        probability = mass / total
        cap = 1.0 if _has_decisive(found) else CAP_WITHOUT_DECISIVE
        if probability > cap:
            rest += probability - cap
            probability = cap
        if probability < LEAST_SHOWN:
            rest += probability
            continue
        findings.append(replace(found, probability=probability, verdict=_verdict(found, probability, facts)))
    return Ranking(tuple(findings), tuple(ruled_out), tuple(not_checked), rest)


def _reserve(facts: Facts, calibration: Calibration) -> float:
    """The mass of "unknown" for sections that were not seen."""
    return sum(
        math.exp(value / calibration.temperature) for section, value in _RESERVE.items() if _is_lacking(section, facts)
    )


def _is_lacking(section: str, facts: Facts) -> bool:
    if section == "logs":
        return _lacks_output(facts)
    return not facts.seen(section)


def _has_decisive(found: Ranked) -> bool:
    return (
        any(piece.weight in (Weight.PLATFORM, Weight.DECISIVE) for piece in found.support)
        or sum(piece.weight is Weight.STRONG for piece in found.support) > 1
    )


def _verdict(found: Ranked, probability: float, facts: Facts) -> Verdict:
    """A cause is confirmed when something decisive says so, nothing speaks against it, and whatever could was looked
    at."""
    can_be_refuted = any(not facts.seen(section) for section in found.rule.refutable_by)
    if probability >= 0.85 and _has_decisive(found) and not found.against and not can_be_refuted:
        return Verdict.CONFIRMED
    return Verdict.LIKELY if probability >= 0.5 else Verdict.POSSIBLE


def best_checks(ranking: Ranking) -> Iterator[Ranked]:
    """The causes whose check comes next, in the order in which it helps: the first two findings, then what could not
    be judged."""
    yield from ranking.findings[:2]
    yield from ranking.not_checked
