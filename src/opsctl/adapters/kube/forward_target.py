"""What a port-forward leads to: a pod, or one of the ready pods behind a Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from opsctl.adapters.kube.client import KubeClient
from opsctl.adapters.kube.refusals import Right
from opsctl.errors import AccessDeniedError, ConfigError, NotFoundError, UnavailableError

Kind = Literal["pod", "service"]
JsonObject = Mapping[str, Any]

_KINDS: Mapping[str, Kind] = {
    "po": "pod",
    "pod": "pod",
    "pods": "pod",
    "svc": "service",
    "service": "service",
    "services": "service",
}
_WORDS: Mapping[Kind, str] = {"pod": "pod", "service": "Service"}
_TARGET = re.compile(rf"([a-z0-9-]+)/(?:({'|'.join(_KINDS)})/)?([a-z0-9.-]+):(\d{{1,5}})")


@dataclass(frozen=True, slots=True)
class ForwardTarget:
    """`namespace/name:port`, or `namespace/pod/name:port`, `namespace/service/name:port`. Without a kind the name is
    that of a pod, else of a Service."""

    namespace: str
    name: str
    port: int
    kind: Kind | None = None

    @classmethod
    def parse(cls, text: str) -> ForwardTarget:
        """Raises ConfigError."""
        found = _TARGET.fullmatch(text)
        if found is None or not 0 < int(found[4]) < 65536:
            raise ConfigError(
                "mongo.forward must look like namespace/name:port, namespace/pod/name:port or "
                "namespace/service/name:port"
            )
        return cls(found[1], found[3], int(found[4]), _KINDS[found[2]] if found[2] else None)

    def __str__(self) -> str:
        kind = f"{self.kind}/" if self.kind else ""
        return f"{self.namespace}/{kind}{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class PodPort:
    """A port of a pod, and as what the name of the target was found."""

    pod: str
    port: int
    kind: Kind


async def find_pod(client: KubeClient, target: ForwardTarget) -> PodPort:
    """The pod to forward to; of a Service a ready one, and the port of the container behind it.

    Of a name without a kind the pod is asked for first; a right to look for the other kind is not needed once one is
    found. Raises NotFoundError, AccessDeniedError, ConfigError, UnavailableError.
    """
    if target.kind == "service":
        return await _port_of_service(client, target, await _get(client, target, "service"))
    try:
        pod = await _get(client, target, "pod")
    except (NotFoundError, AccessDeniedError) as error:
        if target.kind == "pod" or not _is_about(error, target, "pod"):
            raise
        service = await _get_service_instead(client, target, error)
        return await _port_of_service(client, target, service)
    return PodPort(_running(client, pod, target), target.port, "pod")


async def _get(client: KubeClient, target: ForwardTarget, kind: Kind) -> JsonObject:
    try:
        return await client.get(f"/api/v1/namespaces/{target.namespace}/{kind}s/{target.name}")
    except NotFoundError as error:
        raise _absent(client, target, f"no {_WORDS[kind]}") from error


async def _get_service_instead(
    client: KubeClient, target: ForwardTarget, pod_error: NotFoundError | AccessDeniedError
) -> JsonObject:
    """The Service, where the pod is not there or may not be looked for."""
    try:
        return await _get(client, target, "service")
    except NotFoundError as error:
        if isinstance(pod_error, NotFoundError):
            raise _absent(client, target, "no pod and no Service") from error
        raise _unknown(pod_error, target, "there is no Service {}, and whether there is such a pod") from error
    except AccessDeniedError as error:
        if not _is_about(error, target, "service"):
            raise
        if isinstance(pod_error, NotFoundError):
            # The printed rights are those of a pod for a name that looks like one.
            named = replace(target, kind="service")
            rights = f"With mongo.forward = {named} migrate manifest --only rights prints all that a Service needs."
            what = "there is no pod {}, and whether there is such a Service"
            raise _unknown(error, target, what, rights) from error
        raise _unknown(pod_error, target, "whether {} is a pod or a Service") from error


def _is_about(error: NotFoundError | AccessDeniedError, target: ForwardTarget, kind: Kind) -> bool:
    """Whether it is the lookup that failed, and not, say, the credentials."""
    right = Right("get", f"{kind}s", "", target.namespace)
    return isinstance(error, NotFoundError) or error.permission == str(right)


def _absent(client: KubeClient, target: ForwardTarget, what: str) -> NotFoundError:
    return NotFoundError(
        f"mongo.forward: there is {what} {target.name} in namespace {target.namespace}.",
        hint=f"What is there: {client.access.kubectl} get pods,services --namespace {target.namespace}",
    )


def _unknown(
    denied: AccessDeniedError, target: ForwardTarget, what: str, more_hint: str | None = None
) -> AccessDeniedError:
    return AccessDeniedError(
        f"mongo.forward: {what.format(target.name)} cannot be told: {denied.message}",
        hint=" ".join(hint for hint in (denied.hint, more_hint) if hint),
        code=denied.code,
        permission=denied.permission,
    )


async def _port_of_service(client: KubeClient, target: ForwardTarget, service: JsonObject) -> PodPort:
    spec = service.get("spec") or {}
    selector = spec.get("selector")
    if not isinstance(selector, dict) or not selector:
        raise ConfigError(f"mongo.forward: Service {target.name} selects no pods.", hint="Name a pod instead.")
    row = _port_row(spec, target)
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    async for pod in client.list(f"/api/v1/namespaces/{target.namespace}/pods", (("labelSelector", labels),)):
        if _is_ready(pod):
            # A Service without an address of its own is a name for its pods, whose ports stay as they are.
            port = target.port if spec.get("clusterIP") == "None" else _container_port(row, pod, target)
            return PodPort(pod["metadata"]["name"], port, "service")
    raise UnavailableError(
        f"Port-forward to {target}: no pod of the Service is ready",
        hint=f"Why: {client.access.kubectl} get pods --namespace {target.namespace} --selector {labels}",
    )


def _port_row(spec: JsonObject, target: ForwardTarget) -> JsonObject:
    """The entry of the Service for the port. One number may stand for several protocols."""
    rows = [row for row in spec.get("ports") or () if row.get("protocol", "TCP") == "TCP"]
    for row in rows:
        if row.get("port") == target.port:
            return dict(row)
    known = ", ".join(str(row.get("port")) for row in rows) or "(none for TCP)"
    raise ConfigError(f"mongo.forward: Service {target.name} has no port {target.port}.", hint=f"It has: {known}")


def _container_port(row: JsonObject, pod: JsonObject, target: ForwardTarget) -> int:
    """A Service may listen on another port than its pods, and may name theirs."""
    wanted = row.get("targetPort") or target.port
    if isinstance(wanted, int):
        return wanted
    for container in (*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())):
        for port in container.get("ports") or ():
            if port.get("name") == wanted:
                return int(port["containerPort"])
    raise ConfigError(
        f"mongo.forward: port {target.port} of Service {target.name} leads to the port {wanted} of its pods, and pod "
        f"{pod['metadata']['name']} has none of that name.",
        hint="Name a pod and its port instead.",
    )


def _running(client: KubeClient, pod: JsonObject, target: ForwardTarget) -> str:
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running" or (pod.get("metadata") or {}).get("deletionTimestamp"):
        state = "is ending" if phase == "Running" else f"is {str(phase).lower()}"
        raise UnavailableError(
            f"Port-forward to {target}: the pod {state}",
            hint=f"Why: {client.access.kubectl} describe pod {target.name} --namespace {target.namespace}",
        )
    return target.name


def _is_ready(pod: JsonObject) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(row.get("type") == "Ready" and row.get("status") == "True" for row in conditions)
    return ready and not (pod.get("metadata") or {}).get("deletionTimestamp")
