"""Typed values as text, in one language and one time zone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, tzinfo

from opsctl.reporting.language import Language
from opsctl.reporting.view import Bytes, Code, Duration, Percent, Scalar

UNKNOWN = "-"
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_TIME_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_UNIT_NAMES = {
    "en": {"day": " d", "hour": " h", "minute": " min", "second": " s", "millisecond": " ms"},
    "ko": {"day": "일", "hour": "시간", "minute": "분", "second": "초", "millisecond": "밀리초"},
}
_YES_NO = {"en": ("yes", "no"), "ko": ("예", "아니요")}


@dataclass(frozen=True, slots=True)
class ValueFormat:
    """How values look. `zone` None is the local zone of the machine."""

    language: Language = "en"
    zone: tzinfo | None = None

    def show(self, value: Scalar) -> str:
        """One value as text: thousands separated, times local with offset, a dash for what is not known."""
        match value:
            case None:
                text = UNKNOWN
            case bool():
                text = _YES_NO[self.language][0 if value else 1]
            case str():
                text = value
            case Code():
                text = value.text
            case datetime():
                text = self._show_time(value)
            case Bytes():
                text = show_bytes(value.size_bytes)
            case Duration():
                text = show_duration(value.seconds, self.language)
            case Percent():
                text = _show_number(value.ratio * 100, digits=1, unit=" %")
            case int():
                text = f"{value:,}"
            case _:
                text = _show_number(value, digits=2)
        return text

    def _show_time(self, value: datetime) -> str:
        local = value.astimezone(self.zone)
        offset = local.strftime("%z")
        return f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def show_bytes(size_bytes: int) -> str:
    """`512 B`, `12.4 MiB`."""
    size, unit = float(size_bytes), 0
    # 1023.96 would be rounded to 1024.0 of the smaller unit.
    while abs(size) >= 1023.95 and unit < len(_BYTE_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size_bytes:,} B" if unit == 0 else f"{size:,.1f} {_BYTE_UNITS[unit]}"


def show_duration(seconds: float, language: Language = "en") -> str:
    """The two largest units: `2 h 13 min`, `45 s`; below a second, milliseconds."""
    if not math.isfinite(seconds):
        return UNKNOWN
    names = _UNIT_NAMES[language]
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if 0 < seconds < 1:
        return f"{sign}{max(1, round(seconds * 1000)) if seconds < 0.9995 else 999}{names['millisecond']}"
    left = _round_to_two_units(seconds)
    parts: list[str] = []
    for unit, length in _TIME_UNITS:
        count, left = divmod(left, length)
        if count or (unit == "second" and not parts):
            parts.append(f"{count:,}{names[unit]}")
    return sign + " ".join(parts[:2])


def _round_to_two_units(seconds: float) -> int:
    """Rounded to the smaller of the two units that are shown, so that 1 h 59 min 59.9 s is not shown as 1 h 59 min."""
    step = 1 if seconds < 3600 else 60 if seconds < 86400 else 3600
    return round(seconds / step) * step


def _show_number(value: float, *, digits: int, unit: str = "") -> str:
    if not math.isfinite(value):
        return UNKNOWN
    return f"{value:,.{digits}f}{unit}"
