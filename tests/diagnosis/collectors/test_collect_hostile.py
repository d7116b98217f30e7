"""Answers of any shape: what a service says wrong costs its own section, never the report."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.access import find_access_needs
from opsctl.diagnosis.collect import Known, collect
from opsctl.diagnosis.evidence_reading import parse_execution_name
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import Section, SectionStatus
from opsctl.diagnosis.prepare import mask_evidence
from tests.diagnosis.collectors.live import NOW, QUICK, incident
from tests.fakes.virtual_time import run_virtual

JUNK: tuple[Any, ...] = (None, True, 0, -1, 1e300, "", "x" * 3, "\ud800", [], {}, [None], [{}], {"a": []}, ["x"], [[1]])
DOCUMENT, WORLD = incident()
NAME = parse_execution_name(DOCUMENT["executionName"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


# The world itself is ours: what is in it comes from outside.
DEPTH = {
    "executions": 2,
    "tasks": 3,
    "jobs": 2,
    "entries": 2,
    "policy": 1,
    "accounts": 2,
    "versions": 2,
    "instances": 2,
}
PLACES = [(name, path) for name, least in DEPTH.items() for path in places(getattr(WORLD, name)) if len(path) >= least]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(JUNK)), min_size=1, max_size=4))
def test_no_answer_takes_the_others_with_it(changes: list[tuple[tuple[str, tuple[Any, ...]], Any]]) -> None:
    google = deepcopy(WORLD)
    for (name, path), junk in changes:
        place(getattr(google, name), path, junk)
    execution = google.executions[NAME.full]
    known = Known(NAME, Section(SectionStatus.OK, data=execution))
    evidence = run_virtual(lambda: collect(known, google.sources(), lambda: NOW, QUICK))
    assert {"tasks", "job", "logs", "secrets", "image"} <= set(evidence.sections)
    masked = mask_evidence(evidence).evidence
    find_access_needs(masked, derive_facts(masked))


def place(value: Any, path: tuple[Any, ...], junk: Any) -> None:
    """Puts junk there, unless an earlier one took the place away."""
    for key in path[:-1]:
        if not isinstance(value, dict | list) or (
            isinstance(value, list) and not (isinstance(key, int) and key < len(value))
        ):
            return
        value = value.get(key) if isinstance(value, dict) else value[key]
    if isinstance(value, dict) or (isinstance(value, list) and isinstance(path[-1], int) and path[-1] < len(value)):
        value[path[-1]] = deepcopy(junk)
