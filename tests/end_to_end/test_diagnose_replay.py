"""A saved file gives what the first diagnosis gave, and masking takes nothing away that a rule needs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsctl.cli.app import ROOT
from opsctl.diagnosis.evidence_file import read_evidence
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.prepare import VALUE_FACTS, mask_evidence
from opsctl.diagnosis.rank import rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.lab.incidents import INCIDENTS, write_incident
from tests.cli.processes import make_process, run_words
from tests.end_to_end.diagnose_canaries import plant_everywhere

CASES = sorted((Path(__file__).parents[1] / "corpus" / "cases").glob("*.json"))
# Ten of them, from all over the corpus.
REPLAYED = CASES[:: len(CASES) // 10][:10]


def report_of(path: Path, *words: str) -> dict[str, Any]:
    line = ["cloudrun", "diagnose", "--from-evidence", str(path), "-o", "json", "--exit-zero", *words]
    ended = run_words(line, make_process(path.parent), ROOT)
    assert ended.exit_code == 0, ended.stderr
    data: dict[str, Any] = json.loads(ended.stdout)["data"]
    return data


@pytest.mark.parametrize("name", INCIDENTS)
@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_the_saved_file_of_an_incident_gives_the_same_report(name: str, ending: str, tmp_path: Path) -> None:
    path, saved = tmp_path / "incident.json", tmp_path / f"saved{ending}"
    write_incident(INCIDENTS[name], path)
    assert report_of(path, "--save-evidence", str(saved)) == report_of(saved)


@pytest.mark.parametrize("case", REPLAYED, ids=lambda path: path.stem)
def test_the_saved_file_of_a_labelled_case_gives_the_same_report(case: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    assert report_of(case, "--save-evidence", str(saved)) == report_of(saved)


@pytest.mark.slow
def test_the_saved_file_gives_the_same_report_where_there_is_much_to_mask(tmp_path: Path) -> None:
    path, saved = tmp_path / "incident.json", tmp_path / "saved.json"
    path.write_text(json.dumps(plant_everywhere()[0]), encoding="utf-8")
    assert report_of(path, "--save-evidence", str(saved)) == report_of(saved)
    again = tmp_path / "again.json"
    report_of(saved, "--save-evidence", str(again))
    assert again.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_masking_does_not_change_the_finding_of_a_labelled_case(case: Path) -> None:
    check_masking_is_harmless(read_evidence(case))


@pytest.mark.parametrize("name", INCIDENTS)
def test_masking_does_not_change_the_finding_of_an_incident(name: str, tmp_path: Path) -> None:
    write_incident(INCIDENTS[name], tmp_path / "incident.json")
    check_masking_is_harmless(read_evidence(tmp_path / "incident.json"))


def check_masking_is_harmless(evidence: Evidence) -> None:
    masked = mask_evidence(evidence).evidence
    facts = {VALUE_FACTS: masked.sections[VALUE_FACTS]} if VALUE_FACTS in masked.sections else {}
    seen = replace(evidence, sections={**evidence.sections, **facts})
    first, unmasked = first_finding(masked), first_finding(seen)
    assert first[0] == unmasked[0]
    assert first[1] == pytest.approx(unmasked[1], abs=0.02)


def first_finding(evidence: Evidence) -> tuple[str, float]:
    ranking = rank_causes(load_rules(), derive_facts(evidence))
    if not ranking.findings:
        return "unknown", ranking.unknown
    return ranking.findings[0].rule.cause, ranking.findings[0].probability
