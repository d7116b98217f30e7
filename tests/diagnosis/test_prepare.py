"""Evidence made ready: value facts kept and added, secrets gone, twice the same as once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opsctl.diagnosis.models import Evidence, Section, SectionStatus
from opsctl.diagnosis.prepare import mask_evidence
from tests.diagnosis.runs import failed_run

PASSWORD = "Hunter2-and-more-of-it"


def facts_of(evidence: Evidence) -> list[dict[str, Any]]:
    data = evidence.section("value_facts").data
    return list(data["facts"]) if data else []


def test_a_value_is_looked_at_before_it_is_masked() -> None:
    prepared = mask_evidence(failed_run(["boom"], env={"DB_PASSWORD": f"{PASSWORD}\n"})).evidence
    fact = next(fact for fact in facts_of(prepared) if fact["pointer"].endswith("/env/0/value"))
    assert "trailing-newline" in fact["traits"]
    assert fact["length"] == len(PASSWORD) + 1
    assert PASSWORD not in str(prepared)


def test_facts_of_the_file_are_kept() -> None:
    known = {
        "section": "execution",
        "pointer": "/template/containers/0/env/0/value",
        "traits": ["trailing-newline"],
        "length": 9,
        "token": "s1",
    }
    evidence = failed_run(
        ["boom"],
        env={"DB_PASSWORD": None, "API_TOKEN": PASSWORD},
        sections={"value_facts": {"facts": [known]}},
    )
    prepared = mask_evidence(evidence).evidence
    assert known in facts_of(prepared)
    assert "s1" not in [fact["token"] for fact in facts_of(prepared) if fact != known], "s1 is another secret"


def test_a_second_time_changes_nothing() -> None:
    once = mask_evidence(failed_run([f"login with {PASSWORD} failed"], env={"DB_PASSWORD": PASSWORD}))
    twice = mask_evidence(once.evidence)
    assert twice.evidence == once.evidence
    assert twice.masked_by_kind == once.masked_by_kind
    assert sum(once.masked_by_kind.values()) == 2


@pytest.mark.parametrize("facts", [None, 7, "x", [1, None], {"a": 1}])
def test_value_facts_of_another_shape_are_left_out(facts: object) -> None:
    evidence = failed_run(["boom"])
    section = Section(SectionStatus.OK, data={"facts": facts})
    broken = replace(evidence, sections={**evidence.sections, "value_facts": section})
    assert all(isinstance(fact, dict) for fact in facts_of(mask_evidence(broken).evidence))


def test_what_google_fills_in_is_masked_too() -> None:
    evidence = failed_run(["boom"], env={"DB_PASSWORD": PASSWORD})
    entries = tuple(
        entry._replace(insert_id=PASSWORD, log_name=f"logs/{PASSWORD}", resource={"labels": {"x": PASSWORD}})
        for entry in evidence.entries
    )
    assert PASSWORD not in str(mask_evidence(replace(evidence, entries=entries)).evidence.entries)
