"""Times and durations as Google's JSON writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?\s*([Zz]|[+-]\d\d:?\d\d)?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: object) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time in any zone; None for anything else. Without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    match = _TIME.match(text.strip())
    if match is None:
        return None
    date, hours, minutes, seconds, fraction, zone = match.groups()
    day = _day_seconds(date)
    if day is None:
        return None
    total = day + int(hours) * 3600 + int(minutes) * 60 + int(seconds) - _offset_seconds(zone)
    return total * 1_000_000_000 + (int(fraction.ljust(9, "0")) if fraction else 0)


def to_datetime(time_ns: int | None) -> datetime | None:
    """The time in UTC, to the microsecond."""
    if time_ns is None:
        return None
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def parse_seconds(text: object) -> float | None:
    """Seconds of a protobuf duration, `600s` or `3.5s`; None for anything else."""
    if not isinstance(text, str) or not text.endswith("s"):
        return None
    try:
        return float(text[:-1])
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _day_seconds(date: str) -> int | None:
    """Log lines of one execution share their day: parsed once."""
    try:
        return int((datetime.fromisoformat(date).replace(tzinfo=UTC) - _EPOCH).total_seconds())
    except ValueError:
        return None


def _offset_seconds(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)
