"""Finds the line of a key in TOML text. `tomllib` keeps no positions, and an error without a line costs its reader a
search."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"^\s*\[{{1,2}}\s*({_DOTTED})\s*\]{{1,2}}")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=(.*)$", re.DOTALL)
_PARTS = re.compile(_PART)


def find_line(text: str, path: tuple[str, ...]) -> int | None:
    """The line (from 1) where `path` is set, else the line of the nearest table or value around it, else None."""
    best: tuple[int, int] | None = None
    for line, found in _positions(text):
        if found == path[: len(found)] and (best is None or len(found) > best[0]):
            best = (len(found), line)
    return best[1] if best else None


def _positions(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if closing is not None:
            if closing in line:
                closing = None
            continue
        header = _HEADER.match(line)
        if header:
            table = _split(header[1])
            yield number, table
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment:
            yield number, (*table, *_split(assignment[1]))
            closing = _opened_string(assignment[2])


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _PARTS.findall(dotted))


def _opened_string(value: str) -> str | None:
    """The delimiter of a multi-line string that starts in `value` and does not end there."""
    start = value.lstrip()
    for delimiter in ('"""', "'''"):
        if start.startswith(delimiter) and delimiter not in start[3:]:
            return delimiter
    return None
