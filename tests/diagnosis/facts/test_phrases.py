"""The literals of a phrase are in each of its matches: looking for them first loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts import relevance
from opsctl.diagnosis.facts.phrases import Phrase
from opsctl.diagnosis.rules import load_rules

TESTS = Path(__file__).resolve().parents[2]
PHRASES = {name: value for name, value in vars(relevance).items() if isinstance(value, Phrase)}


def lines() -> Iterator[str]:
    for folder in ("corpus", "own_corpus/first", "own_corpus/second"):
        for path in sorted((TESTS / folder / "cases").glob("*.json")):
            for entry in read_evidence(path).entries:
                yield entry.text if entry.text is not None else json.dumps(entry.json or entry.proto)
    for rule in load_rules():
        yield from (sign.example for sign in rule.signs)


@pytest.fixture(scope="module")
def every_line() -> list[str]:
    return list(lines())


@pytest.mark.parametrize("name", PHRASES)
def test_literals_lose_nothing(name: str, every_line: list[str]) -> None:
    phrase = PHRASES[name]
    pattern = re.compile(phrase.pattern, re.IGNORECASE)
    assert [line for line in every_line if phrase.stands_in(line) != (pattern.search(line) is not None)] == []
    assert any(phrase.stands_in(line) for line in every_line), "the phrase is seen in some line"


def test_literals_are_lower_case() -> None:
    assert all(literal == literal.lower() for phrase in PHRASES.values() for literal in phrase.literals)
    assert PHRASES
