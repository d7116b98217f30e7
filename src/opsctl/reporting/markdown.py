"""A view as Markdown, for incident tickets and pull requests."""

from __future__ import annotations

import re
from collections.abc import Callable

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.view import (
    Block,
    Cell,
    CellValue,
    Code,
    Field,
    Prose,
    ReportView,
    Section,
    Step,
    Steps,
    Table,
    Texts,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#!$&])")
_BLOCK_START = re.compile(r"^(\s*\d{0,9})([-+=.)])(?=\s|$|=|-)")
_TRAILING_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)


def render_markdown(view: ReportView, texts: Texts, *, clean: Callable[[str], str] = str) -> str:
    """The whole view as CommonMark with tables, ending with a line feed. Everything in it is data: nothing can become
    markup."""
    writer = _Writer(texts, clean)
    parts = [f"# {writer.escape(view.title)}"]
    parts += [writer.paragraph(line.text) for line in view.summary]
    for block in view.blocks:
        parts += writer.block(block)
    if view.notes:
        parts.append(writer.heading(texts.get("common.notes")))
        parts.append("\n".join(f"- {writer.escape(line.text)}" for line in view.notes))
    if view.next_commands:
        parts.append(writer.heading(texts.get("common.next")))
        reasons = [f": {writer.escape(item.reason)}" if item.reason else "" for item in view.next_commands]
        items = zip(view.next_commands, reasons, strict=True)
        parts.append("\n".join(f"- {writer.code(item.command)}{reason}" for item, reason in items))
    return _TRAILING_SPACE.sub("", "\n\n".join(parts)) + "\n"


class _Writer:
    def __init__(self, texts: Texts, clean: Callable[[str], str]) -> None:
        self._texts = texts
        self._clean = clean

    def escape(self, text: str) -> str:
        """One line of text with every character that Markdown or HTML would act on escaped."""
        return _SPECIAL.sub(r"\\\1", make_visible(self._clean(text)))

    def paragraph(self, text: str) -> str:
        """The same where a line begins: no list, heading or quotation can start."""
        return _BLOCK_START.sub(r"\1\\\2", self.escape(text))

    def code(self, text: str) -> str:
        """A code span: fenced by more backticks than it holds."""
        line = make_visible(self._clean(text))
        longest = max((len(run) for run in re.findall("`+", line)), default=0)
        fence = "`" * (longest + 1)
        padding = " " if line.startswith("`") or line.endswith("`") else ""
        return f"{fence}{padding}{line}{padding}{fence}"

    def heading(self, title: str, level: int = 2) -> str:
        """A heading; a colon that introduces a list elsewhere is left out."""
        return f"{'#' * level} {self.escape(title.removesuffix(':'))}"

    def block(self, block: Block) -> list[str]:
        """The paragraphs of a block."""
        if isinstance(block, Section):
            return self._section(block)
        if isinstance(block, Steps):
            return self._steps(block)
        return self._table(block) if isinstance(block, Table) else self._prose(block)

    def _headings(self, title: str | None, level: int = 2) -> list[str]:
        return [self.heading(title, level)] if title else []

    def _value(self, value: CellValue) -> str:
        bare = value.value if isinstance(value, Cell) else value
        return self.code(bare.text) if isinstance(bare, Code) else self.escape(self._texts.show(bare))

    def _cell(self, value: CellValue) -> str:
        bare = value.value if isinstance(value, Cell) else value
        # A bar ends a cell even inside of a code span, unless it is escaped there too.
        return self._value(value).replace("|", "\\|") if isinstance(bare, Code) else self._value(value)

    def _prose(self, prose: Prose) -> list[str]:
        parts: list[str] = []
        for text in prose.paragraphs:
            if not text.startswith("- "):
                parts.append(self.paragraph(text))
            elif parts and parts[-1].startswith("- "):
                parts[-1] += f"\n- {self.escape(text[2:])}"
            else:
                parts.append(f"- {self.escape(text[2:])}")
        return [*self._headings(prose.title), *parts]

    def _section(self, section: Section) -> list[str]:
        lines = [self._field(field) for field in section.fields]
        headings = self._headings(section.title, 3 if section.is_part else 2)
        return [*headings, "\n".join(lines)] if lines else headings

    def _steps(self, steps: Steps) -> list[str]:
        items = [self._step(f"{number}. ", step) for number, step in enumerate(steps.steps, 1)]
        return [*self._headings(steps.title), *items]

    def _step(self, mark: str, step: Step) -> str:
        """A list item; what belongs to it is indented to its text."""
        indent = " " * len(mark)
        note = f" ({self.escape(step.note)})" if step.note else ""
        parts = [f"{mark}{self.paragraph(step.text)}{note}"]
        if step.fields:
            parts[0] += "".join(f"\n{indent}{self._field(field)}" for field in step.fields)
        if step.commands:
            parts.append(self._fenced(step.commands, indent))
        return "\n\n".join(parts)

    def _fenced(self, commands: tuple[str, ...], indent: str) -> str:
        lines = [make_visible(self._clean(command)) for command in commands]
        longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
        fence = "`" * max(3, longest + 1)
        return "\n".join(indent + line for line in (f"{fence}sh", *lines, fence))

    def _table(self, table: Table) -> list[str]:
        headings = self._headings(table.title)
        if not table.rows:
            return [*headings, self.paragraph(table.empty)] if table.empty else headings
        lines = [
            self._row([self.escape(column.title) for column in table.columns]),
            self._row(["---:" if column.align == "right" else "---" for column in table.columns]),
            *(self._row([self._cell(value) for value in row]) for row in table.rows),
        ]
        return [*headings, "\n".join(lines)]

    def _field(self, field: Field) -> str:
        note = f" ({self.escape(field.note)})" if field.note else ""
        return f"- {self.escape(field.label)}: {self._value(field.value)}{note}"

    @staticmethod
    def _row(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"
