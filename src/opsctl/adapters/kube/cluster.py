"""Objects of a cluster for running the migration. Implements `migration.kubernetes.ports.Cluster`."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from typing import Any
from urllib.parse import quote

from opsctl.adapters.kube.client import KubeClient
from opsctl.errors import DataError, NotFoundError
from opsctl.migration.kubernetes.models import Kind, LogRequest, Permission

JsonObject = Mapping[str, Any]

FIELD_MANAGER = "opsctl"
# What is in a log comes without a pause; a container may be silent.
IDLE_SECONDS = 30.0
FOLLOWED_IDLE_SECONDS = 300.0
# JSON is YAML too.
_APPLY_TYPE = "application/apply-patch+yaml"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_KINDS = {(kind.api_version, kind.kind): kind for kind in Kind}


class KubeCluster:
    """One API server."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject:
        """One object. Raises NotFoundError."""
        return await self._client.get(_path(kind, namespace, name))

    async def list(
        self, kind: Kind, namespace: str, *, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[JsonObject]:
        """The objects that match. Items of a list name neither their kind nor its version."""
        query = [(name, value) for name, value in (("labelSelector", labels), ("fieldSelector", fields)) if value]
        async for item in self._client.list(_path(kind, namespace), query):
            yield item

    async def create(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Create an object. Raises DataError (`already-exists`, `invalid`)."""
        kind, namespace, _ = _identify(document)
        query = [("fieldManager", FIELD_MANAGER), *_dry_run(dry_run)]
        return await self._client.send("POST", _path(kind, namespace), document, query=query)

    async def apply(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """Server-side apply; what another tool looks after is not taken from it (`conflict`)."""
        kind, namespace, name = _identify(document)
        query = [("fieldManager", FIELD_MANAGER), *_dry_run(dry_run)]
        path = _path(kind, namespace, name)
        try:
            return await self._client.send("PATCH", path, document, content_type=_APPLY_TYPE, query=query)
        except DataError as error:
            if not _is_conflict_with_ourselves(error):
                raise
        query.append(("force", "true"))
        return await self._client.send("PATCH", path, document, content_type=_APPLY_TYPE, query=query)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        """Delete this very object; a Job is gone when its pods are. Raises NotFoundError."""
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        if kind is Kind.JOB:
            options["propagationPolicy"] = "Foreground"
        try:
            await self._client.send("DELETE", _path(kind, namespace, name), options)
        except DataError as error:
            if error.code != "conflict":
                raise
            raise NotFoundError(f"{kind.kind} {namespace}/{name} has been replaced by another one") from error

    async def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        """Lines with their times. A stream that is silent for long may be one whose connection was lost without a word:
        it ends with UnavailableError (`idle`) and may be asked for again."""
        query = [("container", request.container), ("timestamps", "true")]
        if request.is_previous:
            query.append(("previous", "true"))
        if request.follow:
            query.append(("follow", "true"))
        if request.since is not None:
            query.append(("sinceTime", request.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
        if request.tail_lines is not None:
            query.append(("tailLines", str(request.tail_lines)))
        path = f"{_path(Kind.POD, request.namespace, request.pod)}/log"
        idle_seconds = FOLLOWED_IDLE_SECONDS if request.follow else IDLE_SECONDS
        async for line in self._client.stream(path, query, idle_seconds=idle_seconds):
            yield line

    async def may(self, permission: Permission) -> bool:
        """Ask the server whether it would let us. Everybody who is signed in may ask that."""
        resource, _, subresource = permission.resource.partition("/")
        attributes = {
            "verb": permission.verb,
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": permission.namespace,
            "name": permission.name or "",
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self._client.send("POST", _REVIEWS, review)
        status = answer.get("status")
        return isinstance(status, dict) and status.get("allowed") is True


def _path(kind: Kind, namespace: str, name: str | None = None) -> str:
    prefix = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    path = f"{prefix}/namespaces/{quote(namespace, safe='')}/{kind.plural}"
    return path if name is None else f"{path}/{quote(name, safe='')}"


def _identify(document: JsonObject) -> tuple[Kind, str, str]:
    kind = _KINDS[document["apiVersion"], document["kind"]]
    metadata = document["metadata"]
    return kind, str(metadata["namespace"]), str(metadata["name"])


def _is_conflict_with_ourselves(error: DataError) -> bool:
    """What was created here and not applied counts as another one's, of the same name. A message that was cut may hide
    a real one."""
    managers = set(re.findall(r'conflicts? with "([^"]*)"', error.message))
    return error.code == "conflict" and managers == {FIELD_MANAGER} and not error.message.endswith("…")


def _dry_run(wanted: bool) -> tuple[tuple[str, str], ...]:
    return (("dryRun", "All"),) if wanted else ()
