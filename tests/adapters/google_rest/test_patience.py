"""How long is waited before another attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.adapters.google_rest.patience import delay_seconds

NOW = datetime(2026, 1, 12, 2, 0, tzinfo=UTC)


def test_delays_grow_up_to_a_bound_with_jitter() -> None:
    assert [delay_seconds(attempt, 0.0, {}, NOW) for attempt in (1, 2, 3, 4, 9)] == [0.125, 0.25, 0.5, 1.0, 4.0]
    assert delay_seconds(1, 0.5, {}, NOW) == 0.1875


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 12 Jan 2026 02:00:30 GMT", 30.0),
        ("Mon, 12 Jan 2026 11:00:30 +0900", 30.0),
        ("Mon, 12 Jan 2026 01:00:00 GMT", 0.125),
        ("-5", 0.125),
        ("soon", 0.125),
        ("٣", 0.125),
        ("", 0.125),
    ],
)
def test_what_the_service_asks_for_is_kept(text: str, seconds: float) -> None:
    assert delay_seconds(1, 0.0, {"retry-after": text}, NOW) == seconds


@given(st.text(), st.integers(1, 2000), st.floats(0, 1, exclude_max=True), st.timedeltas(timedelta(0), timedelta(9999)))
def test_a_delay_is_always_a_time(text: str, attempt: int, dice: float, age: timedelta) -> None:
    assert 0 < delay_seconds(attempt, dice, {"retry-after": text}, NOW + age) < float("inf")
