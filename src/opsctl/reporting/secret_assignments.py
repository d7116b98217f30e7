"""Values that stand behind a name that says secret: `DB_PASSWORD=x`, `"apiKey": "x"`, `Pwd=x;`, `:password => "x"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from opsctl.reporting.secret_addresses import Span
from opsctl.reporting.secret_names import Secrecy, secrecy_of

_STOP = r"\s\"'<>`"
_LONGEST_NAME = 64
# The word that makes a name secret, what is left of the name, and the sign behind it. The start of the name is looked
# up afterwards: a pattern that began there would be tried from every character.
_SIGN = re.compile(
    r"(?:pass|pwd|secret|token|key|cred|signature)(?P<rest>[A-Za-z0-9_.-]{0,40})(?P<close>\\{0,3}[\"']?\]?)\s{0,9}(?P<sign>=>|[:=])(?!=)\s{0,9}",
    re.IGNORECASE,
)
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_QUOTED = re.compile(r"(?P<escape>\\{0,3})(?P<quote>[\"'])")
_UNQUOTED = re.compile(rf"[^&;,{_STOP}]+")
# In a connection string a value may hold spaces, up to the next semicolon.
_UNTIL_SEMICOLON = re.compile(r"[^;\r\n\"']{1,400}(?=;)")
_AFTER_COLON = re.compile(r"[^\s,;\"'`/()\[\]{}<>]{6,400}(?=[\s,;)\]}]|\Z)")
_NO_SECRET = re.compile(
    r"(?:null|undefined|none|nil|true|false|yes|no|on|off|\(null\)|NaN|\[object Object\]|required|missing|empty)[)\].]*"
    r"|[\w-]{1,80}:latest|projects/[\w:.-]{1,80}/secrets/.*"
    r"|/(?:etc|run|app|secrets|var|mnt|usr|home|root|tmp|cloudsql|workspace|opt|srv|data)/.*"
    r"|\$\{?\w{1,80}\}?|\$\(.*|\{\{.*|<[^>]{0,80}>?|%s|%\w{1,40}%|\?|\$\d{1,3}|:\w{1,40}",
    re.IGNORECASE,
)
_LONG_HEX = re.compile(r"[0-9a-f]{24,128}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+(?:-[0-9a-f]+)*", re.IGNORECASE)
_CODE = re.compile(r"[A-Z0-9_.:-]+")


def find_assigned(text: str) -> Iterator[Span]:
    """Values behind `=`, and quoted values behind `:` and `=>`."""
    position = 0
    while (match := _SIGN.search(text, position)) is not None:
        position = match.end()
        secrecy = secrecy_of(_name_of(text, match))
        span = None if secrecy is Secrecy.NONE else _value_of(text, match)
        if span is None:
            continue
        value = text[span[0] : span[1]]
        if value and not _NO_SECRET.fullmatch(value) and (secrecy is Secrecy.STRONG or is_generated(value)):
            yield span
        # Walked once: what stands in a value is no further assignment.
        position = max(position, span[1])


def find_unquoted_after_colon(text: str) -> Iterator[Span]:
    """Bare values behind `password: `. A sentence may go on behind a colon, so only what is no word and no code."""
    for match in _SIGN.finditer(text):
        if match["sign"] != ":" or secrecy_of(_name_of(text, match)) is not Secrecy.STRONG:
            continue
        value = _AFTER_COLON.match(text, match.end())
        if value is None or _CODE.fullmatch(value[0]) or _NO_SECRET.fullmatch(value[0]):
            continue
        if any(c.isdigit() for c in value[0]) and any(c.isalpha() for c in value[0]):
            yield value.span()


def is_generated(text: str) -> bool:
    """Whether `text` can be a generated secret where a name lets one expect it: random, or a long row of hex digits."""
    return looks_random(text) or _LONG_HEX.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Whether `text` looks like a generated secret: long, without spaces, its kinds of characters mixed at random.

    Words, paths, host names, versions, times and resource names change their kind of character rarely. Rows of hex
    digits, with dashes or without, are digests, commits and UUIDs: not told apart here.
    """
    if len(text) < 16 or any(character.isspace() for character in text) or _HEX.fullmatch(text):
        return False
    kinds = [kind for kind in map(_kind, text) if kind]
    variety = len(set(kinds))
    if len(kinds) < 0.8 * len(text) or variety < 2:
        return False
    changes = sum(1 for before, after in pairwise(kinds) if before != after)
    return changes >= (0.3 if variety == 3 else 0.4) * len(kinds) and len(set(text)) >= 9


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "upper"
    return "lower" if character.islower() else ""


def _value_of(text: str, match: re.Match[str]) -> Span | None:
    quoted = _QUOTED.match(text, match.end())
    if quoted is not None:
        return quoted.end(), _closing(text, quoted)
    return _unquoted(text, match) if match["sign"] == "=" else None


def _name_of(text: str, match: re.Match[str]) -> str:
    start = match.start()
    floor = max(0, start - _LONGEST_NAME)
    while start > floor and text[start - 1] in _NAME_CHARACTERS:
        start -= 1
    return text[start : match.end("rest")]


def _closing(text: str, quoted: re.Match[str]) -> int:
    """Where a quoted value ends: before the same quote with as many backslashes, at the end of the line without one."""
    escape, quote = quoted["escape"], quoted["quote"]
    end_of_line = _end_of_line(text, quoted.end())
    position = quoted.end()
    while (found := text.find(quote, position, end_of_line)) >= 0:
        first = found
        while first > quoted.end() and text[first - 1] == "\\":
            first -= 1
        if found - first <= len(escape) if escape else (found - first) % 2 == 0:
            return max(first if escape else found, quoted.end())
        position = found + 1
    return end_of_line


def _end_of_line(text: str, start: int) -> int:
    newline = text.find("\n", start)
    end = len(text) if newline < 0 else newline
    return end - 1 if end > start and text[end - 1] == "\r" else end


def _unquoted(text: str, match: re.Match[str]) -> Span:
    value = _UNTIL_SEMICOLON.match(text, match.end())
    before = text[max(0, match.start() - 40) : match.start()]
    if value is not None and (";" in before or "=" in before) and "=" not in value[0].rstrip("="):
        return value.span()
    plain = _UNQUOTED.match(text, match.end())
    return (match.end(), match.end()) if plain is None else plain.span()
