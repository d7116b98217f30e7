"""A Kubernetes API server in memory, for `migration.kubernetes.ports`, with the little of its controllers that matters:
a Job gets pods as long as it wants some, and a pod that is deleted is replaced.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsctl.errors import AccessDeniedError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.models import Kind, LogRequest, Permission, WorkMark
from opsctl.migration.kubernetes.ports import JsonObject
from tests.fakes.clock import FakeClock

Key = tuple[str, str, str]


@dataclass(slots=True)
class FakeCluster:
    """`denied` holds `verb resource`, `failing` an error for each `verb resource` (consumed when used), `broken` one
    that stays; of `lost_answers` the first is lost after the server has done what was asked for."""

    clock: FakeClock = field(default_factory=FakeClock)
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    failing: dict[str, OpsctlError] = field(default_factory=dict)
    broken: dict[str, OpsctlError] = field(default_factory=dict)
    lost_answers: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    logs: dict[tuple[str, str, bool], Sequence[bytes]] = field(default_factory=dict)
    gone_after: int = 0  # how often a deleted Job is still seen
    pod_status: Callable[[], Mapping[str, Any]] = lambda: {"phase": "Running"}
    on_pod: Callable[[str], None] = lambda _name: None
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _ending: dict[Key, int] = field(default_factory=dict)

    # -- the port

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject:
        self._ask("get", kind.plural, name)
        key = (kind.plural, namespace, name)
        if key in self._ending:
            self._ending[key] -= 1
            if self._ending[key] < 0:
                del self._ending[key], self.objects[key]
        return copy.deepcopy(self._find(key))

    async def list(
        self, kind: Kind, namespace: str, *, labels: str | None = None, fields: str | None = None
    ) -> AsyncIterator[JsonObject]:
        self._ask("list", kind.plural, None)
        for (plural, space, _), document in sorted(self.objects.items()):
            if (plural, space) == (kind.plural, namespace) and _matches(document, labels, fields):
                yield copy.deepcopy(document)

    async def create(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        kind, key = _key(document)
        self._ask("create --dry-run" if dry_run else "create", kind.plural, key[2])
        if key in self.objects:
            raise DataError(f"{kind.plural} {key[2]!r} already exists", code="already-exists")
        created = self._accept(document, key)
        if not dry_run:
            self.objects[key] = created
            self._start_pods(key)
            if f"create {kind.plural}" in self.lost_answers:
                self.lost_answers.remove(f"create {kind.plural}")
                raise UnavailableError("the answer was lost")
        return copy.deepcopy(created)

    async def apply(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        kind, key = _key(document)
        self._ask("patch", kind.plural, key[2])
        if key not in self.objects:
            return await self.create(document, dry_run=dry_run)
        live = self.objects[key]
        if kind is Kind.JOB and live["spec"].get("completions") != document["spec"].get("completions"):
            raise DataError("spec.completions: field is immutable", code="immutable")
        applied = {**live, **copy.deepcopy(dict(document)), "metadata": {**live["metadata"], **document["metadata"]}}
        if not dry_run:
            self.objects[key] = applied
        return copy.deepcopy(applied)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        self._ask("delete", kind.plural, name)
        key = (kind.plural, namespace, name)
        document = self._find(key)
        if document["metadata"]["uid"] != uid:
            raise NotFoundError(f"{kind.plural} {name!r} is another one now")
        if kind is Kind.JOB:
            for pod in self._pods_of(uid):
                del self.objects[pod]
            self._ending[key] = self.gone_after
            document["metadata"]["deletionTimestamp"] = self.clock.now().isoformat()
            return
        del self.objects[key]
        for job in [found for found in self.objects if found[0] == "jobs"]:
            self._start_pods(job)

    async def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        self._ask("get", "pods/log", request.pod)
        if request.pod not in self.pods():
            raise NotFoundError(f"pods {request.pod!r} not found")
        lines = self.logs.get((request.pod, request.container, request.is_previous))
        if lines is None:
            raise DataError(f"container {request.container!r} of pod {request.pod!r} has no log")
        since = request.since.strftime("%Y-%m-%dT%H:%M:%S").encode() if request.since else b""
        lines = [line for line in lines if line[: len(since)] >= since]
        for line in lines[-request.tail_lines :] if request.tail_lines else lines:
            yield line
        if f"cut {request.pod}" in self.failing:
            raise self.failing.pop(f"cut {request.pod}")

    async def may(self, permission: Permission) -> bool:
        return f"{permission.verb} {permission.resource}" not in self.denied

    # -- for tests

    def add(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Put an object there as it is."""
        _, key = _key(document)
        self.objects[key] = copy.deepcopy(dict(document))
        return self.objects[key]

    def add_pod(self, job: Mapping[str, Any], name: str, **status: Any) -> dict[str, Any]:
        """A pod that the Job controls."""
        return self.add(self._pod(job, name, status or {"phase": "Running"}))

    def job(self, namespace: str, name: str) -> dict[str, Any]:
        return self.objects["jobs", namespace, name]

    def pods(self) -> tuple[str, ...]:
        return tuple(name for plural, _, name in sorted(self.objects) if plural == "pods")

    # -- inside

    def _ask(self, verb: str, resource: str, name: str | None) -> None:
        call = f"{verb} {resource}"
        self.calls.append(f"{call} {name}" if name and verb not in ("get", "list") else call)
        if call in self.denied:
            raise AccessDeniedError(f"not allowed to {call}", permission=call)
        if call in self.broken:
            raise self.broken[call]
        if call in self.failing:
            raise self.failing.pop(call)

    def _find(self, key: Key) -> dict[str, Any]:
        if key not in self.objects:
            raise NotFoundError(f"{key[0]} {key[2]!r} not found in namespace {key[1]}")
        return self.objects[key]

    def _accept(self, document: JsonObject, key: Key) -> dict[str, Any]:
        """What the server adds to a new object."""
        created: dict[str, Any] = copy.deepcopy(dict(document))
        created["metadata"] |= {
            "uid": f"uid-{next(self._numbers)}",
            "creationTimestamp": self.clock.now().isoformat(),
            "resourceVersion": "1",
        }
        if key[0] == "jobs":
            created["status"] = {}
            if "selector" in created["spec"] and created["spec"].get("manualSelector") is not True:
                raise DataError("spec.selector: `selector` not auto-generated", code="invalid")
            labels = created["spec"]["template"].setdefault("metadata", {}).setdefault("labels", {})
            if (
                labels.setdefault("batch.kubernetes.io/controller-uid", created["metadata"]["uid"])
                != (created["metadata"]["uid"])
            ):
                raise DataError("spec.template.metadata.labels: must be the uid of the Job", code="invalid")
        return created

    def _start_pods(self, key: Key) -> None:
        job = self.objects[key]
        if key[0] != "jobs" or job["metadata"].get("deletionTimestamp") or job["spec"].get("suspend"):
            return
        live = [pod for pod in self._pods_of(job["metadata"]["uid"]) if not _is_over(self.objects[pod])]
        for _ in range(job["spec"].get("parallelism", 1) - len(live)):
            name = f"{key[2]}-new{next(self._numbers)}"
            self.add(self._pod(job, name, self.pod_status()))
            self.on_pod(name)

    def _pod(self, job: Mapping[str, Any], name: str, status: Mapping[str, Any]) -> dict[str, Any]:
        uid = job["metadata"]["uid"]
        started = status.get("startTime") or self.clock.now().isoformat()
        containers = job["spec"]["template"].get("spec", {}).get("containers", [{"name": "migrate"}])
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": job["metadata"]["namespace"],
                "uid": f"uid-of-{name}",
                "creationTimestamp": started,
                "labels": {"batch.kubernetes.io/controller-uid": uid},
                "ownerReferences": [{"kind": "Job", "uid": uid, "controller": True}],
            },
            "spec": {"containers": [{"name": container["name"]} for container in containers]},
            "status": {"startTime": started, **status},
        }

    def _pods_of(self, uid: str) -> Sequence[Key]:
        return [
            key
            for key, document in self.objects.items()
            if key[0] == "pods" and any(one["uid"] == uid for one in document["metadata"].get("ownerReferences", ()))
        ]


