"""Times in any zone and spelling, to the nanosecond, and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.diagnosis.timestamps import format_time, parse_seconds, parse_time, to_datetime

FIRST_NS = -62_135_596_800 * 10**9
LAST_NS = 253_402_300_800 * 10**9 - 1
T_NS = 1_768_183_800 * 10**9  # 2026-01-12T02:10:00Z


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("2026-01-12T02:10:00Z", T_NS),
        ("2026-01-12T02:10:00.5Z", T_NS + 500_000_000),
        ("2026-01-12T02:10:00.123456789Z", T_NS + 123_456_789),
        ("2026-01-12T02:10:00.1234567891234Z", T_NS + 123_456_789),
        ("2026-01-12t02:10:00z", T_NS),
        ("2026-01-12 02:10:00", T_NS),
        (" 2026-01-12T11:10:00+09:00 ", T_NS),
        ("2026-01-11 21:10:00 -0500", T_NS),
        ("2026-01-12T02:09:60Z", T_NS),  # a leap second
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01T00:00:00Z", FIRST_NS),
        ("9999-12-31T23:59:59.999999999Z", LAST_NS),
    ],
)
def test_times_are_read(text: str, time_ns: int) -> None:
    assert parse_time(text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        None,
        0,
        1768183800,
        {"seconds": 1},
        "",
        "now",
        "2026-01-12",
        "2026-01-12T02:10Z",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-12T24:00:00Z",
        "2026-01-12T02:60:00Z",
        "2026-01-12T02:10:61Z",
        "2026-01-12T02:10:00+24:00",
        "2026-01-12T02:10:00Z and more",
        "2026-01-12T02:10:00.Z",
        "2026-01-12T02:10:00\x00Z",
        "٢٠٢٦-٠١-١٢T٠٢:١٠:٠٠Z",
        # Behind the first and the last moment, in UTC.
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00Z",
    ],
)
def test_anything_else_is_no_time(text: object) -> None:
    assert parse_time(text) is None


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    assert parse_time(text) is None or parse_time(text) == parse_time(text.strip())
    assert parse_seconds(text) is None or isinstance(parse_seconds(text), float)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), st.integers(-23 * 60, 23 * 60))  # noqa: DTZ001
def test_every_zone_gives_the_same_moment(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    time_ns = parse_time(zoned.isoformat())
    assert to_datetime(time_ns) == zoned
    assert time_ns == parse_time(zoned.astimezone(UTC).isoformat().replace("+00:00", "Z"))


@given(st.integers(FIRST_NS, LAST_NS))
def test_a_written_time_is_read_again_to_the_nanosecond(time_ns: int) -> None:
    assert parse_time(format_time(time_ns)) == time_ns


@given(st.integers(0, 9))
def test_a_written_time_has_as_many_digits_as_it_needs(zeros: int) -> None:
    digits = re.fullmatch(r"2026-01-12T02:10:00(?:\.(\d+))?Z", format_time(T_NS + 10**zeros % 10**9))
    assert digits is not None
    assert len(digits[1] or "") == {0: 9, 1: 9, 2: 9, 3: 6, 4: 6, 5: 6, 6: 3, 7: 3, 8: 3, 9: 0}[zeros]


def test_a_moment_is_known_to_the_microsecond() -> None:
    assert to_datetime(T_NS + 123_456_789) == datetime(2026, 1, 12, 2, 10, 0, 123_456, tzinfo=UTC)
    assert to_datetime(None) is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("600s", 600.0), ("3.5s", 3.5), ("0s", 0.0), ("-1.5s", -1.5), ("0.000000001s", 1e-9)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", [None, 600, "600", "s", "10m", "nans", "infs", "1e5s", "1_0s", "٥s", "9" * 400 + "s"])
def test_anything_else_is_no_duration(text: object) -> None:
    assert parse_seconds(text) is None
