"""Fixed times: an incident is the same on every machine and every day."""

from __future__ import annotations

from datetime import datetime, timedelta


def rfc3339(moment: datetime, seconds: float = 0.0) -> str:
    """`moment` plus `seconds` as Google writes it: UTC, microseconds, `Z`."""
    return f"{(moment + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def in_words(seconds: float) -> str:
    """A duration as condition messages have it: `1m3.6s`, `38.22s`."""
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
