"""Cloud SQL Admin API v1beta4, which still answers in the older shape.
https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import ApiError, sql_error
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project

Json = dict[str, Any]
API = "sqladmin.googleapis.com"

_INSTANCES = "/sql/v1beta4/projects/{project}/instances"
_REFUSED = "The client is not authorized to make this request."


def add_sql(application: web.Application, cloud: Cloud) -> None:
    """Instances."""
    surface = Surface(application, cloud, API)
    surface.get(_INSTANCES, _list_instances)
    surface.get(f"{_INSTANCES}/{{instance}}", _get_instance)


def _list_instances(ask: Ask) -> Json:
    project = _enter(ask, "cloudsql.instances.list")
    page = cut_page(list(project.sql_instances.values()), ask, keys=("maxResults", "pageToken"))
    return {"kind": "sql#instancesList", **listing("items", page)}


def _get_instance(ask: Ask) -> Json:
    instance = _enter(ask, "cloudsql.instances.get").sql_instances.get(ask.names["instance"])
    if instance is None:
        raise sql_error(404, "The Cloud SQL instance does not exist.", "instanceDoesNotExist")
    return instance


def _enter(ask: Ask, permission: str) -> Project:
    resource = ask.path.removeprefix("/sql/v1beta4/")
    try:
        return ask.require(permission, resource)
    except ApiError as error:
        details = error.body["error"].get("details", [])
        if error.status == 403 and any(detail["reason"] == "IAM_PERMISSION_DENIED" for detail in details):
            raise sql_error(403, _REFUSED, "notAuthorized") from None
        raise
