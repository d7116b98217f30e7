"""Pages out of an index say what a search through everything says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.log_filter import LogFilter, compile_filter
from opsctl.lab.google.logging_large import write_large_log
from opsctl.lab.google.logging_retention import retention_of
from opsctl.lab.google.logging_store import LogStore
from opsctl.lab.google.world import World
from tests.lab.google.logging_world import EXECUTION_LABEL, PROJECT, line, world

TIMES = st.sampled_from(["20", "20.000000001", "20.5", "21", "22.123456789"])
EXECUTIONS = st.sampled_from(["migrations-a", "migrations-b"])
ENTRIES = st.lists(st.tuples(TIMES, EXECUTIONS, st.sampled_from(["one", "two"])), max_size=20).map(
    lambda chosen: [
        line(f"{number:02d}", time, text, labels={EXECUTION_LABEL: execution})
        for number, (time, execution, text) in enumerate(chosen)
    ]
)
TERMS = st.lists(
    st.one_of(
        EXECUTIONS.map(lambda name: f'labels."{EXECUTION_LABEL}"="{name.upper()}"'),
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "="]), TIMES).map(
            lambda bound: f'timestamp{bound[0]}"2026-01-12T02:00:{bound[1]}Z"'
        ),
        st.sampled_from(["textPayload=one", "NOT textPayload=one", "(one OR two)"]),
    ),
    max_size=4,
).map("\n".join)


def read_all(made: World, chosen: LogFilter, size: int, newest_first: bool) -> list[str]:
    """The insert ids of all pages."""
    store = LogStore(made)
    scope = (PROJECT, retention_of(made.projects[PROJECT], made.now()))
    found: list[str] = []
    after = None
    while True:
        page, after = store.read([scope], chosen, after=after, newest_first=newest_first, limit=size)
        assert len(page) == size or after is None
        found += [json.loads(written)["insertId"] for written in page]
        if after is None:
            return found


@given(ENTRIES, TERMS, st.integers(1, 7), st.booleans())
@settings(deadline=None)
def test_pages_are_what_a_search_through_everything_finds(
    entries: list[dict[str, Any]], text: str, size: int, newest_first: bool
) -> None:
    chosen = compile_filter(text)
    expected = sorted(
        (entry for entry in entries if chosen.matches(entry)),
        key=lambda entry: (parse_time(entry["timestamp"]) or 0, entry["insertId"]),
        reverse=newest_first,
    )

    assert read_all(world(*entries), chosen, size, newest_first) == [entry["insertId"] for entry in expected]


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_page_of_a_large_log_looks_at_its_own_entries_only(newest_first: bool) -> None:
    made = world()
    for execution in ("migrations-a", "migrations-b"):
        made.entries += write_large_log(
            project=PROJECT,
            location="asia-northeast3",
            job="migrations",
            execution=execution,
            lines=3000,
            begin_ns=1_768_183_220_000_000_000,
        )
    looked_at = 0

    def count(_: object) -> bool:
        nonlocal looked_at
        looked_at += 1
        return True

    store = LogStore(made)
    scope = (PROJECT, retention_of(made.projects[PROJECT], made.now()))
    chosen = LogFilter(count, count, "migrations-b", 1_768_183_221_000_000_000, 1_768_183_225_000_000_000)
    page, after = store.read([scope], chosen, limit=100, newest_first=newest_first)
    again, _ = store.read([scope], chosen, after=after, limit=100, newest_first=newest_first)

    assert looked_at == 202
    assert len({*page, *again}) == 200
    assert all(b"migrations-b" in written for written in page)


def test_an_entry_without_an_insert_id_is_given_one() -> None:
    entry = line("", "20")
    del entry["insertId"]
    made = world(entry, line("b", "20"), {**entry, "textPayload": "another"})

    found = read_all(made, compile_filter(""), 10, newest_first=False)

    assert found[0] == "b"
    assert len(set(found)) == 3


def test_an_entry_without_a_time_is_a_mistake_of_the_world() -> None:
    with pytest.raises(ValueError, match="without a time: b"):
        LogStore(world({"insertId": "b", "logName": f"projects/{PROJECT}/logs/x"})).refresh()
