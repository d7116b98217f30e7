"""The quota of reads: 60 calls of `entries.list` a minute and project, which cannot be raised.

https://cloud.google.com/logging/quotas#api-limits
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

READS_PER_MINUTE = 60
_MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class ReadQuota:
    """Counts reads by project. `reads_per_minute` None allows any number."""

    reads_per_minute: int | None = READS_PER_MINUTE
    clock: Callable[[], float] = time.monotonic
    _taken: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, project: str) -> bool:
        """Whether one more read is allowed now; it counts only then."""
        if self.reads_per_minute is None:
            return True
        now = self.clock()
        taken = self._taken[project]
        while taken and taken[0] <= now - _MINUTE_SECONDS:
            taken.popleft()
        if len(taken) >= self.reads_per_minute:
            return False
        taken.append(now)
        return True
