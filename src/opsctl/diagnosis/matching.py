"""Finds the signs of all rules in all messages.

More than a thousand patterns against hundreds of thousands of lines would take minutes. Every sign has a literal that
each of its matches holds, and a pattern is tried only on the message where its literal stands. Literals are looked for
in large pieces of text, which is what `str.find` is fast at, and only in pieces that know their words: a log of many
megabytes has few different ones.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from opsctl.diagnosis.facts.model import ErrorCode, Message, Pointer
from opsctl.diagnosis.rule import Rule, Sign, Weight

PIECE_CHARACTERS = 1 << 20
# The same sign in thousands of lines says no more than in the first few.
MOST_MATCHES_PER_SIGN = 200

_WORD = re.compile(rb"[a-z]{2,}")
# Everything but the letters a to z becomes space.
_LETTERS = bytes(byte if 97 <= byte <= 122 else 32 for byte in range(256))


class Match(NamedTuple):
    """A sign or a code of a rule in a message. `id` is the sign's, or `system:code`."""

    id: str
    weight: Weight
    message: Message
    pointer: Pointer


def find_signs(rules: Iterable[Rule], messages: Sequence[Message]) -> dict[str, list[Match]]:
    """By cause: where its signs stand, in the order of the messages."""
    by_needle = _by_needle(tuple(rules))
    found: dict[str, list[Match]] = {}
    tried: set[tuple[str, str, int]] = set()
    counts: dict[tuple[str, str], int] = {}
    for piece in _pieces(messages):
        for needle, words, owners in by_needle:
            if not piece.knows(words) or needle not in piece.text:
                continue
            for message in piece.holding(needle):
                for rule, sign in owners:
                    key = (rule.cause, sign.id)
                    is_new = (*key, message.position) not in tried and counts.get(key, 0) < MOST_MATCHES_PER_SIGN
                    tried.add((*key, message.position))
                    match = _try(sign, message) if is_new else None
                    if match is not None:
                        counts[key] = counts.get(key, 0) + 1
                        found.setdefault(rule.cause, []).append(match)
    for matches in found.values():
        matches.sort(key=lambda match: match.message.position)
    return found


@lru_cache(maxsize=4)
def _by_needle(rules: tuple[Rule, ...]) -> tuple[tuple[str, tuple[bytes, ...], tuple[tuple[Rule, Sign], ...]], ...]:
    """Every literal once, with its words and the signs that it may belong to."""
    owners: dict[str, list[tuple[Rule, Sign]]] = {}
    for rule in rules:
        for sign in rule.signs:
            for needle in sign.needles:
                owners.setdefault(needle, []).append((rule, sign))
    return tuple(
        (needle, tuple(_WORD.findall(needle.encode("ascii", "replace"))), tuple(found))
        for needle, found in owners.items()
    )


def find_rule_codes(rule: Rule, codes: Iterable[ErrorCode]) -> Iterator[Match]:
    """The error codes that speak for a rule."""
    if not rule.codes:
        return
    for code in codes:
        for claim in rule.codes:
            if claim.system == code.system and claim.holds(code.code):
                offset = max(0, code.message.text.find(code.code))
                yield Match(f"{code.system}:{code.code}", claim.weight, code.message, code.message.locate(offset))


def _try(sign: Sign, message: Message) -> Match | None:
    if sign.platform is not None and sign.platform != message.origin.is_platform:
        return None
    span = sign.find(message.text)
    return None if span is None else Match(sign.id, sign.weight, message, message.locate(span[0]))


class _Piece:
    """The lower-case text of some messages in a row."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        texts = [message.text.lower() for message in messages]
        self._starts: list[int] = []
        offset = 0
        for text in texts:
            self._starts.append(offset)
            offset += len(text) + 1
        self.text = "\x00".join(texts)

        letters = self.text.encode("ascii", "replace").translate(_LETTERS)
        self._words = b" ".join(set(letters.split()))
        self._known: dict[bytes, bool] = {}

    def knows(self, words: Iterable[bytes]) -> bool:
        """Whether each of the words is part of a word of the text."""
        known = self._known
        for word in words:
            is_known = known.get(word)
            if is_known is None:
                is_known = known[word] = word in self._words
            if not is_known:
                return False
        return True

    def holding(self, needle: str) -> Iterator[Message]:
        """The messages that hold a literal, each once."""
        place = self.text.find(needle)
        while place >= 0:
            index = bisect_right(self._starts, place) - 1
            yield self._messages[index]
            if index + 1 == len(self._starts):
                return
            place = self.text.find(needle, self._starts[index + 1])


def _pieces(messages: Sequence[Message]) -> Iterator[_Piece]:
    part: list[Message] = []
    size = 0
    for message in messages:
        part.append(message)
        size += len(message.text) + 1
        if size >= PIECE_CHARACTERS:
            yield _Piece(part)
            part, size = [], 0
    if part:
        yield _Piece(part)
