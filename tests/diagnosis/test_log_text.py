"""Any text survives being quoted, and none gets out of its quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsctl.diagnosis.log_text import quote_text
from opsctl.errors import UsageError

# The lexer of Logging's strings, written from its published grammar and not from the code under test. Raw whitespace,
# octal and \\x escapes are in the grammar too; that they are not used is part of what is checked.
PLAIN = r"[ !#-\[\]-~\u00a1-\ufffe\U00010000-\U0010ffff]"
LITERAL = re.compile(rf'"(?:{PLAIN}|\\[abfnrtv"\\]|\\u[0-9a-f]{{4}})*"')
ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)")
NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_literal(literal: str) -> str:
    assert LITERAL.fullmatch(literal), literal
    return ESCAPE.sub(read_escape, literal[1:-1])


def read_escape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else NAMED.get(code, code)


@given(st.text())
@example('" OR "" OR resource.type="')
@example("\\")
@example('\\"')
@example("\\u0022")
@example("줄 바꿈\n두 번째 줄 \N{GRINNING FACE}")
@example("".join(map(chr, range(0xA2))) + "\u2028\ufffe\uffff")
def test_text_survives_quoting(text: str) -> None:
    assert read_literal(quote_text(text)) == text


@given(st.text())
def test_a_literal_is_one_line_and_ends_at_its_last_quote(text: str) -> None:
    literal = quote_text(text)
    first = LITERAL.match(literal + ' OR x="y"')
    assert first is not None
    assert first.group() == literal
    assert "\n" not in literal
    assert "\r" not in literal


@pytest.mark.parametrize("text", ["\ud800", "abc\udcff", "\udc00\ud800"])
def test_half_a_character_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        quote_text(text)


def test_what_needs_no_escape_is_left_readable() -> None:
    assert quote_text("connect ENOENT /cloudsql/p:r:i (한글)") == '"connect ENOENT /cloudsql/p:r:i (한글)"'
