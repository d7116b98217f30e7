"""Order, doubles and owners of log entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.facts.entries import order_entries, select_own
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.models import Evidence, LogEntry
from tests.diagnosis.runs import START_NS, facts_of, failed_run, log_entry, to_evidence


def entries_of(*raw: dict[str, Any]) -> tuple[LogEntry, ...]:
    return to_evidence({"logs": {}}, raw, ()).entries


def texts(*raw: dict[str, Any]) -> list[str | None]:
    return [entry.text for entry in order_entries(entries_of(*raw))]


def at(text: str, ns: int | None, insert_id: str = "") -> dict[str, Any]:
    entry = log_entry(text, START_NS + (ns or 0))
    kept = {key: value for key, value in entry.items() if key != "insertId" and (ns is not None or key != "timestamp")}
    return {**kept, **({"insertId": insert_id} if insert_id else {})}


def test_by_time_and_then_by_id() -> None:
    assert texts(at("c", 2, "a"), at("b", 1, "z"), at("a", 1, "y")) == ["a", "b", "c"]


def test_a_line_without_a_time_stays_behind_the_one_before_it() -> None:
    assert texts(at("b", 5, "m"), at("b, more", None), at("a", 1, "z")) == ["a", "b", "b, more"]
    assert texts(at("first", None), at("second", 5)) == ["first", "second"]
    assert texts(at("b", None), at("a", None)) == ["b", "a"]


def test_equal_times_without_ids_keep_the_order_of_the_file() -> None:
    assert texts(at("b", 1), at("a", 1), at("c", 1)) == ["b", "a", "c"]


def test_doubles_are_dropped_and_repetitions_are_not() -> None:
    assert texts(at("a", 1, "i"), at("a", 1, "i")) == ["a"]
    assert texts(at("a", 1), at("a", 1)) == ["a"]
    assert texts(at("a", 1, "i"), at("a", 1, "j")) == ["a", "a"]
    assert texts(at("a", 1), at("a", 2)) == ["a", "a"]
    # The same id in another text is no double: parts of one entry.
    assert texts(at("a", 1, "i"), at("b", 1, "i")) == ["a", "b"]
    assert texts(at("a", None), at("a", None)) == ["a", "a"]


def test_project_numbers_do_not_matter() -> None:
    evidence = failed_run(["a"])
    full = {**at("own", 1), "labels": {"run.googleapis.com/execution_name": f"projects/1/x/{evidence.name.execution}"}}
    own = select_own(replace(evidence, entries=entries_of(full)))
    assert (len(own.entries), own.foreign_count) == (1, 0)


def test_without_a_name_nothing_is_foreign() -> None:
    evidence = failed_run(["a"])
    own = select_own(replace(evidence, name=replace(evidence.name, execution="")))
    assert own.foreign_count == 0
    assert own.entries == evidence.entries


LINES: list[str | dict[str, Any]] = [
    "Starting",
    "Error: connect ECONNREFUSED 10.0.0.3:5432",
    "    at TCPConnectWrap.afterConnect (node:net:1595:16) {",
    "  code: 'ECONNREFUSED'",
    "}",
    {"severity": "ERROR", "message": "it broke"},
]


def essence(facts: Facts) -> object:
    """What facts say, without the numbers of the entries."""
    messages = [(m.text, m.time_ns, m.origin, m.level, m.task, m.attempt, m.relevance) for m in facts.logs.messages]
    attempts = [(a.task, a.number, a.end, a.exit_code, a.first_output_ns, a.last_output_ns) for a in facts.attempts]
    codes = [(code.system, code.code, code.message.text) for code in facts.logs.codes]
    return messages, attempts, codes, facts.execution.outcome, facts.execution.has_started


def renumber(evidence: Evidence, order: list[int]) -> Evidence:
    entries = tuple(evidence.entries[old]._replace(number=new) for new, old in enumerate(order))
    return replace(evidence, entries=entries)


RUN = failed_run(attempts=[LINES, LINES[:2]])
NUMBERS = list(range(len(RUN.entries)))


@given(st.permutations(NUMBERS))
@settings(max_examples=60)
def test_the_order_of_the_file_does_not_matter(order: list[int]) -> None:
    assert essence(facts_of(renumber(RUN, order))) == essence(facts_of(RUN))


@given(st.permutations(NUMBERS))
@settings(max_examples=60)
def test_the_order_of_equal_times_does_not_matter(order: list[int]) -> None:
    """All lines at one time: their ids tell the order."""
    same = replace(RUN, entries=tuple(e._replace(time_ns=START_NS, insert_id=f"{e.number:04d}") for e in RUN.entries))
    assert essence(facts_of(renumber(same, order))) == essence(facts_of(same))


@given(st.lists(st.sampled_from(NUMBERS), max_size=20))
@settings(max_examples=60)
def test_doubled_lines_do_not_matter(doubled: list[int]) -> None:
    order = sorted([*NUMBERS, *doubled])
    assert essence(facts_of(renumber(RUN, order))) == essence(facts_of(RUN))


@given(st.integers(-14 * 60, 14 * 60))
@settings(max_examples=40)
def test_zones_do_not_matter(minutes: int) -> None:
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    raw = [log_entry(line, START_NS + n) for n, line in enumerate(LINES)]
    # 2026-01-01T00:00:00Z, said in another zone.
    local = minutes % 1440
    day = "2025-12-31" if minutes < 0 else "2026-01-01"
    for entry in raw:
        fraction = entry["timestamp"].partition(".")[2].rstrip("Z")
        entry["timestamp"] = f"{day}T{local // 60:02d}:{local % 60:02d}:00.{fraction}{zone}"
    plain = [log_entry(line, START_NS + n) for n, line in enumerate(LINES)]
    there, here = (facts_of(to_evidence({"logs": {}}, entries, ())) for entries in (raw, plain))
    assert essence(there) == essence(here)
