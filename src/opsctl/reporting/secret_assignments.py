"""Values that stand behind a name that says secret: `DB_PASSWORD=x`, `"apiKey": "x"`, `Pwd=x;`, `:password => "x"`,
`headers["x-api-key"] == "x"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from opsctl.reporting.secret_addresses import Span
from opsctl.reporting.secret_names import Secrecy, secrecy_of

_STOP = r"\s\"'<>`"
_LONGEST_NAME = 64
# For a text in lower case: the word that makes a name secret, what is left of the name, and the sign behind it. The
# start of the name is looked up afterwards: a pattern that began there would be tried from every character.
_SIGN = re.compile(
    r"(?:pass|pwd|secret|token|key|cred|signature)(?P<rest>[a-z0-9_.-]{0,40})"
    r"\\{0,3}[\"']?\]?\s{0,9}"
    # A comparison only with a text in quotes.
    r"(?P<sign>(?:=>|[:=])(?!=)|[=!]==?(?=\s{0,9}\\{0,3}[\"']))\s{0,9}"
)
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_QUOTED = re.compile(r"(?P<escape>\\{0,3})(?P<quote>[\"'])")
_UNQUOTED = re.compile(rf"[^&;,{_STOP}]+")
# In a connection string a value may hold spaces, up to the next semicolon.
_UNTIL_SEMICOLON = re.compile(r"[^;\r\n\"']{1,400}(?=;)")
_AFTER_COLON = re.compile(r"[^\s,;\"'`/()\[\]{}<>]{6,400}(?=[\s,;)\]}]|\Z)")
_NO_SECRET = re.compile(
    r"(?:null|undefined|none|nil|true|false|yes|no|on|off|\(null\)|NaN|\[object Object\]|required|missing|empty)[)\].]*"
    r"|[\w-]{1,80}:(?:latest|(?-i:VERSION))|projects/[\w:.-]{1,80}/secrets/[\w./-]*"
    r"|/(?:etc|run|app|secrets|var|mnt|usr|home|root|tmp|cloudsql|workspace|opt|srv|data)/[\w./:@-]{1,200}"
    # What stands for a value: of the shell, a template, a bound parameter, a manual.
    r"|\$\{\w{1,80}\}|\$(?-i:[A-Z_][A-Z0-9_]{1,80})|\$\([\w ./-]{1,80}\)?|\{\{[ \w.$-]{1,80}\}\}|<[a-z _-]{1,60}>"
    r"|%s|%[A-Z_]{1,40}%|\?|\$\d{1,3}|:[a-z_]{1,40}",
    re.IGNORECASE,
)
_LONG_HEX = re.compile(r"[0-9a-f]{24,128}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+(?:-[0-9a-f]+)*", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"[A-Z0-9_.:-]+")


def find_assigned(text: str) -> Iterator[Span]:
    """Values behind `=`; quoted values behind `:` and `=>`; bare values behind `:` that are no words."""
    position = 0
    lowered = _lower(text)
    while (match := _SIGN.search(lowered, position)) is not None:
        position = match.end()
        secrecy = secrecy_of(_name_of(text, match))
        if secrecy is Secrecy.NONE:
            continue
        start, end, is_bare = _value_of(text, match)
        value = text[start:end]
        if value and not is_stand_in(value) and _is_secret(value, secrecy, is_bare=is_bare):
            yield start, end
        # Walked once: what stands in a value is no further assignment.
        position = max(position, end)


def is_stand_in(value: str) -> bool:
    """Whether a value is none: a word for "not there", a reference, a path, a placeholder."""
    return _NO_SECRET.fullmatch(value) is not None


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
    if variety == 2 and len(kinds) < len(text):
        return False
    changes = sum(1 for before, after in pairwise(kinds) if before != after)
    return changes >= (0.3 if variety == 3 else 0.4) * len(kinds) and len(set(text)) >= 9


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isupper():
        return "upper"
    return "lower" if character.islower() else ""


def _lower(text: str) -> str:
    """`text` in lower case, each character at its place: there is one that becomes two."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text.replace("\u0130", "i").lower()


def _name_of(text: str, match: re.Match[str]) -> str:
    start = match.start()
    floor = max(0, start - _LONGEST_NAME)
    while start > floor and text[start - 1] in _NAME_CHARACTERS:
        start -= 1
    return text[start : match.end("rest")]


def _value_of(text: str, match: re.Match[str]) -> tuple[int, int, bool]:
    """The value behind a sign, and whether it stands bare behind a colon."""
    start = match.end()
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        return quoted.end(), _closing(text, quoted), False
    if match["sign"] == "=":
        return (*_unquoted(text, match), False)
    bare = _AFTER_COLON.match(text, start) if match["sign"] == ":" else None
    return (start, start, True) if bare is None else (*bare.span(), True)


def _is_secret(value: str, secrecy: Secrecy, *, is_bare: bool) -> bool:
    """Behind a colon a sentence may go on: there only what is no word and no code counts."""
    if secrecy is Secrecy.WEAK:
        return not is_bare and is_generated(value)
    if not is_bare:
        return True
    return _CODE.fullmatch(value) is None and _LETTER.search(value) is not None and _DIGIT.search(value) is not None


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
