"""Sorting on disk against sorting in memory."""

from __future__ import annotations

import subprocess
import sys

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


FULL_DISK = """
import resource
from opsctl.errors import OpsctlError
from opsctl.migration.external_sort import ExternalSorter

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with ExternalSorter(100) as sorter:
        for number in range(1000):
            sorter.add((f"key {number}", number, "owner"))
except OpsctlError as error:
    print(error.code, error.hint is not None, "cannot be written" in error.message)
"""


def test_no_room_for_its_files_is_told() -> None:
    """A limit on the size of files, in a process of its own, fails a write as a full disk does."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("no-space True True\n", "")
