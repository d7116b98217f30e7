"""What the image host was asked: how often, by which name, and how much at once. Shows how polite a client is."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class HostLoad:
    """The load that arrived under one Host header."""

    requests: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    max_in_one_second: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def begin(self, at_seconds: float) -> None:
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self._recent.append(at_seconds)
        while self._recent[0] <= at_seconds - 1.0:
            self._recent.popleft()
        self.max_in_one_second = max(self.max_in_one_second, len(self._recent))

    def end(self) -> None:
        self.in_flight -= 1


@dataclass(slots=True)
class Traffic:
    """Everything the host counts. `requests` is keyed by the request target: encoded path and query."""

    requests: Counter[str] = field(default_factory=Counter)
    hosts: dict[str, HostLoad] = field(default_factory=lambda: defaultdict(HostLoad))

    @contextmanager
    def count(self, *, host: str, target: str, at_seconds: float) -> Iterator[None]:
        """Count one request, in flight until the block ends. `at_seconds` comes from a clock that never goes back."""
        load = self.hosts[host]
        self.requests[target] += 1
        load.begin(at_seconds)
        try:
            yield
        finally:
            load.end()

    @property
    def max_in_flight(self) -> int:
        """The largest number of requests in flight at once under any one host name."""
        return max((load.max_in_flight for load in self.hosts.values()), default=0)

    def summarise(self) -> dict[str, object]:
        """Return all counts as plain values for JSON."""
        return {
            "requests": sum(self.requests.values()),
            "hosts": {
                host: {
                    "requests": load.requests,
                    "inFlight": load.in_flight,
                    "maxInFlight": load.max_in_flight,
                    "maxInOneSecond": load.max_in_one_second,
                }
                for host, load in self.hosts.items()
            },
            "paths": dict(self.requests),
        }
