"""The migration as a Kubernetes Job: a place to migrate, a namespace of the real API server, and pods that run."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Answer, Site
from tests.servers.kube_cluster import KubeCluster, wait_for
from tests.servers.pod_runner import PodRunner, RunPod, run_pods

Json = dict[str, Any]
JOB = "car-image-migration"
SECRET = "car-image-credentials"
SECRETS = {
    "OPSCTL_MONGO_URI": "mongo-uri",
    "OPSCTL_S3_ACCESS_KEY_ID": "access-key-id",
    "OPSCTL_S3_SECRET_ACCESS_KEY": "secret-access-key",
}
# With pauses of ten and twenty seconds before another pod, and a lease that is waited for.
_JOB_SECONDS = 300.0
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"


@dataclass(frozen=True, slots=True)
class JobSite:
    """One Job in a namespace of its own; `site` looks at it as the operator does, from outside."""

    cluster: KubeCluster
    namespace: str
    site: Site
    runner: PodRunner

    @property
    def path(self) -> str:
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{JOB}"

    def apply(self, *, shards: int, parallelism: int | None = None, operator: str | None = None) -> None:
        """`migrate manifest --apply`, as an operator calls it."""
        count = ("--shards", str(shards), "--parallelism", str(parallelism or shards))
        words = ("--image", "example.com/opsctl:1", "--apply", "--yes", "-q", "-o", "json")
        rights = () if operator is None else ("--operator", operator)
        answer = self.site.call("migrate", "manifest", *count, *rights, *words)
        assert (answer.exit_code, answer.data["outcome"]) == (0, "applied"), answer.stderr

    def replace_secret(self, name: str, value: str) -> None:
        """Another value for one of SECRETS."""
        patch = {"stringData": {SECRETS[name]: value}}
        path = f"/api/v1/namespaces/{self.namespace}/secrets/{SECRET}"
        self.cluster.request("PATCH", path, patch, content_type="application/merge-patch+json")

    def secret_variable(self, name: str) -> Json:
        """A variable of a container, from the Secret."""
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": SECRETS[name]}}}

    def read(self) -> Json:
        """The Job."""
        return self.cluster.request("GET", self.path)

    def wait_for_condition(self, kind: str) -> Json:
        """The Job, once the condition holds. A Job that comes to another end fails the test."""

        def look() -> Json | None:
            self.runner.check()
            job = self.read()
            held = {one["type"] for one in job["status"].get("conditions", ()) if one["status"] == "True"}
            assert kind in held or not held & {"Complete", "Failed"}, "the Job came to another end"
            return job if kind in held else None

        try:
            return wait_for(look, f"the Job to be {kind}", seconds=_JOB_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe(self.read())}") from error

    def annotations(self, pod: RunPod) -> dict[str, str]:
        """What the Job controller wrote on the pod."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod.name}"
        return dict(self.cluster.request("GET", path)["metadata"]["annotations"])

    def delete_pod(self, pod: RunPod) -> None:
        """As a drain does: with its grace."""
        self.cluster.request("DELETE", f"/api/v1/namespaces/{self.namespace}/pods/{pod.name}")

    @contextmanager
    def without_new_pods(self) -> Iterator[None]:
        """Kubernetes makes no pod meanwhile: it would have another one ten seconds after one has failed, and to look at
        what has failed may take longer."""
        path = f"/api/v1/namespaces/{self.namespace}/resourcequotas"
        self.cluster.request("POST", path, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
        # What the quota controller would write, which this cluster does not have.
        status = {"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}
        self.cluster.request("PATCH", f"{path}/none/status", status, content_type="application/merge-patch+json")
        try:
            yield
        finally:
            self.cluster.request("DELETE", f"{path}/none")

    def is_cut(self) -> bool:
        """Whether there is a run whose shards are known."""
        record = self.site.collection.database["opsctl_runs"].find_one(sort=[("sequence", -1)])
        return bool(record and record.get("shards"))

    def wait_until_told_to_end(self, pod: RunPod) -> None:
        """Until the process has been sent SIGTERM, as that of a pod that is deleted is."""
        wait_for(lambda: pod.kill_at, f"pod {pod.name} to be told to end")

    def shard(self, index: int) -> Json:
        """One shard of the newest run record."""
        return dict(self.site.run_record()["shards"][str(index)])

    def pods_of(self, answer: Answer) -> list[Json]:
        """The pods that `status` tells of, by index."""
        return sorted(answer.data["job"]["pods"], key=lambda pod: (pod["index"], pod["createdAt"]))

    def describe(self, job: Json) -> str:
        """Why it came to that, for whoever reads a failed test."""
        ends = [f"{pod.name} {pod.exit_code}\n{pod.stderr[-1500:]}" for pod in self.runner.pods]
        return "\n".join([str(job["status"]), *ends])

    def status(self) -> Answer:
        """`opsctl status -o json`, given all the time it takes; shown with `-s`, or when the test fails."""
        answer = self.site.call("status", "--recount", "-q", "-o", "json")
        assert answer.envelope["data"] is not None, answer.stderr
        print(_brief(answer))
        return answer

    def shown_status(self) -> str:
        """`opsctl status` for people, shown with `-s`."""
        answer = self.site.call("status", "--recount", "--no-color", COLUMNS="100")
        print(answer.stdout)
        return answer.stdout


@contextmanager
def open_job_site(cluster: KubeCluster, site: Site) -> Iterator[JobSite]:
    """A namespace whose pods run. The credentials of the site are in a Secret there, and nowhere else."""
    namespace = f"apc-backup-{uuid.uuid4().hex[:8]}"
    cluster.create_namespace(namespace)
    cluster.create_secret(namespace, SECRET, {key: site.environment[name] for name, key in SECRETS.items()})
    with tempfile.TemporaryDirectory(prefix="opsctl-test-job-") as folder, run_pods(cluster, namespace) as runner:
        looking = site.with_settings(
            **dict.fromkeys(SECRETS, ""),
            OPSCTL_CONFIG=str(_write_profile(Path(folder) / "opsctl.toml", namespace)),
            OPSCTL_KUBERNETES_NAMESPACE=namespace,
            OPSCTL_KUBERNETES_JOB=JOB,
            OPSCTL_KUBERNETES_KUBECONFIG=str(cluster.kubeconfig),
            OPSCTL_KUBERNETES_CONTEXT="admin",
        )
        yield JobSite(cluster, namespace, looking, runner)


def _write_profile(file: Path, namespace: str) -> Path:
    references = {name: f'{{ kube_secret = "{namespace}/{SECRET}/{key}" }}' for name, key in SECRETS.items()}
    file.write_text(
        f"""\
default_profile = "prod"

[profiles.prod.mongo]
uri = {references["OPSCTL_MONGO_URI"]}

[profiles.prod.s3]
access_key_id = {references["OPSCTL_S3_ACCESS_KEY_ID"]}
secret_access_key = {references["OPSCTL_S3_SECRET_ACCESS_KEY"]}
""",
        encoding="utf-8",
    )
    return file


def _brief(answer: Answer) -> str:
    data = answer.data
    documents, images = data["documents"], data["images"]
    words = [
        f"status ends with {answer.exit_code}: {data['state']} ({data['stateCode']})",
        f"{documents['processed']}/{documents['total']} documents, {images['stored']}/{images['planned']} images",
        *(f"shard {shard['index']} {shard['state']}" for shard in data["shards"]),
        *(_brief_pod(pod) for pod in (data["job"] or {}).get("pods") or ()),
        *(f"problem {problem['code']}" for problem in data["problems"]),
    ]
    return " | ".join(words)


def _brief_pod(pod: Json) -> str:
    ended = pod["lastTermination"]
    return f"{pod['name']} {pod['phase']}" + (f" {ended['reason']} {ended['exitCode']}" if ended else "")
