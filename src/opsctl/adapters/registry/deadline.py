"""How long a piece of work may take, and how whoever waits for it calls it off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from opsctl.errors import UnavailableError


class Clock:
    """Time as it passes. Tests put another in its place."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Comes back when the seconds have passed or the event is set."""
        event.wait(seconds)


class Stop:
    """Calls off work on another thread: what it waits for is broken off, and nothing more is begun."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._lock = threading.Lock()
        self._breakers: set[Callable[[], None]] = set()

    def request(self) -> None:
        """Calls it off, from any thread, once for all."""
        with self._lock:
            self.event.set()
            breakers = tuple(self._breakers)
        for break_off in breakers:
            # The work may end by itself at this moment.
            with suppress(OSError, ValueError, RuntimeError):
                break_off()

    @contextmanager
    def broken_off_by(self, break_off: Callable[[], None]) -> Iterator[None]:
        """Calls `break_off` when stopped inside of the block."""
        with self._lock:
            self._breakers.add(break_off)
        try:
            yield
        finally:
            with self._lock:
                self._breakers.discard(break_off)


class Deadline:
    """A moment that work must not pass; `what` is for the message."""

    def __init__(self, what: str, seconds: float, *, clock: Clock, stop: Stop | None = None) -> None:
        self.stop = stop or Stop()
        self._what = what
        self._seconds = seconds
        self._clock = clock
        self._end = clock.now() + seconds

    def left(self) -> float:
        """Seconds that are left, more than 0. Raises `UnavailableError`, `timeout` or `stopped`, when none are."""
        if self.stop.event.is_set():
            raise UnavailableError(f"{self._what}: called off", code="stopped")
        left = self._end - self._clock.now()
        if left <= 0:
            raise UnavailableError(f"{self._what}: not done within {self._seconds:.0f} s", code="timeout")
        return left

    def pause(self, seconds: float) -> bool:
        """Waits; False, at once, when that would pass the deadline."""
        if seconds >= self.left():
            return False
        self._clock.wait(self.stop.event, seconds)
        self.left()
        return True
