"""Secret Manager v1 without values. https://cloud.google.com/secret-manager/docs/reference/rest"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import ApiError, not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.paging import cut_page, listing
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project, Secret

Json = dict[str, Any]
API = "secretmanager.googleapis.com"

_SECRET = "/v1/projects/{project}/secrets/{secret:[^/:]+}"  # noqa: S105


def add_secret_manager(application: web.Application, cloud: Cloud) -> None:
    """The calls that read metadata. A call that reads a value is refused and recorded as a violation."""
    surface = Surface(application, cloud, API)
    surface.get("/v1/projects/{project}/secrets", _list_secrets)
    surface.get(_SECRET, _get_secret)
    surface.get(f"{_SECRET}:getIamPolicy", _get_policy)
    surface.get(f"{_SECRET}/versions", _list_versions)
    surface.get(f"{_SECRET}/versions/{{version:[^/:]+}}", _get_version)
    surface.get(f"{_SECRET}/versions/{{version:[^/:]+}}:access", _refuse_access)


def _list_secrets(ask: Ask) -> Json:
    project = _enter(ask, "secretmanager.secrets.list", f"projects/{ask.names['project']}")
    secrets = [_secret_json(project, secret) for secret in project.secrets.values()]
    return listing("secrets", cut_page(secrets, ask)) | ({"totalSize": len(secrets)} if secrets else {})


def _get_secret(ask: Ask) -> Json:
    return _secret_json(*_find(ask, "secretmanager.secrets.get"))


def _get_policy(ask: Ask) -> Json:
    _, secret = _find(ask, "secretmanager.secrets.getIamPolicy")
    return secret.policy or {"etag": "ACAB"}


def _list_versions(ask: Ask) -> Json:
    project, secret = _find(ask, "secretmanager.versions.list")
    versions = [_version_json(project, secret, number) for number in sorted(secret.versions, reverse=True)]
    return listing("versions", cut_page(versions, ask)) | ({"totalSize": len(versions)} if versions else {})


def _get_version(ask: Ask) -> Json:
    project, secret = _find(ask, "secretmanager.versions.get")
    number = secret.resolve(ask.names["version"])
    if number is None:
        name = f"projects/{project.number}/secrets/{secret.name}/versions/{ask.names['version']}"
        raise not_found(f"Secret Version [{name}] not found.")
    return _version_json(project, secret, number)


def _refuse_access(ask: Ask) -> Json:
    ask.cloud.violations.append(f"the value of a secret was asked for: {ask.method} {ask.path}")
    raise ApiError(500, "Values of secrets are never to be asked for.")


def _find(ask: Ask, permission: str) -> tuple[Project, Secret]:
    resource = f"projects/{ask.names['project']}/secrets/{ask.names['secret']}"
    if "version" in ask.names:
        resource += f"/versions/{ask.names['version']}"
    project = _enter(ask, permission, resource)
    secret = project.secrets.get(ask.names["secret"])
    if secret is None:
        name = f"projects/{project.number}/secrets/{ask.names['secret']}"
        raise not_found(f"Secret [{name}] not found or has no versions.")
    return project, secret


def _enter(ask: Ask, permission: str, resource: str) -> Project:
    message = f"Permission '{permission}' denied for resource '{resource}' (or it may not exist)."
    return ask.require(permission, resource, message=message)


def _secret_json(project: Project, secret: Secret) -> Json:
    body: Json = {
        "name": f"projects/{project.number}/secrets/{secret.name}",
        "replication": {"automatic": {}},
        "createTime": secret.create_time,
        "etag": '"16214584d1479c"',
    }
    aliases = {alias: str(number) for alias, number in secret.aliases.items()}
    return body | ({"versionAliases": aliases} if aliases else {})


def _version_json(project: Project, secret: Secret, number: int) -> Json:
    name = f"projects/{project.number}/secrets/{secret.name}/versions/{number}"
    return {"name": name, "etag": f'"{number}"', **secret.versions[number]}
