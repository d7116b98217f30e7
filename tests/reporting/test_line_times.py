"""Times in front of log lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from opsctl.reporting.line_times import LineTime
from opsctl.reporting.texts import Catalogue

TEXTS = Catalogue("en", timezone(timedelta(hours=9)))
MOMENT = datetime(2025, 12, 23, 14, 59, 59, 7000, UTC)


def test_a_time_is_local_with_milliseconds() -> None:
    assert LineTime.of(MOMENT, TEXTS).full == "2025-12-23 23:59:59.007 +09:00"
    assert LineTime.of(MOMENT, TEXTS).day == "2025-12-23 +09:00"
    assert LineTime.of(None, TEXTS).full == "- -"


def test_below_another_line_it_is_as_short_as_it_can_be() -> None:
    first = LineTime.of(MOMENT, TEXTS)
    assert LineTime.of(MOMENT, TEXTS).beside(first) == "23:59:59.007"
    assert LineTime.of(MOMENT + timedelta(seconds=1), TEXTS).beside(first) == "2025-12-24 00:00:00.007"
    other_zone = LineTime.of(MOMENT, Catalogue("en", UTC))
    assert other_zone.beside(first) == "2025-12-23 14:59:59.007 +00:00"
