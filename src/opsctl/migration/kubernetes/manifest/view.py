"""What a person reads of an applied manifest, and of the differences before it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from opsctl.migration.kubernetes.manifest.report import (
    Action,
    FieldChange,
    ManifestOutcome,
    ManifestReport,
    ObjectReport,
    ObjectState,
)
from opsctl.migration.kubernetes.ownership import Tool
from opsctl.reporting.view import (
    Block,
    Cell,
    Code,
    Column,
    Field,
    Line,
    NextCommand,
    ReportView,
    Section,
    Table,
    Texts,
    Tone,
)

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


def manifest_view(report: ManifestReport, texts: Texts, command: str, *, with_changes: bool = True) -> ReportView:
    """The end of `migrate manifest --apply`, or of its dry run. `command` prints the same manifest; `with_changes` is
    False where the differences have just been shown."""
    t = texts.get
    text = t(f"kubernetes.manifest_{report.outcome}", documents=len(report.documents))
    summary = [Line(text, _TONES.get(report.outcome, "plain"))]
    if report.kept_manifest is not None:
        summary.append(Line(t("kubernetes.manifest_replaced_kept", path=report.kept_manifest)))
    blocks: list[Block] = [_objects(report, texts)]
    if with_changes:
        blocks += (block for item in report.objects if item.changes for block in _changes(item, texts))
    notes = tuple(Line(line, "warning") for line in warning_lines(report, texts))
    return ReportView(
        t("kubernetes.manifest_title"), tuple(summary), tuple(blocks), notes, tuple(_next(report, texts, command))
    )


def diff_lines(objects: tuple[ObjectReport, ...], texts: Texts) -> Iterator[str]:
    """The differences: objects, the places in them, and what differs there, a line each."""
    for item in objects:
        yield texts.get(f"kubernetes.diff_{item.action}", object=str(item))
        for place, changes in _by_place(item):
            yield f"  {place}"
            yield from (f"    {mark} {name}: {difference}" for mark, name, difference in changes)


def warning_lines(report: ManifestReport, texts: Texts) -> Iterator[str]:
    """What to know before anything is changed."""
    for warning in report.warnings:
        tool = {"tool": Tool(warning.values["tool"]).label} if "tool" in warning.values else {}
        yield texts.get(f"kubernetes.warning_{warning.code}", **{**warning.values, **tool})


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


def _changes(item: ObjectReport, texts: Texts) -> Iterator[Section]:
    yield Section((), texts.get("kubernetes.changes", object=str(item)))
    for place, changes in _by_place(item):
        yield Section(tuple(Field(f"{mark} {name}", Code(text)) for mark, name, text in changes), place, is_part=True)


def _by_place(item: ObjectReport) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Changes of neighbouring fields together: what all their paths begin with, and of each a mark (+ new, - gone,
    ~ other), the end of its path, and the difference."""
    parted = ((*_part(change.path), change) for change in item.changes)
    for place, group in groupby(parted, key=itemgetter(0)):
        yield place or item.kind, [(_mark(change), name, _difference(name, change)) for _, name, change in group]


def _part(path: str) -> tuple[str, str]:
    """`spec.containers[a.b].env[C]` is `env[C]` of `spec.containers[a.b]`."""
    depth, cut = 0, -1
    for position, character in enumerate(path):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "." and depth == 0:
            cut = position
    return path[: max(cut, 0)], path[cut + 1 :]


def _mark(change: FieldChange) -> str:
    return "+" if change.before is None else "-" if change.after is None else "~"


def _difference(name: str, change: FieldChange) -> str:
    """One value where there is no other."""
    return " -> ".join(_show(name, value) for value in (change.before, change.after) if value is not None)


def _state(item: ObjectReport, texts: Texts) -> Cell:
    word = f"planned-{item.action}" if item.state is ObjectState.PLANNED else item.state.value
    return Cell(texts.get(f"kubernetes.object_{word}"), _STATE_TONES.get(item.state, "plain"))


def _show(name: str, value: Any) -> str:
    """Of an item that is named beside it not the name again; of a variable its value."""
    if isinstance(value, Mapping) and name.endswith(f"[{value.get('name')}]"):
        value = {key: inner for key, inner in value.items() if key != "name"}
        if set(value) in ({"value"}, {"valueFrom"}):
            [value] = value.values()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _next(report: ManifestReport, texts: Texts, command: str) -> Iterator[NextCommand]:
    t = texts.get
    must_replace = any(item.action is Action.REPLACE for item in report.objects)
    if report.outcome is ManifestOutcome.PLANNED:
        flag, reason = (" --replace", "next_replace") if must_replace else ("", "next_apply")
        yield NextCommand(f"{command} --apply{flag}", t(f"kubernetes.{reason}"))
    elif report.outcome is ManifestOutcome.REFUSED and must_replace:
        yield NextCommand(f"{command} --apply --replace --dry-run", t("kubernetes.next_try_replace"))
    yield NextCommand("opsctl status", t("kubernetes.next_status"))
