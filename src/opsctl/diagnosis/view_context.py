"""What stands around the causes: what happened, what was ruled out or not seen, what changed, and who changed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS
from opsctl.diagnosis.own_reasons import is_nothing_there, translate_reason
from opsctl.diagnosis.report import BaselineDiff, ChangeItem, DiagnosisReport, RuledOut
from opsctl.reporting.view import Block, Bytes, CellValue, Code, Column, Duration, Step, Steps, Table, Texts

MOST_FILES = 4
SHOWN_DIGEST = 12


def context_blocks(report: DiagnosisReport, texts: Texts, *, is_failure: bool) -> Iterator[tuple[Block, ...]]:
    """The timeline first; then, for a failure, what stands after the causes."""
    timeline = tuple((item.at, Code(item.text) if item.event == "error" else item.text) for item in report.timeline)
    yield (_table("timeline", ("time", "event"), timeline, texts),) if timeline else ()
    if is_failure:
        yield tuple(_ruled_out(report, texts))
        yield tuple(_not_seen(report, texts))
        yield tuple(_changes(report.baseline_diff, texts))
        yield tuple(_commits(report, texts))


def name_section(name: str, texts: Texts) -> str:
    """A section of the evidence in the reader's words."""
    return texts.get(f"diagnose.section_{name}") if name in (*SECTIONS, *OWN_SECTIONS) else name


def _ruled_out(report: DiagnosisReport, texts: Texts) -> Iterator[Table]:
    if report.ruled_out:
        rows = tuple((item.title, _because(item), item.cause) for item in report.ruled_out)
        table = _table("ruled_out", ("cause", "because", "id"), rows, texts)
        titles = ", ".join(item.title for item in report.ruled_out)
        yield replace(table, brief=texts.get("diagnose.brief_ruled_out", causes=titles))


def _because(item: RuledOut) -> str:
    meanings = [part.meaning for part in item.evidence if part.meaning]
    return "; ".join(dict.fromkeys(meanings or [part.excerpt for part in item.evidence[:1]]))


def _not_seen(report: DiagnosisReport, texts: Texts) -> Iterator[Block]:
    t = texts.get
    alike: dict[tuple[str, str], list[str]] = {}
    for item in report.completeness.sections:
        if item.status != "ok" and not is_nothing_there(item):
            alike.setdefault((item.status, item.reason or ""), []).append(name_section(item.section, texts))
    rows = [
        (", ".join(names), t(f"diagnose.status_{status}"), translate_reason(reason, texts))
        for (status, reason), names in alike.items()
    ]
    if rows:
        yield _table("unseen", ("section", "status", "reason"), tuple(rows), texts)
    if report.access:
        steps = tuple(
            Step(
                ", ".join(name_section(name, texts) for name in need.sections),
                ", ".join(need.permissions) or None,
                commands=(need.command,),
            )
            for need in report.access
        )
        yield Steps(steps, title=t("diagnose.heading_access"))
    if report.not_checked:
        causes = tuple(
            (item.title, ", ".join(name_section(name, texts) for name in item.missing_sections), item.cause)
            for item in report.not_checked
        )
        wanted = dict.fromkeys(name for item in report.not_checked for name in item.missing_sections)
        names = ", ".join(name_section(name, texts) for name in wanted)
        brief = t("diagnose.brief_not_checked", count=len(causes), sections=names)
        yield replace(_table("not_checked", ("cause", "missing", "id"), causes, texts), brief=brief)


def _changes(diff: BaselineDiff | None, texts: Texts) -> Iterator[Table]:
    if diff is None:
        return
    rows = tuple(_change(item, texts) for item in diff.changes)
    table = _table("baseline", ("change", "before", "after"), rows, texts, execution=diff.execution or "")
    yield replace(table, empty=texts.get("diagnose.no_change"))


def _change(item: ChangeItem, texts: Texts) -> tuple[CellValue, ...]:
    what = texts.get(f"diagnose.change_{item.what.replace('-', '_')}")
    before, after = item.before, item.after
    if item.what == "image" and before and after:
        short = _short_image(before), _short_image(after)
        before, after = short if short[0] != short[1] else (before, after)
    return (f"{what} {item.name}" if item.name else what, _value(item.what, before), _value(item.what, after))


def _value(what: str, value: str | None) -> CellValue:
    if not value:
        return None
    if what == "memory" and value.isdecimal():
        return Bytes(int(value))
    if what == "timeout" and re.fullmatch(r"\d+(\.\d+)?", value):
        return Duration(float(value))
    return Code(value)


def _short_image(image: str) -> str:
    """Name and the beginning of the digest: repositories are long, and seldom what differs."""
    return re.sub(rf"(@sha256:[0-9a-f]{{{SHOWN_DIGEST}}})[0-9a-f]+$", r"\1", image.rpartition("/")[2])


def _commits(report: DiagnosisReport, texts: Texts) -> Iterator[Table]:
    if report.commits:
        rows = tuple(
            (
                Code(item.id[:9]),
                item.subject,
                texts.get(f"diagnose.relevance_{item.relevance}"),
                ", ".join(item.files[:MOST_FILES]) or None,
            )
            for item in report.commits
        )
        yield _table("commits", ("commit", "subject", "relevance", "files"), rows, texts)


def _table(
    heading: str, columns: tuple[str, ...], rows: tuple[tuple[CellValue, ...], ...], texts: Texts, **values: str
) -> Table:
    """A table whose title is `heading_<heading>` and whose columns are `column_<name>`."""
    titles = tuple(
        Column(texts.get(f"diagnose.column_{name}"), keep_whole=name in ("time", "id", "commit")) for name in columns
    )
    return Table(titles, rows, title=texts.get(f"diagnose.heading_{heading}", **values))
