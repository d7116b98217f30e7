"""Replaces secrets in text by `***`: the last line of defence for everything that is shown, logged or saved.

Two ways at once: patterns of things that are secret by their form, and the literal secrets of the configuration in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

MASK = "***"
# A shorter literal would mask ordinary words; a password that short is not protected by masking either.
MIN_LITERAL_LENGTH = 4

_STOP = r"\s\"'<>`"
_WEB = r"(?:https?|ftps?|wss?)"
_NAMES = "|".join(
    (
        r"pass(?:word|wd|phrase)|pwd|api[-_]?key",
        r"secret(?:[-_]?access)?(?:[-_]?key)?|private[-_]?key",
        r"(?:session|access|refresh|id|auth)[-_]?token",
    )
)
_SIGNED = "|".join(
    (
        r"X-(?:Amz|Goog)-[A-Za-z0-9-]+",
        r"(?:X-)?Signature|Sig|Token|Auth|Credential",
        r"AWSAccessKeyId|GoogleAccessId|Policy|Key-Pair-Id",
    )
)


class _Rule(NamedTuple):
    pattern: str
    replacement: str
    flags: re.RegexFlag = re.IGNORECASE


# Lengths are bounded where a pattern could otherwise be tried from every character of a long text to its end.
_RULES = (
    # A PEM block, also with its line ends written as \n, also when its end was cut off.
    _Rule(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", MASK, re.DOTALL),
    # User info of web addresses ends before the path: an @ in a path (photo@2x.jpg) is no secret.
    _Rule(rf"\b({_WEB}://)[^/?#\\{_STOP}]{{0,4096}}@", rf"\1{MASK}@"),
    # The same without a scheme, as pages write addresses of their own scheme.
    _Rule(rf"(?<![\w:/])//[^/?#\\{_STOP}]{{1,4096}}@", f"//{MASK}@"),
    # Of database addresses up to the last @: a password with an unescaped slash is how they get into error messages.
    _Rule(rf"\b(?!{_WEB}:)([a-z][a-z0-9+.-]{{0,30}}://)[^{_STOP}]{{0,4096}}@", rf"\1{MASK}@"),
    _Rule(r"(authorization[\"']?\s{0,9}[:=]\s{0,9})(?:b?([\"'])(?:(?!\2)[^\r\n])*\2?|[^\r\n\"']*)", rf"\1\2{MASK}\2"),
    _Rule(r"(cookie[\"']?\s{0,9}:\s{0,9})[^\r\n\"']*", rf"\1{MASK}"),
    _Rule(r"\b(Bearer|Basic)\s{1,9}[A-Za-z0-9+/=._~-]{8,}", rf"\1 {MASK}"),
    _Rule(rf"([?&;]|&amp;|\\u0026)({_SIGNED})=[^&;#\\{_STOP}]*", rf"\1\2={MASK}"),
    _Rule(rf"({_NAMES})=(?:\"[^\"\r\n]*\"?|'[^'\r\n]*'?|[^&;,{_STOP}]+)", rf"\1={MASK}"),
    _Rule(rf"((?:{_NAMES})[\"']?\s{{0,9}}[:=]\s{{0,9}})([\"'])(?:\\.|(?!\2)[^\r\n\\])*\2?", rf"\1\2{MASK}\2"),
    # Tokens that are known by their shape: JSON web tokens, Google and GitHub access tokens.
    _Rule(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", MASK, re.NOFLAG),
    _Rule(r"\b(?:ya29\.[A-Za-z0-9._-]{10,}|gh[opsur]_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,})", MASK, re.NOFLAG),
)
_HINT = re.compile(
    r"//|-----BEGIN|authorization|cookie|bearer|basic|=|pass|pwd|secret|token|key|eyJ|ya29\.|gh[opsur]_|AIza",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`. Doing it twice changes nothing more."""
    if not _HINT.search(text):
        return text
    for pattern, replacement in _compiled_rules():
        text = pattern.sub(replacement, text)
    return text


class Redactor:
    """`redact`, and the literal secrets that it has been told, wherever they appear."""

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._literals: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.learn(literals)

    def learn(self, literals: Iterable[str]) -> None:
        """Adds secrets. Texts shorter than four characters are left out: they would mask ordinary words."""
        self._literals |= {literal for literal in literals if len(literal) >= MIN_LITERAL_LENGTH}
        if self._literals:
            longest_first = sorted(self._literals, key=lambda literal: (-len(literal), literal))
            self._pattern = re.compile("|".join(re.escape(literal) for literal in longest_first))

    def __call__(self, text: str) -> str:
        """`text` without any known secret and without anything that looks like one."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return redact(text)


@cache
def _compiled_rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled on first use: a help text needs none of them."""
    return tuple((re.compile(rule.pattern, rule.flags), rule.replacement) for rule in _RULES)
