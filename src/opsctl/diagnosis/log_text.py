"""Text as a string of the Logging query language.

https://cloud.google.com/logging/docs/view/logging-query-language; the lexer of strings is public in Grafeas
(`FilterExpressionLexer.g4`): between double quotes stand ASCII from space to `~` without `"` and `\\`, everything from
U+00A1 to U+FFFE, and the escapes `\\a \\b \\f \\n \\r \\t \\v \\" \\\\ \\uXXXX`.
"""

from __future__ import annotations

import re

from opsctl.errors import UsageError

_NAMED = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    '"': r"\"",
    "\\": r"\\",
}
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f-\xa0\uffff]')


def quote_text(text: str) -> str:
    """`text` as one string literal, quotes included; whatever it holds, it cannot end the literal.

    Raises `UsageError` for text that is not Unicode (half of a surrogate pair, as undecodable arguments have it).
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("The text to look for is not valid Unicode.") from error
    return '"' + _SPECIAL.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _NAMED.get(character) or f"\\u{ord(character):04x}"
