"""The end of one container's log: read, then followed, and read to its end once the container has ended.

A stream of the API may break off at any time, and some never end: what comes twice is left out (`log_lines.Cursor`),
and a tail ends when it is told that its container has. A stream that ended is opened again only when a later look at
the pod has found the same container at work: the API would give the lines of the one that took its place.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from opsctl.errors import AccessDeniedError, OpsctlError, UnavailableError
from opsctl.migration.clock import sleep_unless
from opsctl.migration.kubernetes.logs.channel import Channel
from opsctl.migration.kubernetes.logs.choice import Instance
from opsctl.migration.kubernetes.logs.lines import Cursor, LineSource, LogLine, find_notice, read_line
from opsctl.migration.kubernetes.logs.models import LogWishes, Silence
from opsctl.migration.kubernetes.logs.silence import explain_pod
from opsctl.migration.kubernetes.models import LogRequest, Pod
from opsctl.migration.kubernetes.ports import Cluster

RETRY_SECONDS = 1.0
# What is still on its way when the pod is gone.
LINGER_SECONDS = 1.0
MOST_PAUSE_SECONDS = 30.0
TOLD_AFTER = 3
LAST_TRIES = 3


class LastReading(Enum):
    """How the rest of an ended container's log can be had: NONE when the pod is gone."""

    CURRENT = "current"
    PREVIOUS = "previous"
    NONE = "none"

    @classmethod
    def of(cls, instance: Instance) -> LastReading:
        """The rest of a start that has ended and whose pod is there."""
        return cls.PREVIOUS if instance.from_previous else cls.CURRENT


@dataclass(slots=True)
class Tail:
    """One start of one container."""

    cluster: Cluster
    namespace: str
    pod: Pod
    source: LineSource
    wishes: LogWishes
    channel: Channel
    task: asyncio.Task[None] | None = None
    is_done: bool = False
    _cursor: Cursor = field(default_factory=Cursor)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _again: asyncio.Event = field(default_factory=asyncio.Event)
    _again_at: float = 0.0
    _last: LastReading = LastReading.CURRENT
    _refusal: OpsctlError | None = None
    _notice: str | None = None
    _refusals: int = 0
    _failures: int = 0
    _count: int = 0

    def finish(self, last: LastReading) -> None:
        """The container has ended; the latest word holds."""
        self._last = last
        self._ended.set()
        self._again.set()

    def confirm(self, looked_at: float) -> None:
        """The container was at work when the pod was looked at."""
        if looked_at >= self._again_at:
            self._again.set()

    async def run(self) -> None:
        """Everything the container says."""
        if not self._ended.is_set():
            await self._read(follow=False)
        has_caught_up = not self._ended.is_set()
        if has_caught_up:
            self.channel.catch_up()
        while not self._ended.is_set():
            await self._follow()
            self._again_at = self.channel.clock.monotonic() + self._pause()
            self._again.clear()
            if not self._ended.is_set():
                await self._again.wait()
        await self._read_rest()
        if not has_caught_up:
            self.channel.catch_up()
        if not self._count and self._refusals < TOLD_AFTER:
            self.channel.tell(explain_pod(self.pod, self._refusal, self._notice))
        self.is_done = True

    async def _follow(self) -> None:
        """The stream, until it ends or the container has; then it is given a moment for what is under way."""
        reading = asyncio.ensure_future(self._read(follow=True))
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait({reading}, timeout=LINGER_SECONDS)
        finally:
            reading.cancel()
            ending.cancel()
            await asyncio.wait({reading, ending})

    async def _read_rest(self) -> None:
        for _ in range(LAST_TRIES):
            if self._last is LastReading.NONE:
                return
            self._failures = 0
            await self._read(follow=False)
            if not self._failures:
                return
            await sleep_unless(self.channel.stop, self.channel.clock, RETRY_SECONDS)
        if self._count and self._refusal is not None:
            self.channel.tell(Silence("cut", self.pod.name, self._refusal.message))

    async def _read(self, *, follow: bool) -> None:
        """From where the last reading came to, as far as this one comes."""
        is_first = self._cursor.since is None
        request = LogRequest(
            self.namespace,
            self.pod.name,
            self.source.container,
            is_previous=self._ended.is_set() and self._last is LastReading.PREVIOUS,
            follow=follow,
            since=self._cursor.since or self.wishes.since,
            tail_lines=self.wishes.tail_lines if is_first else None,
        )
        self._cursor.begin()
        self._refusal = None
        try:
            async for raw in self.cluster.log(request):
                await self._take(read_line(raw, self.source))
        except UnavailableError as error:
            if not (follow and error.code == "idle"):
                self._fail(error)
        except AccessDeniedError as error:
            self._refusal = error
            self.channel.fail(error)
        except OpsctlError as error:
            # No log yet, or none any more: the next look at the pod tells which.
            self._refusal = error
            self._refusals += 1
            if self._refusals == TOLD_AFTER and not self._count:
                self.channel.tell(explain_pod(self.pod, error))
        else:
            self._failures = 0

    async def _take(self, line: LogLine) -> None:
        notice = find_notice(line)
        if notice is not None:
            self._notice = notice
        elif self._cursor.is_new(line):
            self._failures = 0
            self._count += 1
            await self.channel.put(id(self), line)

    def _fail(self, error: UnavailableError) -> None:
        self._refusal = error
        self._failures += 1
        # A server that is away is told once, not by every tail.
        if self._failures == TOLD_AFTER and not self._ended.is_set() and not self.channel.is_cut_off:
            self.channel.tell(Silence("interrupted", self.pod.name, error.message))

    def _pause(self) -> float:
        """Longer and longer while a node does not answer."""
        return float(min(MOST_PAUSE_SECONDS, RETRY_SECONDS * 2 ** min(self._failures, 5)))
