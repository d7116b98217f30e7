"""What must be known of a command line before it is parsed: the format of errors, how much to tell, and which command
is meant.

A command line that cannot be parsed still has to be answered in the format that it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from opsctl.cli.app import PROGRAM, ROOT, GroupEntry
from opsctl.cli.options import OutputFormat

_LONG_WITH_VALUE = ("--profile", "--config", "--output", "--lang", "--timeout")
# Flags that may stand before -o in one word (-qo json), and the value that may follow it at once (-ojson).
_SHORT_OUTPUT = re.compile(r"-[hqvV]*o=?(?P<value>.*)", re.DOTALL)
_SHORT_FLAGS = re.compile(r"-[hqvV]+")


@dataclass(frozen=True, slots=True)
class EarlyOptions:
    """A guess that is right for every line that can be parsed, and good enough for the others."""

    command: str = PROGRAM
    output: OutputFormat = OutputFormat.TABLE
    verbose: int = 0


def read_early_options(arguments: Sequence[str], commands: GroupEntry = ROOT) -> EarlyOptions:
    """Reads the line from left to right up to `--`. Never raises."""
    output, verbose, command = OutputFormat.TABLE, 0, PROGRAM
    group: GroupEntry | None = commands
    for kind, text in _read_words(arguments):
        if kind == "output":
            output = OutputFormat(text) if text in set(OutputFormat) else output
        elif kind == "flags":
            verbose += text.count("v")
        elif group is not None:
            entry = group.find(text)
            command = command if entry is None else text if command == PROGRAM else f"{command}.{text}"
            group = entry if isinstance(entry, GroupEntry) else None
    return EarlyOptions(command, output, verbose)


def _read_words(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`("output", format)`, `("flags", letters)` and `("word", text)`; other options and their values are left out."""
    words = iter(arguments)
    for word in words:
        if word == "--":
            return
        short = _SHORT_OUTPUT.fullmatch(word)
        if short or word == "--output":
            yield "flags", word.partition("o")[0] if short else ""
            yield "output", (short["value"] if short else "") or next(words, "")
        elif word.startswith("--output="):
            yield "output", word.partition("=")[2]
        elif word in _LONG_WITH_VALUE:
            next(words, None)
        elif word == "--verbose" or _SHORT_FLAGS.fullmatch(word):
            yield "flags", "v" if word == "--verbose" else word
        elif not word.startswith("-"):
            yield "word", word
