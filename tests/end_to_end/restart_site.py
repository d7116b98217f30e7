"""A Job on the real API server whose pods run nothing, and `opsctl migrate restart` against it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Answer, Site
from tests.servers.kube_cluster import KubeCluster, KubeRequestError, wait_for
from tests.servers.proxy import TcpProxy, tcp_proxy

Json = dict[str, Any]
JOB = "car-image-migration"
_UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
_SERVER_METADATA = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


@dataclass(frozen=True, slots=True)
class RestartSite:
    """A namespace of its own. `line` is the only way that the command has to the API server."""

    cluster: KubeCluster
    namespace: str
    site: Site
    line: TcpProxy
    state: Path

    @property
    def jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods_path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def create_job(self, document: Json | None = None, **spec: Any) -> Json:
        """A Job of one pod; waits until that runs, unless it is another document or suspended."""
        template = {
            "metadata": {"labels": {"app": JOB}, "annotations": spec.pop("annotations", {})},
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "migrate", "image": "example.com/app:1"}],
                **spec.pop("pod_spec", {}),
            },
        }
        metadata = {"name": JOB, "labels": {"app": JOB}, **spec.pop("metadata", {})}
        plain = {"metadata": metadata, "spec": {"template": template, **spec}}
        created = self.cluster.request("POST", self.jobs, document or plain)
        if not created["spec"].get("suspend"):
            self.wait_for_pod(of=created)
        return created

    def job(self, name: str = JOB) -> Json | None:
        return self.cluster.find(f"{self.jobs}/{name}")

    def pods(self, of: Json | None = None) -> list[Json]:
        """Those that are not on their way out, of one Job if it is given."""
        owner = None if of is None else of["metadata"]["uid"]
        return [
            pod
            for pod in self.cluster.items(self.pods_path)
            if "deletionTimestamp" not in pod["metadata"]
            and owner in (None, *(one["uid"] for one in pod["metadata"]["ownerReferences"]))
        ]

    def wait_for_pod(self, of: Json | None = None, *, but: str | None = None) -> Json:
        """A running pod, other than the one whose name is given."""

        def look() -> Json | None:
            running = [pod for pod in self.pods(of) if pod["status"].get("phase") == "Running"]
            return next((pod for pod in running if pod["metadata"]["name"] != but), None)

        return wait_for(look, "a pod to run")

    def wait_until_ending(self) -> None:
        """The deletion of the Job was asked for."""
        wait_for(lambda: "deletionTimestamp" in ((self.job() or {}).get("metadata") or {}) or None, "the deletion")

    def wait_until_gone(self, uid: str) -> None:
        """The Job with that uid is not there any more."""
        wait_for(lambda: (self.job() or {"metadata": {"uid": ""}})["metadata"]["uid"] != uid or None, "the Job to go")

    def end_pods(self) -> None:
        """What a kubelet does when the containers have ended: pods that are to go are gone."""
        for pod in self.cluster.items(self.pods_path):
            try:
                options = {"gracePeriodSeconds": 0}
                self.cluster.request("DELETE", f"{self.pods_path}/{pod['metadata']['name']}", options)
            except KubeRequestError as error:
                if error.status != 404:
                    raise

    def restart(self, *words: str, **settings: str) -> Answer:
        return self.site.call("migrate", "restart", *words, **settings)

    @property
    def kept(self) -> list[Path]:
        """Manifests on disk."""
        folder = self.state / "jobs"
        return sorted(folder.iterdir()) if folder.exists() else []

    def kept_job(self) -> Json:
        (path,) = self.kept
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return found


@contextmanager
def open_restart_site(
    cluster: KubeCluster, site: Site, folder: Path, *, context: str = "admin"
) -> Iterator[RestartSite]:
    """The Job does not exist yet."""
    namespace = f"apc-backup-{uuid.uuid4().hex[:8]}"
    cluster.create_namespace(namespace)
    with tcp_proxy(cluster.port) as line:
        kubeconfig = cluster.kubeconfig_through(line.port, folder / "kubeconfig", context=context)
        looking = site.with_settings(
            OPSCTL_KUBERNETES_NAMESPACE=namespace,
            OPSCTL_KUBERNETES_JOB=JOB,
            OPSCTL_KUBERNETES_KUBECONFIG=str(kubeconfig),
            OPSCTL_KUBERNETES_CONTEXT=context,
            OPSCTL_STATE_DIR=str(folder / "state"),
        )
        yield RestartSite(cluster, namespace, looking, line, folder / "state")


def without_server_fields(job: Json) -> Json:
    """A Job without what no two Jobs have in common. Written without a look at how the program does it."""
    uid, kept = job["metadata"]["uid"], json.loads(json.dumps(job))
    del kept["status"]
    for name in _SERVER_METADATA:
        kept["metadata"].pop(name, None)
    owned = (
        kept["metadata"].get("labels"),
        kept["spec"].get("selector", {}).get("matchLabels"),
        kept["spec"]["template"]["metadata"].get("labels"),
    )
    for labels in owned:
        for name in _UID_LABELS:
            if labels and labels.get(name) == uid:
                labels[name] = "the uid of the Job"
    found: Json = kept
    return found
