"""Jobs on the real API server whose pods' logs a test writes, and `opsctl` configured for them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.kube_cluster import KubeCluster, wait_for

JOB = "car-image-migration"
COMMAND_SECONDS = 180
_NAMESPACES = itertools.count()


@dataclass(frozen=True, slots=True)
class JobSite:
    """A namespace with one Job; `kubeconfig` is the way to it."""

    cluster: KubeCluster
    namespace: str
    folder: Path

    @property
    def jobs_path(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods_path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPSCTL_", "KUBE"))}
        return {
            **kept,
            "HOME": str(self.folder),
            "OPSCTL_KUBERNETES_NAMESPACE": self.namespace,
            "OPSCTL_KUBERNETES_JOB": JOB,
            "OPSCTL_KUBERNETES_KUBECONFIG": str(self.folder / "kubeconfig"),
        }

    def create_job(self, *, env: Mapping[str, str] | None = None, **spec: Any) -> None:
        """An Indexed Job of two pods, unless `spec` says otherwise."""
        container = {
            "name": "migrate",
            "image": "example.com/opsctl:1",
            "env": [{"name": name, "value": value} for name, value in (env or {}).items()],
        }
        body = {
            "metadata": {"name": JOB},
            "spec": {
                "completions": 2,
                "parallelism": 2,
                "completionMode": "Indexed",
                "backoffLimit": 4,
                "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
                **spec,
            },
        }
        self.cluster.request("POST", self.jobs_path, body)

    def pod(self, index: int, *, phase: str = "Running", other_than: str | None = None) -> str:
        """The name of the pod of a shard, once there is one in that phase."""

        def look() -> str | None:
            for item in self.cluster.items(self.pods_path):
                name: str = item["metadata"]["name"]
                is_right = name.startswith(f"{JOB}-{index}-") and item["status"].get("phase") == phase
                if is_right and name != other_than:
                    return name
            return None

        return wait_for(look, f"a pod of shard {index}")

    def set_status(self, pod: str, **changes: Any) -> None:
        """Changes what its only container says of itself."""
        path = f"{self.pods_path}/{pod}"
        status = self.cluster.request("GET", path)["status"]
        status["containerStatuses"][0].update(changes)
        self.cluster.request("PATCH", f"{path}/status", {"status": status}, content_type="application/merge-patch+json")

    def delete_pod(self, pod: str) -> None:
        self.cluster.request("DELETE", f"{self.pods_path}/{pod}", {"gracePeriodSeconds": 0})

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "opsctl", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.folder,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        started = self.start(*words)
        try:
            stdout, stderr = started.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
        return subprocess.CompletedProcess(words, started.returncode, stdout, stderr)


def open_job_site(cluster: KubeCluster, folder: Path, *, port: int | None = None, context: str = "admin") -> JobSite:
    """A fresh namespace; `port` leads to the server another way."""
    namespace = f"logs-{next(_NAMESPACES)}"
    cluster.create_namespace(namespace)
    cluster.kubeconfig_through(port or cluster.port, folder / "kubeconfig", context=context)
    return JobSite(cluster, namespace, folder)
