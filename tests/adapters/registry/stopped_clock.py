"""A clock that moves only when somebody waits, and the logins that tests give."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from opsctl.adapters.registry.deadline import Clock
from opsctl.adapters.registry.docker_login import Login


class StoppedClock(Clock):
    """`pauses` are the waits that were asked for."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wait(self, event: threading.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


@dataclass(slots=True)
class GivenLogins:
    """Logins by registry; `asked` are those that were looked for."""

    logins: dict[str, Login] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def find(self, registry: str, repository: str) -> Login | None:
        """The login that the test gave."""
        self.asked.append(registry)
        return self.logins.get(registry)
