"""What looks at the migration's records need beside the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.models import WorkMark
from opsctl.migration.run_record import LEASE_SECONDS, Lease

# The migration's own records cannot be asked, or not be read: a restart may do without them.
RECORDS_AWAY = (UnavailableError, AccessDeniedError, NotFoundError, DataError)
# A clock that is ahead by more than this says nothing about when a lease was renewed.
_SKEW_SECONDS = 5.0


@dataclass(slots=True)
class LeaseWatch:
    """Which leases are renewed. That one is not is told by its counter, which stands still for as long as a lease
    lasts: a clock of another machine can make a lease look old, never dead.

    Keep one for all looks of a command: what was seen before need not be waited for again.
    """

    clock: Clock
    _seen: dict[tuple[str, int | None, int], tuple[int, float]] = field(default_factory=dict)

    def is_alive(self, run_id: str, shard: int | None, lease: Lease, heartbeat_at: datetime) -> bool | None:
        """None while that cannot be told: look again."""
        if lease.process is not None and lease.process.is_dead_here():
            return False
        key, now = (run_id, shard, lease.epoch), self.clock.monotonic()
        before = self._seen.get(key)
        if before is None or before[0] != lease.renewals:
            self._seen[key] = (lease.renewals, now)
        if before is not None and before[0] != lease.renewals:
            return True
        if before is not None and now - before[1] >= LEASE_SECONDS:
            return False
        age = (self.clock.now() - heartbeat_at).total_seconds()
        return True if -_SKEW_SECONDS <= age < LEASE_SECONDS else None


class UnreachableWorkLog:
    """Implements `ports.WorkLog` where there is no way to the records: each look raises why."""

    def __init__(self, error: OpsctlError) -> None:
        self._error = error

    async def look(self) -> WorkMark:
        """Raises the error."""
        raise self._error
