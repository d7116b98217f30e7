"""How long to wait before a request is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_ATTEMPTS = 5
MAX_THROTTLED_ATTEMPTS = 4
_FIRST_SECONDS = 0.25
_LONGEST_SECONDS = 8.0


def delay_seconds(attempt: int, dice: float, headers: Mapping[str, str], now: datetime) -> float:
    """Before attempt `attempt` + 1 (the first attempt is 1): as long as the service asks for, else exponential with
    jitter. `dice` is in [0, 1)."""
    asked = _retry_after_seconds(headers, now)
    backoff = min(_FIRST_SECONDS * 2.0 ** min(attempt - 1, 10), _LONGEST_SECONDS) * (0.5 + dice / 2)
    return max(asked, backoff)


def _retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """Retry-After (RFC 9110, 10.2.3): seconds or a date; 0 for none and for what cannot be read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
