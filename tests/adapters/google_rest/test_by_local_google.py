"""Session, Cloud Run and naming together, against the lab's Google: what it answers is made of Google's own types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from opsctl.adapters.google_rest.cloud_run import GoogleCloudRun
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.naming import Target, parse_target
from opsctl.diagnosis.resolve import find_latest, resolve
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.faults import Action, Fault
from opsctl.lab.google.server import serve_in_thread
from tests.lab.google.calling import JOB, LOCATION, PROJECT, add_execution, shop

T = TypeVar("T")
REGION = LOCATION.rpartition("/")[2]


@asynccontextmanager
async def local_google(
    executions: int = 3, *, timeout_seconds: float = 120.0
) -> AsyncIterator[tuple[GoogleSession, Cloud]]:
    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    with serve_in_thread(shop(executions)) as google:
        endpoints = Endpoints(dict.fromkeys(Api, google.url))
        credentials = Credentials(google.cloud.token, environment={})
        session = GoogleSession(credentials, endpoints, timeout_seconds=timeout_seconds, sleep=sleep)
        try:
            yield session, google.cloud
        finally:
            session.close()


async def at_once(calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
    return await asyncio.gather(*(call() for call in calls))


async def test_everything_that_is_asked_of_cloud_run() -> None:
    async with local_google(250) as (session, cloud):
        run = GoogleCloudRun(session)
        first = await run.list_executions(f"{LOCATION}/jobs/-")
        assert (len(first.executions), bool(first.next_token)) == (100, True)
        name = f"{JOB}/executions/migrate-00007"
        assert (await run.get_execution(name))["failedCount"] == 1
        assert [task["lastAttemptResult"]["exitCode"] async for task in run.list_tasks(name)] == [1]
        assert (await run.get_job(JOB))["generation"] == "3"
        assert len(await run.list_jobs(LOCATION)) == 1
        assert REGION in await run.list_regions(PROJECT)
        assert cloud.violations == []
        assert [(call.method, call.path, call.status) for call in session.calls] == [
            (call.method, call.path.partition("?")[0], call.status) for call in cloud.calls
        ]


async def test_an_execution_is_found_in_one_call_and_without_a_region_in_one_for_each() -> None:
    async with local_google() as (session, _):
        run = GoogleCloudRun(session)
        known = await resolve(parse_target("migrate-00002").complete(project=PROJECT, region=REGION), run)
        assert known.name.full == f"{JOB}/executions/migrate-00002"
        assert len(session.calls) == 1
        searched = await resolve(Target("migrate-00002", project=PROJECT), run, gather=at_once)
        assert searched.name == known.name
        assert len(session.calls) == 2 + len(await run.list_regions(PROJECT))


async def test_a_name_that_tells_no_job_a_wrong_one_and_the_newest_failure() -> None:
    async with local_google() as (session, cloud):
        run = GoogleCloudRun(session)
        add_execution(cloud.world, "migrate-for-the-release", "2026-01-13T00:00:00Z")
        target = Target("migrate-for-the-release", region=REGION, project=PROJECT)
        assert (await resolve(target, run)).name.job == "migrate"
        wrong = await resolve(Target("migrate-00092", region=REGION, project=PROJECT), run)
        assert wrong.missing is not None
        assert "migrate-00002" in str(wrong.missing.hint)
        latest = await find_latest(run, PROJECT, REGION, "migrate", only_failed=True)
        assert latest.name.execution == "migrate-for-the-release"


async def test_another_project_stays_undecided() -> None:
    async with local_google() as (session, _):
        with pytest.raises(AccessDeniedError, match="does not tell which") as caught:
            await resolve(Target("migrate-00002", region=REGION, project="another"), GoogleCloudRun(session))
        assert (caught.value.code, caught.value.permission) == ("denied-or-absent", "run.executions.get")


OUTCOMES: dict[Action, tuple[type[OpsctlError], str]] = {
    Action.DENY: (AccessDeniedError, "denied"),
    Action.DENY_OR_ABSENT: (AccessDeniedError, "denied-or-absent"),
    Action.UNAUTHENTICATED: (AccessDeniedError, "expired-credentials"),
    Action.API_DISABLED: (AccessDeniedError, "api-disabled"),
    Action.NOT_FOUND: (NotFoundError, "not-found"),
    Action.THROTTLE: (UnavailableError, "throttled"),
    Action.STATUS: (UnavailableError, "unavailable"),
    Action.DRIP: (UnavailableError, "timeout"),
    Action.HANG: (UnavailableError, "timeout"),
    Action.CUT: (UnavailableError, "unavailable"),
    Action.RESET: (UnavailableError, "unavailable"),
    Action.GARBAGE: (DataError, "data"),
}


@pytest.mark.parametrize("action", OUTCOMES)
async def test_each_fault_has_its_error(action: Action) -> None:
    slow = action in (Action.DRIP, Action.HANG)
    async with local_google(timeout_seconds=0.5 if slow else 120.0) as (session, cloud):
        cloud.faults.add(Fault(action, api="run", seconds=0.1))
        with pytest.raises(OpsctlError) as caught:
            await GoogleCloudRun(session).get_job(JOB)
        assert (type(caught.value), caught.value.code) == OUTCOMES[action]
        assert cloud.token not in f"{caught.value.message} {caught.value.hint}"
        assert caught.value.message.startswith("run.googleapis.com")
        if isinstance(caught.value, AccessDeniedError) and caught.value.code.startswith("denied"):
            assert caught.value.permission == "run.jobs.get"


@pytest.mark.parametrize("action", [Action.STATUS, Action.CUT, Action.RESET, Action.THROTTLE])
async def test_a_fault_that_passes_is_not_seen(action: Action) -> None:
    async with local_google() as (session, cloud):
        cloud.faults.add(Fault(action, api="run", times=2))
        assert (await GoogleCloudRun(session).get_job(JOB))["generation"] == "3"
        assert len(session.calls) == 3


@pytest.mark.parametrize("action", [Action.EMPTY_PAGE, Action.SHORT_PAGE])
async def test_pages_of_any_length_give_the_same_tasks(action: Action) -> None:
    async with local_google() as (session, cloud):
        run = GoogleCloudRun(session)
        name = f"{JOB}/executions/migrate-00000"
        whole = [task async for task in run.list_tasks(name)]
        cloud.faults.add(Fault(action, api="run", times=1))
        assert [task async for task in run.list_tasks(name)] == whole
