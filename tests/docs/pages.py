"""The pages of the documentation, and the examples in them that can be run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
README = ROOT / "README.md"
TUTORIAL = DOCS / "tutorial" / "first-migration.md"
DIAGNOSIS = DOCS / "tutorial" / "first-diagnosis.md"
LEFT_OUT = "..."

_EXAMPLE = re.compile(r"<!-- run: exit (\d+) -->\n```console\n\$ ([^\n]+)\n(.*?)```", re.DOTALL)
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.DOTALL | re.MULTILINE)
# What differs from run to run: times, durations, speeds, ports, process ids, sizes of encoded pictures.
_VOLATILE = (
    (re.compile(r"done ~.*"), "<done>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d"), "<time>"),
    (re.compile(r"127\.0\.0\.\d+:\d+"), "<host>"),
    (re.compile(r"[\d.,]+ (?:B|KiB|MiB|GiB)\b"), "<size>"),
    (re.compile(r"[\d.,]+ (?=images/s|images a second|documents/h)"), "<rate> "),
    (re.compile(r"\b\d+ (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)*"), "<duration>"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A command as a page shows it: what it prints, and with which code it ends. `...` stands for lines left out."""

    page: str
    command: str
    exit_code: int
    shown: tuple[str, ...]


def read_examples(page: Path) -> list[Example]:
    """The runnable examples of a page, in their order."""
    found = _EXAMPLE.findall(page.read_text(encoding="utf-8"))
    name = str(page.relative_to(ROOT))
    return [Example(name, command, int(code), tuple(shown.splitlines())) for code, command, shown in found]


def all_pages() -> list[Path]:
    """Every page that a reader may open."""
    return [README, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def without_code(text: str) -> str:
    """A page without its fenced blocks and inline code, where nothing is a link or a heading."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def headings(page: Path) -> Iterator[str]:
    """The anchors of a page, as code hosts make them from its headings."""
    for line in _FENCE.sub("", page.read_text(encoding="utf-8")).splitlines():
        match = re.match(r"#+ (.*)", line)
        if match:
            yield re.sub(r"[^\w\- ]", "", match[1].lower()).replace(" ", "-")


def is_shown_in(shown: tuple[str, ...], printed: str) -> bool:
    """Whether what a page shows was printed, apart from what differs from run to run and from lines left out."""
    lines = [_settle(line) for line in printed.splitlines()]
    position, is_joined = 0, True
    for block in _blocks(shown):
        at = _find(block, lines, position)
        if at is None or (is_joined and at != position):
            return False
        position, is_joined = at + len(block), False
    return position == len(lines) or (bool(shown) and shown[-1] == LEFT_OUT)


def _blocks(shown: tuple[str, ...]) -> list[list[str]]:
    """The lines between two `...`; an empty first block when the page leaves out the beginning."""
    blocks: list[list[str]] = [[]]
    for line in shown:
        if line == LEFT_OUT:
            blocks.append([])
        else:
            blocks[-1].append(_settle(line))
    return blocks


def _find(block: list[str], lines: list[str], start: int) -> int | None:
    last = len(lines) - len(block)
    return next((at for at in range(start, last + 1) if lines[at : at + len(block)] == block), None)


def _settle(line: str) -> str:
    """A line without what differs, and with single blanks: columns move with what is in them."""
    for pattern, name in _VOLATILE:
        line = pattern.sub(name, line)
    return " ".join(line.split())
