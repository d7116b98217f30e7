"""The processes that share a run: who is alive, and which part of each host's budget is whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from opsctl.migration.clock import Clock
from opsctl.migration.run_record import BUCKET_SECONDS, LEASE_SECONDS, Lease

LONGEST_BUCKET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Share:
    """This process is number `rank` of `live` ones. Nobody has to agree on anything but that order."""

    rank: int = 0
    live: int = 1

    def of(self, limit: int, host: str) -> int:
        """How many of a host's `limit` slots are this process' own: the shares of all live ones add up to the limit.

        What cannot be divided goes to others for each host, so that no process is without any while another has all.
        """
        each, left = divmod(limit, self.live)
        return each + int((self.rank + crc32(host.encode())) % self.live < left)

    @property
    def bucket_seconds(self) -> float:
        """How long a slice of history is: all processes fill one ring."""
        return min(LONGEST_BUCKET_SECONDS, BUCKET_SECONDS * float(self.live))


@dataclass(slots=True)
class Crowd:
    """Watches the leases of all shards. As everywhere, a lease is alive while its counter moves."""

    index: int
    clock: Clock
    _seen: dict[int, tuple[Lease, float]] = field(default_factory=dict)

    def look(self, leases: Sequence[Lease]) -> Share:
        """The share of the process that holds lease number `index`."""
        now = self.clock.monotonic()
        live: list[int] = []
        for number, lease in enumerate(leases):
            before, since = self._seen.get(number, (None, now))
            if lease != before:
                since = now
            self._seen[number] = (lease, since)
            is_alive = lease.owner is not None and now - since < LEASE_SECONDS
            if number == self.index or is_alive:
                live.append(number)
        return Share(live.index(self.index), len(live)) if self.index in live else Share()
