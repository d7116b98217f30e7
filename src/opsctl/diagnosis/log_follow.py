"""Follows the log of an execution until it has ended and its last lines had time to arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from opsctl.diagnosis.execution_list import ExecutionRow, read_execution
from opsctl.diagnosis.facts.model import Outcome
from opsctl.diagnosis.log_lines import LineBuilder, LogLine
from opsctl.diagnosis.log_reading import LogSelection
from opsctl.diagnosis.log_silence import INGESTION_DELAY
from opsctl.diagnosis.ports import CloudRun, LogQuery, Logs
from opsctl.diagnosis.timestamps import to_datetime
from opsctl.errors import UnavailableError

# Lines that come late are looked for this far back; what came before is told apart by its insert id.
OVERLAP = timedelta(seconds=60)
# Once the record of the end is there, the rest is on its way.
AFTER_END_RECORD = timedelta(seconds=10)
MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class FollowClock:
    """`pause` waits so many seconds and answers True when it was interrupted."""

    now: Callable[[], datetime]
    pause: Callable[[float], Awaitable[bool]]


class LogFollower:
    """Polls log and execution. `row` is the execution as it was last seen; `was_interrupted`: `pause` said so."""

    def __init__(  # noqa: PLR0917 - a port, a name and a function each
        self,
        run: CloudRun,
        logs: Logs,
        name: str,
        open_query: Callable[[datetime | None], LogQuery],
        builder: LineBuilder,
        clock: FollowClock,
        *,
        interval_seconds: float,
        on_failure: Callable[[str], None],
    ) -> None:
        self.row: ExecutionRow | None = None
        self.was_interrupted = False
        self._run = run
        self._logs = logs
        self._name = name
        self._open_query = open_query
        self._builder = builder
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._on_failure = on_failure
        self._failures = 0

    async def follow(self, selection: LogSelection) -> AsyncIterator[LogLine]:
        """The wanted lines as they come. A service that is away for a moment does not end it; raises
        `UnavailableError` after several failures in a row, and what else `opsctl.diagnosis.ports` names."""
        record_seen_at: datetime | None = None
        while True:
            # The execution first: what is read of the log after its end was seen can be its last lines.
            has_new = False
            try:
                await self._look()
                before = self._builder.entry_count
                async for line in self._read():
                    if selection.accepts(line):
                        yield line
                has_new = self._builder.entry_count > before
                self._failures = 0
            except UnavailableError as error:
                self._count_failure(error)
            if not has_new:
                for line in filter(selection.accepts, self._builder.flush()):
                    yield line
            now = self._clock.now()
            record_seen_at = record_seen_at or (now if self._builder.has_end_record else None)
            if self._is_over(now, record_seen_at) or await self._clock.pause(self._interval_seconds):
                break
        self.was_interrupted = not self._is_over(self._clock.now(), record_seen_at)
        for line in filter(selection.accepts, self._builder.flush()):
            yield line

    async def _look(self) -> None:
        if self.row is None or self.row.outcome is Outcome.RUNNING or self.row.completed_at is None:
            self.row = read_execution(await self._run.get_execution(self._name))

    async def _read(self) -> AsyncIterator[LogLine]:
        newest = to_datetime(self._builder.newest_ns)
        async for page in self._logs.read(self._open_query(newest - OVERLAP if newest else None)):
            for line in self._builder.add(page.entries):
                yield line

    def _count_failure(self, error: UnavailableError) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise error
        self._on_failure(error.message)

    def _is_over(self, now: datetime, record_seen_at: datetime | None) -> bool:
        completed = self.row.completed_at if self.row is not None else None
        if completed is None:
            return False
        if record_seen_at is not None and now - record_seen_at >= AFTER_END_RECORD:
            return True
        return now - completed >= INGESTION_DELAY
