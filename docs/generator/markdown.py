"""Markdown, as far as the reference needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TypeVar

K = TypeVar("K")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell is escaped."""
    lines = [
        _row(columns),
        _row(["---"] * len(columns)),
        *(_row([cell.replace("|", "\\|") for cell in r]) for r in rows),
    ]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """Inline code."""
    return f"`{text}`"


def join(*parts: str) -> str:
    """Blocks with one empty line between them; empty ones are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def explain(names: Iterable[K], words: Mapping[K, str]) -> list[tuple[str, str]]:
    """Each name with its words. Raises `LookupError` when one of them lacks the other."""
    listed = list(names)
    missing, left_over = set(listed) - set(words), set(words) - set(listed)
    if missing or left_over:
        raise LookupError(f"without words: {sorted(map(str, missing))}; without a name: {sorted(map(str, left_over))}")
    return [(str(name.value if isinstance(name, Enum) else name), words[name]) for name in listed]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
