"""The words of last messages are patterns that can be used."""

from __future__ import annotations

import pytest

from opsctl.diagnosis.rules import last_words_patterns
from opsctl.diagnosis.rules.last_words_patterns import AnyOf

ALL = {name: words for name, words in vars(last_words_patterns).items() if isinstance(words, AnyOf)}


@pytest.mark.parametrize("name", ALL)
def test_compiles_and_says_nothing_of_nothing(name: str) -> None:
    assert ALL[name].search("") is None


def test_alternatives_are_searched_in_every_line_whatever_their_case() -> None:
    found = AnyOf("^ready$", "started").search("one\nREADY\ntwo")
    assert found is not None
    assert found[0] == "READY"
