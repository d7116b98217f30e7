"""Scores of the diagnosis on labelled executions; `make score` prints them.

    python -m benchmarks.diagnosis_scores [FOLDER ...] [--cases] [--folds N] [--fit]

A folder holds `labels.jsonl` and `cases/<id>.json`. Top-1 is right when the first finding is the label or one of its
`acceptable` ones, strict top-1 when it is the label itself. Brier score: mean of (probability of the first finding -
r)^2, r = 1 when that finding is right. With `--folds` the weights are fitted on the other folds and scored on the one
left out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from opsctl.diagnosis.calibration import DEFAULT, Calibration
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.gather import Case, gather_cases
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import Ranking, rank_cases
from opsctl.diagnosis.rules import load_rules

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "corpus"
OWN = (ROOT / "tests" / "own_corpus" / "first", ROOT / "tests" / "own_corpus" / "second")
OVERSTATED_FROM = 0.8


@dataclass(frozen=True, slots=True)
class Label:
    """The answer for one execution."""

    id: str
    cause: str
    acceptable: tuple[str, ...]
    difficulty: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """One execution with its answer, ready to be ranked with any weights."""

    label: Label
    facts: Facts
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the diagnosis said first, how sure it was, and whether that is right."""

    label: Label
    causes: tuple[str, ...]
    probability: float
    unknown: float

    @property
    def first(self) -> str:
        """The first cause; `unknown` when there is none."""
        return self.causes[0] if self.causes else "unknown"

    @property
    def is_right(self) -> bool:
        """Top-1."""
        return self.first == self.label.cause or self.first in self.label.acceptable


@dataclass(frozen=True, slots=True)
class Score:
    """Figures over a set of executions. `overstated` are the ids of wrong answers that were given 0.8 or more."""

    count: int
    strict: int
    top1: int
    top3: int
    brier: float
    overstated: tuple[str, ...]

    def line(self) -> str:
        """One line for people."""
        return (
            f"strict top-1 {self.strict}/{self.count} = {self.strict / self.count:.1%}, "
            f"top-1 {self.top1}/{self.count} = {self.top1 / self.count:.1%}, "
            f"top-3 {self.top3}/{self.count} = {self.top3 / self.count:.1%}, "
            f"Brier {self.brier:.4f}, wrong at 0.8 or more: {len(self.overstated)}"
        )


@cache
def load_labelled(folder: Path) -> tuple[Labelled, ...]:
    """Every labelled execution of a folder."""
    return tuple(_load(folder, label) for label in read_labels(folder))


def read_labels(folder: Path) -> Iterator[Label]:
    """The answers of a folder."""
    for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        if line.strip():
            raw = json.loads(line)
            yield Label(raw["id"], raw["cause"], tuple(raw["acceptable"]), raw["difficulty"])


def answer(labelled: Labelled, calibration: Calibration = DEFAULT) -> Answer:
    """What the diagnosis says of one execution."""
    return to_answer(labelled.label, rank_cases(labelled.cases, labelled.facts, calibration))


def to_answer(label: Label, ranking: Ranking) -> Answer:
    """A ranking as an answer."""
    causes = tuple(found.rule.cause for found in ranking.findings)
    probability = ranking.findings[0].probability if ranking.findings else 0.0
    return Answer(label, causes, probability, ranking.unknown)


def score(answers: Sequence[Answer]) -> Score:
    """The figures over answers."""
    return Score(
        len(answers),
        sum(found.first == found.label.cause for found in answers),
        sum(found.is_right for found in answers),
        sum(found.label.cause in found.causes[:3] for found in answers),
        sum((found.probability - found.is_right) ** 2 for found in answers) / len(answers),
        tuple(f.label.id for f in answers if not f.is_right and f.probability >= OVERSTATED_FROM),
    )


