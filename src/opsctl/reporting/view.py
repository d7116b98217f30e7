"""The small value between a report and its renderings.

A feature turns its report into a `ReportView`; `reporting.table` and `reporting.markdown` write it. Cells hold typed
values (numbers, times, `Bytes`, `Duration`), not finished text: how a value looks depends on the language, the time
zone and the format, and that is decided when it is written. Text from outside needs no care here: the writers make
control characters visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Tone = Literal["plain", "good", "warning", "bad", "muted", "strong"]


@dataclass(frozen=True, slots=True)
class Bytes:
    """A size; shown as `12.4 MiB`."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; shown with its two largest units, `2 h 13 min`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Percent:
    """A share between 0 and 1; shown as `20.0 %`."""

    ratio: float


@dataclass(frozen=True, slots=True)
class Code:
    """A command, a log line, a path: shown as it is; a code span in Markdown."""

    text: str


Scalar = Code | str | int | float | bool | datetime | Bytes | Duration | Percent | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a tone. The tone is colour on a terminal and nothing elsewhere: it never carries meaning alone."""

    value: Scalar
    tone: Tone = "plain"


CellValue = Cell | Scalar


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the summary."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Field:
    """A label and its value. `note` says how the value is known: its method, its age."""

    label: str
    value: CellValue
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Labelled values under an optional heading. A label that is that of the field above is said once where values are
    aligned. `is_part` makes the heading one below that of the block before."""

    fields: tuple[Field, ...]
    title: str | None = None
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Numbers belong to the right. Cells of a `keep_whole` column (names, keys) and numbers are
    the last to be folded on a terminal."""

    title: str
    align: Literal["left", "right"] = "left"
    keep_whole: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; every row has one cell a column. `empty` is said in place of a table without rows.

    `brief` is said in place of the rows by `-o table`, for what one wants to have in a ticket and not on a screen.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[CellValue, ...], ...]
    title: str | None = None
    empty: str | None = None
    brief: str | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs and list items (which begin with `- `), in order, under a heading."""

    paragraphs: tuple[str, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do: a sentence, how it is graded, what must be known about it, and commands to copy."""

    text: str
    note: str | None = None
    fields: tuple[Field, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in order, numbered, under a heading."""

    steps: tuple[Step, ...]
    title: str | None = None


Block = Section | Table | Prose | Steps


@dataclass(frozen=True, slots=True)
class NextCommand:
    """A command to run next, and why. Comes last in every rendering."""

    command: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ReportView:
    """What a person reads of a report, in reading order."""

    title: str
    summary: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()
    notes: tuple[Line, ...] = ()
    next_commands: tuple[NextCommand, ...] = ()


class Texts(Protocol):
    """Messages in the language of the reader. View functions receive one."""

    def get(self, key: str, /, **values: Scalar) -> str:
        """The message `area.name` with its values put in; values are written as `show` writes them."""
        ...

    def show(self, value: Scalar, /) -> str:
        """One value as text: thousands separated, times local with their offset, unknown as a dash."""
        ...
