"""`opsctl migrate manifest` and a namespace of a real API server: the profile, the old Job, and ways to ask."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsctl.cli.boundary import run
from opsctl.cli.process import Process
from opsctl.reporting.redact import Redactor
from tests.migration.kubernetes.old_job import old_job
from tests.servers.kube_cluster import KubeCluster
from tests.servers.launch import BUILD_FOLDER

Json = dict[str, Any]
GROUPS = {"Job": "/apis/batch/v1", "Role": "/apis/rbac.authorization.k8s.io/v1", "ServiceAccount": "/api/v1"}
GROUPS["RoleBinding"] = GROUPS["Role"]
PASSWORD = "hunter2-canary"
_NUMBERS = itertools.count()
_KUBECTL_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Json:
        found: Json = json.loads(self.stdout)["data"]
        return found

    @property
    def documents(self) -> list[Json]:
        return list(yaml.safe_load_all(self.stdout))


@dataclass(frozen=True, slots=True)
class ManifestSite:
    """A namespace for the Job, and one for the database."""

    cluster: KubeCluster
    folder: Path
    namespace: str
    database_namespace: str
    job: str = "car-images"
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, cluster: KubeCluster, folder: Path, **environ: str) -> ManifestSite:
        """With a profile whose Mongo URI is in a Secret."""
        number = next(_NUMBERS)
        site = cls(cluster, folder, f"manifest-{number}", f"manifest-db-{number}", environ=environ)
        for namespace in (site.namespace, site.database_namespace):
            cluster.create_namespace(namespace)
        site.write_profile()
        return site

    def write_profile(
        self, *, uri: str | None = None, mongo: str = "", s3: str = "", images: str = "", context: str = "admin"
    ) -> None:
        """`mongo`, `s3` and `images` are further lines of their sections."""
        uri = uri or f'{{ kube_secret = "{self.namespace}/mongo/uri" }}'
        lines = (
            "[profiles.prod.mongo]",
            f"uri = {uri}",
            'database = "triple_db"\ncollection = "danawa_vehicle_data"',
            mongo,
            '[profiles.prod.s3]\nbucket = "carimage"\nregion = "us-east-1"',
            s3,
            "[profiles.prod.images]",
            images,
            "[profiles.prod.kubernetes]",
            f'namespace = "{self.namespace}"\njob = "{self.job}"',
            f'kubeconfig = "{self.cluster.kubeconfig}"\ncontext = "{context}"',
        )
        path = self.folder / "opsctl.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        path.chmod(0o600)

    def run(self, *words: str, stdin: str = "", **environ: str) -> Ended:
        """`opsctl WORDS` in this process."""
        streams = io.StringIO(), io.StringIO()
        process = Process(
            stdin=io.StringIO(stdin),
            stdout=streams[0],
            stderr=streams[1],
            environ={
                "HOME": str(self.folder),
                "OPSCTL_STATE_DIR": str(self.folder / "state"),
                **self.environ,
                **environ,
            },
            folder=self.folder,
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            redactor=Redactor(),
        )
        exit_code = run(words, process)
        ended = Ended(exit_code, *(stream.getvalue() for stream in streams))
        assert PASSWORD not in ended.stdout + ended.stderr
        return ended

    def manifest(self, *words: str, **environ: str) -> Ended:
        """`opsctl migrate manifest WORDS`."""
        return self.run("migrate", "manifest", *words, **environ)

    def create_old_job(self, **pod: Any) -> Json:
        """The Job of the first incident with a password in plain text; `pod` overrides fields of its pods' spec."""
        job = old_job()
        metadata = {"name": job["metadata"]["name"], "labels": job["metadata"]["labels"]}
        template = job["spec"]["template"]
        template["metadata"] = {"labels": {"app": metadata["name"]}}
        uri = f"mongodb://admin:{PASSWORD}@mongodb.apc-db-ns.svc.cluster.local:27017/?authSource=admin"
        template["spec"]["containers"][0]["env"][0]["value"] = uri
        template["spec"].update(pod)
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"template": template, "backoffLimit": 6},
        }
        return self.cluster.request("POST", f"/apis/batch/v1/namespaces/{self.namespace}/jobs", body)

    def live(self, kind: str, name: str, namespace: str | None = None) -> Json | None:
        return self.cluster.find(f"{path_of(kind, namespace or self.namespace)}/{name}")

    def kubectl(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The real one. Skips the test when it is not built."""
        program = BUILD_FOLDER / "bin" / "kubectl"
        if not program.exists():
            pytest.skip("kubectl is not built: run tests/servers/build.sh kubectl")
        return subprocess.run(
            [str(program), *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={"HOME": str(self.folder), "KUBECONFIG": str(self.cluster.kubeconfig)},
            timeout=_KUBECTL_SECONDS,
            check=False,
        )

    def apply_as_kubectl(self, document: Json) -> Json:
        """The request of `kubectl apply --dry-run=server` for an object that is not there."""
        query = "dryRun=All&fieldManager=kubectl-client-side-apply&fieldValidation=Strict"
        path = path_of(document["kind"], document["metadata"]["namespace"])
        return self.cluster.request("POST", f"{path}?{query}", document)

    def apply_on_server(self, document: Json) -> Json:
        """The request of `kubectl apply --server-side --dry-run=server`."""
        query = "dryRun=All&fieldManager=kubectl&fieldValidation=Strict&force=false"
        path = f"{path_of(document['kind'], document['metadata']['namespace'])}/{document['metadata']['name']}"
        return self.cluster.request("PATCH", f"{path}?{query}", document, content_type="application/apply-patch+yaml")


def path_of(kind: str, namespace: str) -> str:
    """Of the collection."""
    return f"{GROUPS[kind]}/namespaces/{namespace}/{kind.lower()}s"


def env_of(job: Json) -> dict[str, Json]:
    """The variables of the first container, by name."""
    found: Sequence[Json] = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return {variable["name"]: variable for variable in found}
