"""Views as Markdown: data stays data."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.neutralise import make_visible
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.view import (
    Cell,
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


def render(view: ReportView) -> str:
    return render_markdown(view, TEXTS)


def test_the_whole_view() -> None:
    assert render(sample_view()) == (
        "# Migration status: prod\n\n95 of 475 documents after 44 min\n\n현대 아반떼 이미지를 옮기고 있습니다\n\n"
        "## Counts\n\n- Documents: 475 (exact, 3 s ago)\n- 크기: 117.7 MiB\n"
        "- Time left: 2 h 30 min (80 % range)\n- Done: 20.0 %\n"
        "- Taken: 2025-12-23 15:26:00 +09:00\n- Newest object: -\n\n"
        "## Failed\n\n| 차량 | 색상 이름 | Images | URL |\n| --- | --- | ---: | --- |\n"
        "| 현대 아반떼 | 폴라 화이트 펄 | 3 | https://img.example/현대/아반떼.jpg?x=\\[bold\\]y\\[/bold\\] |\n"
        "| \\\\x1b\\[31m\\[bold\\]굵게\\[/bold\\] \\[/x\\] \\`code\\` \\|pipe\\| "
        "\\<script\\> \\\\u202e\\*star\\* | x | 12,000 | - |\n"
        f"| 제네시스 G80 | 우유니 화이트 | 1 | {'a' * 90} |\n\n"
        "## Gaps\n\nNo gaps.\n\n## Notes\n\n- The object count is a lower bound.\n\n"
        "## Next\n\n- `opsctl migrate failures -o csv > failed.csv`: what failed and why\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("# head", "\\# head"),
        ("> q", "\\> q"),
        ("+", "\\+"),
        ("===", "\\==="),
    ],
)
def test_a_line_cannot_start_a_block(text: str, expected: str) -> None:
    assert render(ReportView("T", (Line(text),))) == f"# T\n\n{expected}\n"


@pytest.mark.parametrize(("command", "code"), [("a `b` c", "``a `b` c``"), ("`x`", "`` `x` ``"), ("a | b", "`a | b`")])
def test_commands_are_code_and_stay_as_they_are(command: str, code: str) -> None:
    assert render(ReportView("T", next_commands=(NextCommand(command),))).endswith(f"- {code}\n")


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_any_text_leaves_the_table_a_table(texts: list[str]) -> None:
    written = render(ReportView("T", blocks=(Table((Column("A"), Column("B")), (tuple(texts),)),)))
    assert make_visible(written, keep_lines=True) == written
    lines = written.splitlines()
    assert len(lines) == 5
    assert lines[4].replace("\\\\", "").replace("\\|", "").count("|") == 3


def test_every_text_is_cleaned() -> None:
    text = "canary"
    view = ReportView(
        text,
        (Line(text),),
        (Section((Field(text, text, text),), text), Table((Column(text),), ((text,),), text)),
        (Line(text),),
        (NextCommand(text, text),),
    )
    assert "canary" not in render_markdown(view, TEXTS, clean=lambda value: value.replace("canary", "***"))


def test_steps_are_a_list_with_what_belongs_to_each_item_inside_of_it() -> None:
    step = Step("Start *it*", "reversible", (Field("Undo", "Stop it"),), ("gcloud a --b=`c`", "echo ```x```"))
    written = render(ReportView("T", blocks=(Steps((step, Step("- Look")), "What to do"),)))
    assert written == (
        "# T\n\n## What to do\n\n1. Start \\*it\\* (reversible)\n   - Undo: Stop it\n\n"
        "   ````sh\n   gcloud a --b=`c`\n   echo ```x```\n   ````\n\n2. \\- Look\n"
    )


def test_a_command_with_a_line_break_cannot_leave_its_block() -> None:
    written = render(ReportView("T", blocks=(Steps((Step("x", commands=("a\n```\n# owned",)),)),)))
    assert "\n# owned" not in written
    assert "a\\n```\\n# owned" in written


def test_a_part_of_a_section_has_a_smaller_heading() -> None:
    blocks = (Section((Field("A", 1),), "Whole"), Section((Field("B", 2),), "Part", is_part=True))
    assert render(ReportView("T", blocks=blocks)) == "# T\n\n## Whole\n\n- A: 1\n\n### Part\n\n- B: 2\n"


def test_code_in_a_cell_does_not_end_the_cell() -> None:
    table = Table((Column("A"), Column("B")), ((Code("a | b"), Cell(Code("`c`"), "bad")),))
    assert "| `a \\| b` | `` `c` `` |" in render(ReportView("T", blocks=(table,)))


def test_what_is_brief_on_a_screen_is_whole_in_a_ticket() -> None:
    table = Table((Column("A"),), (("one",), ("two",)), "All", brief="2 rows")
    written = render(ReportView("T", blocks=(table,)))
    assert "| one |" in written
    assert "2 rows" not in written


def test_prose_has_paragraphs_and_lists() -> None:
    prose = Prose(("First *one*.", "- a", "- b # c", "Last."), "Why")
    assert render(ReportView("T", blocks=(prose,))) == (
        "# T\n\n## Why\n\nFirst \\*one\\*.\n\n- a\n- b \\# c\n\nLast.\n"
    )


def test_steps_and_prose_are_cleaned() -> None:
    text = "canary"
    steps = Steps((Step(text, text, (Field(text, Code(text), text),), (text,)),), text)
    view = ReportView("T", blocks=(steps, Prose((text, f"- {text}"), text)))
    assert "canary" not in render_markdown(view, TEXTS, clean=lambda value: value.replace("canary", "***"))
