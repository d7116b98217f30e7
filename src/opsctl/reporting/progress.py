"""Progress on stderr while a command works.

On a terminal a moving bar (`progress_bar`); elsewhere plain lines: at the start, at a change of phase, every 30
seconds, at the end. A log that shows nothing for half an hour looks like a hang. The clock comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TextIO

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.view import Duration, Percent, Texts

LINE_INTERVAL_SECONDS = 30.0


class Progress(Protocol):
    """What a command tells while it works. Call `update` at least every few seconds, also when nothing has changed."""

    def phase(self, text: str, total: int | None = None) -> None:
        """A new phase begins (`Fetching`)."""
        ...

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """So much of the phase is done. `note` says what else matters now (a rate, a reason for waiting)."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SilentProgress:
    """Tells nothing."""

    def phase(self, text: str, total: int | None = None) -> None:
        """Nothing."""

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing."""


class LineProgress:
    """Plain lines, rare enough for a log. `monotonic` is a clock in seconds."""

    def __init__(
        self, stream: TextIO, texts: Texts, monotonic: Callable[[], float], *, clean: Callable[[str], str] = str
    ) -> None:
        self._stream = stream
        self._texts = texts
        self._monotonic = monotonic
        self._clean = clean
        self._started = monotonic()
        self._last_line = self._started
        self._phase: str | None = None
        self._total: int | None = None
        self._latest: str | None = None

    def phase(self, text: str, total: int | None = None) -> None:
        """Says where the last phase got to, then names the new one."""
        self._write_latest()
        self._phase, self._total = text, total
        self._write(self._texts.get("common.progress_started", phase=text))

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """Writes a line when the last one is 30 seconds old."""
        self._total = total if total is not None else self._total
        self._latest = self._describe(done) + (f" - {note}" if note else "")
        if self._monotonic() - self._last_line >= LINE_INTERVAL_SECONDS:
            self._write_latest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_latest()
        if self._phase is not None and kind is None:
            elapsed = Duration(self._monotonic() - self._started)
            self._write(self._texts.get("common.progress_finished", phase=self._phase, elapsed=elapsed))

    def _describe(self, done: int) -> str:
        phase = self._phase or ""
        if not self._total:
            return self._texts.get("common.progress_step", phase=phase, done=done)
        return self._texts.get(
            "common.progress_step_of", phase=phase, done=done, total=self._total, share=Percent(done / self._total)
        )

    def _write_latest(self) -> None:
        if self._latest is not None:
            self._write(self._latest)
            self._latest = None

    def _write(self, line: str) -> None:
        self._stream.write(make_visible(self._clean(line)) + "\n")
        self._stream.flush()
        self._last_line = self._monotonic()
