"""Service Usage v1: which APIs are enabled. https://cloud.google.com/service-usage/docs/reference/rest/v1/services"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import TITLES, invalid
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import APIS, Project

Json = dict[str, Any]
API = "serviceusage.googleapis.com"

_SERVICES = "/v1/projects/{project}/services"
_MOST_NAMES = 30


def add_services(application: web.Application, cloud: Cloud) -> None:
    """One, several, all."""
    surface = Surface(application, cloud, API)
    surface.get(_SERVICES, _list_services)
    surface.get(f"{_SERVICES}:batchGet", _get_several)
    surface.get(f"{_SERVICES}/{{service:[^/:]+}}", _get_service)


def _list_services(ask: Ask) -> Json:
    project = ask.require("serviceusage.services.list", f"projects/{ask.names['project']}")
    wanted = ask.query.get("filter", "")
    if wanted not in ("", "state:ENABLED", "state:DISABLED"):
        raise invalid(f"Invalid filter: {wanted}")
    known = sorted({*APIS, *project.enabled_apis})
    services = [_service(project, name) for name in known]
    chosen = [service for service in services if not wanted or service["state"] == wanted.partition(":")[2]]
    return listing("services", cut_page(chosen, ask, size=50, largest=200))


def _get_several(ask: Ask) -> Json:
    project = ask.require("serviceusage.services.get", f"projects/{ask.names['project']}")
    names = ask.every("names")
    if not names or len(names) > _MOST_NAMES:
        raise invalid(f"names must hold between 1 and {_MOST_NAMES} services.")
    parents = (f"projects/{project.id}/services/", f"projects/{project.number}/services/")
    if not all(name.startswith(parents) for name in names):
        raise invalid("All names must belong to the parent.")
    return {"services": [_service(project, name.rpartition("/")[2]) for name in names]}


def _get_service(ask: Ask) -> Json:
    project = ask.require("serviceusage.services.get", ask.path.removeprefix("/v1/"))
    return _service(project, ask.names["service"])


def _service(project: Project, name: str) -> Json:
    return {
        "name": f"projects/{project.number}/services/{name}",
        "config": {"name": name, "title": TITLES.get(name, name)},
        "state": "ENABLED" if name in project.enabled_apis else "DISABLED",
        "parent": f"projects/{project.number}",
    }
