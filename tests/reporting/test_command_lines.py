"""A folded command is the same command."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.command_lines import INDENT, fold_command

WORDS = st.one_of(
    st.text("abcdef-./=:@", min_size=1, max_size=12),
    st.text("abc '\"$|\\\n", min_size=0, max_size=12).map(shlex.quote),
    st.sampled_from(["--flag", "-o", "json", "|", "'a b'", '"c d"']),
)


@given(st.lists(WORDS, min_size=1, max_size=12), st.integers(10, 120))
def test_nothing_but_line_ends_is_added(words: list[str], width: int) -> None:
    command = " ".join(words)
    *folded, last = fold_command(command, width)
    assert all(line.endswith(" \\") for line in folded)
    parts = [line.removesuffix(" \\") for line in folded] + [last]
    joined = " ".join([parts[0], *(part.removeprefix(" " * INDENT) for part in parts[1:])])
    assert joined == command


@pytest.mark.parametrize("width", [10, 30, 60])
def test_a_shell_reads_the_same_words(width: int) -> None:
    words = ["a b", "--flag", 'q"u$HOME', "x\\y", "it's", "-o", "json", "c" * 40, ""]
    command = f"printf '%s|' {shlex.join(words)}"
    printed = subprocess.run(
        ["sh", "-c", "\n".join(fold_command(command, width))], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "".join(f"{word}|" for word in words)


@given(st.lists(st.text("abcdef-./", min_size=1, max_size=8), min_size=1, max_size=20), st.integers(30, 80))
def test_no_line_is_too_wide_when_every_word_fits(words: list[str], width: int) -> None:
    assert all(len(line) <= width for line in fold_command(" ".join(words), width))


def test_a_command_that_fits_is_one_line() -> None:
    assert fold_command("gcloud run jobs list", 20) == ["gcloud run jobs list"]


def test_an_option_stays_with_its_value_and_lines_go_on_indented() -> None:
    lines = fold_command("gcloud run jobs update orders --region europe-west1 --project shop-prod", 45)
    assert lines == [
        "gcloud run jobs update orders \\",
        f"{' ' * INDENT}--region europe-west1 \\",
        f"{' ' * INDENT}--project shop-prod",
    ]


@pytest.mark.parametrize("quoted", ["'a b c d e f g h'", '"a b c \\" d e f g"'])
def test_nothing_is_broken_inside_of_quotes(quoted: str) -> None:
    assert any(quoted in line for line in fold_command(f"psql -c {quoted} --more", 14))


def test_wide_characters_take_two_columns() -> None:
    assert len(fold_command("echo 가나다라 마바사아", 20, lambda text: sum(1 + (ord(c) > 0x1100) for c in text))) == 2
