"""Text from outside made harmless: control characters, escape sequences and invisible direction marks become visible.

In text formats such a character is written as its escape (`\\x1b`). In JSON it is written as a JSON escape, which is
as harmless on a terminal and loses nothing: a program that reads the document gets the exact text.
"""

from __future__ import annotations

import re

# Joiners (U+200C, U+200D) are not among them: emoji and scripts need them.
_UNSAFE = "".join(
    (
        "\x00-\x1f\x7f-\x9f",  # control characters: C0, DEL, C1
        "\u200b\u2060-\u2064\ufeff",  # invisible separators, byte-order mark
        "\u2028\u2029",  # line and paragraph separator
        "\u061c\u200e\u200f\u202a-\u202e\u2065-\u2069",  # direction marks, overrides and isolates
        "\ufff9-\ufffb\U000e0000-\U000e007f",  # annotations and tags
        "\ud800-\udfff",  # lone surrogates
    )
)
_ANY_UNSAFE = re.compile(f"[{_UNSAFE}]")
_UNSAFE_BUT_LINES = re.compile(f"(?![\n\t])[{_UNSAFE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def make_visible(text: str, *, keep_lines: bool = False) -> str:
    """`text` without any character that moves a cursor, hides or reorders text.

    `keep_lines` keeps line feeds and tabs, for text that is meant to have several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    pattern = _UNSAFE_BUT_LINES if keep_lines else _ANY_UNSAFE
    return pattern.sub(lambda found: _escape(found[0]), text)


def escape_json(document: str) -> str:
    """A JSON document with the characters that `json.dumps` leaves as they are (DEL, C1, direction marks, ...) written
    as escapes.

    The document keeps its line feeds; inside its strings there are none.
    """
    return re.sub(_UNSAFE_BUT_LINES, lambda found: _json_escape(found[0]), document)


def escape_formula(text: str) -> str:
    """A CSV cell that no spreadsheet runs: an apostrophe before `=`, `+`, `-`, `@`. Plain numbers stay numbers."""
    if text.startswith(_FORMULA_START) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _escape(character: str) -> str:
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
