"""The words of a filter of Cloud Logging, with the place of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_BLANK = re.compile(r"(?:\s|--[^\n]*)*")
_WORD = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<operator>!=|!~|=~|<=|>=|=|<|>|:)|(?P<mark>[(),])|(?P<text>[\w./+*\-]+)',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class FilterError(ValueError):
    """A filter that the service would refuse; the message is its answer."""


class Kind(StrEnum):
    """What a word is."""

    STRING = "string"
    TEXT = "text"
    OPERATOR = "operator"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word. `text` is what it stands for (a string without its quotes); `is_joined` when nothing separates it from
    the word before. `line` and `column` count from 1."""

    kind: Kind
    text: str
    is_joined: bool
    line: int
    column: int

    def refuse(self) -> FilterError:
        """The error that this word cannot stand here."""
        return FilterError(
            f"Unparseable filter: syntax error at line {self.line}, column {self.column}, token '{self.text}'"
        )


def read_tokens(text: str) -> Iterator[Token]:
    """The words of a filter; the last one is of kind END. Raises `FilterError` at a character that begins none."""
    end = 0
    while True:
        blank = _BLANK.match(text, end)
        begin = blank.end() if blank else end
        line = text.count("\n", 0, begin) + 1
        column = begin - text.rfind("\n", 0, begin)
        if begin == len(text):
            yield Token(Kind.END, "", False, line, column)
            return
        word = _WORD.match(text, begin)
        if word is None or word.lastgroup is None:
            raise Token(Kind.MARK, text[begin], False, line, column).refuse()
        kind, content = _take(Kind(word.lastgroup), word.group())
        yield Token(kind, unquote(content) if kind is Kind.STRING else content, begin == end > 0, line, column)
        end = begin + len(content)


def unquote(literal: str) -> str:
    """What a quoted string stands for. An unknown escape keeps its backslash, as patterns need it."""
    return _ESCAPE.sub(_unescape, literal[1:-1])


def _unescape(match: re.Match[str]) -> str:
    wide, narrow, octal, plain = match.groups()
    if wide or narrow:
        return chr(int(wide or narrow, 16))
    if octal:
        return chr(int(octal, 8))
    if plain in '"\\':
        return str(plain)
    return _ESCAPED.get(plain, f"\\{plain}")


def _take(kind: Kind, content: str) -> tuple[Kind, str]:
    """What of a match is one word: a comment ends it, and a hyphen in front of anything but a digit stands alone."""
    if kind is not Kind.TEXT:
        return kind, content
    if content[0] == "-" and not content[1:2].isdigit():
        return Kind.MARK, "-"
    return kind, content.partition("--")[0]
