"""One history out of those of several processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.history import join_buckets
from opsctl.migration.run_record import Bucket

WHEN = datetime(2025, 12, 23, 6, 0, tzinfo=UTC)


def bucket(at: float, seconds: float, images: int) -> Bucket:
    return Bucket(WHEN + timedelta(seconds=at), seconds, images, images // 2, images * 100)


def test_four_processes_are_four_times_as_quick_as_one() -> None:
    joined = join_buckets([bucket(10.0 * n, 10.0, 30) for n in range(12) for _ in range(4)])
    assert [(entry.seconds, entry.images) for entry in joined] == [(10.0, 120)] * 12
    assert [entry.at for entry in joined] == [WHEN + timedelta(seconds=10 * n) for n in range(12)]


def test_a_long_slice_is_spread_over_its_time() -> None:
    joined = join_buckets([bucket(5.0, 40.0, 40)])
    assert [(entry.seconds, entry.images) for entry in joined] == [
        (5.0, 5),
        (10.0, 10),
        (10.0, 10),
        (10.0, 10),
        (5.0, 5),
    ]


@given(st.lists(st.builds(bucket, st.floats(0, 500), st.floats(0, 60), st.integers(0, 1000)), max_size=40))
def test_nothing_is_lost_and_nothing_is_longer_than_its_slice(buckets: list[Bucket]) -> None:
    joined = join_buckets(buckets)
    assert sum(entry.images for entry in joined) == sum(entry.images for entry in buckets)
    assert sum(entry.size_bytes for entry in joined) == sum(entry.size_bytes for entry in buckets)
    assert all(0 < entry.seconds <= 10.001 and entry.images >= 0 for entry in joined)
    assert sorted(joined, key=lambda entry: entry.at) == list(joined)
