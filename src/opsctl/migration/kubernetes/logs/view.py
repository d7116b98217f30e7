"""The logs of a Job for people: one table by time, or plain lines for grep, and a sentence for what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from opsctl.migration.kubernetes.logs.lines import LogLine
from opsctl.migration.kubernetes.logs.models import LogReport, Silence
from opsctl.reporting.line_times import LineTime
from opsctl.reporting.view import Cell, CellValue, Code, Column, Line, NextCommand, ReportView, Table, Texts, Tone

# More rows than that nobody scrolls through; the other formats write all of them.
MOST_ROWS = 2_000
_MOST_SENTENCES = 8
_MOST_NAMED = 3
_LONGEST_DETAIL = 300
_CONTAINER_ID = re.compile(r"\b[a-z-]+://[0-9a-f]{12,}")
_STATES: dict[str, Tone] = {"failed": "bad", "suspended": "warning"}
# What a person asked for, or can ask for: told, but nothing to worry about.
_MILD = {"left-out", "later", "shortened", "no-output", "no-previous", "no-such-shard"}


def log_view(report: LogReport, texts: Texts) -> ReportView:
    """Lines oldest first; below them what is missing and why."""
    t = texts.get
    job = f"{report.namespace}/{report.job}"
    state = t(f"kubernetes.log_state_{report.state}")
    shown = report.lines[-MOST_ROWS:]
    notes = [Line(sentence, tone) for sentence, tone in _sentences(report.silences, texts)]
    if len(shown) < len(report.lines):
        notes.insert(0, Line(t("kubernetes.log_rows_left_out", count=len(report.lines) - len(shown))))
    summary = [Line(t("kubernetes.log_summary", state=state, pods=report.pods), _STATES.get(report.state, "muted"))]
    if not shown:
        summary.append(Line(t("kubernetes.log_no_lines"), "warning"))
    return ReportView(
        t("kubernetes.log_title", job=job),
        tuple(summary),
        (_table(shown, report.job, texts),) if shown else (),
        tuple(notes),
        (NextCommand("opsctl status", t("kubernetes.log_next_status")),),
    )


def text_line(line: LogLine, job: str, texts: Texts) -> tuple[str, str]:
    """The line in two parts, `2025-12-23 14:42:03.123 +09:00 2-x7k2p` and the text: made for grep."""
    return f"{LineTime.of(line.at, texts).full} {_place(line, job, texts).replace(' ', '')}", line.text.expandtabs(4)


def silence_sentences(silences: Iterable[Silence], texts: Texts) -> list[str]:
    """A sentence for each reason, however many pods it holds for."""
    return [sentence for sentence, _ in _sentences(silences, texts)]


def short_name(pod: str, job: str) -> str:
    """The pod's name without that of its Job: `2-x7k2p` is a pod of shard 2."""
    return pod.removeprefix(f"{job}-") or pod


def _sentences(silences: Iterable[Silence], texts: Texts) -> list[tuple[str, Tone]]:
    groups: dict[tuple[str, str], list[Silence]] = {}
    for silence in silences:
        groups.setdefault((silence.reason, _common_part(silence)), []).append(silence)
    shown = [_sentence(group, texts) for group in list(groups.values())[:_MOST_SENTENCES]]
    rest = [silence for group in list(groups.values())[_MOST_SENTENCES:] for silence in group]
    if rest:
        shown.append((texts.get("kubernetes.log_silence_more", count=len(rest)), "plain"))
    return shown


def _common_part(silence: Silence) -> str:
    """The detail without what is of this pod alone: pods that wait for the same thing are told in one sentence."""
    if silence.reason == "shortened":
        return ""
    detail = silence.detail or ""
    return _CONTAINER_ID.sub("", detail.replace(silence.pod, "") if silence.pod else detail)


def _sentence(group: Sequence[Silence], texts: Texts) -> tuple[str, Tone]:
    first = group[0]
    detail = first.detail or ""
    if first.reason == "shortened":
        detail = texts.show(sum(int(silence.detail or 0) for silence in group))
    elif detail:
        detail = texts.get("kubernetes.log_detail", detail=_shorten(detail))
    words = texts.get(f"kubernetes.log_silence_{first.reason}", pods=_pods(group, texts), detail=detail)
    return words, "plain" if first.reason in _MILD else "warning"


def _pods(group: Sequence[Silence], texts: Texts) -> str:
    names = list(dict.fromkeys(silence.pod for silence in group if silence.pod is not None))
    if not names:
        return ""
    if len(names) == 1:
        return texts.get("kubernetes.log_one_pod", pod=names[0])
    more = ", …" if len(names) > _MOST_NAMED else ""
    return texts.get("kubernetes.log_pods", count=len(names), names=", ".join(names[:_MOST_NAMED]) + more)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else f"{line[: _LONGEST_DETAIL - 1]}…"


def _table(lines: Sequence[LogLine], job: str, texts: Texts) -> Table:
    t = texts.get
    first = LineTime.of(next((line.at for line in lines if line.at is not None), None), texts)
    columns = (
        Column(t("kubernetes.log_time"), keep_whole=True),
        Column(t("kubernetes.pod"), keep_whole=True),
        Column(t("kubernetes.log_text")),
    )
    has_several = len({line.container for line in lines}) > 1
    rows = (_row(line, first, job, texts, has_several=has_several) for line in lines)
    return Table(columns, tuple(rows), t("kubernetes.log_day", day=first.day))


def _row(line: LogLine, first: LineTime, job: str, texts: Texts, *, has_several: bool) -> tuple[CellValue, ...]:
    time = "" if line.at is None else LineTime.of(line.at, texts).beside(first)
    place = _place(line, job, texts, with_container=has_several)
    return time, Cell(place, "muted" if line.is_previous else "strong"), Cell(Code(line.text.expandtabs(4)))


def _place(line: LogLine, job: str, texts: Texts, *, with_container: bool = False) -> str:
    place = short_name(line.pod, job) + (f"/{line.container}" if with_container else "")
    return f"{place} [{texts.get('kubernetes.log_previous')}]" if line.is_previous else place
