"""Whether any of many substrings stands in a text, fast enough for every line of a log.

An alternation of the regular expression engine is tried at each character that one of its branches begins with, which
for words is nearly every character. Here each branch begins with the rarest of its characters and looks behind itself
for the rest, so that most lines are passed over in one scan for a handful of rare characters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

# Characters of log lines, the most frequent first, as counted in the lines of failed deploys. For speed only: the first
# is about 500 times as frequent as the last, and what is not listed is rarer still.
_FREQUENT = " erostain\":lcdp01.m_2g/uyfO5v,=3E4I6NA8FhL-bM79w[]kx(T)BCP{}DRUSGjHqZ'VK^`#>W|$z@\\Q<X!*;+YJ?%"
_HALVED_EVERY = len(_FREQUENT) / 9
_WEIGHT = {character: 0.5 ** (number / _HALVED_EVERY) for number, character in enumerate(_FREQUENT)}
_RAREST = 0.5**10


class SubstringSearch:
    """Tells of a text whether one of `needles` stands in it."""

    def __init__(self, needles: Iterable[str]) -> None:
        wanted = sorted({needle for needle in needles if needle})
        self._search = re.compile("|".join(_branches(wanted))).search if wanted else None

    def is_in(self, text: str) -> bool:
        """Whether one of the needles stands in `text`, upper and lower case told apart."""
        return self._search is not None and self._search(text) is not None


def _branches(needles: list[str]) -> list[str]:
    """One branch for each anchor, so that a character of the text is compared with few of them."""
    tails: dict[str, list[str]] = {}
    for needle, anchor in _anchors(needles).items():
        start = needle.index(anchor)
        behind = f"(?<={re.escape(needle[: start + 1])})" if start else ""
        tails.setdefault(anchor, []).append(behind + re.escape(needle[start + 1 :]))
    return [f"{re.escape(anchor)}(?:{'|'.join(ends)})" for anchor, ends in tails.items()]


def _anchors(needles: list[str]) -> dict[str, str]:
    """A character of each needle: few different ones, and rare ones."""
    anchors: dict[str, str] = {}
    open_needles = set(needles)
    while open_needles:
        counts = Counter(character for needle in open_needles for character in set(needle))
        best = min(sorted(counts), key=lambda character: _WEIGHT.get(character, _RAREST) / counts[character])
        hit = {needle for needle in open_needles if best in needle}
        anchors.update(dict.fromkeys(sorted(hit), best))
        open_needles -= hit
    return anchors
