"""Log entries from Google's JSON, the bounds of what is kept, and back."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.evidence_entries import (
    LINES_BEFORE_AN_END,
    LONGEST_PAYLOAD_BYTES,
    LONGEST_TEXT,
    MOST_BYTES,
    NEWEST_KEPT,
    OLDEST_KEPT,
    KeptEntries,
    SharedParts,
    from_entry,
    to_entry,
)
from opsctl.diagnosis.models import LogEntry
from tests.diagnosis.evidence_documents import LABELS, RESOURCE, log_entries, log_line


def entry_of(raw: object) -> LogEntry:
    return to_entry(0, raw, SharedParts())


def test_what_is_not_an_object_becomes_a_line() -> None:
    assert entry_of("a line").text == "a line"
    assert entry_of(5).text == "5"
    assert entry_of(None).text == "null"
    assert entry_of(["실행", 1]).text == '["실행", 1]'


@pytest.mark.parametrize(
    ("stated", "severity"),
    [
        (None, "DEFAULT"),
        ("", "DEFAULT"),
        ("ERROR", "ERROR"),
        ("A_NEW_ONE", "A_NEW_ONE"),
        (500, "ERROR"),
        (200, "INFO"),
        (7, "DEFAULT"),
        ({"a": 1}, "DEFAULT"),
        (1.5, "DEFAULT"),
    ],
)
def test_severities_are_names_or_protobuf_numbers(stated: object, severity: str) -> None:
    assert entry_of({"severity": stated, "textPayload": "x"}).severity == severity


def test_fields_of_another_type_count_as_not_there() -> None:
    raw = {"insertId": 5, "timestamp": 5, "logName": ["a"], "labels": 7, "resource": "r", "textPayload": {}, "split": 1}
    assert entry_of(raw) == LogEntry(0, None, "", "DEFAULT", {}, None, None, None, "")
    assert entry_of({"labels": {"a": "1", "b": 2, "c": {"d": "3"}, "e": ["4"]}}).labels == {"a": "1"}


def test_one_payload_counts() -> None:
    entry = entry_of({"textPayload": "x", "jsonPayload": {"a": 1}, "protoPayload": {"b": 2}})
    assert (entry.text, entry.json, entry.proto) == ("x", None, None)
    entry = entry_of({"jsonPayload": {"a": 1}, "protoPayload": {"b": 2}})
    assert (entry.text, entry.json, entry.proto) == (None, {"a": 1}, None)


def test_the_time_of_arrival_stands_in_for_one_that_cannot_be_read() -> None:
    entry = entry_of({"timestamp": "yesterday", "receiveTimestamp": "1970-01-01T09:00:01+09:00"})
    assert entry.time_ns == 1_000_000_000


def test_labels_and_resources_are_shared() -> None:
    shared = SharedParts()
    first, second = (to_entry(0, {"labels": dict(LABELS), "resource": dict(RESOURCE)}, shared) for _ in range(2))
    assert first.labels is second.labels
    assert first.resource is second.resource
    assert first.resource == RESOURCE
    other = to_entry(0, {"labels": {**LABELS, "a": "b"}, "resource": {"type": "cloud_run_job", "labels": {}}}, shared)
    assert other.labels == {**LABELS, "a": "b"}
    assert other.resource == {"type": "cloud_run_job"}


def test_a_resource_keeps_its_labels_when_the_tables_of_shared_parts_were_emptied() -> None:
    shared = SharedParts()
    for number in range(25_000):
        raw = {"resource": {"type": "t", "labels": {"n": str(number)}}}
        assert to_entry(0, raw, shared).resource == raw["resource"]


@given(st.text(max_size=20), st.integers(0, 300_000))
def test_a_long_line_keeps_its_begin_and_its_end(text: str, length: int) -> None:
    line = f"BEGIN{text}{'x' * length}{text}END"
    entry = entry_of({"textPayload": line})
    assert entry.text is not None
    assert len(entry.text) <= LONGEST_TEXT
    assert entry.text.startswith("BEGIN")
    assert entry.text.endswith("END")
    assert entry.text == line or len(line) > LONGEST_TEXT
    assert entry_of({"textPayload": entry.text}).text == entry.text


@pytest.mark.parametrize("field", ["jsonPayload", "protoPayload"])
def test_a_large_payload_keeps_its_begin(field: str) -> None:
    payload = {
        "message": "it failed",
        "error": {"code": "42P01", "stack": "at x\n" * 60_000, "rows": [{"n": n} for n in range(100_000)]},
        "after": "x",
    }
    entry = entry_of({field: payload})
    kept: Any = entry.json or entry.proto
    assert (kept["message"], kept["error"]["code"]) == ("it failed", "42P01")
    assert LONGEST_TEXT - 10 < len(kept["error"]["stack"]) <= LONGEST_TEXT
    assert 1000 < len(kept["error"]["rows"]) < 100_000
    assert "after" not in kept
    assert len(str(kept)) < 2 * LONGEST_PAYLOAD_BYTES
    # What was bounded once stays as it is.
    assert entry_of(from_entry(entry)) == entry


@given(log_entries)
def test_an_entry_that_is_written_is_read_again_as_it_was(raw: object) -> None:
    entry = entry_of(raw)
    assert entry_of(from_entry(entry)) == entry


def test_an_entry_is_written_as_google_writes_it() -> None:
    raw = {**log_line(7), "severity": "ERROR", "split": {"uid": "u", "index": 1, "totalSplits": 3}}
    assert from_entry(entry_of(raw)) == raw
    assert from_entry(entry_of({})) == {}


def kept_of(raws: list[dict[str, Any]]) -> KeptEntries:
    kept = KeptEntries()
    for raw in raws:
        kept.add(raw, 500)
    return kept


def test_of_very_many_entries_the_middle_goes_and_what_the_platform_said_in_it_stays() -> None:
    first_end, second_end = OLDEST_KEPT + 500, OLDEST_KEPT + 900
    kept = KeptEntries()
    total = OLDEST_KEPT + 1000 + NEWEST_KEPT
    line = log_line(1, "x")
    system = log_line(2, "Container called exit(1).", log="varlog/system")
    for number in range(total):
        kept.add(system if number in (first_end, second_end) else line, 500)
    entries = kept.all()
    numbers = [entry.number for entry in entries]
    assert numbers == sorted(numbers)
    assert len(entries) + kept.dropped == total
    assert numbers[:OLDEST_KEPT] == list(range(OLDEST_KEPT))
    assert numbers[-NEWEST_KEPT:] == list(range(total - NEWEST_KEPT, total))
    middle = numbers[OLDEST_KEPT:-NEWEST_KEPT]
    assert middle == [
        *range(first_end - LINES_BEFORE_AN_END + 1, first_end + 1),
        *range(second_end - LINES_BEFORE_AN_END + 1, second_end + 1),
    ]


def test_errors_of_the_middle_stay() -> None:
    kept = KeptEntries()
    line, error = log_line(1, "x"), {**log_line(2, "it failed"), "severity": "ERROR"}
    system = log_line(3, "Container called exit(1).", log="varlog/system")
    special = {OLDEST_KEPT + 10: error, OLDEST_KEPT + 20: error, OLDEST_KEPT + 30: system}
    for number in range(OLDEST_KEPT + 50 + NEWEST_KEPT):
        kept.add(special.get(number, line), 500)
    middle = [entry.number for entry in kept.all()][OLDEST_KEPT:-NEWEST_KEPT]
    assert middle == list(range(OLDEST_KEPT, OLDEST_KEPT + 31))


def test_long_lines_are_bounded_by_their_size() -> None:
    kept = kept_of([log_line(number, f"{number:06d}" + "x" * 50_000) for number in range(6000)])
    entries = kept.all()
    size = sum(sys.getsizeof(entry.text) for entry in entries)
    assert MOST_BYTES < size <= 2 * MOST_BYTES
    assert kept.dropped == 6000 - len(entries)
    assert (entries[0].number, entries[-1].number) == (0, 5999)


def test_wide_characters_and_payloads_weigh_what_they_take() -> None:
    wide = kept_of([log_line(number, "\U0001f4a5" * 15_000) for number in range(5000)])
    assert sum(sys.getsizeof(entry.text) for entry in wide.all()) <= 2 * MOST_BYTES
    payload = {"rows": [{"text": f"{n} " * 100} for n in range(600)]}
    payloads = kept_of([{"jsonPayload": payload}] * 1200)
    assert 0 < payloads.dropped < 1200


def test_labels_that_differ_from_line_to_line_weigh() -> None:
    kept = KeptEntries()
    for number in range(1000):
        kept.add({"labels": {"trace": f"{number}" * 10}, "textPayload": "x"}, 1_000_000)
    assert MOST_BYTES // 1_000_000 < len(kept.all()) <= 2 * MOST_BYTES // 1_000_000
