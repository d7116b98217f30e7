"""Tokens that stand for secrets, and the secrets that are to be found wherever they appear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

_TOKEN = re.compile(r"\*{3}\(([0-9a-z]{1,8})\)")
# What is shorter, or one of these words, stands in ordinary text too: masked in its place and not searched for.
_SHORTEST_SEARCHED = 6
_ORDINARY_WORDS = """
access admin administrator application change changeme changeit cloudsql connection database debug default development
disable disabled enable enabled error example execution failed false guest localhost mariadb master migration migrations
mongodb mysqld nodejs oracle passwd password placeholder postgres postgresql preview private prisma production public
rabbitmq railway require required root schema secret secrets server service session staging string success supersecret
system testing undefined unknown update username yourpassword
"""
_ORDINARY = frozenset(_ORDINARY_WORDS.split())


class TokenBook:
    """Gives each distinct secret a token, `s1`, `s2`, ..., in the order of their first appearance.

    A token says nothing about its secret: not its length, not a digest. `known` are tokens that a file holds already;
    they are not given again.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._taken = set(known)
        self._tokens: dict[str, str] = {}
        self._searched: dict[str, str] = {}
        self._spared: set[str] = set()
        self._count = 0
        self.revision = 0

    def token_of(self, secret: str) -> str:
        """The token of a secret; the same one for its percent-encoded form."""
        token = self._tokens.get(secret)
        if token is None:
            token = self._tokens.get(unquote(secret)) if "%" in secret else None
            token = token or self._next()
            self._tokens[secret] = token
            if "%" in secret:
                self._tokens.setdefault(unquote(secret), token)
        return token

    def learn(self, secret: str) -> str:
        """`token_of`, and from now on the secret is to be found in every text."""
        token = self.token_of(secret)
        if secret not in self._searched and _is_searchable(secret.strip()):
            self._searched[secret] = token
            self.revision += 1
        return token

    def spare(self, words: Iterable[str]) -> None:
        """Names that stand in plain sight (users, databases, hosts): a weak secret that equals one is not searched for,
        or the names would vanish from every error message."""
        before = len(self._spared)
        self._spared.update(word.strip().lower() for word in words)
        self.revision += len(self._spared) != before

    def reserve(self, text: str) -> None:
        """Notes the tokens of a text that was masked before, so that none of them is given to another secret."""
        if "***(" in text:
            self._taken.update(_TOKEN.findall(text))

    def searched(self) -> dict[str, str]:
        """Secrets to look for, with their tokens."""
        return {
            secret: token
            for secret, token in self._searched.items()
            if is_strong(secret) or secret.strip().lower() not in self._spared
        }

    def _next(self) -> str:
        while True:
            self._count += 1
            if (token := f"s{self._count}") not in self._taken:
                return token


def is_strong(secret: str) -> bool:
    """Whether nobody would choose `secret` as the name of something: long, and of several kinds of characters."""
    text = secret.strip()
    kinds = sum(
        (
            any(character.islower() for character in text),
            any(character.isupper() for character in text),
            any(character.isdigit() for character in text),
            any(not character.isalnum() and character not in "-_." for character in text),
        )
    )
    return (len(text) >= 12 and kinds >= 3) or len(text) >= 24


def _is_searchable(text: str) -> bool:
    return len(text) >= _SHORTEST_SEARCHED and text.lower() not in _ORDINARY and len(set(text)) > 2
