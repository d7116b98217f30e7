"""SIGTERM and `--timeout` for code that is not asynchronous: they raise, so that `finally` blocks run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from opsctl.errors import UnavailableError


class Terminated(BaseException):
    """SIGTERM reached a command that has nothing to finish."""


class TimedOutError(UnavailableError):
    """The command did not finish within `--timeout`."""

    default_code = "timeout"


@contextmanager
def limit_time(seconds: float | None) -> Iterator[None]:
    """Raises `TimedOutError` in the body after so many seconds; inside `run_async` the stop request comes first. None:
    no limit."""
    if seconds is None:
        yield
        return
    previous = signal.signal(signal.SIGALRM, _raise_timed_out)
    try:
        # Inside: on a busy machine a short time is over before the body begins.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    except TimedOutError as error:
        raise TimedOutError(
            f"The command did not finish within {seconds:g} seconds (--timeout).", hint=error.hint
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def raise_on_sigterm() -> Iterator[None]:
    """Turns SIGTERM into `Terminated`, so that `finally` blocks run. Does nothing outside of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _raise_timed_out(_number: int, _frame: FrameType | None) -> None:
    raise TimedOutError(
        "The command did not finish in time (--timeout).", hint="Try again later, or with a larger --timeout."
    )


def _raise_terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
