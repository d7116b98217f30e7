"""Private keys that pods print line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.reporting.key_lines import KeyBatches
from opsctl.reporting.redact import MASK


class KeyMask:
    """Masks the lines of private keys, each container for itself. What is open stays open from call to call."""

    def __init__(self) -> None:
        self._keys = KeyBatches()

    def __call__(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """The same lines. An end whose begin is missing masks what stands before it among them; what was in an earlier
        call may be written already."""
        masked = list(lines)
        for place, parts in self._keys.find(lines, lambda line: line.text, _stream).items():
            text = lines[place].text
            for start, end in reversed(parts):
                text = text[:start] + MASK + text[end:]
            masked[place] = replace(lines[place], text=text)
        return masked


def _stream(line: LogLine) -> tuple[str, str, bool]:
    return line.pod, line.container, line.is_previous
