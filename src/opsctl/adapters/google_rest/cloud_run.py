"""Cloud Run Admin API v2: jobs, executions, tasks. `run.googleapis.com` serves every location.

Source: cloud.google.com/run/docs/reference/rest/v2. Locations come from v1, which has the list that gcloud shows.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.ports import ExecutionPage
from opsctl.errors import DataError

_PAGE_SIZE = 100
# 10,000 tasks are the most that an execution can have; a project has at most 1,000 jobs in a region.
MAX_PAGES = 120

_PROJECT = r"projects/[A-Za-z0-9][A-Za-z0-9.:-]*"
_LOCATION = _PROJECT + r"/locations/[a-z0-9-]+"
_JOB = _LOCATION + r"/jobs/[a-z0-9-]+"
_EXECUTION = _JOB + r"/executions/[a-z0-9-]+"


class GoogleCloudRun:
    """Implements `opsctl.diagnosis.ports.CloudRun`."""

    def __init__(self, session: GoogleSession) -> None:
        self._session = session

    async def get_execution(self, name: str) -> JsonObject:
        path = _path(_EXECUTION, name)
        return await self._session.get(Api.RUN, path, permission="run.executions.get")

    async def list_executions(self, job: str, *, page_token: str = "", page_size: int = _PAGE_SIZE) -> ExecutionPage:
        query = [("pageSize", str(page_size)), *([("pageToken", page_token)] if page_token else [])]
        path = _path(_JOB, job) + "/executions"
        document = await self._session.get(Api.RUN, path, query, permission="run.executions.list")
        return ExecutionPage(_items(document, "executions"), _next_token(document))

    def list_tasks(self, execution: str) -> AsyncIterator[JsonObject]:
        return self._walk(_path(_EXECUTION, execution) + "/tasks", "tasks", "run.tasks.list")

    async def get_job(self, name: str) -> JsonObject:
        return await self._session.get(Api.RUN, _path(_JOB, name), permission="run.jobs.get")

    async def list_jobs(self, location: str) -> tuple[JsonObject, ...]:
        path = _path(_LOCATION, location) + "/jobs"
        return tuple([job async for job in self._walk(path, "jobs", "run.jobs.list")])

    async def list_regions(self, project: str) -> tuple[str, ...]:
        path = _path(_PROJECT, f"projects/{project}", version="v1") + "/locations"
        locations = [item async for item in self._walk(path, "locations", "run.locations.list")]
        names = {
            location.get("locationId") or str(location.get("name", "")).rpartition("/")[2] for location in locations
        }
        return tuple(sorted(name for name in names if isinstance(name, str) and re.fullmatch(r"[a-z0-9-]+", name)))

    async def _walk(self, path: str, key: str, permission: str) -> AsyncIterator[JsonObject]:
        """Every item of every page. A page may be empty although there are more."""
        token = ""
        for _ in range(MAX_PAGES):
            query = [("pageSize", str(_PAGE_SIZE)), *([("pageToken", token)] if token else [])]
            document = await self._session.get(Api.RUN, path, query, permission=permission)
            for item in _items(document, key):
                yield item
            before, token = token, _next_token(document)
            if not token:
                return
            if token == before:
                raise DataError(f"{Api.RUN.value}: the list of {key} names the same next page again and again")
        raise DataError(f"{Api.RUN.value}: the list of {key} has not ended after {MAX_PAGES} pages")


def _path(pattern: str, name: str, *, version: str = "v2") -> str:
    if not re.fullmatch(pattern, name):
        raise DataError("a resource name of Cloud Run does not look like one: it was not asked for")
    return f"/{version}/{name}"


def _items(document: JsonObject, key: str) -> tuple[JsonObject, ...]:
    listed = document.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise DataError(f"{Api.RUN.value}: {key} is not a list of objects")
    return tuple(listed)


def _next_token(document: JsonObject) -> str:
    token = document.get("nextPageToken") or ""
    if not isinstance(token, str):
        raise DataError(f"{Api.RUN.value}: nextPageToken is not a text")
    return token
