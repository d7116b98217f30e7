"""What a person reads of an applied manifest, in each language."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from opsctl.migration.kubernetes.manifest_report import (
    Action,
    FieldChange,
    ManifestOutcome,
    ManifestReport,
    ManifestWarning,
    ObjectReport,
    ObjectState,
    field_path,
)
from opsctl.migration.kubernetes.manifest_view import diff_lines, manifest_view, warning_lines
from opsctl.reporting.language import Language
from opsctl.reporting.markdown import render_markdown
from opsctl.reporting.texts import Catalogue

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
        text = render_markdown(manifest_view(report_of(outcome, *objects), texts), texts)
        assert "kubernetes." not in text
        assert "/state/n.j.job.json" in text.replace("\\", "")
    assert len(list(warning_lines(report_of(ManifestOutcome.PLANNED), texts))) == len(WARNINGS)


def test_a_difference_is_a_line_and_a_long_value_is_cut() -> None:
    item = ObjectReport("Job", "n", "j", Action.CHANGE, ObjectState.PLANNED, CHANGES)
    lines = list(diff_lines((item,), Catalogue("en")))
    assert lines[:2] == ["Job n/j: would be changed", "  spec.parallelism: 4 -> 2"]
    assert lines[2].startswith('  spec.x: (not there) -> {"a":["나","xxx')
    assert len(lines[2]) < 200


def test_the_next_command_replaces_where_it_must() -> None:
    for action, command in (
        (Action.CREATE, "opsctl migrate manifest --apply"),
        (Action.REPLACE, "opsctl migrate manifest --apply --replace"),
    ):
        item = ObjectReport("Job", "n", "j", action, ObjectState.PLANNED)
        view = manifest_view(report_of(ManifestOutcome.PLANNED, item), Catalogue("en"))
        assert view.next_commands[0].command == command


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
