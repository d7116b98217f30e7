"""Typed values as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.format import ValueFormat, show_bytes, show_duration
from opsctl.reporting.view import Bytes, Duration, Percent, Scalar

KST = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "english", "korean"),
    [
        (None, "-", "-"),
        (True, "yes", "예"),
        (False, "no", "아니요"),
        (0, "0", "0"),
        (1234567, "1,234,567", "1,234,567"),
        (-1234, "-1,234", "-1,234"),
        (1234.567, "1,234.57", "1,234.57"),
        (float("nan"), "-", "-"),
        ("현대", "현대", "현대"),
        (Bytes(0), "0 B", "0 B"),
        (Bytes(12_971_000), "12.4 MiB", "12.4 MiB"),
        (Duration(7980), "2 h 13 min", "2시간 13분"),
        (Duration(45), "45 s", "45초"),
        (Percent(0.2), "20.0 %", "20.0 %"),
        (datetime(2026, 1, 12, 3, 4, 5, tzinfo=UTC), "2026-01-12 12:04:05 +09:00", "2026-01-12 12:04:05 +09:00"),
    ],
)
def test_values_in_both_languages(value: Scalar, english: str, korean: str) -> None:
    assert ValueFormat("en", KST).show(value) == english
    assert ValueFormat("ko", KST).show(value) == korean


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (1024**5 * 5000, "5,000.0 PiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_bytes(size: int, expected: str) -> None:
    assert show_bytes(size) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.0004, "1 ms"),
        (0.25, "250 ms"),
        (0.9999, "999 ms"),
        (1, "1 s"),
        (59.6, "1 min"),
        (3599.9, "1 h"),
        (3600, "1 h"),
        (7199, "2 h"),
        (86399, "1 d"),
        (90000, "1 d 1 h"),
        (86400 * 1000, "1,000 d"),
        (-90, "-1 min 30 s"),
        (float("inf"), "-"),
    ],
)
def test_durations(seconds: float, expected: str) -> None:
    assert show_duration(seconds) == expected


@given(st.floats(min_value=1, max_value=10**9))
def test_a_duration_has_at_most_two_units_and_is_close(seconds: float) -> None:
    lengths = {"d": 86400, "h": 3600, "min": 60, "s": 1}
    words = show_duration(seconds).replace(",", "").split()
    assert len(words) in (2, 4)
    shown = sum(int(count) * lengths[unit] for count, unit in zip(words[::2], words[1::2], strict=True))
    assert abs(shown - seconds) <= max(0.5, 0.02 * seconds)
