"""What stands between the engine and a fake service: it counts the calls, and fails them on command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from opsctl.errors import UnavailableError

T = TypeVar("T")
Hook = Callable[[], Awaitable[None] | None]


class CrashError(BaseException):
    """The process is gone, as after kill -9: no service hears of it any more. Nothing may catch it."""


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """The `number`-th call from now on (1 is the first); before the service did it, or after it."""

    number: int
    after_effect: bool = False


@dataclass(slots=True)
class Wire:
    """The connections of one world. Call names are `<service>.<method>`."""

    latency_seconds: float = 0.001
    calls: list[str] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    _crash: CrashPoint | None = None
    _crash_base: int = 0
    _is_dead: bool = False
    _lost_answers: dict[str, int] = field(default_factory=dict)
    _before: dict[str, list[Hook]] = field(default_factory=dict)

    def crash_at(self, point: CrashPoint | None) -> None:
        """Start a new process, which dies at `point`."""
        self._crash, self._crash_base, self._is_dead = point, len(self.calls), False

    def lose_answers(self, name: str, count: int = 1) -> None:
        """The next `count` calls of this name are carried out, and their answers never arrive."""
        self._lost_answers[name] = count

    def before(self, name: str, hook: Hook) -> None:
        """Do something just before the next call of this name reaches its service."""
        self._before.setdefault(name, []).append(hook)

    async def call(self, name: str, effect: Callable[[], T]) -> T:
        """Carry one call to the service. Raises UnavailableError while the service is down, CrashError as ordered."""
        number = self._begin(name)
        await asyncio.sleep(self.latency_seconds)
        self._die_if_dead()
        await self._run_hooks(name)
        if name.partition(".")[0] in self.down:
            raise UnavailableError(f"{name} does not answer")
        self._die_at(number, after_effect=False)
        result = effect()
        self._die_at(number, after_effect=True)
        if self._lost_answers.get(name, 0) > 0:
            self._lost_answers[name] -= 1
            raise UnavailableError(f"the answer to {name} was lost")
        return result

    def _begin(self, name: str) -> int:
        self._die_if_dead()
        self.calls.append(name)
        return len(self.calls) - self._crash_base

    async def _run_hooks(self, name: str) -> None:
        hooks = self._before.get(name)
        if hooks:
            result = hooks.pop(0)()
            if result is not None:
                await result

    def _die_at(self, number: int, *, after_effect: bool) -> None:
        if self._crash == CrashPoint(number, after_effect):
            self._is_dead = True
        self._die_if_dead()

    def _die_if_dead(self) -> None:
        if self._is_dead:
            raise CrashError
