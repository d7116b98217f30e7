"""The first incident on a real API server: the old Job's collection, the Job, and `opsctl status` to look at both."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from opsctl.lab.half_done import JOB_DURATION, half_done_by_old_job
from opsctl.lab.sample_data import Sample, build_sample
from tests.end_to_end.conftest import Answer, run_words_here
from tests.servers.kube_cluster import Json, KubeCluster, wait_for

JOB = "car-image-migration"
LABELS = {"app": JOB}
HELD = {"kubetest/hold": "yes"}
_NAMESPACES = itertools.count()


@dataclass(frozen=True, slots=True)
class StatusSite:
    """A collection of 475 documents of which the old Job has done 95, and a namespace for its Job."""

    cluster: KubeCluster
    namespace: str
    collection: Collection[Json]
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def jobs_path(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods_path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def status(self, **settings: str) -> Answer:
        """`opsctl status -o json`, in this process, at this time. It is given all the time it takes: what it leaves out
        when a machine is too busy is not what these tests are about."""
        return self.call("status", "--recount", "-o", "json", **settings)

    def show_status(self, **settings: str) -> str:
        """The same for people."""
        return self.call("status", "--recount", **settings).stdout

    def call(self, *words: str, **settings: str) -> Answer:
        return run_words_here(words, {**self.settings, **settings})

    # -- the collection

    def seed_old_job(self, *, last_upload_seconds: float = 5) -> None:
        """95 of 475 documents, done over 44 minutes, the last one this long ago."""
        sample = _sample()
        ended = datetime.now(UTC) - timedelta(seconds=last_upload_seconds)
        half_done = half_done_by_old_job(sample, started_at=ended - JOB_DURATION)
        self.collection.insert_many(
            [{**document, **half_done.updates.get(document["_id"], {})} for document in sample.documents]
        )

    def seed_open(self, count: int = 4) -> None:
        """Documents that nobody has touched."""
        self.collection.insert_many(
            [{"_id": number, "main_image": f"https://x.test/{number}"} for number in range(count)]
        )

    # -- the Job

    def create_job(
        self,
        name: str = JOB,
        *,
        annotations: Mapping[str, str] | None = None,
        pod_spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] = LABELS,
        **spec: Any,
    ) -> Json:
        """The old Job; `spec` and `pod_spec` change it."""
        container = {
            "name": "migration",
            "image": "registry.example/car-image-migration:1",
            "command": ["python", "/scripts/migrate.py"],
        }
        template = {
            "metadata": {"labels": dict(labels), "annotations": dict(annotations or {})},
            "spec": {"containers": [container], "restartPolicy": "Never", **(pod_spec or {})},
        }
        body = {"metadata": {"name": name, "labels": dict(labels)}, "spec": {"template": template, **spec}}
        return self.cluster.request("POST", self.jobs_path, body)

    def patch_job(self, spec: Mapping[str, Any], name: str = JOB) -> None:
        """Changes the specification of the Job."""
        path = f"{self.jobs_path}/{name}"
        self.cluster.request("PATCH", path, {"spec": dict(spec)}, content_type="application/merge-patch+json")

    def wait_for_pods(self, count: int = 1, *, phase: str = "Running", job: str = JOB) -> list[Json]:
        """The Job's pods in this phase, once there are so many and the Job counts them, by index and name."""

        def look() -> list[Json] | None:
            query = f"?labelSelector=batch.kubernetes.io/job-name%3D{job}"
            pods = self.cluster.items(self.pods_path + query)
            found = [pod for pod in pods if pod["status"].get("phase") == phase]
            # The controller makes pods first and counts them afterwards.
            at_work = [pod for pod in pods if pod["status"].get("phase") in ("Pending", "Running")]
            counted = self.cluster.request("GET", f"{self.jobs_path}/{job}")["status"].get("active", 0)
            return found if (len(found), counted) == (count, len(at_work)) else None

        pods = wait_for(look, f"{count} pods to be {phase}")
        return sorted(pods, key=lambda pod: (_index_of(pod), str(pod["metadata"]["name"])))

    def wait_for_pod(self, *, phase: str = "Running", job: str = JOB) -> str:
        """The name of the one pod in this phase."""
        return str(self.wait_for_pods(phase=phase, job=job)[0]["metadata"]["name"])

    def wait_for_condition(self, kind: str) -> Json:
        """The Job, once the condition holds."""

        def look() -> Json | None:
            job = self.cluster.request("GET", f"{self.jobs_path}/{JOB}")
            held = (item["type"] for item in job["status"].get("conditions", ()) if item["status"] == "True")
            return job if kind in held else None

        return wait_for(look, f"the Job to be {kind}")

    def wait_for_counts(self, **counts: int) -> None:
        """Until the Job's own bookkeeping says so."""

        def look() -> bool | None:
            status = self.cluster.request("GET", f"{self.jobs_path}/{JOB}")["status"]
            return all(status.get(name, 0) == count for name, count in counts.items()) or None

        wait_for(look, f"the Job to count {counts}")

    def patch_pod_status(self, pod: str, status: Mapping[str, Any]) -> None:
        """What a node would say of the pod."""
        path = f"{self.pods_path}/{pod}/status"
        self.cluster.request("PATCH", path, {"status": dict(status)}, content_type="application/merge-patch+json")

    def create_event(self, pod: str, reason: str, message: str, *, kind: str = "Warning") -> None:
        """What somebody noticed about a pod."""
        uid = self.cluster.request("GET", f"{self.pods_path}/{pod}")["metadata"]["uid"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "metadata": {"name": f"{pod}.{uuid.uuid4().hex[:12]}"},
            "involvedObject": {"kind": "Pod", "namespace": self.namespace, "name": pod, "uid": uid},
            "reason": reason,
            "message": message,
            "type": kind,
            "lastTimestamp": now,
            "count": 1,
        }
        self.cluster.request("POST", f"/api/v1/namespaces/{self.namespace}/events", body)


@contextmanager
def open_status_site(cluster: KubeCluster, mongo_uri: str) -> Iterator[StatusSite]:
    """A namespace and a database of one's own; the bucket is not configured."""
    name = f"status-{next(_NAMESPACES)}"
    cluster.create_namespace(name)
    database = f"opsctl-{uuid.uuid4().hex[:12]}"
    settings = {
        "OPSCTL_MONGO_URI": mongo_uri,
        "OPSCTL_MONGO_DATABASE": database,
        "OPSCTL_MONGO_COLLECTION": "cars",
        "OPSCTL_KUBERNETES_NAMESPACE": name,
        "OPSCTL_KUBERNETES_JOB": JOB,
        "OPSCTL_KUBERNETES_KUBECONFIG": str(cluster.kubeconfig),
        "OPSCTL_KUBERNETES_CONTEXT": "admin",
    }
    with MongoClient[Json](mongo_uri, tz_aware=True) as client:
        yield StatusSite(cluster, name, client[database]["cars"], settings)
        client.drop_database(database)


def gaps(answer: Answer) -> Sequence[Json]:
    """What could not be read, except for the bucket, which these sites have not."""
    return [gap for gap in answer.data["gaps"] if gap["source"] != "s3"]


def codes(remarks: Sequence[Json]) -> list[str]:
    """Codes of problems or contradictions."""
    return [str(remark["code"]) for remark in remarks]


@cache
def _sample() -> Sample:
    return build_sample("http://images.test")


def _index_of(pod: Json) -> int:
    return int(pod["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index", -1))
