"""What a person reads of an applied manifest, in each language."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from opsctl.migration.kubernetes.manifest.report import (
    Action,
    FieldChange,
    ManifestOutcome,
    ManifestReport,
    ManifestWarning,
    ObjectReport,
    ObjectState,
    field_path,
)
from opsctl.migration.kubernetes.manifest.view import diff_lines, manifest_view, warning_lines
from opsctl.reporting.language import Language
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.texts import Catalogue

COMMAND = "opsctl migrate manifest --image 'a b'"
CHANGES = (FieldChange("spec.parallelism", 4, 2), FieldChange("spec.x", None, {"a": ["나", "x" * 300]}))
WARNINGS = (
    ManifestWarning("owned", {"job": "n/j", "tool": "helm", "owner": "cars"}),
    ManifestWarning("finished", {"job": "n/j", "state": "Complete"}),
    ManifestWarning("source-active", {"job": "n/old", "pods": "1"}),
)


def report_of(outcome: ManifestOutcome, *objects: ObjectReport) -> ManifestReport:
    return ManifestReport("n", "j", outcome, ({},), (), objects, WARNINGS, "/state/n.j.job.json")


@pytest.mark.parametrize("language", get_args(Language))
def test_everything_that_can_happen_has_words(language: Language) -> None:
    texts = Catalogue(language)
    objects = tuple(
        ObjectReport("Job", "n", "j", action, state, CHANGES, "because")
        for action, state in product(Action, ObjectState)
        if (action is Action.NONE) == (state is ObjectState.UNCHANGED)
    )
    for outcome in ManifestOutcome:
        text = render_markdown(manifest_view(report_of(outcome, *objects), texts, COMMAND), texts)
        assert "kubernetes." not in text
        assert "/state/n.j.job.json" in text.replace("\\", "")
    warnings = list(warning_lines(report_of(ManifestOutcome.PLANNED), texts))
    assert len(warnings) == len(WARNINGS)
    assert "Helm" in warnings[0]


def test_differences_stand_together_where_they_are_and_a_long_value_is_cut() -> None:
    item = ObjectReport("Job", "n", "j", Action.CHANGE, ObjectState.PLANNED, CHANGES)
    lines = list(diff_lines((item,), Catalogue("en")))
    assert lines[:3] == ["Job n/j: would be changed", "  spec", "    ~ parallelism: 4 -> 2"]
    assert lines[3].startswith('    + x: {"a":["나","xxx')
    assert len(lines[3]) < 200


@pytest.mark.parametrize(
    ("change", "place", "line"),
    [
        (FieldChange("rules", [1], [1, 2]), "Job", "~ rules: [1] -> [1,2]"),
        (FieldChange('metadata.labels["a.b/c"]', None, "x"), "metadata", '+ labels["a.b/c"]: x'),
        (FieldChange("c[a.b].env[X]", {"name": "X", "value": "1"}, None), "c[a.b]", "- env[X]: 1"),
        (FieldChange("c[a].env[X]", None, {"name": "X", "valueFrom": {"b": 1}}), "c[a]", '+ env[X]: {"b":1}'),
        (FieldChange("c[a].mounts[X]", None, {"name": "X", "p": "/"}), "c[a]", '+ mounts[X]: {"p":"/"}'),
        (FieldChange("c[a].env[X].value", "1", "2"), "c[a].env[X]", "~ value: 1 -> 2"),
    ],
)
def test_a_difference_says_what_is_not_said_beside_it(change: FieldChange, place: str, line: str) -> None:
    item = ObjectReport("Job", "n", "j", Action.CHANGE, ObjectState.PLANNED, (change,))
    assert list(diff_lines((item,), Catalogue("en")))[1:] == [f"  {place}", f"    {line}"]


def test_differences_that_were_just_read_are_not_told_again() -> None:
    item = ObjectReport("Job", "n", "j", Action.CHANGE, ObjectState.CHANGED, CHANGES)
    report = report_of(ManifestOutcome.APPLIED, item)
    texts = Catalogue("en")
    assert "parallelism" in render_markdown(manifest_view(report, texts, COMMAND), texts)
    assert "parallelism" not in render_markdown(manifest_view(report, texts, COMMAND, with_changes=False), texts)


def test_the_next_command_does_the_same_and_replaces_where_it_must() -> None:
    for outcome, action, flags in (
        (ManifestOutcome.PLANNED, Action.CREATE, "--apply"),
        (ManifestOutcome.PLANNED, Action.REPLACE, "--apply --replace"),
        (ManifestOutcome.REFUSED, Action.REPLACE, "--apply --replace --dry-run"),
    ):
        item = ObjectReport("Job", "n", "j", action, ObjectState.PLANNED)
        view = manifest_view(report_of(outcome, item), Catalogue("en"), COMMAND)
        assert view.next_commands[0].command == f"{COMMAND} {flags}"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "containers", 0, "env", 1, "value"), "spec.containers[migrate].env[1].value"),
        (("metadata", "labels", "app.kubernetes.io/name"), 'metadata.labels["app.kubernetes.io/name"]'),
        (("spec", "containers", "gone"), "spec.containers[gone]"),
        (("spec", "absent", "x"), "spec.absent.x"),
        ((), ""),
    ],
)
def test_paths_name_items_of_lists(path: tuple[str | int, ...], text: str) -> None:
    body = {"spec": {"containers": [{"name": "migrate", "env": [{"name": "A"}, {"value": "b"}]}]}}
    assert field_path(path, body) == text
