"""Commands of a shell folded so that they can still be copied and run.

A command that is wider than the terminal is broken between words with a backslash. Inside quotes nothing is broken, and
a word that is wider than the terminal stays whole: what a terminal folds by itself, it also copies as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

INDENT = 4
# A word: quoted parts, escaped characters, everything that is no blank.
_WORD = re.compile(r"(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|[^\s'\"\\]|['\"\\])+")


def fold_command(command: str, width: int, measure: Callable[[str], int] = len) -> list[str]:
    """The lines of a command, each but the last ending in ` \\`, indented from the second one on.

    Words that belong together (`--flag value`) are kept in one line where they fit. `width` is in terminal columns, as
    `measure` counts them.
    """
    if measure(command) <= width:
        return [command]
    lines: list[str] = []
    for group in _groups(_WORD.findall(command)):
        room = width - 2 - (INDENT if len(lines) > 1 else 0)
        if lines and measure(lines[-1]) + 1 + measure(group) <= room:
            lines[-1] += f" {group}"
        else:
            lines.append(group)
    last = len(lines) - 1
    indented = [lines[0], *(" " * INDENT + line for line in lines[1:])]
    return [line if number == last else f"{line} \\" for number, line in enumerate(indented)]


def _groups(words: list[str]) -> list[str]:
    """An option together with the value that follows it."""
    groups: list[str] = []
    for word in words:
        takes_value = groups and re.fullmatch(r"--?[\w-]+", groups[-1])
        if takes_value and not word.startswith("-"):
            groups[-1] += f" {word}"
        else:
            groups.append(word)
    return groups
