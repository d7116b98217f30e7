"""The text of log entries for people."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.entry_text import LONGEST_TEXT, text_of
from opsctl.diagnosis.evidence_entries import SharedParts, to_entry
from opsctl.diagnosis.facts.entries import origin_of
from tests.diagnosis.log_entries import end_record, entry


def read(raw: dict[str, Any]) -> str:
    found = to_entry(0, raw, SharedParts())
    return text_of(found, origin_of(found.log_name))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("plain \u2018quoted\u2019 text", "plain \u2018quoted\u2019 text"),
        ("\x1b[31mred\x1b[0m\r\nnext\r\n", "red\nnext"),
        ({"message": "started", "severity": "INFO", "time": "2026-01-12"}, "started"),
        ({"msg": "got", "level": 30, "userId": 5, "path": "/a b"}, 'got userId=5 path="/a b"'),
        (
            {"message": "failed", "err": {"code": "E1", "stack": "Error: x\n    at f"}},
            "failed err.code=E1\nError: x\n    at f",
        ),
        ({"message": "two\nlines", "n": 0}, "two n=0\nlines"),
        ({"only": {"deep": [1, None]}, "empty": ""}, "only.deep=[1, null]"),
        ({}, ""),
    ],
)
def test_an_entry_is_told_as_a_person_would_read_it(payload: Any, expected: str) -> None:
    assert read(entry(1, 0, payload)) == expected


def test_an_audit_record_is_told_as_its_verdict() -> None:
    record = end_record(1, 0, "Execution E has failed to complete, 0/1 tasks were a success.")
    assert read(record) == "Execution E has failed to complete, 0/1 tasks were a success."
    proto = {
        "methodName": "/Jobs.RunJob",
        "authenticationInfo": {"principalEmail": "a@b.c"},
        "response": {"status": {"conditions": [{"type": "Completed", "message": "completed successfully in 3s."}]}},
    }
    assert read(record | {"protoPayload": proto}) == "completed successfully in 3s."
    assert read(record | {"protoPayload": proto | {"response": {}}}) == "/Jobs.RunJob a@b.c"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    )
)
def test_any_payload_gives_a_bounded_text_without_escape_sequences(value: Any) -> None:
    text = read(entry(1, 0, {"message": "m", "x": value}))
    assert text.startswith("m")
    assert len(text) <= LONGEST_TEXT
    assert "\r" not in text
