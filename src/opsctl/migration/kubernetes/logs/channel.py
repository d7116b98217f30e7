"""Between the tails of many logs and the one place that writes: lines and notes that wait, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.migration.kubernetes.logs.models import Silence

# Lines in memory that are not yet written; who has more waits.
MOST_WAITING = 10_000


@dataclass(slots=True)
class Channel:
    """`arrived`: there is something to write. `caught_up`: all have the lines that were there when they began.
    `over`: nothing more is to come, because of `error` if there is one. `is_cut_off`: the server is away."""

    clock: Clock
    stop: asyncio.Event
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    error: BaseException | None = None
    is_cut_off: bool = False
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: dict[int, list[LogLine]] = field(default_factory=dict)
    _notes: list[Silence] = field(default_factory=list)
    _waiting: int = 0
    _expected: int = 0

    async def put(self, source: int, line: LogLine) -> None:
        """A new line; waits while too many are not yet written."""
        self._lines.setdefault(source, []).append(line)
        self._waiting += 1
        self.arrived.set()
        while self._waiting > MOST_WAITING:
            # The first lines are held back until all tails have theirs: not at the price of the memory.
            self.caught_up.set()
            self._room.clear()
            await self._room.wait()

    def take_lines(self) -> list[Sequence[LogLine]]:
        """The lines of each source so far."""
        lines, self._lines, self._waiting = list(self._lines.values()), {}, 0
        self._room.set()
        return list(lines)

    def tell(self, note: Silence) -> None:
        """Something to say beside the lines."""
        self._notes.append(note)
        self.arrived.set()

    def take_notes(self) -> list[Silence]:
        """What there is to say."""
        notes, self._notes = self._notes, []
        return notes

    def expect(self) -> None:
        """A tail begins."""
        self._expected += 1

    def catch_up(self) -> None:
        """A tail has what was there when it began."""
        self._expected -= 1
        if not self._expected:
            self.caught_up.set()

    def end(self) -> None:
        """Nothing more is to come."""
        self.over.set()
        self.caught_up.set()
        self.arrived.set()

    def fail(self, error: BaseException) -> None:
        """Nothing more is to come because of this; the first error stays."""
        self.error = self.error or error
        self.end()
