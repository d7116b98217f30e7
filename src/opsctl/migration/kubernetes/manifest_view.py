"""What a person reads of an applied manifest, and of the differences before it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from opsctl.migration.kubernetes.manifest_report import (
    Action,
    ManifestOutcome,
    ManifestReport,
    ObjectReport,
    ObjectState,
)
from opsctl.reporting.view import Cell, Code, Column, Line, NextCommand, ReportView, Table, Texts, Tone

_LONGEST_VALUE = 160
_TONES: dict[ManifestOutcome, Tone] = {
    ManifestOutcome.APPLIED: "good",
    ManifestOutcome.UNCHANGED: "good",
    ManifestOutcome.REFUSED: "warning",
    ManifestOutcome.INCOMPLETE: "bad",
}
_STATE_TONES: dict[ObjectState, Tone] = {
    ObjectState.UNCHANGED: "muted",
    ObjectState.CREATED: "good",
    ObjectState.CHANGED: "good",
    ObjectState.REPLACED: "good",
    ObjectState.FAILED: "bad",
    ObjectState.NOT_TRIED: "warning",
}


def manifest_view(report: ManifestReport, texts: Texts) -> ReportView:
    """The end of `migrate manifest --apply`, or of its dry run."""
    t = texts.get
    text = t(f"kubernetes.manifest_{report.outcome}", documents=len(report.documents))
    summary = [Line(text, _TONES.get(report.outcome, "plain"))]
    if report.kept_manifest is not None:
        summary.append(Line(t("kubernetes.manifest_replaced_kept", path=report.kept_manifest)))
    blocks = [_objects(report, texts)]
    if any(item.changes for item in report.objects):
        blocks.append(_changes(report, texts))
    notes = tuple(Line(line, "warning") for line in warning_lines(report, texts))
    return ReportView(t("kubernetes.manifest_title"), tuple(summary), tuple(blocks), notes, tuple(_next(report, texts)))


def diff_lines(objects: tuple[ObjectReport, ...], texts: Texts) -> Iterator[str]:
    """The differences, a line each."""
    for item in objects:
        yield texts.get(f"kubernetes.diff_{item.action}", object=str(item))
        for change in item.changes:
            before, after = (_show(value, texts) for value in (change.before, change.after))
            yield "  " + texts.get("kubernetes.diff_field", field=change.path, before=before, after=after)


def warning_lines(report: ManifestReport, texts: Texts) -> Iterator[str]:
    """What to know before anything is changed."""
    for warning in report.warnings:
        yield texts.get(f"kubernetes.warning_{warning.code}", **warning.values)


def _objects(report: ManifestReport, texts: Texts) -> Table:
    t = texts.get
    columns = (
        Column(t("kubernetes.object"), keep_whole=True),
        Column(t("kubernetes.step_state")),
        Column(t("kubernetes.change_count"), "right"),
        Column(t("kubernetes.detail")),
    )
    rows = tuple((str(item), _state(item, texts), len(item.changes) or None, item.detail) for item in report.objects)
    return Table(columns, rows)


def _changes(report: ManifestReport, texts: Texts) -> Table:
    t = texts.get
    columns = (
        Column(t("kubernetes.object")),
        Column(t("kubernetes.field")),
        Column(t("kubernetes.before")),
        Column(t("kubernetes.after")),
    )
    rows = tuple(
        (item.kind, Code(change.path), _show(change.before, texts), _show(change.after, texts))
        for item in report.objects
        for change in item.changes
    )
    return Table(columns, rows, t("kubernetes.changes"))


def _state(item: ObjectReport, texts: Texts) -> Cell:
    word = f"planned-{item.action}" if item.state is ObjectState.PLANNED else item.state.value
    return Cell(texts.get(f"kubernetes.object_{word}"), _STATE_TONES.get(item.state, "plain"))


def _show(value: Any, texts: Texts) -> str:
    if value is None:
        return texts.get("kubernetes.absent")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _next(report: ManifestReport, texts: Texts) -> Iterator[NextCommand]:
    t = texts.get
    if report.outcome is ManifestOutcome.PLANNED:
        must_replace = any(item.action is Action.REPLACE for item in report.objects)
        flag, reason = (" --replace", "next_replace") if must_replace else ("", "next_apply")
        yield NextCommand(f"opsctl migrate manifest --apply{flag}", t(f"kubernetes.{reason}"))
    yield NextCommand("opsctl status", t("kubernetes.next_status"))
