"""Ctrl-C, SIGTERM and `--timeout`: the first asks to stop, a second one leaves at once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from opsctl.cli.interrupts import Terminated, TimedOutError
from opsctl.errors import ExitCode

T = TypeVar("T")
_EXIT_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGALRM: ExitCode.UNAVAILABLE,
}
# A run that is asked to stop by --timeout finishes what is in flight; after this long it is cut.
TIMEOUT_GRACE_SECONDS = 10.0
_JOIN_SECONDS = 0.05


class StopRequest(asyncio.Event):
    """Set by the first Ctrl-C, SIGTERM or `--timeout`. `exit_code` is what to end with then: 130, 143 or 5."""

    exit_code: ExitCode | None = None
    loop: asyncio.AbstractEventLoop | None = None

    def request(self, exit_code: ExitCode) -> None:
        """Sets the event; the first reason stays."""
        self.exit_code = self.exit_code or exit_code
        self.set()


_current: StopRequest | None = None


def run_async(
    main: Callable[[StopRequest], Awaitable[T]],
    *,
    drain_seconds: float | None = None,
    use_uvloop: bool = False,
    leave: Callable[[int], object] = os._exit,
) -> T:
    """Runs `main(stop)` to its end and returns what it returns.

    The first SIGINT, SIGTERM or timeout sets `stop`; `main` is cancelled when it has not returned `drain_seconds`
    later (None: never, 0: at once). A cancelled `main` ends in `KeyboardInterrupt`, `Terminated` or `TimedOutError`. A
    second signal ends the process at once, even while a thread that cannot be cancelled is still at work. Must be
    called in the main thread.
    """
    stop = StopRequest()
    factory = _uvloop_factory() if use_uvloop else None
    # The handlers stay while the runner closes: it waits for threads that cannot be cancelled.
    with _stop_on_signals(stop, leave), asyncio.Runner(loop_factory=factory) as runner:
        stop.loop = runner.get_loop()
        try:
            with _woken_by_signals(stop.loop):
                return runner.run(_run_until_stopped(main, stop, drain_seconds))
        except asyncio.CancelledError:
            if stop.exit_code is None:
                raise
            raise _reason(stop) from None


async def _run_until_stopped(
    main: Callable[[StopRequest], Awaitable[T]], stop: StopRequest, drain_seconds: float | None
) -> T:
    if stop.exit_code is not None:
        stop.set()
    work = asyncio.ensure_future(main(stop))
    watch = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=_drain_limit(stop, drain_seconds))
        if not work.done():
            work.cancel()
        return await work
    finally:
        watch.cancel()
        if not work.done():
            work.cancel()
            await asyncio.wait({work})


def _drain_limit(stop: StopRequest, drain_seconds: float | None) -> float | None:
    if stop.exit_code is ExitCode.UNAVAILABLE:
        return TIMEOUT_GRACE_SECONDS if drain_seconds is None else min(drain_seconds, TIMEOUT_GRACE_SECONDS)
    return drain_seconds


def join_unless_stopped(thread: threading.Thread) -> None:
    """Waits for a thread where nothing can be awaited. Inside `run_async`, the first SIGINT, SIGTERM or timeout ends
    the wait: it raises what a cancelled `main` ends in."""
    while thread.is_alive():
        thread.join(_JOIN_SECONDS)
        if _current is not None and _current.exit_code is not None:
            raise _reason(_current)


@contextmanager
def _stop_on_signals(stop: StopRequest, leave: Callable[[int], object]) -> Iterator[None]:
    """Handlers of the process, not of the loop: they also work before it runs and while it waits for its threads."""

    def ask_or_leave(number: int, _frame: FrameType | None) -> None:
        code = _EXIT_CODES[signal.Signals(number)]
        if stop.exit_code is not None:
            leave(int(code))
            return
        stop.exit_code = code
        if number == signal.SIGALRM:
            # A thread that hangs must not keep the command alive for ever: the second alarm leaves.
            signal.setitimer(signal.ITIMER_REAL, 1.5 * TIMEOUT_GRACE_SECONDS)
        if stop.loop is not None and not stop.loop.is_closed():
            stop.loop.call_soon_threadsafe(stop.request, code)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, ask_or_leave) for number in _EXIT_CODES}
    global _current  # noqa: PLW0603  # signals are the whole process's
    _current = stop
    try:
        yield
    finally:
        _current = None
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _woken_by_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Wakes the loop for every signal. Python's handlers run when the main thread is at work: a signal that comes just
    before the loop goes to sleep, or on another thread, would wait until something else wakes it. uvloop does so by
    itself."""
    if threading.current_thread() is not threading.main_thread() or not isinstance(loop, asyncio.SelectorEventLoop):
        yield
        return
    woken, waking = socket.socketpair()
    with woken, waking:
        woken.setblocking(False)
        waking.setblocking(False)
        loop.add_reader(woken, woken.recv, 4096)
        previous = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)
            loop.remove_reader(woken)


def _reason(stop: StopRequest) -> BaseException:
    if stop.exit_code is ExitCode.TERMINATED:
        return Terminated()
    if stop.exit_code is ExitCode.UNAVAILABLE:
        return TimedOutError("The command did not finish in time (--timeout).")
    return KeyboardInterrupt()


def _uvloop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed (it is not on Windows), else the loop of the standard library."""
    try:
        import uvloop  # noqa: PLC0415 - only for the command that moves much data
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
