"""Entries in protobuf's JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.lab.google.logging_json import write_entry
from opsctl.lab.google.logging_large import write_large_log
from opsctl.lab.incidents import INCIDENTS

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
TIMES = st.builds(
    lambda seconds, digits: f"2026-01-12T02:00:{seconds:02d}{digits}Z",
    st.integers(0, 59),
    st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=9).map(lambda digits: f".{digits}")),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        TEXTS,
        st.integers(-(10**18), 10**18),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
PLAIN = st.fixed_dictionaries(
    {"timestamp": TIMES, "logName": TEXTS},
    optional={
        "receiveTimestamp": TIMES,
        "insertId": TEXTS,
        "labels": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "severity": st.sampled_from(["DEFAULT", "INFO", "ERROR"]),
        "resource": st.fixed_dictionaries({"type": TEXTS, "labels": st.dictionaries(TEXTS, TEXTS, max_size=2)}),
    },
)


def through_type(entry: dict[str, Any]) -> Any:
    return json_format.MessageToDict(json_format.ParseDict(entry, LogEntry.pb()()))


PAYLOADS = st.one_of(
    st.just({}),
    TEXTS.map(lambda text: {"textPayload": text}),
    st.dictionaries(TEXTS, VALUES, max_size=3).map(lambda payload: {"jsonPayload": payload}),
)


@given(PLAIN, PAYLOADS)
@settings(deadline=None)
def test_the_short_way_gives_what_the_type_gives(around: dict[str, Any], payload: dict[str, Any]) -> None:
    entry = {**around, **payload}

    assert json.loads(write_entry(entry)) == through_type(entry)


@pytest.mark.parametrize("name", INCIDENTS)
def test_every_entry_of_the_practice_incidents_is_one(name: str) -> None:
    for entry in INCIDENTS[name].evidence()["sections"]["logs"].get("data", {}).get("entries", []):
        known = {key: value for key, value in entry.items() if key != "errorGroups"}
        written = json.loads(write_entry(entry))

        assert {key: value for key, value in written.items() if key != "errorGroups"} == through_type(known)
        assert written.get("errorGroups") == entry.get("errorGroups")


def test_whole_numbers_have_no_decimal_point() -> None:
    entry = {
        "timestamp": "2026-01-12T02:00:00Z",
        "logName": "l",
        "jsonPayload": {"code": 42.0, "ratio": 0.5, "of": [1]},
    }
    traced = {**entry, "trace": "projects/p/traces/1"}

    assert b'"jsonPayload":{"code":42,"ratio":0.5,"of":[1]}' in write_entry(entry)
    assert json.loads(write_entry(traced))["jsonPayload"] == {"code": 42, "ratio": 0.5, "of": [1]}
    assert b"42.0" not in write_entry(traced)


def test_an_entry_that_is_none_is_refused() -> None:
    with pytest.raises(json_format.ParseError):
        write_entry({"timestamp": "2026-01-12T02:00:00Z", "message": "x"})


def test_a_large_log_is_always_the_same_and_made_of_entries() -> None:
    def make() -> list[dict[str, Any]]:
        return list(
            write_large_log(
                project="p",
                location="l",
                job="j",
                execution="j-1",
                lines=30,
                begin_ns=1_768_183_220_000_000_000,
                tasks=2,
            )
        )

    entries = make()

    assert entries == make()
    assert len({entry["insertId"] for entry in entries}) == 30
    assert {entry["labels"]["run.googleapis.com/task_index"] for entry in entries} == {"0", "1"}
    assert all(json.loads(write_entry(entry)) == through_type(entry) for entry in entries)
