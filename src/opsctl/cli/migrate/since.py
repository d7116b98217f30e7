"""The beginning of a time: `10m`, `2h30m`, `1d`, or a time of day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from opsctl.errors import UsageError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_LENGTH = re.compile(r"(?:\d{1,9}[dhms])+", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?", re.ASCII)


def parse_since(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """The time that `text` means, in UTC. Without an offset it is in `zone`, that of this machine when None; a clock
    time without a date is the last one. Raises UsageError."""
    word = text.strip()
    local = now.astimezone(zone)
    try:
        if _LENGTH.fullmatch(word):
            lengths = {_UNITS[unit]: 0 for unit in _UNITS}
            for count, unit in re.findall(r"(\d+)([dhms])", word):
                lengths[_UNITS[unit]] += int(count)
            return now.astimezone(UTC) - timedelta(**lengths)
        if _CLOCK.fullmatch(word):
            at = datetime.combine(local.date(), time.fromisoformat(word.zfill(len(word) + (word[1] == ":"))))
            moment = _in_zone(at, zone)
            return (moment if moment <= now else _in_zone(at - timedelta(days=1), zone)).astimezone(UTC)
        moment = datetime.fromisoformat(word)
        return (moment if moment.tzinfo else _in_zone(moment, zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time.",
            hint="Write how long ago (90s, 10m, 2h, 1d), a clock time (14:30), or 2025-12-23T14:30:00+09:00.",
        ) from None


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.replace(tzinfo=zone) if zone is not None else moment.astimezone()
