"""All facts together: whatever stands in the evidence, deriving never fails and missing sections say nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.models import SECTIONS
from tests.diagnosis.facts.test_execution import AUDIT, JOB, V1
from tests.diagnosis.runs import START_NS, facts_of, failed_run, log_entry, to_evidence

SAMPLES: dict[str, Any] = {
    "execution": dict(failed_run(["x"], env={"A": "1"}, secrets={"B": "pw"}).section("execution").data or {}),
    "tasks": {"tasks": [{"index": 0, "retried": 1, "lastAttemptResult": {"status": {"code": 10, "message": "m"}}}]},
    "job": JOB,
    "logs": {"filter": "x", "truncated": True},
    "baseline": {"execution": V1},
    "service_account": {"email": "a", "projectRoles": ["r"], "access": [{"permission": "p", "verdict": "GRANTED"}]},
    "secrets": {
        "secrets": [{"name": "pw", "version": "latest", "state": "ENABLED", "createTime": "2025-12-01T00:00:00Z"}]
    },
    "cloudsql": {"instances": [{"connectionName": "p:r:i", "state": "RUNNABLE", "ipTypes": ["PRIMARY"]}]},
    "image": {"config": {"config": {"Env": ["A=1"]}}, "files": [{"path": "/a", "mode": "0644"}], "absent": ["/b"]},
    "value_facts": {"facts": [{"section": "execution", "pointer": "/x", "traits": ["empty"], "token": "t"}]},
    "commits": {"commits": [{"id": "1", "subject": "s", "files": ["a"]}]},
}
ENTRIES = [
    log_entry("Error: it broke", START_NS),
    AUDIT,
    log_entry("Container called exit(1).", START_NS + 9, log="varlog/system"),
]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(("9" * 5_000, "²", "-")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value in which some parts are replaced by any others."""
    if draw(st.integers(0, 11)) == 0:
        return draw(json_values)
    if isinstance(value, dict):
        return {key: draw(mutated(item)) for key, item in value.items()}
    if isinstance(value, list):
        return [draw(mutated(item)) for item in value]
    return value


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_in_any_section_is_read(name: str, data: st.DataObject) -> None:
    section = data.draw(mutated(SAMPLES[name]))
    sections = {**SAMPLES, name: section if isinstance(section, dict) else {"odd": section}}
    assert facts_of(to_evidence(sections, ENTRIES, ())).seen(name)


@pytest.mark.parametrize("number", range(len(ENTRIES)))
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_in_any_entry_is_read(number: int, data: st.DataObject) -> None:
    drawn = data.draw(mutated(ENTRIES[number]))
    entries = [drawn, *ENTRIES] if isinstance(drawn, dict) else ENTRIES
    assert facts_of(to_evidence(SAMPLES, entries, ())).logs.line_count <= len(entries)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_that_was_not_seen_is_not_known(name: str) -> None:
    for status in ("denied", "not_found", "no_data", "skipped", "error"):
        facts = facts_of(to_evidence({**SAMPLES, name: status}, () if name == "logs" else ENTRIES, ()))
        assert not facts.seen(name)
        assert facts.sections[name].value == status


def test_nothing_at_all() -> None:
    facts = facts_of(to_evidence({}, (), ()))
    assert facts.execution.outcome is Outcome.UNTOLD
    assert facts.execution.has_started is None
    assert (facts.attempts, facts.logs.messages, facts.baseline.changes, facts.identity.roles) == ((), (), None, None)
    assert facts.image.has("/app") is None
    assert facts.job.cloudsql_instances is None


def test_conditions_and_results_are_messages_too() -> None:
    facts = facts_of(failed_run(["hello"], exit_code=3))
    first, second = facts.logs.messages[:2]
    assert "exit code: 3" in first.text
    assert first.pointer[:2] == ("execution", "/conditions/0")
    assert second.pointer[:2] == ("tasks", "/tasks/0/lastAttemptResult/status/message")
    assert [message.position for message in facts.logs.messages] == list(range(len(facts.logs.messages)))


def test_facts_are_the_same_every_time() -> None:
    evidence = to_evidence(SAMPLES, ENTRIES, ())
    assert facts_of(evidence) == facts_of(evidence)


def test_a_log_that_was_cut_says_so() -> None:
    assert facts_of(to_evidence(SAMPLES, ENTRIES, ())).logs.is_cut
    assert not facts_of(failed_run(["a"])).logs.is_cut
