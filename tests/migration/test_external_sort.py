"""Sorting on disk against sorting in memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.migration.external_sort import ExternalSorter, Row

KEYS = st.text(alphabet="ab-/.0가\U0001f697\uff21", max_size=5)
ROWS = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 2**40), st.text(max_size=3)))


@given(rows=ROWS, chunk_rows=st.integers(1, 7))
@settings(deadline=None)
def test_as_sorted_does(rows: list[Row], chunk_rows: int) -> None:
    with ExternalSorter(chunk_rows) as sorter:
        for row in rows:
            sorter.add(row)
        found = list(sorter)
    assert [row[0] for row in found] == sorted((row[0] for row in rows), key=str.encode)
    assert sorted(found, key=repr) == sorted(rows, key=repr)


def test_more_than_one_batch_in_a_chunk() -> None:
    rows: list[Row] = [(f"{number * 7919 % 5000:05d}", number, "") for number in range(5000)]
    with ExternalSorter(1700) as sorter:
        for row in rows:
            sorter.add(row)
        assert list(sorter) == sorted(rows)
