"""Masks the secrets of one text, with a token for each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from opsctl.diagnosis.redact_arguments import find_in_arguments
from opsctl.diagnosis.redact_learned import LearnedSecrets
from opsctl.diagnosis.redact_places import Place
from opsctl.diagnosis.redact_tokens import TokenBook
from opsctl.diagnosis.redact_values import Role, Secret, find_in_value, split_user_info
from opsctl.reporting.redact import MASK, Secrecy, replace_secrets, secrecy_of

# Of the secrets that are first seen in a log line so many are looked for in the lines behind it. Every line may hold a
# new one: all of them would be a search without end.
_MOST_LEARNED_FROM_TEXT = 64
_LEARNED_KINDS = frozenset(
    {"uri-user-info", "named-value", "argument", "sql-literal", "authorization", "bearer-token", "private-key"}
)
_SCHEME_WORD = re.compile(r"(?:Bearer|Basic|Digest|Negotiate|Token|ApiKey|AWS4-HMAC-SHA256)\s+", re.IGNORECASE)
_SINGLE_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,62}")
_HOST_AND_DATABASE = re.compile(r"@([\w.-]{1,253})(?::\d{1,5})?(?:/([\w.-]{1,64}))?")


class Hit(NamedTuple):
    """A secret that was masked."""

    kind: str
    token: str


class TextMasker:
    """Masks texts one by one; what it learns from one it finds in the next. `hits` are those of the last text."""

    def __init__(self, tokens: TokenBook) -> None:
        self._tokens = tokens
        self._learned = LearnedSecrets(tokens)
        self._learned_from_text = 0
        self._is_value = False
        self.hits: list[Hit] = []

    def mask_value(self, place: Place, value: str) -> str:
        """`value` without its secrets, by what its place says of it, by form, and by what is known already."""
        self.hits = []
        self._is_value = place.role in (Role.ENV, Role.ARGUMENT)
        secrets = place.secrets
        if secrets is None:
            secrets = (
                find_in_arguments([value], value)[0]
                if place.role is Role.ARGUMENT
                else find_in_value(place.name, value, place.role)
            )
        if self._is_value:
            self._spare_names(value, secrets)
        return self._mask_rest(self._splice(value, secrets))

    def mask_text(self, text: str) -> str:
        """The same for a text whose place says nothing, such as a log line."""
        self.hits = []
        self._is_value = False
        return self._mask_rest(text)

    def mask_parts(self, text: str, parts: Iterable[tuple[int, int]], kind: str) -> str:
        """`text` with these parts of it, in order, masked as secrets of this kind."""
        self.hits = []
        return self._splice(text, [Secret(start, end, kind, self._may_learn()) for start, end in parts])

    def mask_number(self, place: Place, value: float) -> float:
        """0 in the place of a number whose name says that it is a password: a number stays a number."""
        self.hits = []
        if place.role is not Role.FIELD or secrecy_of(place.name) is not Secrecy.STRONG or abs(value) < 10:
            return value
        self.hits.append(Hit(place.role.value, self._tokens.token_of(str(value))))
        return 0

    def _mask_rest(self, text: str) -> str:
        # Known secrets first: they may hold spaces and quotes, at which a form ends.
        return replace_secrets(self._learned.replace(text, self._mask_learned), self._mask_form)

    def _splice(self, text: str, secrets: Iterable[Secret]) -> str:
        pieces: list[str] = []
        done = 0
        for secret in secrets:
            content = text[secret.start : secret.end]
            token = self._tokens.learn(content) if secret.is_searched else self._tokens.token_of(content)
            pieces += (text[done : secret.start], self._mask(secret.kind, token))
            done = secret.end
        return "".join((*pieces, text[done:])) if pieces else text

    def _mask_learned(self, token: str) -> str:
        return self._mask("learned-value", token)

    def _mask_form(self, kind: str, secret: str) -> str:
        if kind == "uri-user-info":
            return self._splice(secret, split_user_info(secret, 0, len(secret)))
        scheme = _SCHEME_WORD.match(secret) if kind in ("authorization", "named-value") else None
        if scheme is not None and scheme.end() < len(secret):
            return secret[: scheme.end()] + self._mask(kind, self._token_of(kind, secret[scheme.end() :]))
        return self._mask(kind, self._token_of(kind, secret))

    def _token_of(self, kind: str, secret: str) -> str:
        if self._is_value:
            return self._tokens.learn(secret)
        if kind in _LEARNED_KINDS and self._may_learn():
            return self._tokens.learn(secret)
        return self._tokens.token_of(secret)

    def _may_learn(self) -> bool:
        self._learned_from_text += 1
        return self._learned_from_text <= _MOST_LEARNED_FROM_TEXT

    def _mask(self, kind: str, token: str) -> str:
        self.hits.append(Hit(kind, token))
        return f"{MASK}({token})"

    def _spare_names(self, value: str, secrets: tuple[Secret, ...]) -> None:
        """Names of users, hosts and databases in a value that is not secret as a whole."""
        if not secrets and _SINGLE_NAME.fullmatch(value.strip()):
            self._tokens.spare([value])
        users = [value[s.start : s.end] for s in secrets if s.kind == "uri-user-info" and not s.is_searched]
        address = _HOST_AND_DATABASE.search(value) if "@" in value else None
        names = [name for name in address.groups() if name] if address is not None else []
        if users or names:
            self._tokens.spare([*users, *names])
