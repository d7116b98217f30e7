"""The beginning of a time."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.migrate.since import parse_since
from opsctl.errors import UsageError

SEOUL = timezone(timedelta(hours=9))
NOW = datetime(2025, 12, 23, 5, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", datetime(2025, 12, 23, 5, 40, 30, tzinfo=UTC)),
        ("10m", datetime(2025, 12, 23, 5, 32, tzinfo=UTC)),
        (" 1d2h30m ", datetime(2025, 12, 22, 3, 12, tzinfo=UTC)),
        ("14:30", datetime(2025, 12, 23, 5, 30, tzinfo=UTC)),
        ("9:05", datetime(2025, 12, 23, 0, 5, tzinfo=UTC)),
        ("23:00:01", datetime(2025, 12, 22, 14, 0, 1, tzinfo=UTC)),
        ("2025-12-23T14:00:00+09:00", datetime(2025, 12, 23, 5, tzinfo=UTC)),
        ("2025-12-23T05:00:00Z", datetime(2025, 12, 23, 5, tzinfo=UTC)),
        ("2025-12-23 14:00", datetime(2025, 12, 23, 5, tzinfo=UTC)),
        ("2025-12-23", datetime(2025, 12, 22, 15, tzinfo=UTC)),
    ],
)
def test_an_age_a_clock_time_and_a_time(text: str, expected: datetime) -> None:
    assert parse_since(text, NOW, SEOUL) == expected


@pytest.mark.parametrize("text", ["", "soon", "10", "10x", "-5m", "25:00", "9", "2025-13-01", "999999999d", "١٠m"])
def test_anything_else_is_a_wrong_call(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_since(text, NOW, SEOUL)


@given(st.text(max_size=12) | st.from_regex(r"[0-9dhms:TZ+-]{1,14}", fullmatch=True))
def test_whatever_is_written_gives_a_time_or_a_wrong_call(text: str) -> None:
    with suppress(UsageError):
        assert parse_since(text, NOW).tzinfo is UTC
