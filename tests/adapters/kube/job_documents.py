"""Jobs, pods and events as an API server writes them, and a client that answers with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsctl.errors import NotFoundError, OpsctlError

Query = Sequence[tuple[str, str]]
NAMESPACE, NAME, UID = "apc-backup-ns", "car-image-migration", "11111111-aaaa"
JOB_PATH = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{NAME}"
JOBS_PATH = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
PODS_PATH = f"/api/v1/namespaces/{NAMESPACE}/pods"
EVENTS_PATH = f"/api/v1/namespaces/{NAMESPACE}/events"
UID_LABEL = "batch.kubernetes.io/controller-uid"


def job_document(name: str = NAME, uid: str = UID, **status: Any) -> dict[str, Any]:
    container = {
        "name": "migration",
        "image": "registry.example:5000/migration:1.2",
        "command": ["python", "/scripts/migrate.py"],
        "envFrom": [{"secretRef": {"name": "cloud-credentials"}}],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": uid},
        "spec": {
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "suspend": False,
            "selector": {"matchLabels": {UID_LABEL: uid}},
            "template": {"spec": {"containers": [container], "restartPolicy": "OnFailure"}},
        },
        "status": {"startTime": "2025-12-23T05:42:00Z", "active": 1, "ready": 1, **status},
    }


def pod_document(number: int = 0, *, owner: str = UID, phase: str = "Running", **status: Any) -> dict[str, Any]:
    name = f"{NAME}-{number:05}"
    return {
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "creationTimestamp": "2025-12-23T05:42:00Z",
            "labels": {UID_LABEL: owner, "app": NAME},
            "ownerReferences": [{"kind": "Job", "name": NAME, "uid": owner, "controller": True}],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "migration"}, {"name": "sidecar"}]},
        "status": {
            "phase": phase,
            "startTime": "2025-12-23T05:42:02Z",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "migration", "restartCount": 0, "state": {"running": {}}}],
            **status,
        },
    }


def event_document(uid: str, reason: str, message: str, at: str = "2025-12-23T06:20:00Z") -> dict[str, Any]:
    return {
        "involvedObject": {"uid": uid},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
    }


@dataclass(slots=True)
class FakeClient:
    """Answers like an API server, label and field selectors included. `errors` and `delays` are by path or by its
    beginning; `logs` by pod."""

    job: dict[str, Any] | None = field(default_factory=job_document)
    pods: list[dict[str, Any]] = field(default_factory=lambda: [pod_document()])
    events: list[dict[str, Any]] = field(default_factory=list)
    other_jobs: list[dict[str, Any]] = field(default_factory=list)
    logs: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    errors: Mapping[str, OpsctlError] = field(default_factory=dict)
    delays: Mapping[str, float] = field(default_factory=dict)
    pod_delay_seconds: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_closed: bool = False
    jobs_later: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, path: str, query: Query = ()) -> Mapping[str, Any]:
        await self._note(path, query)
        if path != JOB_PATH or self.job is None:
            raise NotFoundError(f"no {path}")
        answer = self.job
        if self.jobs_later:
            self.job = self.jobs_later.pop(0)
        return answer

    async def list(self, path: str, query: Query = ()) -> AsyncIterator[Mapping[str, Any]]:
        await self._note(path, query)
        for item in self._items(path, dict(query)):
            if path == PODS_PATH and self.pod_delay_seconds:
                await asyncio.sleep(self.pod_delay_seconds)
            yield item

    async def stream(self, path: str, query: Query = ()) -> AsyncIterator[bytes]:
        await self._note(path, query)
        for line in self.logs.get(path.split("/")[-2], ()):
            yield line

    async def close(self) -> None:
        self.is_closed = True

    def paths(self) -> Sequence[str]:
        return [path for path, _ in self.asked]

    def _items(self, path: str, query: dict[str, str]) -> Sequence[dict[str, Any]]:
        if path == PODS_PATH:
            wanted = dict(term.split("=", 1) for term in query["labelSelector"].split(","))
            return [pod for pod in self.pods if wanted.items() <= pod["metadata"]["labels"].items()]
        if path == EVENTS_PATH:
            wanted = dict(term.split("=", 1) for term in query["fieldSelector"].split(","))
            return [
                event
                for event in self.events
                if (event["involvedObject"]["uid"], event["type"]) == (wanted["involvedObject.uid"], wanted["type"])
            ]
        assert path == JOBS_PATH
        return [*([self.job] if self.job else []), *self.other_jobs]

    async def _note(self, path: str, query: Query) -> None:
        self.asked.append((path, dict(query)))
        for delays in (delay for begin, delay in self.delays.items() if path.startswith(begin)):
            await asyncio.sleep(delays)
        for error in (error for begin, error in self.errors.items() if path.startswith(begin)):
            raise error


def job_settings(mongo_uri: str, database: str, kubeconfig: Path) -> dict[str, str]:
    """The environment of a command on collection `cars`, and on the Job."""
    return {
        "OPSCTL_MONGO_URI": mongo_uri,
        "OPSCTL_MONGO_DATABASE": database,
        "OPSCTL_MONGO_COLLECTION": "cars",
        "OPSCTL_KUBERNETES_NAMESPACE": NAMESPACE,
        "OPSCTL_KUBERNETES_JOB": NAME,
        "OPSCTL_KUBERNETES_KUBECONFIG": str(kubeconfig),
    }
