"""What a person reads of a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from opsctl.migration.kubernetes.models import Writer
from opsctl.migration.kubernetes.ownership import Ownership, Tool
from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartReport,
    Step,
    StepKind,
    StepResult,
    StepState,
    WhyNot,
)
from opsctl.migration.kubernetes.restart.view import restart_view
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble
from opsctl.reporting.language import Language
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.view import Table
from tests.fakes.clock import EPOCH

REPORT = RestartReport(
    taken_at=EPOCH,
    namespace="apc-backup-ns",
    job="car-image-migration",
    outcome=RestartOutcome.MENDED,
    findings=(Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, "p-1", since=EPOCH),),
    owners=(),
    other_writers=(),
    steps=(StepResult(Step(StepKind.DELETE_POD, "p-1", "u"), StepState.DONE),),
    new_pods=("p-2",),
    documents_before=95,
    documents_after=97,
)

CURABLE = {
    Trouble.NO_PODS,
    Trouble.NO_PROGRESS,
    Trouble.SILENT,
    Trouble.NODE_LOST,
    Trouble.CRASHING,
    Trouble.JOB_FAILED,
    Trouble.REQUESTED,
}


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("outcome", RestartOutcome)
def test_every_outcome_trouble_and_step_has_its_words(language: Language, outcome: RestartOutcome) -> None:
    findings = tuple(
        Finding(trouble, Remedy.RECREATE_JOB if trouble in CURABLE else Remedy.NONE, detail="words")
        for trouble in Trouble
    )
    steps = tuple(StepResult(Step(kind, "x"), state) for kind in StepKind for state in StepState)
    report = replace(REPORT, outcome=outcome, findings=findings, obstacles=findings, steps=steps)
    view = restart_view(report, Catalogue(language))
    assert len(view.notes) == len(Trouble) - len(CURABLE)
    assert view.next_commands[-1].command == "opsctl status --watch"


def test_a_mended_job() -> None:
    view = restart_view(REPORT, Catalogue("en"))
    assert [line.text for line in view.summary] == [
        "Job apc-backup-ns/car-image-migration goes on: a new pod makes progress."
    ]
    assert view.notes == ()


def test_a_complete_job_is_not_called_stuck() -> None:
    complete = Finding(Trouble.JOB_COMPLETE, Remedy.NONE)
    report = replace(REPORT, outcome=RestartOutcome.NOTHING_TO_DO, findings=(complete,), steps=(), new_pods=())
    titles = [block.title for block in restart_view(report, Catalogue("en")).blocks if isinstance(block, Table)]
    assert titles == ["What was found"]
    stuck = [block.title for block in restart_view(REPORT, Catalogue("en")).blocks if isinstance(block, Table)]
    assert stuck[0] == "What is stuck"


def test_a_manifest_that_was_kept_is_said_first_and_how_to_use_it_last() -> None:
    report = replace(REPORT, outcome=RestartOutcome.INCOMPLETE, kept_manifest="/home/kim/my jobs/j.json")
    view = restart_view(report, Catalogue("en"))
    assert "/home/kim/my jobs/j.json" in view.summary[1].text
    assert view.next_commands[0].command == "kubectl create -f '/home/kim/my jobs/j.json'"


def test_owners_and_other_writers_are_warned_of() -> None:
    owners, writers = (Ownership(Tool.CRON_JOB, "CronJob nightly"),), (Writer("laptop", True, EPOCH),)
    notes = restart_view(replace(REPORT, owners=owners, other_writers=writers), Catalogue("en")).notes
    assert "Kubernetes (CronJob nightly)" in notes[0].text
    assert "laptop" in notes[1].text


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("why", WhyNot)
def test_why_nothing_was_confirmed_is_said_second(language: Language, why: WhyNot) -> None:
    report = replace(REPORT, outcome=RestartOutcome.NOT_CONFIRMED, why_not=why)
    view = restart_view(report, Catalogue(language))
    assert view.summary[1].text == Catalogue(language).get(f"kubernetes.why_{why}")
    assert view.next_commands[0].command == "opsctl migrate logs --follow"


def test_records_that_could_not_be_asked_are_said() -> None:
    notes = restart_view(replace(REPORT, unknown_because="Mongo is away"), Catalogue("en")).notes
    assert notes[0].text.endswith("is not known: Mongo is away")


@pytest.mark.parametrize(
    ("findings", "deleted", "command"),
    [
        ([Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, "p-1")], ["p-1"], "opsctl migrate restart"),
        ([Finding(Trouble.REQUESTED, Remedy.DELETE_POD, "p-1")], ["p-1"], "opsctl migrate restart --pod p-1"),
        (
            [Finding(Trouble.SILENT, Remedy.DELETE_POD, name) for name in ("p-1", "p-2")],
            ["p-2"],
            "opsctl migrate restart --pod p-2",
        ),
        ([Finding(Trouble.JOB_FAILED, Remedy.RECREATE_JOB)], [], "opsctl migrate restart"),
        ([Finding(Trouble.REQUESTED, Remedy.RECREATE_JOB)], [], "opsctl migrate restart --recreate"),
    ],
)
def test_the_command_after_a_dry_run_does_the_same(findings: list[Finding], deleted: list[str], command: str) -> None:
    steps = tuple(StepResult(Step(StepKind.DELETE_POD, name, "u"), StepState.SKIPPED) for name in deleted)
    report = replace(REPORT, outcome=RestartOutcome.PLANNED, findings=tuple(findings), steps=steps)
    assert restart_view(report, Catalogue("en")).next_commands[0].command == command
