"""What a container is given by the kubelet: its variables, its command, with references looked up and expanded."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.servers.kube_cluster import KubeCluster

Json = dict[str, Any]

_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")
_KEYED_FIELD = re.compile(r"metadata\.(annotations|labels)\['([^']+)'\]")


class MissingReferenceError(Exception):
    """A Secret, ConfigMap or key that the pod names is not there: the container cannot be made."""


def resolve_environment(cluster: KubeCluster, pod: Json) -> dict[str, str]:
    """The variables of the pod's container. Raises MissingReferenceError.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/: a variable
    may refer to those before it.
    """
    container = pod["spec"]["containers"][0]
    host, _, port = cluster.server.removeprefix("https://").partition(":")
    found = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "HOSTNAME": host_name(pod)}
    for source in container.get("envFrom", ()):
        found.update(_from_source(cluster, pod, source))
    for variable in container.get("env", ()):
        value = _value(cluster, pod, variable, found)
        if value is not None:
            found[variable["name"]] = value
    return found


def resolve_command(pod: Json, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words of the container's command."""
    container = pod["spec"]["containers"][0]
    return tuple(expand(word, environment) for word in (*container.get("command", ()), *container.get("args", ())))


def expand(text: str, environment: Mapping[str, str]) -> str:
    """`$(NAME)` becomes its value, or stays when there is none; `$$` stands for a dollar sign."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else environment.get(match[1], match[0])

    return _REFERENCE.sub(replace, text)


def host_name(pod: Json) -> str:
    """What the pod's processes take for the name of their machine."""
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])


def read_field(pod: Json, path: str) -> str:
    """A field of the pod by its path, as `fieldRef` names it."""
    keyed = _KEYED_FIELD.fullmatch(path)
    if keyed is not None:
        return str(pod["metadata"].get(keyed[1], {}).get(keyed[2], ""))
    found: Any = pod
    for name in path.split("."):
        found = found.get(name, "")
    return str(found)


def _value(cluster: KubeCluster, pod: Json, variable: Json, found: Mapping[str, str]) -> str | None:
    source = variable.get("valueFrom")
    if source is None:
        return expand(variable.get("value", ""), found)
    if "fieldRef" in source:
        return read_field(pod, source["fieldRef"]["fieldPath"])
    for kind, plural in (("secretKeyRef", "secrets"), ("configMapKeyRef", "configmaps")):
        if kind in source:
            reference = source[kind]
            values = _entries(cluster, pod, plural, reference)
            if values is not None and reference["key"] in values:
                return values[reference["key"]]
            if reference.get("optional"):
                return None
            raise MissingReferenceError(f"couldn't find key {reference['key']} in {plural} {reference['name']}")
    raise AssertionError(f"a source of variables that no test needed so far: {source}")


def _from_source(cluster: KubeCluster, pod: Json, source: Json) -> Iterator[tuple[str, str]]:
    kind, plural = ("secretRef", "secrets") if "secretRef" in source else ("configMapRef", "configmaps")
    values = _entries(cluster, pod, plural, source[kind])
    for name, value in (values or {}).items():
        yield source.get("prefix", "") + name, value


def _entries(cluster: KubeCluster, pod: Json, plural: str, reference: Json) -> dict[str, str] | None:
    """What a Secret or ConfigMap holds; None when it is not there and need not be."""
    stored = cluster.find(f"/api/v1/namespaces/{pod['metadata']['namespace']}/{plural}/{reference['name']}")
    if stored is None:
        if reference.get("optional"):
            return None
        raise MissingReferenceError(f'{plural.removesuffix("s")} "{reference["name"]}" not found')
    entries: dict[str, str] = stored.get("data") or {}
    if plural == "secrets":
        return {name: base64.b64decode(value).decode() for name, value in entries.items()}
    return entries