def cross_validate(labelled: Sequence[Labelled], folds: int) -> Score:
    """Weights fitted without the executions that they are scored on. Folds are dealt by cause, so that each holds a
    part of every cause."""
    ordered = sorted(labelled, key=lambda item: (item.label.cause, item.label.id))
    answers: list[Answer] = []
    for fold in range(folds):
        held_out = ordered[fold::folds]
        rest = [item for number, item in enumerate(ordered) if number % folds != fold]
        fitted = fit(rest)
        answers += [answer(item, fitted) for item in held_out]
    return score(answers)


# The order of weights is meaning, not a matter of fitting: only these steps are tried.
_STEPS = {
    "decisive": (6.0, 7.0, 8.0, 9.0),
    "strong": (4.5, 5.5, 6.5),
    "moderate": (2.0, 3.0, 4.0),
    "weak": (0.6, 1.2, 1.8),
    "unknown": (1.0, 1.5, 2.0, 2.5, 3.0),
    "hidden": (3.0, 5.0, 7.0),
    "temperature": (0.8, 1.0, 1.25, 1.6),
    "cap": (0.5, 0.6, 0.7),
}


def fit(labelled: Sequence[Labelled], start: Calibration = DEFAULT) -> Calibration:
    """Weights with the least loss, one after the other until none improves."""
    best, least = start, loss(labelled, start)
    for _ in range(3):
        before = best
        for name, values in _STEPS.items():
            for value in values:
                tried = replace(best, **{name: value})
                found = loss(labelled, tried)
                if found < least - 1e-6:
                    best, least = tried, found
        if best == before:
            break
    return best


def loss(labelled: Iterable[Labelled], calibration: Calibration) -> float:
    """Brier score, and a price for each wrong first finding."""
    answers = [answer(item, calibration) for item in labelled]
    found = score(answers)
    return found.brier + 0.25 * (1 - found.top1 / found.count) + 0.05 * (1 - found.strict / found.count)


def reliability(answers: Sequence[Answer]) -> Iterator[tuple[str, int, float, float]]:
    """By range of the stated probability: range, count, mean stated, share that was right."""
    edges = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)
    for low, high in pairwise(edges):
        inside = [found for found in answers if low <= found.probability < high]
        if inside:
            stated = sum(found.probability for found in inside) / len(inside)
            right = sum(found.is_right for found in inside) / len(inside)
            yield f"{low:.2f} to {min(high, 1.0):.2f}", len(inside), stated, right


def main() -> None:
    """Prints the scores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path, default=[CORPUS, *OWN])
    parser.add_argument("--cases", action="store_true", help="list every answer that is not the label itself")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--fit", action="store_true", help="print weights fitted on all folders together")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        labelled = load_labelled(folder)
        answers = [answer(item) for item in labelled]
        name = folder.resolve()
        print(f"\n{name.relative_to(ROOT) if name.is_relative_to(ROOT) else name}")
        print(f"  all cases        {score(answers).line()}")
        hard = [found for found in answers if found.label.difficulty == "hard"]
        if hard:
            print(f"  hard cases       {score(hard).line()}")
        print(f"  {arguments.folds}-fold weights   {cross_validate(labelled, arguments.folds).line()}")
        for span, count, stated, right in reliability(answers):
            print(f"    stated {span}: {count:3} cases, mean {stated:.2f}, right {right:.2f}")
        if arguments.cases:
            _print_cases(answers)
    if arguments.fit:
        everything = [item for folder in arguments.folders for item in load_labelled(folder)]
        random.Random(1).shuffle(everything)
        fitted = fit(everything)
        print("\nfitted:", {field.name: getattr(fitted, field.name) for field in fields(fitted)})


def _print_cases(answers: Iterable[Answer]) -> None:
    for found in answers:
        if found.first != found.label.cause:
            mark = "accepted" if found.is_right else "WRONG"
            print(f"    {found.label.id} {mark}: {found.first} {found.probability:.2f}, label {found.label.cause}")


def _load(folder: Path, label: Label) -> Labelled:
    evidence = mask_evidence(read_evidence(folder / "cases" / f"{label.id}.json")).evidence
    facts = derive_facts(evidence)
    return Labelled(label, facts, gather_cases(load_rules(), facts))


if __name__ == "__main__":
    main()
