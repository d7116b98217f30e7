"""How the execution that is named is found, and what is said when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest

from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.naming import Target
from opsctl.diagnosis.ports import ExecutionPage
from opsctl.diagnosis.resolve import MAX_PAGES, Resolution, find_latest, has_failed, resolve
from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError, UnavailableError, UsageError

SEOUL, TOKYO, IOWA = "asia-northeast3", "asia-northeast1", "us-central1"
ID = "o4o-api-migrations-h5x5h"
JOB = "o4o-api-migrations"
FAILED = {"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "NON_ZERO_EXIT_CODE"}
SUCCEEDED = {"type": "Completed", "state": "CONDITION_SUCCEEDED"}
CANCELLED = {"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "CANCELLED"}
RUNNING = {"type": "Completed", "state": "CONDITION_RECONCILING"}

T = TypeVar("T")


class Runs:
    """A Cloud Run in memory. Answers with the project's number, as the service may. `broken` maps what a call asks
    for (`get executions`, `list executions`, `jobs`, `regions`, or one of them and a region) to its error."""

    def __init__(self, *executions: tuple[str, str, str], condition: dict[str, str] | None = None) -> None:
        self.executions: dict[str, list[dict[str, Any]]] = {SEOUL: [], TOKYO: [], IOWA: []}
        self.jobs: dict[str, set[str]] = {region: set() for region in self.executions}
        self.broken: dict[str, OpsctlError] = {}
        self.calls: list[str] = []
        self.page_size = 100
        for region, job, execution in executions:
            self.add(region, job, execution, condition or FAILED)

    def add(self, region: str, job: str, execution: str, condition: dict[str, str]) -> None:
        name = f"projects/123456789012/locations/{region}/jobs/{job}/executions/{execution}"
        document = {"name": name, "job": job, "conditions": [condition], "completionTime": "2026-01-12T02:00:41Z"}
        self.executions[region].append(document)
        self.jobs[region].add(job)

    async def get_execution(self, name: str) -> JsonObject:
        region, job, execution = self._ask("get executions", name)
        for document in self.executions[region]:
            if document["name"].endswith(f"/jobs/{job}/executions/{execution}"):
                return document
        raise NotFoundError(f"{execution} does not exist")

    async def list_executions(self, job: str, *, page_token: str = "", page_size: int = 100) -> ExecutionPage:
        region, wanted, _ = self._ask("list executions", job)
        found = [item for item in self.executions[region] if wanted in ("-", item["job"])]
        start = int(page_token or 0)
        end = start + self.page_size
        return ExecutionPage(tuple(found[start:end]), str(end) if end < len(found) else "")

    def list_tasks(self, execution: str) -> AsyncIterator[JsonObject]:
        raise AssertionError("tasks are not for naming")

    async def get_job(self, name: str) -> JsonObject:
        region, job, _ = self._ask("jobs", name)
        if job not in self.jobs[region]:
            raise NotFoundError(f"{job} does not exist")
        return {"name": name}

    async def list_jobs(self, location: str) -> tuple[JsonObject, ...]:
        region, _, _ = self._ask("jobs", location)
        return tuple({"name": f"{location}/jobs/{job}"} for job in self.jobs[region])

    async def list_regions(self, project: str) -> tuple[str, ...]:
        self._ask("regions", f"projects/{project}")
        return tuple(self.executions)

    def _ask(self, what: str, name: str) -> tuple[str, str, str]:
        self.calls.append(f"{what} {name}")
        parts = (*name.split("/"), *[""] * 8)
        for key in (what, f"{what} {parts[3]}"):
            if key in self.broken:
                raise self.broken[key]
        return parts[3], parts[5], parts[7]


def denied(permission: str = "run.executions.get", code: str = "denied-or-absent") -> AccessDeniedError:
    return AccessDeniedError(f"Permission '{permission}' denied", code=code, permission=permission)


def target(execution: str = ID, job: str = "", region: str = SEOUL) -> Target:
    return Target(execution, job, region, "p")


async def missing(run: Runs, wanted: Target) -> NotFoundError:
    with pytest.raises(NotFoundError) as caught:
        await resolve(wanted, run)
    return caught.value


async def test_an_id_is_found_in_one_call() -> None:
    run = Runs((SEOUL, JOB, ID))
    found = await resolve(target(), run)
    assert found.name.full == f"projects/p/locations/{SEOUL}/jobs/{JOB}/executions/{ID}"
    assert (found.name.project, found.name.location, found.name.job, found.name.execution) == ("p", SEOUL, JOB, ID)
    assert found.execution == run.executions[SEOUL][0]
    assert found.missing is None
    assert run.calls == [f"get executions {found.name.full}"]


async def test_an_execution_that_is_not_called_like_its_job_is_looked_for_in_the_list() -> None:
    run = Runs((SEOUL, "other", "other-aaaaa"), (SEOUL, JOB, f"{JOB}-release-2026-01"))
    found = await resolve(target(f"{JOB}-release-2026-01"), run)
    assert found.name.job == JOB
    assert found.execution == run.executions[SEOUL][1]
    assert len(run.calls) == 2


async def test_a_name_without_a_dash_goes_to_the_list_at_once() -> None:
    run = Runs((SEOUL, "job", "single"))
    assert (await resolve(target("single"), run)).name.job == "job"
    assert len(run.calls) == 1


async def test_the_list_is_read_page_by_page_up_to_a_bound() -> None:
    run = Runs(*((SEOUL, "other", f"other-{number:05}") for number in range(12)), (SEOUL, JOB, "x-y-z"))
    run.page_size = 3
    assert (await resolve(target("x-y-z"), run)).name.job == JOB
    run.page_size = 2
    error = await missing(run, target("x-y-z"))
    assert f"looked at the newest {2 * MAX_PAGES}" in error.message


async def test_without_a_region_every_region_is_searched_by_the_callers_own_means() -> None:
    run = Runs((TOKYO, JOB, ID))
    widths = []

    async def gather(calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
        widths.append(len(calls))
        return [await call() for call in reversed(calls)][::-1]

    found = await resolve(target(region=""), run, gather=gather)
    assert found.name.location == TOKYO
    assert widths == [3]


async def test_the_same_id_in_two_regions_wants_a_region() -> None:
    run = Runs((TOKYO, JOB, ID), (SEOUL, JOB, ID))
    with pytest.raises(UsageError, match=f"{SEOUL}, {TOKYO}") as caught:
        await resolve(target(region=""), run)
    assert "--region" in str(caught.value.hint)


async def test_a_region_without_cloud_run_is_passed_over() -> None:
    run = Runs((TOKYO, JOB, ID))
    for call in ("get executions", "list executions"):
        run.broken[f"{call} {IOWA}"] = NotFoundError("no", code="region-unsupported")
    assert (await resolve(target(region=""), run)).name.location == TOKYO
    assert "3 regions" in (await missing(run, target("unknown-aaaaa", region=""))).message


async def test_a_region_that_does_not_answer_leaves_it_open() -> None:
    run = Runs((TOKYO, JOB, ID))
    for call in ("get executions", "list executions"):
        run.broken[f"{call} {IOWA}"] = UnavailableError("too slow", code="timeout")
    assert (await resolve(target(region=""), run)).name.location == TOKYO
    with pytest.raises(UnavailableError, match="too slow"):
        await resolve(target("unknown-aaaaa", region=""), run)


async def test_a_wrong_id_names_near_ones() -> None:
    run = Runs((SEOUL, JOB, ID), (SEOUL, "other", "other-aaaaa"))
    found = await resolve(target(f"{JOB}-h5x5j"), run)
    assert found.execution is None
    assert found.missing is not None
    assert f"execution {JOB}-h5x5j was not found in region {SEOUL} of project p" in found.missing.message
    assert found.missing.hint == f"Did you mean {ID}?"


async def test_the_wrong_region_is_said_with_the_right_one() -> None:
    runs = Runs((SEOUL, JOB, ID))
    with pytest.raises(NotFoundError, match=f"not found in region {IOWA}") as caught:
        await resolve(Target(ID, region=IOWA, project="p"), runs)
    assert caught.value.hint == f"It is in {SEOUL}: --region {SEOUL}"
    named = await resolve(Target(ID, job=JOB, region=IOWA, project="p"), runs)
    assert named.missing is not None
    assert named.missing.hint == f"It is in {SEOUL}: --region {SEOUL}"
    with pytest.raises(NotFoundError) as latest:
        await find_latest(runs, "p", IOWA, JOB, only_failed=True)
    assert latest.value.hint == f"It is in {SEOUL}: --region {SEOUL}"


async def test_regions_that_cannot_be_listed_leave_it_at_the_wrong_one() -> None:
    runs = Runs((SEOUL, JOB, ID))
    runs.broken["regions"] = AccessDeniedError("no", permission="run.locations.list")
    with pytest.raises(NotFoundError, match="not found") as caught:
        await resolve(Target(ID, region=IOWA, project="p"), runs)
    assert "right project and region" in str(caught.value.hint)
    with pytest.raises(AccessDeniedError, match="cannot be listed") as unknown:
        await resolve(Target(ID, project="p"), runs)
    assert "--region" in str(unknown.value.hint)
    assert unknown.value.permission == "run.locations.list"


@pytest.mark.parametrize(
    ("address", "project"),
    [
        ("https://console.cloud.google.com/logs/viewer?project=shop&advancedFilter=x", "shop"),
        ("https://console.cloud.google.com/logs/viewer?a=b&project=example.com:shop", "example.com:shop"),
        ("https://console.cloud.google.com/logs/viewer?project=123456789012", "123456789012"),
        ("", "123456789012"),
    ],
)
async def test_a_project_by_its_number_is_the_one_with_that_id(address: str, project: str) -> None:
    runs = Runs((SEOUL, JOB, ID))
    runs.executions[SEOUL][0]["logUri"] = address
    found = await resolve(Target(ID, region=SEOUL, project="123456789012"), runs)
    assert (found.name.project, found.name.full.split("/")[1]) == (project, project)
    by_id = await resolve(Target(ID, region=SEOUL, project="mine"), runs)
    assert by_id.name.project == "mine"


async def test_nothing_near_asks_for_project_and_region() -> None:
    error = await missing(Runs(), target("something-else"))
    assert "project and region" in str(error.hint)
    assert error.exit_code == 7


async def test_a_deleted_execution_can_be_gone_on_with_by_name_when_its_job_is_there() -> None:
    run = Runs((SEOUL, JOB, f"{JOB}-aaaaa"))
    found = await resolve(target(), run)
    assert (found.name.job, found.execution) == (JOB, None)
    assert isinstance(found.missing, NotFoundError)


async def test_a_deleted_execution_of_a_deleted_job_can_be_gone_on_with_when_both_are_named() -> None:
    found = await resolve(target(job="gone"), Runs())
    assert found.name.full == f"projects/p/locations/{SEOUL}/jobs/gone/executions/{ID}"
    assert found.execution is None
    assert found.missing is not None
    assert "there is no job gone" in found.missing.message


async def test_the_region_of_a_deleted_execution_is_that_of_its_job() -> None:
    found = await resolve(target(region=""), Runs((TOKYO, JOB, f"{JOB}-aaaaa")))
    assert (found.name.location, found.execution) == (TOKYO, None)


async def test_a_wrong_job_is_said_with_near_ones() -> None:
    found = await resolve(target(job="o4o-api-migration"), Runs((SEOUL, JOB, ID)))
    assert found.missing is not None
    assert "there is no job o4o-api-migration" in found.missing.message
    assert found.missing.hint == f"Did you mean {JOB}?"


async def test_no_right_or_no_such_thing_stays_undecided() -> None:
    run = Runs((SEOUL, JOB, ID))
    run.broken = {"get executions": denied(), "list executions": denied("run.executions.list")}
    with pytest.raises(AccessDeniedError, match="no right to read it, or it does not exist") as caught:
        await resolve(target(), run)
    assert (caught.value.code, caught.value.permission) == ("denied-or-absent", "run.executions.get")


async def test_a_list_that_may_be_read_decides_what_a_guess_could_not() -> None:
    run = Runs((SEOUL, "real-job", ID))
    run.broken = {"get executions": denied()}
    assert (await resolve(target(), run)).name.job == "real-job"


async def test_without_the_right_to_list_the_job_has_to_be_named() -> None:
    run = Runs((SEOUL, "real-job", ID))
    run.broken = {"list executions": denied("run.executions.list", "denied")}
    with pytest.raises(AccessDeniedError) as caught:
        await resolve(target(), run)
    assert (caught.value.permission, caught.value.hint) == ("run.executions.list", "Name its job with --job.")
    assert (await resolve(target(job="real-job"), run)).name.job == "real-job"


async def test_what_is_true_everywhere_ends_the_search_at_once() -> None:
    run = Runs()
    run.broken = {"get executions": denied(code="api-disabled")}
    with pytest.raises(AccessDeniedError) as caught:
        await resolve(target(region=""), run)
    assert caught.value.code == "api-disabled"
    assert not any(call.startswith("list") for call in run.calls)


async def test_a_project_is_needed() -> None:
    with pytest.raises(UsageError) as caught:
        await resolve(Target(ID, region=SEOUL), Runs())
    assert "--project" in str(caught.value.hint)


def latest_runs() -> Runs:
    run = Runs()
    run.add(SEOUL, JOB, f"{JOB}-run", RUNNING)
    run.executions[SEOUL][0].pop("completionTime")
    run.add(SEOUL, JOB, f"{JOB}-good", SUCCEEDED)
    run.add(SEOUL, JOB, f"{JOB}-stop", CANCELLED)
    run.add(SEOUL, JOB, f"{JOB}-bad", FAILED)
    run.add(SEOUL, JOB, f"{JOB}-older", FAILED)
    return run


async def latest(run: Runs, region: str = SEOUL, job: str = JOB, *, only_failed: bool = True) -> Resolution:
    return await find_latest(run, "p", region, job, only_failed=only_failed)


@pytest.mark.parametrize("page_size", [1, 100])
async def test_the_newest_and_the_newest_that_failed(page_size: int) -> None:
    run = latest_runs()
    run.page_size = page_size
    newest, failed = await latest(run, only_failed=False), await latest(run)
    assert newest.name.execution == f"{JOB}-run"
    assert failed.name.full == f"projects/p/locations/{SEOUL}/jobs/{JOB}/executions/{JOB}-bad"
    assert failed.execution == run.executions[SEOUL][3]


async def test_the_region_of_a_job_is_found() -> None:
    assert (await latest(latest_runs(), region="")).name.location == SEOUL


async def test_a_job_in_two_regions_wants_a_region() -> None:
    run = latest_runs()
    run.add(TOKYO, JOB, f"{JOB}-else", FAILED)
    with pytest.raises(UsageError, match="more than one region"):
        await latest(run, region="")


async def test_a_job_that_never_failed() -> None:
    with pytest.raises(NotFoundError, match="none of the newest 1 executions"):
        await latest(Runs((SEOUL, JOB, ID), condition=SUCCEEDED))


async def test_a_job_that_never_ran() -> None:
    run = Runs()
    run.jobs[SEOUL].add(JOB)
    with pytest.raises(NotFoundError, match=f"never executed in {SEOUL}"):
        await latest(run)


async def test_a_job_that_is_not_there_names_near_ones() -> None:
    with pytest.raises(NotFoundError, match="there is no job o4o-api-migration in") as caught:
        await latest(latest_runs(), job="o4o-api-migration")
    assert caught.value.hint == f"Did you mean {JOB}?"


async def test_a_job_that_may_not_be_listed() -> None:
    run = latest_runs()
    run.broken = {"list executions": denied("run.executions.list")}
    with pytest.raises(AccessDeniedError, match="does not tell which") as caught:
        await latest(run)
    assert caught.value.code == "denied-or-absent"


@pytest.mark.parametrize(("job", "region"), [("A", SEOUL), (JOB, "a/b")])
async def test_a_name_that_is_none_is_not_asked_for(job: str, region: str) -> None:
    run = Runs()
    with pytest.raises(UsageError):
        await latest(run, region, job)
    assert run.calls == []


def test_what_counts_as_failed() -> None:
    outcomes = [has_failed(execution) for execution in latest_runs().executions[SEOUL]]
    assert outcomes == [False, False, False, True, True]


async def test_the_search_ends_however_slowly_the_service_answers() -> None:
    class Silent(Runs):
        async def list_executions(self, job: str, *, page_token: str = "", page_size: int = 100) -> ExecutionPage:
            await asyncio.Event().wait()
            raise AssertionError("never")

    runs = Silent((SEOUL, JOB, ID))
    with pytest.raises(UnavailableError, match=r"not found within 0\.05 s") as caught:
        await resolve(Target("x", region=SEOUL, project="p"), runs, seconds=0.05)
    assert caught.value.code == "timeout"
    with pytest.raises(UnavailableError, match="job"):
        await find_latest(runs, "p", SEOUL, JOB, only_failed=True, seconds=0.05)
