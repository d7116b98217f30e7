"""YAML that reads back as it was and is harmless."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.yaml_text import dump_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_it_reads_back_as_it_was_and_is_harmless(value: Any) -> None:
    text = dump_yaml({"data": value})
    assert yaml.safe_load(text) == {"data": value}
    assert make_visible(text, keep_lines=True) == text


@pytest.mark.parametrize(
    "text",
    ["\x1b[31m", "a\u202eb", "\x85", "\x9b2J", "\ufeff", "\u2028", "no", "1e3", "=", "- x", "multi\nline", "x" * 300],
)
def test_texts_that_are_easily_misread(text: str) -> None:
    written = dump_yaml([text])
    assert yaml.safe_load(written) == [text]
    assert make_visible(written, keep_lines=True) == written


def test_order_and_letters_stay() -> None:
    assert dump_yaml({"z": "현대", "a": None}) == "z: 현대\na: null\n"
