"""The log of an execution for people: a block for each attempt of each task, or plain lines for grep."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from opsctl.diagnosis.facts.model import Origin
from opsctl.diagnosis.log_lines import LogLine
from opsctl.diagnosis.log_reading import Cut, LogReport, SilenceReason
from opsctl.reporting.line_times import LineTime
from opsctl.reporting.view import Cell, CellValue, Code, Column, Line, NextCommand, ReportView, Table, Texts, Tone

# More rows than that nobody scrolls through; the other formats write all of them.
MOST_ROWS = 2_000
_TONES: dict[str, Tone] = {"fatal": "bad", "error": "bad", "warning": "warning", "debug": "muted"}
_SOURCES = {Origin.STDOUT: "stdout", Origin.STDERR: "stderr"}
_NO_TASK = 1 << 30


def log_view(report: LogReport, texts: Texts) -> ReportView:
    """Blocks in the order of task and attempt, what belongs to no task behind them; lines oldest first."""
    t = texts.get
    shown, left_out = _newest(report.lines, MOST_ROWS)
    notes = [Line(silence_text(reason, texts)) for reason in report.silence]
    if left_out:
        notes.append(Line(t("cloudrun.lines_left_out", count=left_out)))
    if report.cut:
        notes.append(Line(cut_text(report.cut, report.entries_read, texts)))
    empty = () if report.lines else (Line(t("cloudrun.no_lines"), "warning"),)
    return ReportView(
        t("cloudrun.log_title", execution=report.execution),
        (
            Line(
                t(
                    "cloudrun.log_summary",
                    job=report.job,
                    region=report.region,
                    project=report.project,
                    outcome=t(f"cloudrun.outcome_{report.outcome.value}"),
                ),
                "muted",
            ),
            *empty,
        ),
        tuple(_block(key, lines, texts) for key, lines in _by_attempt(shown)),
        tuple(notes),
        (
            NextCommand(
                shlex.join(("opsctl", "cloudrun", "diagnose", report.execution, *_place(report))),
                t("cloudrun.next_diagnose"),
            ),
        )
        if report.outcome.value == "failed"
        else (),
    )


def _place(report: LogReport) -> tuple[str, ...]:
    return ("--project", report.project, "--region", report.region)


def text_lines(line: LogLine, texts: Texts) -> Iterator[str]:
    """`time severity task/attempt text`, each line of a stack trace with the same beginning: made for grep."""
    time = LineTime.of(line.time, texts)
    place = "-" if line.task is None else f"{line.task}/{'-' if line.attempt is None else line.attempt}"
    level = "-" if line.level == "default" else line.level
    if line.source.is_platform:
        place += f" [{texts.get(f'cloudrun.source_{line.source.value}')}]"
    head = f"{time.full} {level.upper():<7} {place}"
    for text in line.text.split("\n"):
        yield f"{head} {text}".rstrip()


def cut_text(cut: Cut, entries_read: int, texts: Texts) -> str:
    """The sentence for why there are more lines."""
    return texts.get(f"cloudrun.cut_{cut}", read=entries_read)


def silence_text(reason: SilenceReason, texts: Texts) -> str:
    """The sentence for one reason of silence."""
    return texts.get(f"cloudrun.silence_{reason.code.replace('-', '_')}", detail=reason.detail or "").rstrip()


def _newest(lines: tuple[LogLine, ...], most_rows: int) -> tuple[list[LogLine], int]:
    """The newest lines that fit into so many rows, and how many are left out."""
    kept: list[LogLine] = []
    rows = 0
    for line in reversed(lines):
        rows += line.text.count("\n") + 1
        if rows > most_rows and kept:
            break
        kept.append(line)
    return kept[::-1], len(lines) - len(kept)


def _by_attempt(lines: Iterable[LogLine]) -> list[tuple[tuple[int | None, int | None], list[LogLine]]]:
    blocks: dict[tuple[int | None, int | None], list[LogLine]] = {}
    for line in lines:
        blocks.setdefault((line.task, line.attempt), []).append(line)
    return sorted(blocks.items(), key=lambda item: tuple(_NO_TASK if part is None else part for part in item[0]))


def _block(key: tuple[int | None, int | None], lines: list[LogLine], texts: Texts) -> Table:
    t = texts.get
    task, attempt = key
    first = LineTime.of(lines[0].time, texts)
    begin = first.day
    if task is None:
        title = t("cloudrun.block_execution", begin=begin)
    elif attempt is None:
        title = t("cloudrun.block_task", task=task, begin=begin)
    else:
        title = t("cloudrun.block_attempt", task=task, attempt=attempt, begin=begin)
    columns = (
        Column(t("cloudrun.time"), keep_whole=True),
        Column(t("cloudrun.level"), keep_whole=True),
        Column(t("cloudrun.source"), keep_whole=True),
        Column(t("cloudrun.text")),
    )
    return Table(columns, tuple(row for line in lines for row in _rows(line, first, texts)), title)


def _rows(line: LogLine, first: LineTime, texts: Texts) -> Iterator[tuple[CellValue, ...]]:
    tone = _TONES.get(line.level, "plain")
    source = _SOURCES.get(line.source) or texts.get(f"cloudrun.source_{line.source.value}")
    head: tuple[CellValue, ...] = (
        LineTime.of(line.time, texts).beside(first),
        Cell("" if line.level == "default" else line.level, tone),
        Cell(source, "strong" if line.source.is_platform else "muted"),
    )
    for text in line.text.split("\n"):
        yield (*head, Cell(Code(text.expandtabs(4)), tone))
        head = ("", "", "")
