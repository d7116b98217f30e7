"""The heartbeat of a run: renews the lease and adds the counters, in one write."""

from __future__ import annotations

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
    _renewals: int = 0
    _renewed_at: float = 0.0
    _written: Counters = field(default_factory=Counters)
    _in_buckets: Counters = field(default_factory=Counters)
    _bucket_began: datetime | None = None

    def __post_init__(self) -> None:
        self._renewed_at = self.clock.monotonic()

    def start_buckets(self) -> None:
        """The clock of the ETA runs from here on: planning is over."""
        self._bucket_began = self.clock.now()

    async def beat_if_due(self) -> None:
        """Renew every 5 seconds."""
        if self.clock.monotonic() - self._renewed_at >= RENEW_SECONDS:
            await self.patience.ride_out(self.beat)

    async def hold(self) -> None:
        """Before a write: make sure of the lease, which may have run out while this process slept."""
        if self.clock.monotonic() - self._renewed_at > LEASE_SECONDS - RENEW_SECONDS:
            await self.patience.ride_out(self.beat)

    async def beat(self, *, last: bool = False) -> None:
        """One renewal. Raises BusyError when the lease is somebody else's now."""
        now = self.clock.now()
        snapshot = self.snapshot()
        bucket = self._close_bucket(now, snapshot, last=last)
        delta = snapshot.minus(self._written)
        beat = Heartbeat(self._renewals + 1, now, delta, self.waiting_reason(), bucket)
        if not await self.runs.beat(self.run_id, self.owner, beat):
            raise lease_lost(self.run_id)
        self._renewals += 1
        self._renewed_at = self.clock.monotonic()
        self._written = snapshot
        if bucket is not None:
            self._in_buckets, self._bucket_began = snapshot, now

    def _close_bucket(self, now: datetime, snapshot: Counters, *, last: bool) -> Bucket | None:
        began = self._bucket_began
        if began is None or not (last or (now - began).total_seconds() >= BUCKET_SECONDS):
            return None
        done = snapshot.minus(self._in_buckets)
        seconds = (now - began).total_seconds()
        return Bucket(began, seconds, done.images_finished, done.documents_complete, done.bytes_stored)


def lease_lost(run_id: str) -> BusyError:
    """The error of a process that slept too long."""
    return BusyError(
        f"run {run_id} was taken over by another process while this one did not answer",
        hint="nothing is lost; watch the other process with `opsctl status`",
    )
