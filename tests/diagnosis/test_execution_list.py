"""Executions of a job: newest first, failures with their reason, jobs that do not exist."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from opsctl.diagnosis.execution_list import ExecutionList, choose_regions, list_executions, read_execution
from opsctl.diagnosis.execution_list_view import execution_list_view
from opsctl.diagnosis.facts.model import Outcome
from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue
from tests.diagnosis.log_entries import execution
from tests.fakes.google import FakeGoogle

JOB = "projects/p/locations/l/jobs/shop"


def google_with(*executions: dict[str, Any], jobs: tuple[str, ...] = ()) -> FakeGoogle:
    return FakeGoogle(
        executions={item["name"]: item for item in executions},
        jobs={f"projects/p/locations/l/jobs/{job}": {"name": f"projects/p/locations/l/jobs/{job}"} for job in jobs},
        regions=("l",),
    )


def look(google: FakeGoogle, **more: Any) -> ExecutionList:
    options: dict[str, Any] = {"job": "shop", "limit": 20, **more}
    return asyncio.run(list_executions(google, project="p", regions=google.regions, **options))


def history(count: int) -> list[dict[str, Any]]:
    """The newest one has the highest number; every third failed."""
    states = ["CONDITION_FAILED", "CONDITION_SUCCEEDED", "CONDITION_SUCCEEDED"]
    return [
        execution(f"{JOB}/executions/shop-{number:05d}", created=number * 100, state=states[number % 3])
        for number in range(count)
    ]


def test_the_newest_come_first_and_older_ones_are_told_of() -> None:
    found = look(google_with(*history(7)), limit=3)
    assert [row.execution for row in found.executions] == ["shop-00006", "shop-00005", "shop-00004"]
    assert found.has_more
    assert not look(google_with(*history(3)), limit=3).has_more


def test_failures_are_searched_through_all_pages() -> None:
    google = google_with(*history(250))
    found = look(google, only_failed=True, limit=90)
    assert len(found.executions) == 84
    assert {row.outcome for row in found.executions} == {Outcome.FAILED}
    assert found.searched == 250
    assert not found.has_more
    assert google.asked.count("list_executions") == 3
    few = look(google, only_failed=True, limit=2)
    assert [row.execution for row in few.executions] == ["shop-00249", "shop-00246"]
    assert few.has_more


def test_a_row_tells_outcome_days_and_the_first_reason() -> None:
    row = read_execution(execution(created=0, completed=93_784, retriedCount=1, taskCount=20, succeededCount=19))
    assert (row.execution, row.job, row.region) == ("shop-a1b2c", "shop", "l")
    assert (row.outcome, row.task_count, row.succeeded_count, row.retried_count) == (Outcome.FAILED, 20, 19, 1)
    assert row.duration_seconds == 93_784
    assert row.creator == "deployer@example.com"
    assert row.reason == "Task x-task0 failed with exit code: 1."


def test_what_never_started_gives_the_reason_of_the_condition_that_stopped_it() -> None:
    conditions = [
        {"type": "Completed", "state": "CONDITION_FAILED", "message": "Execution failed."},
        {"type": "ResourcesAvailable", "state": "CONDITION_FAILED", "message": "Image not\nfound: app."},
    ]
    assert read_execution(execution(conditions=conditions)).reason == "Image not found: app."


def test_a_secret_of_the_template_is_not_in_the_reason() -> None:
    secret = "kP9-vW2xQz77LmTr"
    container = {"env": [{"name": "DB_PASSWORD", "value": secret}]}
    conditions = [
        {"type": "Completed", "state": "CONDITION_FAILED", "message": f"could not log in with {secret} at db"}
    ]
    row = read_execution(execution(conditions=conditions, template={"containers": [container]}))
    assert row.reason is not None
    assert secret not in row.reason
    assert row.reason.startswith("could not log in with ***")


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        (execution(completed=None), Outcome.RUNNING),
        (execution(state="CONDITION_SUCCEEDED"), Outcome.SUCCEEDED),
        (
            execution(conditions=[{"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "CANCELLED"}]),
            Outcome.CANCELLED,
        ),
        ({"name": f"{JOB}/executions/shop-x"}, Outcome.UNTOLD),
        ({}, Outcome.UNTOLD),
    ],
)
def test_what_did_not_fail_has_no_reason(data: dict[str, Any], outcome: Outcome) -> None:
    row = read_execution(data)
    assert (row.outcome, row.reason) == (outcome, None)


def test_a_job_that_does_not_exist_is_told_with_near_names() -> None:
    with pytest.raises(NotFoundError) as raised:
        look(google_with(*history(2), jobs=("shop", "billing")), job="shopp")
    assert raised.value.code == "job-not-found"
    assert raised.value.hint == "Did you mean shop?"
    with pytest.raises(NotFoundError, match="There is no job 'x'") as raised:
        look(google_with(), job="x")
    assert raised.value.hint is not None
    assert "--project" in raised.value.hint


def test_a_job_that_never_ran_is_no_error() -> None:
    found = look(google_with(jobs=("shop",)))
    assert (found.executions, found.searched) == ((), 0)


def test_of_several_regions_one_that_cannot_be_asked_is_named() -> None:
    refused = AccessDeniedError("Permission 'run.executions.list' denied.")

    class OneRegionRefuses(FakeGoogle):
        async def list_executions(self, job: str, **more: Any) -> Any:
            if "/eu/" in job:
                raise refused
            return await super().list_executions(job, **more)

    google = OneRegionRefuses(executions={item["name"]: item for item in history(2)}, regions=("eu", "l"))
    found = look(google)
    assert [(item.region, item.code) for item in found.unseen] == [("eu", "denied")]
    assert len(found.executions) == 2
    google.regions = ("eu",)
    with pytest.raises(OpsctlError) as raised:
        look(google)
    assert raised.value is refused


def test_without_a_region_all_of_them_are_looked_at() -> None:
    google = FakeGoogle(regions=("a", "b"))
    assert asyncio.run(choose_regions(google, "p", None)) == ("a", "b")
    assert asyncio.run(choose_regions(google, "p", "c")) == ("c",)


def shown(report: ExecutionList, width: int | None = 80, language: Any = "en") -> str:
    texts = Catalogue(language, UTC)
    return render_table(execution_list_view(report, texts), texts, Screen(width))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_table_fits_into_80_columns_with_one_row_each(language: str) -> None:
    google = google_with(
        execution("projects/p/locations/l/jobs/o4o-api-migrations/executions/o4o-api-migrations-h5x5h"),
        execution(
            "projects/p/locations/l/jobs/o4o-api-migrations/executions/o4o-api-migrations-k2k2k",
            created=100,
            completed=93_784,
        ),
    )
    text = shown(look(google, job="o4o-api-migrations"), language=language)
    rows = [line for line in text.splitlines() if line.startswith("o4o-api-migrations-") and "2026-01-12 02:0" in line]
    assert len(rows) == 2
    assert "1 d 2 h" in rows[0] or "1일 2시간" in rows[0]
    assert "deployer@example.com" in text
    assert "+00:00" in text


def test_what_differs_has_a_column() -> None:
    found = look(google_with(*history(2)))
    first, second = found.executions
    mixed = replace(found, executions=(replace(first, job="other", region="r", creator="a@b.c"), second))
    text = shown(mixed, None)
    assert "Job" in text
    assert "Region" in text
    assert "a@b.c" in text
    assert "Run by" in text
    assert "Job " not in shown(found, None)


def test_the_next_command_diagnoses_the_newest_failure() -> None:
    text = shown(look(google_with(*history(7))), None)
    assert "opsctl cloudrun diagnose shop-00006 --project p --region l" in text
    assert "Next:" not in shown(look(google_with(history(2)[1])), None)


def test_no_name_becomes_a_command() -> None:
    found = look(google_with(*history(7)))
    text = shown(replace(found, project="p; reboot"), None)
    assert "opsctl cloudrun diagnose shop-00006 --project 'p; reboot' --region l" in text


def test_an_empty_list_says_why() -> None:
    assert "There is no execution." in shown(look(google_with(jobs=("shop",))))
    assert "None of them failed." in shown(look(google_with(history(2)[1]), only_failed=True))
