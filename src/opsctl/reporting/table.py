"""A view as text for a terminal or a pipe. One of the two modules that import Rich.

On a terminal: its width, colour, folded cells. Off a terminal: unlimited width, no boxes, no colour, nothing
shortened. Text of a report is always wrapped in `Text`: Rich markup in data has no effect.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from opsctl.reporting.column_widths import fit_widths
from opsctl.reporting.command_lines import fold_command
from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.view import (
    Block,
    Cell,
    CellValue,
    Field,
    Line,
    NextCommand,
    Prose,
    ReportView,
    Section,
    Step,
    Steps,
    Table,
    Texts,
    Tone,
)

UNLIMITED_WIDTH = 1 << 20
MIN_WIDTH = 40
# More of one value than this hides the rest of the report; -o json has all of it.
MAX_CELL_CHARACTERS = 320
# Two blanks, and one place for the line between columns.
COLUMN_GAP = 3
# A reason that would have less room beside its command stands below it.
LEAST_REASON = 24
_STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "warning": "yellow",
    "bad": "bold red",
    "muted": "dim",
    "strong": "bold",
}


@dataclass(frozen=True, slots=True)
class Screen:
    """What is written to. `width` None means that it is no terminal. `is_utf8` False allows ASCII only for lines and
    marks."""

    width: int | None = None
    has_colour: bool = False
    is_utf8: bool = True


def render_table(view: ReportView, texts: Texts, screen: Screen, *, clean: Callable[[str], str] = str) -> str:
    """The whole view as text that ends with a line feed."""
    return _Writer(texts, screen, clean).render(view)


class _CommandLine(Text):
    """One line of a command."""


class _Writer:
    def __init__(self, texts: Texts, screen: Screen, clean: Callable[[str], str]) -> None:
        self._texts = texts
        self._screen = screen
        self._clean = clean

    def render(self, view: ReportView) -> str:
        blocks: list[list[RenderableType]] = [
            [self._text(view.title, "strong"), *(self._line(line) for line in view.summary)]
        ]
        blocks += [self._block(block) for block in view.blocks]
        if view.notes:
            blocks.append(
                [
                    self._text(self._texts.get("common.notes"), "muted"),
                    *(self._indented(self._line(line)) for line in view.notes),
                ]
            )
        if view.next_commands:
            blocks.append(self._next_commands(view.next_commands))
        return self._print([block for block in blocks if block])

    def _print(self, blocks: list[list[RenderableType]]) -> str:
        output = io.StringIO()
        console = self._console(output)
        for number, block in enumerate(blocks):
            if number:
                console.line()
            for renderable in block:
                # A command is folded already; what is still too wide is left to the terminal, so that it can be copied.
                console.print(renderable, soft_wrap=isinstance(renderable, _CommandLine))
        # Rich pads cells to the width of their column: blanks at the end of a line only disturb a diff.
        return "\n".join(line.rstrip(" ") for line in output.getvalue().rstrip("\n").split("\n")) + "\n"

    def _console(self, output: io.StringIO) -> Console:
        """Nothing is left to Rich's own guesses: FORCE_COLOR would make it take a pipe for a terminal, TERM=dumb
        ignore the width."""
        width = UNLIMITED_WIDTH if self._screen.width is None else max(self._screen.width, MIN_WIDTH)
        return Console(
            file=output,
            width=width,
            height=100,
            force_terminal=self._screen.has_colour,
            color_system="standard" if self._screen.has_colour else None,
            no_color=not self._screen.has_colour,
            legacy_windows=False,
            force_jupyter=False,
            force_interactive=False,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=False,
        )

    def _text(self, text: str, tone: Tone = "plain") -> Text:
        line = make_visible(self._clean(text))
        if not self._screen.is_utf8:
            line = line.replace("…", "...").replace("–", "-").replace("·", "-")
        return Text(line, style=_STYLES[tone], overflow="fold")

    def _beside(self, text: Text, note: str) -> Text:
        return Text.assemble(text, "  ", self._text(note, "muted"), overflow="fold")

    def _line(self, line: Line) -> Text:
        return self._text(line.text, line.tone)

    def _cell(self, value: CellValue) -> Text:
        cell = value if isinstance(value, Cell) else Cell(value)
        return self._text(self._shorten(self._texts.show(cell.value)), "muted" if cell.value is None else cell.tone)

    def _shorten(self, text: str) -> str:
        if self._screen.width is None or len(text) <= MAX_CELL_CHARACTERS:
            return text
        left_out = len(text) - MAX_CELL_CHARACTERS
        # Cleaned first: a secret that is cut in two would no longer be recognised.
        return self._clean(text)[:MAX_CELL_CHARACTERS] + self._texts.get("common.shortened", characters=left_out)

    def _indented(self, renderable: RenderableType) -> RenderableType:
        return Padding(renderable, (0, 0, 0, 2), expand=False)

    def _block(self, block: Block) -> list[RenderableType]:
        if isinstance(block, Section):
            return self._section(block)
        if isinstance(block, Steps):
            return self._steps(block)
        return self._table(block) if isinstance(block, Table) else self._prose(block)

    def _heading(self, title: str | None) -> list[RenderableType]:
        return [self._text(title, "strong")] if title else []

    def _prose(self, prose: Prose) -> list[RenderableType]:
        # A list item that is folded goes on below its text.
        return self._heading(prose.title) + [
            Padding(self._text(text), (0, 0, 0, 4 if text.startswith("- ") else 2), expand=False)
            for text in prose.paragraphs
        ]

    def _section(self, section: Section) -> list[RenderableType]:
        heading = self._heading(section.title)
        grid = self._fields(section.fields)
        return [*heading, self._indented(grid) if section.title else grid] if section.fields else heading

    def _fields(self, fields: tuple[Field, ...]) -> RichTable:
        grid = RichTable.grid(padding=(0, 2, 0, 0), pad_edge=False)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        above = None
        for field in fields:
            value = self._cell(field.value)
            if field.note:
                value = self._beside(value, f"({field.note})")
            grid.add_row(self._text("" if field.label == above else field.label, "muted"), value)
            above = field.label
        return grid

    def _steps(self, steps: Steps) -> list[RenderableType]:
        written = self._heading(steps.title)
        for number, step in enumerate(steps.steps, 1):
            written += self._step(f"{number}. ", step)
        return written

    def _step(self, mark: str, step: Step) -> list[RenderableType]:
        text = self._text(step.text)
        if step.note:
            text = self._beside(text, f"({step.note})")
        grid = RichTable.grid(padding=0, pad_edge=False)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._text(mark), text)
        written: list[RenderableType] = [self._indented(grid)]
        if step.fields:
            written.append(Padding(self._fields(step.fields), (0, 0, 0, 5), expand=False))
        for command in step.commands:
            written += self._command(command, 5)
        return written

    def _command(self, command: str, indent: int) -> list[RenderableType]:
        text = self._text(command).plain
        width = UNLIMITED_WIDTH if self._screen.width is None else max(self._screen.width, MIN_WIDTH) - indent
        return [
            _CommandLine(" " * indent + line, style=_STYLES["strong"]) for line in fold_command(text, width, cell_len)
        ]

    def _table(self, table: Table) -> list[RenderableType]:
        heading = self._heading(table.title)
        if not table.rows:
            return [*heading, self._text(table.empty, "muted")] if table.empty else heading
        if table.brief:
            return [*heading, self._text(table.brief)]
        rich_table = RichTable(
            box=self._box(),
            show_edge=False,
            pad_edge=False,
            header_style="bold" if self._screen.has_colour else "",
            padding=(0, 2, 0, 0),
        )
        rows = [[self._cell(value) for value in row] for row in table.rows]
        for column, width in zip(table.columns, self._widths(table, rows), strict=True):
            rich_table.add_column(self._text(column.title), justify=column.align, overflow="fold", width=width)
        for row in rows:
            rich_table.add_row(*row)
        return [*heading, rich_table]

    def _widths(self, table: Table, rows: list[list[Text]]) -> list[int | None]:
        """A width for every column on a terminal; off a terminal each takes what it needs."""
        if self._screen.width is None:
            return [None] * len(table.columns)
        natural = [
            max(1, self._text(column.title).cell_len, *(row[index].cell_len for row in rows))
            for index, column in enumerate(table.columns)
        ]
        kept = [column.keep_whole or column.align == "right" for column in table.columns]
        between = COLUMN_GAP * (len(table.columns) - 1)
        return list(fit_widths(natural, kept, max(self._screen.width, MIN_WIDTH) - between))

    def _box(self) -> box.Box | None:
        if self._screen.width is None:
            return None
        return box.SIMPLE_HEAD if self._screen.is_utf8 else box.ASCII2

    def _next_commands(self, commands: tuple[NextCommand, ...]) -> list[RenderableType]:
        heading: list[RenderableType] = [self._text(self._texts.get("common.next"), "muted")]
        lines = [(self._text(item.command, "strong"), self._text(item.reason or "", "muted")) for item in commands]
        longest = max(command.cell_len for command, _ in lines)
        if self._screen.width is not None and longest + LEAST_REASON + 4 > self._screen.width:
            for command, reason in lines:
                heading += [*self._command(command.plain, 2), Padding(reason, (0, 0, 0, 6), expand=False)]
            return heading
        grid = RichTable.grid(padding=(0, 2, 0, 0), pad_edge=False)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for command, reason in lines:
            grid.add_row(command, reason)
        return [*heading, self._indented(grid)]
