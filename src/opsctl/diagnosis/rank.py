"""From evidence to ranked causes with probabilities.

Evidence adds up in log-odds, each further piece for less: ten lines of one error are not ten proofs. Every cause
competes with the others and with "unknown". What a section that was not seen could have said goes to "unknown": leaving
evidence out never makes another cause more likely. Without decisive evidence no cause rises above a cap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from opsctl.diagnosis.calibration import DEFAULT, Calibration
from opsctl.diagnosis.facts.model import Facts, Outcome
from opsctl.diagnosis.gather import Case, Piece, gather_cases, lacks_output
from opsctl.diagnosis.rule import Rule, Weight

# A cause that something supports is named when it is likely enough, or among the first.
LEAST_SHOWN = 0.005
ALWAYS_SHOWN = 3
CONFIRMED_FROM = 0.85
LIKELY_FROM = 0.5
# What each further piece of evidence for the same cause counts.
_DAMPING = (1.0, 0.35, 0.2, 0.1, 0.05)
# A cause is hidden by a more specific one that has at least this share of its score, and this share of a moderate
# weight.
_HIDES_FROM = 0.6
_HIDES_AT = 0.9
_RULED_OUT = -3.0


class Verdict(StrEnum):
    """What may be said of a cause."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"
    RULED_OUT = "ruled-out"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cause with its probability, what speaks for it and what against, strongest first. `missing` are the sections it
    needs and that were not seen; `score` is in log-odds. `is_hidden`: a more specific cause explains the same."""

    rule: Rule
    verdict: Verdict
    probability: float
    support: tuple[Piece, ...] = ()
    against: tuple[Piece, ...] = ()
    missing: tuple[str, ...] = ()
    score: float = 0.0
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """`findings` best first; their probabilities and `unknown` add up to 1."""

    findings: tuple[Ranked, ...]
    ruled_out: tuple[Ranked, ...]
    not_checked: tuple[Ranked, ...]
    unknown: float


def rank_causes(rules: Sequence[Rule], facts: Facts, calibration: Calibration = DEFAULT) -> Ranking:
    """Judges every rule on the facts."""
    return rank_cases(gather_cases(rules, facts), facts, calibration)


def rank_cases(cases: Iterable[Case], facts: Facts, calibration: Calibration = DEFAULT) -> Ranking:
    """The second half of `rank_causes`: numbers for evidence that was gathered."""
    judged = _hide_general([_judge(case, calibration) for case in cases], calibration)
    supported = [found for found in judged if found.support and found.score > _RULED_OUT]
    rest = [found for found in judged if not (found.support and found.score > _RULED_OUT)]
    findings, unknown = _compete(supported, facts, calibration)
    return Ranking(
        findings,
        tuple(replace(found, verdict=Verdict.RULED_OUT) for found in rest if found.against),
        tuple(replace(found, verdict=Verdict.NOT_CHECKED) for found in rest if not found.against and found.missing),
        unknown,
    )


def _judge(case: Case, calibration: Calibration) -> Ranked:
    support = _by_strength(case.support, calibration)
    against = _by_strength(case.against, calibration)
    score = _add_up(support, calibration) - _add_up(against, calibration)
    return Ranked(case.rule, Verdict.POSSIBLE, 0.0, support, against, case.missing, score)


def _by_strength(pieces: Iterable[Piece], calibration: Calibration) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: (-_value(piece, calibration), piece.id)))


def _add_up(pieces: Sequence[Piece], calibration: Calibration) -> float:
    return sum(_value(piece, calibration) * share for piece, share in zip(pieces, _DAMPING, strict=False))


def _value(piece: Piece, calibration: Calibration) -> float:
    return calibration.weight(piece.weight) * piece.factor


def _hide_general(judged: list[Ranked], calibration: Calibration) -> list[Ranked]:
    """A specific cause hides the general one; but what nothing decisive supports hides nothing decisive."""
    scores = {found.rule.cause: found.score for found in judged if found.support}
    decisive = {found.rule.cause: found.score for found in judged if has_decisive(found)}
    least = calibration.moderate * _HIDES_AT

    def hide(found: Ranked) -> Ranked:
        able = decisive if has_decisive(found) else scores
        hiding = max((able.get(cause, 0.0) for cause in found.rule.yields_to), default=0.0)
        is_hidden = hiding >= least and hiding >= _HIDES_FROM * found.score
        return replace(found, score=found.score - calibration.hidden, is_hidden=True) if is_hidden else found

    return [hide(found) for found in judged]


def _compete(supported: list[Ranked], facts: Facts, calibration: Calibration) -> tuple[tuple[Ranked, ...], float]:
    """The causes with their probabilities, and what is left for "unknown".

    A cause competes with what its rivals could have, had the sections that concern them been seen: so a rival that
    loses evidence leaves nothing to it.
    """
    supported.sort(key=lambda found: (-found.score, found.rule.cause))
    masses = [math.exp(found.score / calibration.temperature) for found in supported]
    possible = [
        math.exp((found.score + _could_add(found.rule, facts, calibration)) / calibration.temperature)
        for found in supported
    ]
    unknown = math.exp(calibration.unknown / calibration.temperature) + _reserve(facts, calibration)
    findings = []
    for number, found in enumerate(supported):
        rivals = sum(possible) - possible[number]
        cap = 1.0 if has_decisive(found) else calibration.cap
        probability = min(masses[number] / (masses[number] + rivals + unknown), cap)
        if probability >= LEAST_SHOWN or number < ALWAYS_SHOWN:
            findings.append(replace(found, probability=probability, verdict=_verdict(found, probability, facts)))
    # A cap may put a cause behind one with a lower score.
    findings.sort(key=lambda found: (-found.probability, -found.score, found.rule.cause))
    return tuple(findings), 1.0 - sum(found.probability for found in findings)


def _could_add(rule: Rule, facts: Facts, calibration: Calibration) -> float:
    """The log-odds that sections which concern a rule, and were not seen, could add to what supports it."""
    concerned = {*rule.needs, *rule.refutable_by, *((rule.check.section,) if rule.check else ())} - _OUTER
    unseen = sum(not facts.seen(name) for name in concerned)
    # What changed since the last success concerns every cause, and says less.
    return calibration.further * (unseen + (0.0 if facts.seen("baseline") else 0.4))


def _reserve(facts: Facts, calibration: Calibration) -> float:
    """The mass of "unknown" for sections that were not seen: as much as they could have carried."""
    is_silent = lacks_output(facts)
    sections = [
        # A log that was seen and holds no word of the program tells more than one that was not seen.
        (calibration.reserve_silence if facts.seen("logs") else calibration.reserve_logs) if is_silent else None,
        # Errors of a run that may have ended well prove little.
        calibration.reserve_untold if facts.execution.outcome is Outcome.UNTOLD else None,
        *(calibration.reserve for name in _RESERVED if not facts.seen(name)),
    ]
    return sum(math.exp(value / calibration.temperature) for value in sections if value is not None)


# Without these the reserves apply.
_OUTER = {"logs", "execution"}
_RESERVED = ("image", "service_account", "secrets", "cloudsql")


def has_decisive(found: Ranked) -> bool:
    """Whether something that has one reading supports it, or two things that seldom have another."""
    strong = sum(piece.weight is Weight.STRONG for piece in found.support)
    return strong > 1 or any(piece.weight in (Weight.PLATFORM, Weight.DECISIVE) for piece in found.support)


def _verdict(found: Ranked, probability: float, facts: Facts) -> Verdict:
    """Confirmed: something decisive says so, nothing speaks against it, and whatever could was looked at."""
    is_whole = all(facts.seen(section) for section in found.rule.refutable_by)
    if probability >= CONFIRMED_FROM and has_decisive(found) and not found.against and is_whole:
        return Verdict.CONFIRMED
    return Verdict.LIKELY if probability >= LIKELY_FROM else Verdict.POSSIBLE
