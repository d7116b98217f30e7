"""Times and durations as Google's JSON writes them (RFC 3339 with up to nine digits, protobuf durations)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):", re.ASCII)
_REST = re.compile(r"(\d\d)(?:\.(\d{1,9})\d*)?\s?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
_DURATION = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?s", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
# The first and the last moment that a datetime can hold: years 1 and 9999, as in protobuf's Timestamp.
_FIRST_NS = -62_135_596_800 * _SECOND
_END_NS = 253_402_300_800 * _SECOND


def parse_time(text: object) -> int | None:
    """Nanoseconds since 1970 of an RFC 3339 time in any zone; None for anything else. Without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    text = text.strip()
    minute = _minute_seconds(text[:17])
    rest = _REST.fullmatch(text, 17)
    if minute is None or rest is None:
        return None
    seconds, fraction, zone = rest.groups()
    offset = _offset_seconds(zone)
    # 60: a leap second, the same moment as the first of the next minute.
    if offset is None or int(seconds) > 60:
        return None
    time_ns = (minute + int(seconds) - offset) * _SECOND + (int(fraction.ljust(9, "0")) if fraction else 0)
    return time_ns if _FIRST_NS <= time_ns < _END_NS else None


def format_time(time_ns: int) -> str:
    """The time in UTC as protobuf's JSON writes it: with 0, 3, 6 or 9 digits of a second, as many as it needs."""
    seconds, rest = divmod(time_ns, _SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    begin = f"{moment.year:04d}{moment:-%m-%dT%H:%M:%S}"
    if not rest:
        return f"{begin}Z"
    if rest % 1000:
        return f"{begin}.{rest:09d}Z"
    return f"{begin}.{rest // 1000:06d}Z" if rest % 1_000_000 else f"{begin}.{rest // 1_000_000:03d}Z"


def to_datetime(time_ns: int | None) -> datetime | None:
    """The time in UTC, to the microsecond."""
    if time_ns is None:
        return None
    return _EPOCH + timedelta(microseconds=time_ns // 1000)


def to_nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970 of a time with its zone."""
    return int(moment.timestamp()) * _SECOND + moment.microsecond * 1_000


def parse_seconds(text: object) -> float | None:
    """Seconds of a protobuf duration, `600s` or `3.5s`; None for anything else."""
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        return None
    return float(text[:-1])


@lru_cache(maxsize=256)
def _minute_seconds(text: str) -> int | None:
    """Seconds since 1970 of `2026-01-12T02:10:`. Log lines share their minutes: each is parsed once."""
    match = _MINUTE.fullmatch(text)
    if match is None:
        return None
    date, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{hours}:{minutes}+00:00")
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1)


def _offset_seconds(zone: str | None) -> int | None:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
