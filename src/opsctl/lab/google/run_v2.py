"""Cloud Run Admin API v2: executions, tasks, jobs, locations. https://cloud.google.com/run/docs/reference/rest

Every answer goes through the real types of `google.cloud.run_v2`: what is no field of theirs cannot be answered.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from google.cloud import run_v2
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

from opsctl.lab.google.answers import ApiError, invalid, not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project

Json = dict[str, Any]
API = "run.googleapis.com"

_LOCATION = "/v2/projects/{project}/locations/{location}"
_JOBS = f"{_LOCATION}/jobs"
_JOB = f"{_JOBS}/{{job:[^/:]+}}"
_EXECUTION = f"{_JOB}/executions/{{execution:[^/:]+}}"


def add_run_v2(application: web.Application, cloud: Cloud) -> None:
    """The calls that read."""
    surface = Surface(application, cloud, API)
    surface.get("/v1/projects/{project}/locations", _list_locations)
    surface.get(_JOBS, _list_jobs)
    surface.get(_JOB, _get_job)
    surface.get(f"{_JOB}/executions", _list_executions)
    surface.get(_EXECUTION, _get_execution)
    surface.get(f"{_EXECUTION}/tasks", _list_tasks)
    surface.get(f"{_EXECUTION}/tasks/{{task:[^/:]+}}", _get_task)


def _list_locations(ask: Ask) -> Json:
    project = ask.require("run.locations.list", f"projects/{ask.names['project']}")
    places = [
        {"name": f"projects/{project.id}/locations/{region}", "locationId": region, "displayName": region}
        for region in project.regions
    ]
    return listing("locations", cut_page(places, ask))


def _list_jobs(ask: Ask) -> Json:
    project, location = _enter(ask, "run.jobs.list")
    page, token = cut_page(ask.cloud.world.jobs_of(location), ask)
    return listing("jobs", ([_as(run_v2.Job, body, ask, project) for body in page], token))


def _get_job(ask: Ask) -> Json:
    project, location = _enter(ask, "run.jobs.get")
    body = ask.cloud.world.jobs.get(f"{location}/jobs/{ask.names['job']}")
    if body is None:
        raise _absent(ask, "JOB", ask.names["job"])
    return _as(run_v2.Job, body, ask, project)


def _list_executions(ask: Ask) -> Json:
    project, location = _enter(ask, "run.executions.list")
    page, token = cut_page(list(ask.cloud.world.executions_of(location, ask.names["job"])), ask)
    return listing("executions", ([_as(run_v2.Execution, body, ask, project) for body in page], token))


def _get_execution(ask: Ask) -> Json:
    project, location = _enter(ask, "run.executions.get")
    name = f"{location}/jobs/{ask.names['job']}/executions/{ask.names['execution']}"
    body = ask.cloud.world.executions.get(name)
    if body is None:
        raise _absent(ask, "EXECUTION", ask.names["execution"])
    return _as(run_v2.Execution, body, ask, project)


def _list_tasks(ask: Ask) -> Json:
    project, location = _enter(ask, "run.tasks.list")
    job, execution = ask.names["job"], ask.names["execution"]
    found = [
        task
        for body in ask.cloud.world.executions_of(location, job)
        if execution in ("-", str(body["name"]).rpartition("/")[2])
        for task in ask.cloud.world.tasks.get(str(body["name"]), [])
    ]
    page, token = cut_page(found, ask)
    return listing("tasks", ([_as(run_v2.Task, body, ask, project) for body in page], token))


def _get_task(ask: Ask) -> Json:
    project, location = _enter(ask, "run.tasks.get")
    execution = f"{location}/jobs/{ask.names['job']}/executions/{ask.names['execution']}"
    for body in ask.cloud.world.tasks.get(execution, []):
        if body["name"] == f"{execution}/tasks/{ask.names['task']}":
            return _as(run_v2.Task, body, ask, project)
    raise _absent(ask, "TASK", ask.names["task"])


def _enter(ask: Ask, permission: str) -> tuple[Project, str]:
    """The project and its location, `projects/ID/locations/L`. Raises ApiError when the caller may not go there."""
    location = ask.names["location"]
    if location == "-":
        # Only services are listed across all locations.
        raise invalid()
    project = ask.require(permission, ask.path.removeprefix("/v2/"))
    if location not in project.regions:
        raise ApiError(501, "Operation is not implemented, or supported, or enabled.")
    return project, f"projects/{project.id}/locations/{location}"


def _absent(ask: Ask, kind: str, name: str) -> ApiError:
    where = f"in region '{ask.names['location']}' in project '{ask.names['project']}'"
    return not_found(f"Resource '{name}' of kind '{kind}' {where} does not exist.")


def _as(kind: Any, body: Json, ask: Ask, project: Project) -> Json:
    try:
        message = kind.from_json(json.dumps(body))
    except ParseError:
        # A value that these types do not know yet, such as a new reason: answered as it stands.
        text = json.dumps(body)
    else:
        text = kind.to_json(
            message,
            use_integers_for_enums=ask.wants_integers,
            always_print_fields_with_no_presence=False,
            indent=None,
        )
    if ask.cloud.world.says_number:
        text = text.replace(f'"name": "projects/{project.id}/', f'"name": "projects/{project.number}/')
    answer: Json = json.loads(text)
    return answer
