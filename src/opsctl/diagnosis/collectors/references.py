"""What a task template refers to: identity, secrets, database instances, image, command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.diagnosis.facts.execution import find_main_container
from opsctl.diagnosis.facts.reading import as_list, as_object, as_text, as_texts, objects
from opsctl.diagnosis.facts.shape import ExecutionShape, attached_instances

# project:region:instance; a project may be in a domain, `example.com:project`.
_CONNECTION = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]+:[a-z]+-[a-z0-9-]+:[a-z][a-z0-9-]*"
# In the socket's path, and in the property of the connector for Java.
_SOCKET = re.compile(rf"(?:/cloudsql/|cloudSqlInstance=)({_CONNECTION})")
_WHOLE = re.compile(_CONNECTION)


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A secret version that the template names: `projects/P/secrets/S`, the name as it stands there, the version."""

    resource: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class References:
    """Everything outside of itself that a task template needs, and what it starts.

    `service_account` is empty when the template names none: then the project's default compute account runs.
    `sql_instances` are connection names, of volumes and of values that name one.
    """

    service_account: str
    secrets: tuple[SecretReference, ...]
    sql_instances: tuple[str, ...]
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    working_folder: str
    env: Mapping[str, str]


def read_references(shape: ExecutionShape, project: str) -> References | None:
    """What the template of an execution refers to; None without a template."""
    template = shape.template
    if not template:
        return None
    containers = [as_object(item) for item in as_list(template.get("containers"))]
    container = containers[find_main_container(template.get("containers"))] if containers else as_object(None)
    env = {
        as_text(item.get("name")): as_text(item.get("value"))
        for other in containers
        for _, item in objects(other.get("env"), "")
    }
    named = [*attached_instances(template, shape.annotations), *_named_instances(env)]
    return References(
        service_account=as_text(template.get("serviceAccount")),
        secrets=tuple(dict.fromkeys(_secrets(template, containers, project))),
        sql_instances=tuple(dict.fromkeys(named)),
        image=as_text(container.get("image")),
        command=as_texts(container.get("command")),
        args=as_texts(container.get("args")),
        working_folder=as_text(container.get("workingDir")),
        env=env,
    )


def _named_instances(env: Mapping[str, str]) -> Iterator[str]:
    """Instances that values name: a socket path anywhere in one, or a whole connection name."""
    for value in env.values():
        yield from _SOCKET.findall(value)
        if _WHOLE.fullmatch(value):
            yield value


def _secrets(
    template: Mapping[str, Any], containers: list[Mapping[str, Any]], project: str
) -> Iterator[SecretReference]:
    for container in containers:
        for _, variable in objects(container.get("env"), ""):
            reference = as_object(as_object(variable.get("valueSource")).get("secretKeyRef"))
            yield from _secret(reference.get("secret"), reference.get("version"), project)
    for _, volume in objects(template.get("volumes"), ""):
        secret = as_object(volume.get("secret"))
        versions = [item.get("version") for _, item in objects(secret.get("items"), "")] or ["latest"]
        for version in versions:
            yield from _secret(secret.get("secret"), version, project)


def _secret(name: object, version: object, project: str) -> Iterator[SecretReference]:
    text = as_text(name)
    if text:
        resource = text if text.startswith("projects/") else f"projects/{project}/secrets/{text}"
        yield SecretReference(resource, text, as_text(version) or "latest")
