"""Values that stand beside their name in text: `{"name": "DB_PASSWORD", "value": "x"}` as lists of variables are
printed, `<add key="DbPassword" value="x"/>`, `<password>x</password>`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opsctl.reporting.secret_addresses import Span
from opsctl.reporting.secret_assignments import is_generated, is_stand_in
from opsctl.reporting.secret_names import Secrecy, secrecy_of

PAIR_HINTS = ('value"', "value'", "value\\", "value:", "value=", "value ", "</")
# Quotes of a text inside of another text have a backslash.
_QUOTE = r"\\{0,3}[\"']"
_PAIR = re.compile(
    rf"\b(?:name|key)(?:{_QUOTE})?\s{{0,4}}[:=]\s{{0,4}}(?:{_QUOTE})?(?P<name>[\w.:-]{{2,64}})(?:{_QUOTE})?"
    rf"(?:[\s,;]|\\[nrt]){{1,40}}(?:{_QUOTE})?value(?:{_QUOTE})?\s{{0,4}}[:=]\s{{0,4}}"
    r"(?:(?P<mark>\\{0,3}[\"'])(?P<quoted>(?:(?!(?P=mark))[^\r\n])+)|(?P<bare>[^\s\"'<>,;{}\\]+))",
    re.IGNORECASE,
)
_ELEMENT = re.compile(r"<(?:\w{1,32}:)?(?P<name>[\w.-]{2,64})(?:\s[^<>]{0,200})?>(?P<bare>[^<>\r\n]{1,400})</")


def find_pairs(text: str) -> Iterator[Span]:
    """Values whose name stands in front of them as a value of its own, or as the element around them."""
    for pattern in (_PAIR, _ELEMENT):
        for match in pattern.finditer(text):
            value = "bare" if match["bare"] is not None else "quoted"
            if _is_secret(match["name"], match[value]):
                yield match.span(value)


def _is_secret(name: str, value: str) -> bool:
    secrecy = secrecy_of(name)
    if secrecy is Secrecy.NONE or is_stand_in(value):
        return False
    return secrecy is Secrecy.STRONG or is_generated(value)
