"""Views as text: at 80 and 200 columns, off a terminal, in ASCII, with Korean and hostile text."""

import re
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.table import MAX_CELL_CHARACTERS, Screen, render_table
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.view import (
    Code,
    Column,
    Field,
    Line,
    NextCommand,
    Prose,
    ReportView,
    Section,
    Step,
    Steps,
    Table,
)
from tests.reporting.views import sample_view

TEXTS = Catalogue("en", timezone(timedelta(hours=9)))


def render(view: ReportView, screen: Screen) -> str:
    return render_table(view, TEXTS, screen)


def test_the_whole_view_off_a_terminal() -> None:
    assert render(sample_view(), Screen()).splitlines() == [
        "Migration status: prod",
        "95 of 475 documents after 44 min",
        "현대 아반떼 이미지를 옮기고 있습니다",
        "",
        "Counts",
        "  Documents      475  (exact, 3 s ago)",
        "  크기           117.7 MiB",
        "  Time left      2 h 30 min  (80 % range)",
        "  Done           20.0 %",
        "  Taken          2025-12-23 15:26:00 +09:00",
        "  Newest object  -",
        "",
        "Failed",
        f"차량{' ' * 64}색상 이름       Images  URL",
        f"현대 아반떼{' ' * 57}폴라 화이트 펄       3  https://img.example/현대/아반떼.jpg?x=[bold]y[/bold]",
        "\\x1b[31m[bold]굵게[/bold] [/x] `code` |pipe| <script> \\u202e*star*  x               12,000  -",
        f"제네시스 G80{' ' * 56}우유니 화이트        1  {'a' * 90}",
        "",
        "Gaps",
        "No gaps.",
        "",
        "Notes:",
        "  The object count is a lower bound.",
        "",
        "Next:",
        "  opsctl migrate failures -o csv > failed.csv  what failed and why",
    ]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize("is_utf8", [True, False])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_line_is_wider_than_the_terminal(width: int, is_utf8: bool, language: str) -> None:
    texts = Catalogue("ko" if language == "ko" else "en")
    written = render_table(sample_view(), texts, Screen(width, is_utf8=is_utf8))
    assert max(cell_len(line) for line in written.splitlines()) <= width


@pytest.mark.parametrize("width", [80, 200])
def test_korean_columns_line_up(width: int) -> None:
    """The cell of the third column ends in the same terminal column in every row."""
    lines = render(sample_view(), Screen(width)).splitlines()
    ends = [
        cell_len(line[: line.index(mark) + len(mark)])
        for mark in ("Images", " 12,000")
        for line in lines
        if mark in line
    ]
    ends += [cell_len(line.partition("   3")[0]) + 4 for line in lines if line.startswith("현대 아반떼  ")]
    assert len(set(ends)) == 1


def test_nothing_of_a_cell_is_lost_on_a_narrow_terminal() -> None:
    written = render(ReportView("T", blocks=(Table((Column("A"), Column("B")), (("x" * 60, "y" * 60),)),)), Screen(80))
    assert written.count("x") == 60
    assert written.count("y") == 60


def test_names_and_numbers_stay_whole_while_there_is_room() -> None:
    columns = (Column("Key", keep_whole=True), Column("Count", "right"), Column("Text"))
    view = ReportView("T", blocks=(Table(columns, (("images.allow_private_hosts", 1234567, "word " * 40),)),))
    assert any(
        "images.allow_private_hosts" in line and "1,234,567" in line for line in render(view, Screen(60)).splitlines()
    )


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(40, 100))
def test_no_digit_of_a_number_is_lost_however_narrow_the_terminal(numbers: list[int], width: int) -> None:
    columns = tuple(Column("N", "right") for _ in numbers)
    written = render(ReportView("T", blocks=(Table(columns, (tuple(numbers),)),)), Screen(width))
    assert max(cell_len(line) for line in written.splitlines()) <= width
    digits = sorted(character for character in written if character.isdigit())
    assert digits == sorted("".join(str(number) for number in numbers))


def test_a_very_long_value_is_shortened_on_a_terminal_and_nowhere_else() -> None:
    view = ReportView("T", blocks=(Section((Field("Name", "가" * 10_000),)),))
    assert render(view, Screen(80)).count("가") == MAX_CELL_CHARACTERS
    assert f"{10_000 - MAX_CELL_CHARACTERS:,} more characters" in " ".join(render(view, Screen(80)).split())
    assert render(view, Screen()).count("가") == 10_000


def test_colour_only_when_it_is_asked_for() -> None:
    assert "\x1b[" not in render(sample_view(), Screen(80))
    assert "\x1b[33m" in render(sample_view(), Screen(80, has_colour=True))


def test_colour_never_carries_meaning_alone() -> None:
    coloured = render(sample_view(), Screen(80, has_colour=True))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == render(sample_view(), Screen(80)).splitlines()


