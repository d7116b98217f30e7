"""Finds secrets that are known from somewhere else, in the forms that programs print them in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, unquote

from opsctl.diagnosis.redact_tokens import TokenBook, is_strong
from opsctl.reporting.redact import SubstringSearch

_SHORTEST_FORM = 6
_SHORTEST_LINE = 16
_MASK = r"\*{3}\([0-9a-z]{1,8}\)"
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


class LearnedSecrets:
    """The secrets of a token book as one search."""

    def __init__(self, tokens: TokenBook) -> None:
        self._tokens = tokens
        self._revision = -1
        self._forms = SubstringSearch(())
        self._token_of: dict[str, str] = {}
        self._encoded: frozenset[str] = frozenset()
        self._pattern = re.compile(_MASK)

    def replace(self, text: str, mask: Callable[[str], str]) -> str:
        """`text` with each known secret replaced by `mask(token)`."""
        if self._revision != self._tokens.revision:
            self._compile()
        return self._replace(text, mask) if self._forms.is_in(text) else text

    def _replace(self, text: str, mask: Callable[[str], str]) -> str:
        pieces: list[str] = []
        done = 0
        for match in self._pattern.finditer(text):
            form = match[0]
            token = self._token_of.get(form)
            start, end = match.span()
            if token is None or start < done:
                continue
            if form in self._encoded:
                start, end = _widen(text, start, end, done)
            pieces += (text[done:start], mask(token))
            done = end
        pieces.append(text[done:])
        return "".join(pieces)

    def _compile(self) -> None:
        self._revision = self._tokens.revision
        plain: dict[str, str] = {}
        encoded: dict[str, str] = {}
        weak: set[str] = set()
        for secret, token in self._tokens.searched().items():
            for form in _plain_forms(secret):
                plain.setdefault(form, token)
                if not is_strong(form):
                    weak.add(form)
            for form in _base64_forms(secret):
                encoded.setdefault(form, token)
        self._token_of = {**encoded, **plain}
        self._encoded = frozenset(encoded) - frozenset(plain)
        self._forms = SubstringSearch(self._token_of)
        longest_first = sorted(self._token_of, key=lambda form: (-len(form), form))
        # The first branch steps over what is masked already.
        branches = [_MASK, *(_branch(form, whole_word=form in weak) for form in longest_first)]
        self._pattern = re.compile("|".join(branches))


def _branch(form: str, *, whole_word: bool) -> str:
    """A weak secret is a word: `forge1` is not to be found in `forge10-db`."""
    if not whole_word:
        return re.escape(form)
    before = r"(?<![A-Za-z0-9])" if form[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if form[-1].isalnum() else ""
    return f"{before}{re.escape(form)}{after}"


def _plain_forms(secret: str) -> Iterator[str]:
    for text in _spellings(secret):
        yield from (text, _lower_escapes(quote(text, safe="")), quote(text, safe=""), quote(text), quote_plus(text))
        for escaped in (_escape_json(text), _escape_json(text, ascii_only=True)):
            yield from (escaped, _escape_json(escaped))


def _spellings(secret: str) -> Iterator[str]:
    """The secret as a program may print it: trimmed, decoded, line by line."""
    texts = [secret, secret.strip(), unquote(secret).strip()]
    if "\n" in secret or "\\n" in secret:
        texts += [line.strip() for line in secret.replace("\\n", "\n").split("\n") if len(line) >= _SHORTEST_LINE]
    for text in dict.fromkeys(texts):
        if len(text) >= _SHORTEST_FORM:
            yield text


def _base64_forms(secret: str) -> Iterator[str]:
    """What of base64 is sure to appear when the secret is encoded behind 0, 1 or 2 other bytes."""
    content = secret.strip().encode(errors="replace")
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + content).decode()
        first = (shift * 8 + 5) // 6
        whole = (shift + len(content)) * 8 // 6
        core = encoded[first:whole]
        if len(core) >= _SHORTEST_FORM + 2:
            yield core
            if "+" in core or "/" in core:
                yield core.replace("+", "-").replace("/", "_")


def _widen(text: str, start: int, end: int, floor: int) -> tuple[int, int]:
    """The whole run of base64 around a hit: its edges hold bits of the secret."""
    while start > floor and text[start - 1] in _BASE64:
        start -= 1
    while end < len(text) and (text[end] in _BASE64 or text[end] == "="):
        end += 1
    return start, end


def _escape_json(text: str, *, ascii_only: bool = False) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _lower_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)
