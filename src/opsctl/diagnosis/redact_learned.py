"""Finds secrets that are known from somewhere else, in the forms that programs print them in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote

from opsctl.diagnosis.redact_tokens import TokenBook, is_strong
from opsctl.reporting.redact import SubstringSearch

_SHORTEST_FORM = 6
# A variable holds at most 32 KiB.
_LONGEST_SECRET = 65_536
_MOST_LINES = 200
# So much of a form goes into the pattern; the rest is compared.
_COMPILED = 64
_SHORTEST_LINE = 16
_MASK = r"\*{3}\([0-9a-z]{1,8}\)"
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


class _Form(NamedTuple):
    text: str
    token: str
    is_encoded: bool


class LearnedSecrets:
    """The secrets of a token book as one search."""

    def __init__(self, tokens: TokenBook) -> None:
        self._tokens = tokens
        self._revision = -1
        self._starts = SubstringSearch(())
        self._pattern = re.compile(_MASK)
        self._by_start: dict[str, list[_Form]] = {}

    def replace(self, text: str, mask: Callable[[str], str]) -> str:
        """`text` with each known secret replaced by `mask(token)`."""
        if self._revision != self._tokens.revision:
            self._compile()
        return self._replace(text, mask) if self._starts.is_in(text) else text

    def _replace(self, text: str, mask: Callable[[str], str]) -> str:
        pieces: list[str] = []
        done = 0
        position = 0
        while (match := self._pattern.search(text, position)) is not None:
            start, position = match.span()
            form = self._form_at(text, start, match[0])
            if form is None:
                # A mask, which is stepped over, or something that only begins like a secret.
                position = position if text[start] == "*" else start + 1
                continue
            end = min(start + len(form.text), len(text))
            if form.is_encoded:
                start, end = _widen(text, start, end, done)
            pieces += (text[done:start], mask(form.token))
            done = position = end
        pieces.append(text[done:])
        return "".join(pieces)

    def _form_at(self, text: str, position: int, start: str) -> _Form | None:
        """The longest form that stands at `position`; of a text that was cut, what is left of it."""
        rest = len(text) - position
        for form in self._by_start.get(start, ()):
            if text.startswith(form.text[:rest], position):
                return form
        return None

    def _compile(self) -> None:
        self._revision = self._tokens.revision
        forms: dict[str, _Form] = {}
        for secret, token in self._tokens.searched().items():
            cut = secret[:_LONGEST_SECRET]
            for text in _plain_forms(cut):
                forms[text] = _Form(text, token, is_encoded=False)
            for text in _base64_forms(cut):
                forms.setdefault(text, _Form(text, token, is_encoded=True))
        self._by_start = {}
        for form in sorted(forms.values(), key=lambda form: (-len(form.text), form.text)):
            self._by_start.setdefault(form.text[:_COMPILED], []).append(form)
        starts = sorted(self._by_start, key=lambda start: (-len(start), start))
        self._starts = SubstringSearch(starts)
        # The first branch steps over what is masked already.
        branches = (_branch(start, is_word=not self._by_start[start][0].is_encoded) for start in starts)
        self._pattern = re.compile("|".join((_MASK, *branches)))


def _branch(start: str, *, is_word: bool) -> str:
    """A weak secret is a word: `forge1` is not to be found in `forge10-db`."""
    if not is_word or is_strong(start):
        return re.escape(start)
    before = r"(?<![A-Za-z0-9])" if start[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if start[-1].isalnum() else ""
    return f"{before}{re.escape(start)}{after}"


def _plain_forms(secret: str) -> Iterator[str]:
    for text in _spellings(secret):
        yield from (text, _lower_escapes(quote(text, safe="")), quote(text, safe=""), quote(text), quote_plus(text))
        for escaped in (_escape_json(text), _escape_json(text, ascii_only=True)):
            yield from (escaped, _escape_json(escaped))


def _spellings(secret: str) -> Iterator[str]:
    """The secret as a program may print it: trimmed, decoded, line by line."""
    texts = [secret, secret.strip(), unquote(secret).strip()]
    if "\n" in secret or "\\n" in secret:
        lines = secret.replace("\\n", "\n").split("\n")[:_MOST_LINES]
        # The marks of a key block are no secret, and without them the block would not be recognised elsewhere.
        texts += [line.strip() for line in lines if len(line) >= _SHORTEST_LINE and "-----" not in line]
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
