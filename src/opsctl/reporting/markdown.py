"""A view as Markdown, for incident tickets and pull requests."""

from __future__ import annotations

import re
from collections.abc import Callable

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.view import Cell, CellValue, Code, Field, Prose, ReportView, Section, Table, Texts

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
        parts.append(
            "\n".join(
                [
                    writer.escape(texts.get("common.notes")),
                    "",
                    *(f"- {writer.escape(line.text)}" for line in view.notes),
                ]
            )
        )
    if view.next_commands:
        lines = [writer.escape(texts.get("common.next")), ""]
        for command in view.next_commands:
            reason = f" {writer.escape(command.reason)}" if command.reason else ""
            lines.append(f"- {writer.code(command.command)}{reason}")
        parts.append("\n".join(lines))
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

    def cell(self, value: CellValue) -> str:
        bare = value.value if isinstance(value, Cell) else value
        return self.code(bare.text) if isinstance(bare, Code) else self.escape(self._texts.show(bare))

    def block(self, block: Section | Table | Prose) -> list[str]:
        if isinstance(block, Section):
            return self.section(block)
        return self.table(block) if isinstance(block, Table) else self.prose(block)

    def prose(self, prose: Prose) -> list[str]:
        heading = [f"## {self.escape(prose.title)}"] if prose.title else []
        parts: list[str] = []
        for text in prose.paragraphs:
            if not text.startswith("- "):
                parts.append(self.paragraph(text))
            elif parts and parts[-1].startswith("- "):
                parts[-1] += f"\n- {self.escape(text[2:])}"
            else:
                parts.append(f"- {self.escape(text[2:])}")
        return [*heading, *parts]

    def section(self, section: Section) -> list[str]:
        lines = [self._field(field) for field in section.fields]
        heading = [f"## {self.escape(section.title)}"] if section.title else []
        return [*heading, "\n".join(lines)] if lines else heading

    def table(self, table: Table) -> list[str]:
        heading = [f"## {self.escape(table.title)}"] if table.title else []
        if not table.rows:
            return [*heading, self.paragraph(table.empty)] if table.empty else heading
        lines = [
            self._row([self.escape(column.title) for column in table.columns]),
            self._row(["---:" if column.align == "right" else "---" for column in table.columns]),
            *(self._row([self.cell(value) for value in row]) for row in table.rows),
        ]
        return [*heading, "\n".join(lines)]

    def _field(self, field: Field) -> str:
        note = f" ({self.escape(field.note)})" if field.note else ""
        return f"- {self.escape(field.label)}: {self.cell(field.value)}{note}"

    @staticmethod
    def _row(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"
