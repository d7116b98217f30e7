"""Cloud Run's paths, pages and answers, against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from opsctl.adapters.google_rest.cloud_run import MAX_PAGES, GoogleCloudRun
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.errors import AccessDeniedError, DataError, NotFoundError
from tests.adapters.google_rest.local_google import LocalGoogle, Received, Reply, Respond, refusal, serve

LOCATION = "projects/p/locations/asia-northeast3"
JOB = f"{LOCATION}/jobs/j"
EXECUTION = f"{JOB}/executions/j-h5x5h"


@asynccontextmanager
async def cloud_run(
    *replies: Reply, respond: Respond | None = None
) -> AsyncIterator[tuple[GoogleCloudRun, LocalGoogle]]:
    with serve(*replies, respond=respond) as google:
        session = GoogleSession(Credentials("token", environment={}), Endpoints({Api.RUN: google.url}))
        try:
            yield GoogleCloudRun(session), google
        finally:
            session.close()


async def test_each_thing_has_its_path() -> None:
    async with cloud_run(Reply({"name": "x"})) as (run, google):
        assert await run.get_execution(EXECUTION) == {"name": "x"}
        assert await run.get_job(JOB) == {"name": "x"}
        assert google.paths == [f"/v2/{EXECUTION}", f"/v2/{JOB}"]


async def test_executions_are_given_page_by_page() -> None:
    async with cloud_run(Reply({"executions": [{"name": "a"}], "nextPageToken": "t/+ ="}), Reply({})) as (run, google):
        first = await run.list_executions(f"{LOCATION}/jobs/-")
        last = await run.list_executions(f"{LOCATION}/jobs/-", page_token=first.next_token, page_size=7)
        assert (first.executions, last.executions, last.next_token) == (({"name": "a"},), (), "")
        assert google.paths == [f"/v2/{LOCATION}/jobs/-/executions"] * 2
        assert google.received[1].query == {"pageSize": ["7"], "pageToken": ["t/+ ="], "prettyPrint": ["false"]}


async def test_tasks_come_over_empty_pages() -> None:
    pages = (
        Reply({"nextPageToken": "1"}),
        Reply({"tasks": [{"name": "b", "index": 10}, {"name": "c", "index": 2}], "nextPageToken": "2"}),
        Reply({"tasks": [], "nextPageToken": "3"}),
        Reply({"tasks": [{"name": "a"}]}),
    )
    async with cloud_run(*pages) as (run, google):
        assert [task["name"] async for task in run.list_tasks(EXECUTION)] == ["b", "c", "a"]
        assert [request.query.get("pageToken") for request in google.received] == [None, ["1"], ["2"], ["3"]]


async def test_jobs_and_regions() -> None:
    def respond(request: Received) -> Reply:
        if request.path == "/v1/projects/p/locations":
            return Reply(
                {"locations": [{"locationId": "us-central1"}, {"name": f"projects/12/{'locations/asia-east1'}"}]}
            )
        return Reply({"jobs": [{"name": JOB}]})

    async with cloud_run(respond=respond) as (run, google):
        assert await run.list_regions("p") == ("asia-east1", "us-central1")
        assert await run.list_jobs(LOCATION) == ({"name": JOB},)
        assert google.paths == ["/v1/projects/p/locations", f"/v2/{LOCATION}/jobs"]


async def tasks_of(run: GoogleCloudRun) -> list[JsonObject]:
    return [task async for task in run.list_tasks(EXECUTION)]


async def test_the_permission_that_is_missing_is_named() -> None:
    async with cloud_run(refusal(403, "The caller does not have permission")) as (run, _):
        for call, permission in (
            (run.get_execution(EXECUTION), "run.executions.get"),
            (run.list_executions(JOB), "run.executions.list"),
            (tasks_of(run), "run.tasks.list"),
            (run.get_job(JOB), "run.jobs.get"),
            (run.list_jobs(LOCATION), "run.jobs.list"),
            (run.list_regions("p"), "run.locations.list"),
        ):
            with pytest.raises(AccessDeniedError) as caught:
                await call
            assert caught.value.permission == permission


async def test_a_region_without_cloud_run() -> None:
    message = "Operation is not implemented, or supported, or enabled."
    async with cloud_run(refusal(501, message)) as (run, google):
        with pytest.raises(NotFoundError, match=message) as caught:
            await run.list_executions(JOB)
        assert caught.value.code == "region-unsupported"
        assert len(google.received) == 1


async def test_pages_without_an_end_are_an_error() -> None:
    count = iter(range(10_000))

    def respond(_: Received) -> Reply:
        return Reply({"tasks": [], "nextPageToken": str(next(count))})

    async with cloud_run(respond=respond) as (run, google):
        with pytest.raises(DataError, match="has not ended"):
            await tasks_of(run)
        assert len(google.received) == MAX_PAGES


async def test_a_page_that_names_itself_as_the_next_is_an_error() -> None:
    async with cloud_run(Reply({"jobs": [], "nextPageToken": "same"})) as (run, google):
        with pytest.raises(DataError, match="again and again"):
            await run.list_jobs(LOCATION)
        assert len(google.received) == 2


@pytest.mark.parametrize("document", [{"tasks": 1}, {"tasks": ["x"]}, {"tasks": [], "nextPageToken": 5}])
async def test_lists_that_are_none_are_an_error(document: object) -> None:
    async with cloud_run(Reply(document)) as (run, _):
        with pytest.raises(DataError):
            await tasks_of(run)


@pytest.mark.parametrize(
    "name", ["", "x", JOB, f"{EXECUTION}/tasks/t", f"{JOB}/executions/..", f"{JOB}/executions/a?b=c"]
)
async def test_a_name_that_is_none_is_not_asked_for(name: str) -> None:
    async with cloud_run(Reply({})) as (run, google):
        with pytest.raises(DataError):
            await run.get_execution(name)
        assert google.received == []
