"""An event loop whose time stands still while anything can happen, and jumps to the next timer when nothing can.

Waiting costs nothing and every run is the same: sleeps, timeouts and clocks of a test all follow this time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LONGEST_SECONDS = 30 * 24 * 3600.0
_REAL_PATIENCE_SECONDS = 10.0


class StuckError(AssertionError):
    """Nothing is left that could ever happen, or nothing has come of a month of waiting."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs on virtual seconds that begin at 0. Work for threads is done on the spot."""

    def __init__(self) -> None:
        self._seconds = 0.0
        super().__init__(_JumpingSelector(self._jump))

    def time(self) -> float:
        return self._seconds

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 it belongs to whoever waits for the result
            done.set_exception(error)
        return done

    def _jump(self, seconds: float) -> None:
        self._seconds += seconds
        if self._seconds > LONGEST_SECONDS:
            raise StuckError(f"nothing came of {LONGEST_SECONDS:g} virtual seconds")


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is not None:
            self._jump(timeout)
            return []
        events = super().select(_REAL_PATIENCE_SECONDS)
        if not events:
            raise StuckError("no timer, no input, and something still waits")
        return events


LOOP_FACTORIES: Mapping[str, Callable[[], Any]] = {"virtual": VirtualLoop}


def run_virtual(work: Callable[[], Any]) -> Any:
    """Run one coroutine function on a virtual loop of its own, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())