@pytest.mark.parametrize(
    "name",
    ["FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CLICOLOR_FORCE", "COLUMNS", "JUPYTER_COLUMNS"],
)
def test_the_environment_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {width: render(sample_view(), Screen(width)) for width in (None, 80)}
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TERM", "dumb")
    assert {width: render(sample_view(), Screen(width)) for width in (None, 80)} == expected


def test_ascii_only_lines_and_marks() -> None:
    view = ReportView("a…b–c·d", blocks=(Table((Column("A"), Column("B")), (("x", "y"),)),))
    assert render(view, Screen(80, is_utf8=False)).isascii()


def test_every_text_is_cleaned() -> None:
    text = "canary"
    view = ReportView(
        text,
        (Line(text),),
        (
            Section((Field(text, text, text),), text),
            Table((Column(text),), ((text,),), text),
            Table((), (), text, text),
        ),
        (Line(text),),
        (NextCommand(text, text),),
    )
    for screen in (Screen(), Screen(80)):
        assert "canary" not in render_table(view, TEXTS, screen, clean=lambda value: value.replace("canary", "***"))


def test_a_secret_at_the_place_of_the_cut_is_cleaned_first() -> None:
    view = ReportView("T", blocks=(Section((Field("N", "x" * (MAX_CELL_CHARACTERS - 3) + "canary" + "y" * 100),)),))
    assert "can" not in render_table(view, TEXTS, Screen(80), clean=lambda value: value.replace("canary", "***"))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.sampled_from([None, 40, 80]))
def test_any_text_is_harmless_and_whole(texts: list[str], width: int | None) -> None:
    view = ReportView(
        texts[0], tuple(Line(text) for text in texts), (Table((Column("A"),), tuple((text,) for text in texts)),)
    )
    written = render(view, Screen(width))
    assert make_visible(written, keep_lines=True) == written
    squeezed = "".join(written.split())
    for text in texts:
        assert "".join(make_visible(text).split()) in squeezed


LONG_COMMAND = "gcloud run jobs update orders --project=shop-prod --region=europe-west1 --image=" + "x" * 90


def test_steps_are_numbered_and_their_commands_can_be_copied() -> None:
    step = Step("Start it again.", "reversible", (Field("Undo", "Stop it."),), (LONG_COMMAND,))
    view = ReportView("T", blocks=(Steps((step, Step("Look.")), "What to do"),))
    assert render(view, Screen(60)).splitlines() == [
        "T",
        "",
        "What to do",
        "  1. Start it again.  (reversible)",
        "     Undo  Stop it.",
        "     gcloud run jobs update orders --project=shop-prod \\",
        "         --region=europe-west1 \\",
        f"         --image={'x' * 90}",
        "  2. Look.",
    ]
    assert f"     {LONG_COMMAND}" in render(view, Screen()).splitlines()


def test_a_next_command_that_is_too_long_stands_above_its_reason() -> None:
    command = "opsctl cloudrun rules show image-file-missing"
    view = ReportView("T", next_commands=(NextCommand(command, "what this cause is"),))
    assert render(view, Screen(60)).splitlines()[-2:] == [f"  {command}", "      what this cause is"]
    assert render(view, Screen(100)).splitlines()[-1] == f"  {command}  what this cause is"


def test_a_label_that_is_that_of_the_field_above_is_said_once() -> None:
    view = ReportView("T", blocks=(Section((Field("Line", "a"), Field("Line", Code("b")), Field("Other", "c"))),))
    assert render(view, Screen()).splitlines()[2:] == ["Line   a", "       b", "Other  c"]


def test_a_brief_table_is_one_sentence() -> None:
    table = Table((Column("A"),), (("one",), ("two",)), "All", brief="2 rows, see -o markdown")
    for screen in (Screen(80), Screen()):
        assert render(ReportView("T", blocks=(table,)), screen).splitlines()[2:] == ["All", "2 rows, see -o markdown"]


def test_prose_is_folded_below_its_text() -> None:
    prose = Prose(("word " * 10, "- item " + "word " * 10), "Why")
    lines = render(ReportView("T", blocks=(prose,)), Screen(40)).splitlines()
    assert lines[2] == "Why"
    assert all(line.startswith("  ") for line in lines[3:])
    assert any(line.startswith("    - item") for line in lines)


def test_steps_and_prose_are_cleaned() -> None:
    text = "canary"
    steps = Steps((Step(text, text, (Field(text, Code(text), text),), (text,)),), text)
    view = ReportView("T", blocks=(steps, Prose((text, f"- {text}"), text)))
    for screen in (Screen(40), Screen()):
        assert "canary" not in render_table(view, TEXTS, screen, clean=lambda value: value.replace("canary", "***"))
