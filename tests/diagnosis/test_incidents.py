"""The practice incidents: what the diagnosis says of each, and how each added piece of evidence moves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import Ranking, Verdict, rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.lab.incidents import INCIDENTS, Incident

O4O = INCIDENTS["o4o-api-migrations-h5x5h"]


def diagnose(incident: Incident, variant: str, folder: Path) -> Ranking:
    path = folder / "evidence.json"
    path.write_text(json.dumps(incident.variant(variant)), encoding="utf-8")
    return rank_causes(load_rules(), derive_facts(mask_evidence(read_evidence(path)).evidence))


def probability(ranking: Ranking, cause: str) -> float:
    return next((found.probability for found in ranking.findings if found.rule.cause == cause), 0.0)


@pytest.mark.parametrize("incident", INCIDENTS.values(), ids=lambda incident: incident.name)
def test_with_all_evidence_the_cause_stands_first(incident: Incident, tmp_path: Path) -> None:
    first = diagnose(incident, "all", tmp_path).findings[0]
    assert first.rule.cause in (incident.cause, *incident.acceptable)


def test_no_evidence_is_no_cause(tmp_path: Path) -> None:
    ranking = diagnose(O4O, "nothing", tmp_path)
    assert not ranking.findings
    assert ranking.unknown == 1.0


def test_the_execution_failed_says_nothing(tmp_path: Path) -> None:
    assert diagnose(O4O, "conditions", tmp_path).unknown > 0.9


def test_each_piece_of_evidence_moves_the_ranking(tmp_path: Path) -> None:
    steps = ("nothing", "conditions", "logs", "image", "iam", "all")
    rankings = [diagnose(O4O, step, tmp_path) for step in steps]
    stated = [probability(ranking, "image-file-missing") for ranking in rankings]
    assert stated[0] == 0.0
    assert stated[2] > 0.5 > stated[1], "the log names the folder"
    assert stated[3] > stated[2], "the image confirms that it is not there"
    assert [ranking.unknown for ranking in rankings[1:4]] == sorted(
        (ranking.unknown for ranking in rankings[1:4]), reverse=True
    )
    # The other three guesses of that night.
    for cause in ("db-auth-failed", "module-format-mismatch", "iam-permission-denied"):
        assert probability(rankings[-1], cause) < 0.05
    assert rankings[-1].findings[0].verdict is Verdict.CONFIRMED


def test_without_the_log_the_image_carries_it(tmp_path: Path) -> None:
    incident = INCIDENTS["o4o-api-migrations-h5x5h-logs-denied"]
    before, after = (diagnose(incident, variant, tmp_path) for variant in ("iam", "image"))
    assert probability(before, "image-file-missing") == 0.0
    assert after.findings[0].rule.cause == "image-file-missing"
    assert after.findings[0].verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("o4o-api-migrations-k2p9d", "db-auth-failed"),
        ("o4o-api-migrations-q8w3n", "module-format-mismatch"),
        ("o4o-api-migrations-d4m7s", "iam-permission-denied"),
    ],
)
def test_the_other_guesses_are_told_apart_when_they_are_true(name: str, cause: str, tmp_path: Path) -> None:
    first = diagnose(INCIDENTS[name], "all", tmp_path).findings[0]
    assert first.rule.cause == cause
    assert first.verdict is Verdict.CONFIRMED
