"""The moving bar on a terminal. One of the two modules that import Rich."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.view import Percent, Texts


class BarProgress:
    """A bar with count, share, elapsed time and a note. Lines written to stderr meanwhile appear above it."""

    def __init__(
        self, stream: TextIO, texts: Texts, *, has_colour: bool, width: int, clean: Callable[[str], str] = str
    ) -> None:
        self._clean = clean
        console = Console(
            file=stream,
            width=width,
            height=25,
            force_terminal=True,
            color_system="standard" if has_colour else None,
            no_color=not has_colour,
            legacy_windows=False,
            force_jupyter=False,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._bar = RichProgress(
            _FieldColumn("phase"),
            BarColumn(bar_width=max(10, min(30, width // 4))),
            _CountColumn(texts),
            TimeElapsedColumn(),
            _FieldColumn("note"),
            console=console,
            refresh_per_second=5,
            transient=False,
        )
        self._task: TaskID | None = None
        self._total: int | None = None

    def phase(self, text: str, total: int | None = None) -> None:
        """A new line with its own bar; the bar of the last phase stays as it ended."""
        if self._task is not None:
            self._bar.stop_task(self._task_id())
        self._total = total
        self._task = self._bar.add_task("", total=total, phase=self._line(text), note="")

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """Moves the bar of the current phase."""
        if self._task is None:
            self.phase("", total)
        self._total = total if total is not None else self._total
        self._bar.update(self._task_id(), completed=done, total=self._total, note=self._line(note))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _task_id(self) -> TaskID:
        if self._task is None:
            raise RuntimeError("no phase has begun")
        return self._task

    def _line(self, text: str) -> str:
        return make_visible(self._clean(text))


class _FieldColumn(ProgressColumn):
    """A field of the task as plain text."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def render(self, task: Task) -> Text:
        """The text as it is: no markup."""
        return Text(str(task.fields[self._name]), overflow="ellipsis", no_wrap=True)


class _CountColumn(ProgressColumn):
    """`380/1,512 25.1 %`."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._texts = texts

    def render(self, task: Task) -> Text:
        """Count alone while the total is not known."""
        done = self._texts.show(int(task.completed))
        if not task.total:
            return Text(done)
        share = self._texts.show(Percent(task.completed / task.total))
        return Text(f"{done}/{self._texts.show(int(task.total))} {share}")
