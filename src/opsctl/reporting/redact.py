"""Replaces secrets in text by `***`: the last line of defence for everything that is shown, logged or saved.

Two ways at once: patterns of things that are secret by their form, and the literal secrets of the configuration in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
# A shorter literal would mask ordinary words; a password that short is not protected by masking either.
MIN_LITERAL_LENGTH = 4

_STOP = r"\s\"'<>`"
_NAMES = (
    r"(?:[A-Za-z0-9]+[-_])*(?:password|passwd|passphrase|secret|secret[-_]?access[-_]?key|secret[-_]?key|client[-_]?secret|"
    r"private[-_]?key|session[-_]?token|access[-_]?token|refresh[-_]?token|id[-_]?token|auth[-_]?token|api[-_]?key|apikey|pwd)"
)
_SIGNED_PARAMETER = r"(?:X-(?:Amz|Goog)-[A-Za-z0-9-]+|(?:X-)?Signature|Sig|AWSAccessKeyId|GoogleAccessId|Policy|Key-Pair-Id|Token|Auth|Code|Credential)"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A PEM block, also with its line ends written as \n, also when its end was cut off.
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), MASK),
    # User info of web addresses ends before the path: an @ in a path (photo@2x.jpg) is no secret.
    (re.compile(rf"\b((?:https?|ftps?|wss?)://)[^/?#\\{_STOP}]*@", re.IGNORECASE), rf"\1{MASK}@"),
    # Database addresses: up to the last @, because a password with an unescaped slash is how such a URI ends up in an error message.
    (re.compile(rf"\b(?!(?:https?|ftps?|wss?):)([a-z][a-z0-9+.-]*://)[^{_STOP}]*@", re.IGNORECASE), rf"\1{MASK}@"),
    (
        re.compile(
            r"((?:proxy-)?authorization[\"']?\s*[:=]\s*)(?:b?([\"'])(?:(?!\2)[^\r\n])*\2?|[^\r\n\"']*)", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"((?:set-)?cookie[\"']?\s*:\s*)[^\r\n\"']*", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {MASK}"),
    (re.compile(rf"([?&;]|&amp;|\\u0026)({_SIGNED_PARAMETER})=[^&;#\\{_STOP}]*", re.IGNORECASE), rf"\1\2={MASK}"),
    (
        re.compile(rf"\b({_NAMES})=(?!\*\*\*)(?:\"[^\"\r\n]*\"?|'[^'\r\n]*'?|[^&;,{_STOP}]+)", re.IGNORECASE),
        rf"\1={MASK}",
    ),
    (
        re.compile(rf"\b({_NAMES}[\"']?\s*[:=]\s*)([\"'])(?:\\.|(?!\2)[^\r\n\\])*\2?", re.IGNORECASE),
        rf"\1\2{MASK}\2",
    ),
    # Tokens that are known by their shape: JSON web tokens, Google and GitHub access tokens.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(r"\b(?:ya29\.[A-Za-z0-9._-]{10,}|gh[opsur]_[A-Za-z0-9]{20,}|AIza[A-Za-z0-9_-]{30,})"), MASK),
)
_HINT = re.compile(
    r"://|-----BEGIN|authorization|cookie|bearer|basic|=|pass|pwd|secret|token|key|eyJ|ya29\.|gh[opsur]_|AIza",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `***`. Doing it twice changes nothing more."""
    if not _HINT.search(text):
        return text
    for pattern, replacement in _PATTERNS:
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
