"""What a port-forward leads to: a pod, or one of the ready pods behind a Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.adapters.kube.client import KubeClient
from opsctl.errors import ConfigError, NotFoundError, UnavailableError


@dataclass(frozen=True, slots=True)
class ForwardTarget:
    """`namespace/name:port`. The name is that of a pod, else of a Service."""

    namespace: str
    name: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ForwardTarget:
        """Raises ConfigError."""
        found = re.fullmatch(r"([a-z0-9-]+)/([a-z0-9.-]+):(\d{1,5})", text)
        if found is None or not 0 < int(found[3]) < 65536:
            raise ConfigError("mongo.forward must look like namespace/pod:port or namespace/service:port")
        return cls(found[1], found[2], int(found[3]))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}:{self.port}"


async def find_pod(client: KubeClient, target: ForwardTarget) -> tuple[str, int]:
    """Name and port of the pod to forward to; of a Service a ready one, and the port of the container behind it."""
    pods = f"/api/v1/namespaces/{target.namespace}/pods"
    try:
        pod = await client.get(f"{pods}/{target.name}")
    except NotFoundError:
        return await _find_pod_of_service(client, target, pods)
    return _running(pod, target), target.port


async def _find_pod_of_service(client: KubeClient, target: ForwardTarget, pods: str) -> tuple[str, int]:
    try:
        service = await client.get(f"/api/v1/namespaces/{target.namespace}/services/{target.name}")
    except NotFoundError as error:
        raise NotFoundError(
            f"mongo.forward: there is no pod and no Service {target.name} in namespace {target.namespace}.",
            hint=f"What is there: kubectl get pods,services --namespace {target.namespace}",
        ) from error
    spec = service.get("spec") or {}
    selector = spec.get("selector")
    if not isinstance(selector, dict) or not selector:
        raise ConfigError(f"mongo.forward: Service {target.name} selects no pods.", hint="Name a pod instead.")
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    async for pod in client.list(pods, (("labelSelector", labels),)):
        if _is_ready(pod):
            return pod["metadata"]["name"], _container_port(spec, pod, target)
    raise UnavailableError(
        f"Port-forward to {target}: no pod of the Service is ready",
        hint=f"Why: kubectl get pods --namespace {target.namespace} --selector {labels}",
    )


def _container_port(spec: Mapping[str, Any], pod: Mapping[str, Any], target: ForwardTarget) -> int:
    """A Service may listen on another port than its pods, and may name theirs."""
    for row in spec.get("ports") or ():
        if row.get("port") == target.port:
            wanted = row.get("targetPort", target.port)
            if isinstance(wanted, int):
                return wanted
            for container in pod["spec"].get("containers") or ():
                for port in container.get("ports") or ():
                    if port.get("name") == wanted:
                        return int(port["containerPort"])
    known = ", ".join(str(row.get("port")) for row in spec.get("ports") or ())
    raise ConfigError(f"mongo.forward: Service {target.name} has no port {target.port}.", hint=f"It has: {known}")


def _running(pod: Mapping[str, Any], target: ForwardTarget) -> str:
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running" or (pod.get("metadata") or {}).get("deletionTimestamp"):
        state = "is ending" if phase == "Running" else f"is {str(phase).lower()}"
        raise UnavailableError(
            f"Port-forward to {target}: the pod {state}",
            hint=f"Why: kubectl describe pod {target.name} --namespace {target.namespace}",
        )
    return target.name


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(row.get("type") == "Ready" and row.get("status") == "True" for row in conditions)
    return ready and not (pod.get("metadata") or {}).get("deletionTimestamp")
