"""The log of an execution for people and for grep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from rich.cells import cell_len

from opsctl.diagnosis.facts.model import Origin, Outcome
from opsctl.diagnosis.log_lines import LogLine
from opsctl.diagnosis.log_reading import LogReport, SilenceReason
from opsctl.diagnosis.log_view import MOST_ROWS, log_view, text_lines
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue

SEOUL = timezone(timedelta(hours=9))
LATE = datetime(2026, 1, 12, 14, 59, 59, 123_456, tzinfo=UTC)
CODES = ("not-started", "running", "just-ended", "retention", "exclusion", "sink-disabled", "exclusions-unknown",
         "selection", "nothing-known")  # fmt: skip


def line(
    text: str,
    *,
    task: int | None = 0,
    attempt: int | None = 0,
    seconds: float = 0,
    source: Origin = Origin.STDOUT,
    level: str = "default",
) -> LogLine:
    time = LATE + timedelta(seconds=seconds)
    return LogLine(time, "DEFAULT", level, source, task, attempt, None, text, 1, "id", None)


def report(*lines: LogLine, silence: tuple[SilenceReason, ...] = ()) -> LogReport:
    return LogReport("e-1", "j", "p", "l", Outcome.FAILED, None, None, None, len(lines), None, silence, lines)


def shown(found: LogReport, width: int | None = None, language: Literal["en", "ko"] = "en") -> str:
    texts = Catalogue(language, SEOUL)
    return render_table(log_view(found, texts), texts, Screen(width))


def test_blocks_stand_in_the_order_of_task_and_attempt() -> None:
    text = shown(
        report(
            line("the end", task=None, attempt=None, source=Origin.AUDIT),
            line("second", attempt=1),
            line("other task", task=1),
            line("first"),
            line("no attempt told", attempt=None),
        )
    )
    places = [text.index(word) for word in ("first", "second", "no attempt told", "other task", "the end")]
    assert places == sorted(places)
    assert "end record" in text


def test_the_date_and_offset_are_said_once_and_again_only_when_they_change() -> None:
    text = shown(report(line("a"), line("b", seconds=0.5), line("c", seconds=3)))
    assert "Task 0, attempt 0 (2026-01-12 +09:00)" in text
    rows = [row.split()[:2] for row in text.splitlines() if row.endswith(("  a", "  b", "  c"))]
    assert rows == [["23:59:59.123", "stdout"], ["23:59:59.623", "stdout"], ["2026-01-13", "00:00:02.123"]]


def test_a_stack_trace_keeps_its_lines() -> None:
    text = shown(report(line("Error: x\n\tat f\n  at g", level="error", source=Origin.STDERR)))
    begin = text.index("Error: x")
    column = begin - text.rindex("\n", 0, begin) - 1
    rows = text[begin:].splitlines()
    assert [row[column:] for row in rows[1:3]] == ["    at f", "  at g"]
    assert "error" in text


def test_lines_for_grep_say_everything_in_each_line() -> None:
    lines = list(text_lines(line("Error: x\n  at f", level="error"), Catalogue("en", SEOUL)))
    assert lines == [
        "2026-01-12 23:59:59.123 +09:00 ERROR   0/0 Error: x",
        "2026-01-12 23:59:59.123 +09:00 ERROR   0/0   at f",
    ]
    (plain,) = text_lines(line("x", task=None, attempt=None, source=Origin.SYSTEM), Catalogue("en", SEOUL))
    assert plain == "2026-01-12 23:59:59.123 +09:00 -       - [platform] x"
    (timeless,) = text_lines(replace(line("x"), time=None), Catalogue("en", SEOUL))
    assert timeless == "- - -       0/0 x"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_korean_and_long_lines_stay_within_the_terminal(width: int, language: Literal["en", "ko"]) -> None:
    text = shown(report(line("연결 실패: " + "마이그레이션 " * 60), line("x" * 700, level="error")), width, language)
    assert max(map(cell_len, text.splitlines())) <= width


def test_of_a_very_long_log_the_newest_lines_are_shown() -> None:
    lines = [line(f"line {number}", seconds=number) for number in range(MOST_ROWS + 10)]
    text = shown(report(*lines))
    assert "line 9\n" not in text
    assert f"line {MOST_ROWS + 9}\n" in text
    assert "10 older lines are not shown here" in text
    whole = shown(report(line("\n".join("y" * (MOST_ROWS + 5)))))
    assert whole.count("y") >= MOST_ROWS + 5


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("code", CODES)
def test_every_reason_of_silence_has_a_sentence(code: str, language: Literal["en", "ko"]) -> None:
    text = shown(report(silence=(SilenceReason(code, "DETAIL"),)), 80, language)
    bare = shown(report(silence=(SilenceReason(code),)), 80, language)
    assert ("DETAIL" in text) == (code in ("not-started", "retention", "exclusion", "exclusions-unknown", "selection"))
    assert len(bare.splitlines()) >= 5


@pytest.mark.parametrize("cut", ["tail", "limit", "error"])
def test_a_cut_is_told(cut: Literal["tail", "limit", "error"]) -> None:
    uncut, found = report(line("x")), replace(report(line("x")), cut=cut)
    assert len(shown(found).splitlines()) > len(shown(uncut).splitlines())


def test_hostile_text_is_harmless_in_markdown() -> None:
    texts = Catalogue("en", UTC)
    text = render_markdown(log_view(report(line("a|b\x1b[2J<script>`")), texts), texts)
    assert "\x1b" not in text
    assert "\\x1b" in text
