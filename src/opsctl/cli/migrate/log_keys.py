"""Private keys that pods print line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.reporting.key_lines import KeyLines
from opsctl.reporting.redact import MASK


class KeyMask:
    """Masks the lines of private keys, each container for itself. What is open stays open from call to call."""

    def __init__(self) -> None:
        self._keys: KeyLines[int] = KeyLines()
        self._count = 0

    def __call__(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """The same lines. An end whose begin is missing masks what stands before it among them; what was in an earlier
        call may be written already."""
        masked = list(lines)
        for place, (start, end) in sorted(self._find(lines), reverse=True):
            text = masked[place].text
            masked[place] = replace(masked[place], text=text[:start] + MASK + text[end:])
        return masked

    def _find(self, lines: Sequence[LogLine]) -> list[tuple[int, tuple[int, int]]]:
        first = self._count
        self._count += len(lines)
        return [
            (number - first, part)
            for place, line in enumerate(lines, first)
            for number, part in self._keys.take((line.pod, line.container, line.is_previous), line.text, place)
            if number >= first
        ]
