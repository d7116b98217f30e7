"""Text from outside is harmless."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.neutralise import escape_formula, escape_json, make_visible

ANY_TEXT = st.text(st.characters())
HOSTILE = st.text(
    st.sampled_from(
        "\x00\x07\x08\x1b\x7f\x85\x9b\u061c\u200b\u200e\u202e\u2028\u2066\ufeff\U000e0041\ud800\n\r\ta한[]\\;m31"
    )
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("현대 아반떼 🚗 👩‍🔧", "현대 아반떼 🚗 👩‍🔧"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x9b2J", "\\x9b2J"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("\u200b", "\\u200b"),
    ],
)
def test_make_visible(text: str, expected: str) -> None:
    assert make_visible(text) == expected


def test_lines_can_be_kept() -> None:
    assert make_visible("a\n\tb\r\x1b", keep_lines=True) == "a\n\tb\\r\\x1b"


@given(ANY_TEXT | HOSTILE)
def test_nothing_visible_acts_on_a_terminal(text: str) -> None:
    shown = make_visible(text)
    assert not [character for character in shown if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    assert make_visible(shown) == shown
    shown.encode("utf-8")


@given(ANY_TEXT | HOSTILE)
def test_json_is_harmless_and_keeps_the_exact_text(text: str) -> None:
    document = escape_json(json.dumps({"text": text}, ensure_ascii=False))
    assert make_visible(document) == document
    assert json.loads(document) == {"text": text}


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "--1", "+82-10-1234", "-1e"]
)
def test_formulas_are_quoted(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["1", "-1", "+1.5", "-2.5e10", "a=b", "", "현대", "'=1"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert escape_formula(text) == text
