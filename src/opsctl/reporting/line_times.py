"""Times in front of log lines: local, with milliseconds, and no longer than they need to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from opsctl.reporting.view import Texts


@dataclass(frozen=True, slots=True)
class LineTime:
    """A local time in its parts: `2025-12-23`, `14:42:03.123`, `+09:00`."""

    date: str
    clock: str
    offset: str

    @property
    def full(self) -> str:
        """All of it; dashes when the time is not known."""
        return f"{self.date} {self.clock} {self.offset}".strip()

    @property
    def day(self) -> str:
        """What the lines of a day have in common."""
        return f"{self.date} {self.offset}".strip()

    @classmethod
    def of(cls, time: datetime | None, texts: Texts) -> LineTime:
        """In the zone of the reader."""
        if time is None:
            return cls("-", "-", "")
        date, clock, offset = texts.show(time).split(" ")
        return cls(date, f"{clock}.{time.microsecond // 1000:03d}", offset)

    def beside(self, first: LineTime) -> str:
        """As short as it can be below a line with the time `first`."""
        if self.offset != first.offset:
            return self.full
        return self.clock if self.date == first.date else f"{self.date} {self.clock}"
