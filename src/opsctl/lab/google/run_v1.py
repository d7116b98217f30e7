"""Cloud Run Admin API v1, as gcloud uses it: `GET /apis/run.googleapis.com/v1/namespaces/P/executions/E`.

The region is in the host (`asia-northeast3-run.test`); a host without one means every region. Running a job is the only
call that changes something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import ApiError, invalid, not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.knative import execution_v1, job_v1, list_v1, task_v1
from opsctl.lab.google.paging import cut_page
from opsctl.lab.google.replay import run_again, still_running
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project

Json = dict[str, Any]
API = "run.googleapis.com"

_NAMESPACE = "/apis/run.googleapis.com/v1/namespaces/{project}"
_NAME = "{name:[^/:]+}"
_REGION = re.compile(r"([a-z]+-[a-z]+\d+)-")
_POLLS_UNTIL_DONE = 2


class RunV1:
    """The calls of v1. An execution that `run` began ends after it was looked at twice."""

    def __init__(self) -> None:
        self._polls_left: dict[str, int] = {}

    def add(self, application: web.Application, cloud: Cloud) -> None:
        """Put the calls into the server."""
        surface = Surface(application, cloud, API)
        surface.get(f"{_NAMESPACE}/executions", _listing("Execution", "run.executions.list", self._executions))
        surface.get(f"{_NAMESPACE}/executions/{_NAME}", _getting("Execution", "run.executions.get", self._executions))
        surface.get(f"{_NAMESPACE}/jobs", _listing("Job", "run.jobs.list", _jobs))
        surface.get(f"{_NAMESPACE}/jobs/{_NAME}", _getting("Job", "run.jobs.get", _jobs))
        surface.post(f"{_NAMESPACE}/jobs/{_NAME}:run", self._run)
        surface.get(f"{_NAMESPACE}/tasks", _listing("Task", "run.tasks.list", _tasks))
        surface.get(f"{_NAMESPACE}/tasks/{_NAME}", _getting("Task", "run.tasks.get", _tasks))

    def _executions(self, ask: Ask, project: Project) -> Iterator[Json]:
        for location in _locations(ask, project):
            for body in ask.cloud.world.executions_of(location, "-"):
                name = str(body["name"])
                left = self._polls_left.get(name, 0)
                if left and ask.names.get("name") == name.rpartition("/")[2]:
                    self._polls_left[name] = left - 1
                yield execution_v1(still_running(body) if left else body, project)

    def _run(self, ask: Ask) -> Json:
        project = ask.require("run.jobs.run", _resource(ask))
        for location in _locations(ask, project):
            name = f"{location}/jobs/{ask.names['name']}"
            if name not in ask.cloud.world.jobs:
                continue
            begun = run_again(ask.cloud.world, name)
            if begun is None:
                raise ApiError(409, "The job of the lab has no execution that could be repeated.")
            self._polls_left[begun["name"]] = _POLLS_UNTIL_DONE
            return execution_v1(still_running(begun), project)
        raise _absent(ask, "Job")


def add_run_v1(application: web.Application, cloud: Cloud) -> None:
    """Executions, tasks and jobs in the words of v1."""
    RunV1().add(application, cloud)


_Find = Callable[[Ask, Project], Iterator[Json]]


def _listing(kind: str, permission: str, find: _Find) -> Callable[[Ask], Json]:
    def answer(ask: Ask) -> Json:
        project = ask.require(permission, _resource(ask))
        wanted = _read_selector(ask.query.get("labelSelector", ""))
        found = [body for body in find(ask, project) if wanted.items() <= body["metadata"]["labels"].items()]
        page, token = cut_page(found, ask, keys=("limit", "continue"))
        return list_v1(kind, page, token)

    return answer


def _getting(kind: str, permission: str, find: _Find) -> Callable[[Ask], Json]:
    def answer(ask: Ask) -> Json:
        project = ask.require(permission, _resource(ask))
        for body in find(ask, project):
            if body["metadata"]["name"] == ask.names["name"]:
                return body
        raise _absent(ask, kind)

    return answer


def _jobs(ask: Ask, project: Project) -> Iterator[Json]:
    for location in _locations(ask, project):
        for body in ask.cloud.world.jobs_of(location):
            yield job_v1(body, project)


def _tasks(ask: Ask, project: Project) -> Iterator[Json]:
    for location in _locations(ask, project):
        for execution in ask.cloud.world.executions_of(location, "-"):
            for task in ask.cloud.world.tasks.get(str(execution["name"]), []):
                yield task_v1(task, execution, project)


def _locations(ask: Ask, project: Project) -> list[str]:
    named = _REGION.match(ask.host)
    regions = project.regions if named is None else (named.group(1),)
    return [f"projects/{project.id}/locations/{region}" for region in regions]


def _read_selector(text: str) -> dict[str, str]:
    """`key = value, key2=value2`. Raises ApiError 400 for other selectors."""
    wanted = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, sign, value = part.partition("=")
        if not sign or not value.strip() or "!" in key:
            raise invalid(f"Invalid label selector: {text}")
        wanted[key.strip()] = value.lstrip("=").strip()
    return wanted


def _resource(ask: Ask) -> str:
    return ask.path.partition("/v1/")[2].removesuffix(":run")


def _absent(ask: Ask, kind: str) -> ApiError:
    return not_found(f"{kind} '{ask.names['name']}' was not found.")
