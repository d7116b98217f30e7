"""How often and how wide one host is asked: concurrency, rate, pauses it asked for, and a breaker when it is down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opsctl.migration.clock import Clock, sleep_unless
from opsctl.migration.crowd import Share
from opsctl.migration.models import TransferLimits
from opsctl.migration.slots import Slots

BREAKER_FAILURES = 20
"""Failures of one host in a row, over different images, after which the host counts as down for this run."""

TIMER_SECONDS = 1e-6
"""A timer may ring this much early. Waiting for less than that would be waiting for nothing, again and again."""


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What one host was asked in a run, for the politeness part of the report."""

    host: str
    requests: int
    throttled: int
    peak_concurrency: int
    is_down: bool


@dataclass(slots=True)
class _Host:
    slots: Slots
    next_at: float = 0.0
    requests: int = 0
    throttled: int = 0
    in_flight: int = 0
    peak: int = 0
    failures_in_a_row: int = 0


@dataclass(slots=True)
class HostBudgets:
    """The budgets of all hosts of one run, or this process' share of them."""

    limits: TransferLimits
    clock: Clock
    stop: asyncio.Event
    _share: Share = field(default_factory=Share)
    _hosts: dict[str, _Host] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, host: str, slots: asyncio.Semaphore) -> AsyncIterator[bool]:
        """Wait until the host may be asked, and for one of the run's `slots`; False when told to stop meanwhile.

        The slot is the caller's then, to be released when the picture is out of memory again.
        """
        state = self._state(host)
        may_ask = await self._enter(state, slots)
        try:
            if not may_ask:
                yield False
                return
            state.requests += 1
            state.in_flight += 1
            state.peak = max(state.peak, state.in_flight)
            try:
                yield True
            finally:
                state.in_flight -= 1
        finally:
            state.slots.release()

    def divide(self, share: Share) -> None:
        """From now on this process has that share of every host. What is in flight beyond it may finish."""
        self._share = share
        for host, state in self._hosts.items():
            state.slots.resize(share.of(self.limits.per_host_concurrency, host))

    def let_go(self) -> None:
        """The run was told to stop: whoever waits for a share finds out, and asks nobody any more."""
        for state in self._hosts.values():
            state.slots.resize(self.limits.per_host_concurrency)

    def pause(self, host: str, seconds: float) -> None:
        """The host asked for rest: nobody asks it again before that."""
        state = self._state(host)
        state.throttled += 1
        state.next_at = max(state.next_at, self.clock.monotonic() + seconds)

    def note_outcome(self, host: str, *, is_host_failure: bool) -> None:
        """Feed the breaker with what became of one image."""
        state = self._state(host)
        state.failures_in_a_row = state.failures_in_a_row + 1 if is_host_failure else 0

    def is_down(self, host: str) -> bool:
        """Whether the breaker is open: the host's images are left for a later run."""
        return self._state(host).failures_in_a_row >= BREAKER_FAILURES

    def waiting_reason(self) -> str | None:
        """Why the run is slow at this moment, if a host asked for rest."""
        now = self.clock.monotonic()
        resting = [(state.next_at - now, name) for name, state in self._hosts.items() if state.throttled]
        longest, name = max(resting, default=(0.0, ""))
        if longest > 1:
            return f"{name} asked for a pause of {longest:.0f} s"
        left = next(
            (name for name, state in self._hosts.items() if not state.slots.limit and state.slots.waiting), None
        )
        return f"{left} is asked by other processes of this run" if left else None

    def figures(self) -> tuple[HostFigures, ...]:
        """Every host that was asked, busiest first."""
        rows = [
            HostFigures(name, state.requests, state.throttled, state.peak, self.is_down(name))
            for name, state in self._hosts.items()
            if state.requests
        ]
        return tuple(sorted(rows, key=lambda row: (-row.requests, row.host)))

    def _state(self, host: str) -> _Host:
        if host not in self._hosts:
            self._hosts[host] = _Host(Slots(self._share.of(self.limits.per_host_concurrency, host)))
        return self._hosts[host]

    async def _enter(self, state: _Host, slots: asyncio.Semaphore) -> bool:
        """Hold one of the host's slots, and start. A slot that is no longer this process' own is given back."""
        while True:
            await state.slots.acquire()
            try:
                may_ask = await self._wait_for_start(state, slots)
            except BaseException:
                state.slots.release()
                raise
            if may_ask is not None:
                return may_ask
            state.slots.release()

    async def _wait_for_start(self, state: _Host, slots: asyncio.Semaphore) -> bool | None:
        """Even spacing: no second ever holds more than the rate. True with a slot of the run, False when told to
        stop, None when the host's share has become smaller.

        Nobody waits for a host with a slot in hand; so the host's moment may be gone once there is a slot, and the
        waiting begins again. A pause that came in meanwhile moves everybody who has not started yet.
        """
        while not self.stop.is_set():
            await sleep_unless(self.stop, self.clock, state.next_at - self.clock.monotonic())
            await slots.acquire()
            now = self.clock.monotonic()
            if state.next_at <= now + TIMER_SECONDS and not self.stop.is_set() and not state.slots.is_overdrawn:
                state.next_at = now + self._interval_seconds(state)
                return True
            slots.release()
            if state.slots.is_overdrawn and not self.stop.is_set():
                return None
        return False

    def _interval_seconds(self, state: _Host) -> float:
        """The rate is shared as the slots are."""
        if self.limits.per_host_rate <= 0:
            return 0.0
        return self.limits.per_host_concurrency / (self.limits.per_host_rate * max(1, state.slots.limit))