@dataclass(slots=True)
class FakeWorkLog:
    """Implements `migration.kubernetes.ports.WorkLog`: `mark` as it is set, or what `at` makes of the seconds."""

    clock: FakeClock
    at: Callable[[float], Mapping[str, Any]]
    errors: list[OpsctlError] = field(default_factory=list)

    async def look(self) -> WorkMark:
        if self.errors:
            raise self.errors.pop(0)
        values = {"documents_processed": None, "images_finished": None, **self.at(self.clock.monotonic())}
        return WorkMark(taken_at=self.clock.now(), **values)


def _key(document: Mapping[str, Any]) -> tuple[Kind, Key]:
    kind = next(kind for kind in Kind if kind.kind == document["kind"])
    return kind, (kind.plural, document["metadata"]["namespace"], document["metadata"]["name"])


def _is_over(pod: Mapping[str, Any]) -> bool:
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def _matches(document: Mapping[str, Any], labels: str | None, fields: str | None) -> bool:
    own = document["metadata"].get("labels", {})
    for key, value in re.findall(r"([^=,]+)=([^,]+)", labels or ""):
        if own.get(key) != value:
            return False
    for path, wanted in re.findall(r"([^=,]+)=([^,]+)", fields or ""):
        found: Any = document
        for step in path.split("."):
            found = found.get(step, {})
        if found != wanted:
            return False
    return True
