"""Changes of the evidence that must not change the answer, or only make it less sure.

Every second labelled execution of the corpus, and every practice incident, is diagnosed before and after each change.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import SECTIONS
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import Ranking, Verdict, rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.lab.incidents import INCIDENTS

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "cases"
# A probability may move by this much without meaning anything: rounding, and evidence that is weighed by its place.
SLACK = 0.02

Document = dict[str, Any]
Diagnose = Callable[[Document], Ranking]


@pytest.fixture
def diagnose(tmp_path: Path) -> Diagnose:
    rules = load_rules()

    def run(document: Document) -> Ranking:
        path = tmp_path / "evidence.json"
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return rank_causes(rules, derive_facts(mask_evidence(read_evidence(path)).evidence))

    return run


def documents() -> Iterator[tuple[str, Document]]:
    for path in sorted(CORPUS.glob("*.json"))[::2]:
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))
    for name, incident in INCIDENTS.items():
        yield name, incident.evidence()


def entries_of(document: Document) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["sections"].get("logs", {}).get("data", {}).get("entries", [])
    return found


def first_of(ranking: Ranking) -> tuple[str, float]:
    if not ranking.findings:
        return "unknown", ranking.unknown
    return ranking.findings[0].rule.cause, ranking.findings[0].probability


def shuffle_equal_times(document: Document) -> None:
    """Lines of the same second get the same time; their order in the file is no longer theirs."""
    entries = entries_of(document)
    random.Random(7).shuffle(entries)


def double_lines(document: Document) -> None:
    """As two overlapping queries would give them."""
    entries = entries_of(document)
    entries[:] = [copy for entry in entries for copy in (entry, deepcopy(entry))]


def double_lines_under_new_ids(document: Document) -> None:
    """As a program that logs everything to stdout and stderr."""
    entries = entries_of(document)
    entries[:] = [copy for entry in entries for copy in (entry, {**entry, "insertId": entry.get("insertId", "") + "b"})]


def change_zone(document: Document) -> None:
    """The same moments, written in Korea."""
    korea = timezone(timedelta(hours=9))
    for entry in entries_of(document):
        if "timestamp" in entry:
            moment = datetime.fromisoformat(entry["timestamp"])
            entry["timestamp"] = moment.astimezone(korea).isoformat()


def add_korean(document: Document) -> None:
    """Ordinary lines in Korean at the begin."""
    entries = entries_of(document)
    if entries:
        texts = ("마이그레이션을 시작합니다", "설정을 읽었습니다: 운영 환경", "데이터베이스 상태를 확인합니다")
        entries[:0] = [{**entries[0], "textPayload": text, "insertId": f"0-{n}"} for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    "change", [shuffle_equal_times, double_lines, double_lines_under_new_ids, change_zone, add_korean]
)
def test_the_answer_stays(change: Callable[[Document], None], diagnose: Diagnose) -> None:
    moved = []
    for name, document in documents():
        before = first_of(diagnose(document))
        changed = deepcopy(document)
        change(changed)
        after = first_of(diagnose(changed))
        if after[0] != before[0] and after[1] > before[1] - SLACK:
            moved.append((name, before, after))
    assert not moved


@pytest.mark.slow
def test_ten_thousand_other_errors_make_it_less_sure_at_most(diagnose: Diagnose) -> None:
    moved = []
    for name, document in list(documents())[::12]:
        entries = entries_of(document)
        if not entries:
            continue
        before = first_of(diagnose(document))
        changed = deepcopy(document)
        lines = entries_of(changed)
        noise = [
            {**lines[0], "severity": "ERROR", "insertId": f"n{n}", "textPayload": f"ERROR widget {n} is out of stock"}
            for n in range(10_000)
        ]
        middle = len(lines) // 2
        for entry in noise:
            entry["timestamp"] = lines[middle]["timestamp"]
        lines[middle:middle] = noise
        after = first_of(diagnose(changed))
        # It stays and is no surer, or it gives way to one that is less sure than it was.
        if after[1] > before[1] + (SLACK if after[0] == before[0] else -SLACK):
            moved.append((name, before, after))
    assert not moved


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "value_facts"])
def test_what_a_section_carried_goes_to_unknown(section: str, diagnose: Diagnose) -> None:
    """Without a section no other cause gains, and nothing becomes confirmed that was not."""
    gained: list[tuple[object, ...]] = []
    for name, document in documents():
        if section not in document["sections"]:
            continue
        before, changed = diagnose(document), deepcopy(document)
        changed["sections"][section] = {"status": "skipped", "reason": "dropped"}
        after = diagnose(changed)
        first, _ = first_of(before)
        stated = {found.rule.cause: found for found in before.findings}
        for found in after.findings:
            known = stated.get(found.rule.cause)
            is_new = found.rule.cause != first and found.probability > (known.probability if known else 0) + SLACK
            # What spoke against it before, or explained the same better.
            was_refuted = (
                any(found.rule.cause == other.rule.cause for other in before.ruled_out)
                or (known is not None and bool(known.against or known.is_hidden))
                or first in found.rule.yields_to
            )
            if is_new and not was_refuted:
                gained.append((name, found.rule.cause, known.probability if known else 0, found.probability))
            if found.verdict is Verdict.CONFIRMED and was_refuted:
                gained.append((name, found.rule.cause, "confirmed without its refutation", found.probability))
    assert not gained


def test_probabilities_and_unknown_add_up(diagnose: Diagnose) -> None:
    for name, document in documents():
        ranking = diagnose(document)
        total = sum(found.probability for found in ranking.findings) + ranking.unknown
        assert abs(total - 1) < 1e-9, name
        assert ranking.unknown >= 0
        assert list(ranking.findings) == sorted(ranking.findings, key=lambda found: -found.probability)
