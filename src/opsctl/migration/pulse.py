"""The heartbeat of a run: renews the lease and adds the counters, in one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from opsctl.errors import BusyError
from opsctl.migration.clock import Clock
from opsctl.migration.models import Counters
from opsctl.migration.patience import Patience
from opsctl.migration.ports import RunStore
from opsctl.migration.run_record import BUCKET_SECONDS, LEASE_SECONDS, RENEW_SECONDS, Bucket, Heartbeat, Owner


@dataclass(slots=True)
class Pulse:
    """Keeps one run's lease. `snapshot` answers what was done, `waiting_reason` why it is slow."""

    run_id: str
    owner: Owner
    runs: RunStore
    clock: Clock
    patience: Patience
    snapshot: Callable[[], Counters]
    waiting_reason: Callable[[], str | None]
    bucket_seconds: float = BUCKET_SECONDS
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _unanswered: _Attempt | None = None
    _renewals: int = 0
    _renewed_at: _Moment = field(init=False)
    _written: Counters = field(default_factory=Counters)
    _in_buckets: Counters = field(default_factory=Counters)
    _bucket_began: datetime | None = None

    def __post_init__(self) -> None:
        self._renewed_at = self._look_at_clocks()

    def start_buckets(self) -> None:
        """The clock of the ETA runs from here on: planning is over."""
        self._bucket_began = self.clock.now()

    async def beat_if_due(self) -> None:
        """Renew every 5 seconds."""
        await self._renew_after(RENEW_SECONDS)

    async def hold(self) -> None:
        """Before a write: make sure of the lease, which may have run out while this process slept."""
        await self._renew_after(LEASE_SECONDS - RENEW_SECONDS)

    async def beat(self, *, last: bool = False) -> None:
        """One renewal. Raises BusyError when the lease is somebody else's now."""
        async with self._lock:
            await self._beat(last=last)

    async def _renew_after(self, seconds: float) -> None:
        """Renew a lease that is older than this; of many who ask at the same time, one does it."""
        if self._age() < seconds:
            return
        async with self._lock:
            while self._age() >= seconds:
                await self.patience.ride_out(self._beat)

    def _age(self) -> float:
        """Seconds since the last renewal was sent: the most that any clock says.

        The steady clock stands still while a virtual machine does; the time of day may be set right afterwards. One
        that is set forward for another reason costs a renewal.
        """
        now, then = self._look_at_clocks(), self._renewed_at
        return max(now.steady - then.steady, (now.wall - then.wall).total_seconds())

    def _look_at_clocks(self) -> _Moment:
        return _Moment(self.clock.boottime(), self.clock.now())

    async def _beat(self, *, last: bool = False) -> None:
        if self._unanswered is not None:
            # It may have arrived: only the very same beat can be told from a new one, and is counted once.
            await self._send(self._unanswered)
            if not last:
                return
        now = self.clock.now()
        snapshot = self.snapshot()
        bucket = self._close_bucket(now, snapshot, last=last)
        delta = snapshot.minus(self._written)
        beat = Heartbeat(self._renewals + 1, now, delta, self.waiting_reason(), bucket)
        await self._send(_Attempt(beat, snapshot, self._look_at_clocks()))

    async def _send(self, attempt: _Attempt) -> None:
        self._unanswered = attempt
        if not await self.runs.beat(self.run_id, self.owner, attempt.beat):
            raise lease_lost(self.run_id)
        self._unanswered = None
        self._renewals = attempt.beat.sequence
        # Counted from the sending: whoever waits for the lease to run out may have seen this beat at once.
        self._renewed_at = attempt.sent_at
        self._written = attempt.snapshot
        if attempt.beat.bucket is not None:
            self._in_buckets, self._bucket_began = attempt.snapshot, attempt.beat.at

    def _close_bucket(self, now: datetime, snapshot: Counters, *, last: bool) -> Bucket | None:
        began = self._bucket_began
        if began is None or not (last or (now - began).total_seconds() >= self.bucket_seconds):
            return None
        done = snapshot.minus(self._in_buckets)
        seconds = (now - began).total_seconds()
        return Bucket(began, seconds, done.images_finished, done.documents_complete, done.bytes_stored)


@dataclass(frozen=True, slots=True)
class _Moment:
    steady: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A beat on its way, with what it counts and when it was sent first."""

    beat: Heartbeat
    snapshot: Counters
    sent_at: _Moment


def lease_lost(run_id: str) -> BusyError:
    """The error of a process that slept too long."""
    return BusyError(
        f"run {run_id} was taken over by another process while this one did not answer",
        hint="nothing is lost; watch the other process with `opsctl status`",
    )
