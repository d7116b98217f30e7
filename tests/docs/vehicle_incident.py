"""The first incident, set up anew: a cluster, the old Job with a pod that hangs, 95 of 475 documents done.

The API server, its controllers and the commands are real. The old Job's script is not: its pod does nothing, and what a
new pod of it would store is written by the test (`OldJob`). Pods of a Job that runs opsctl are run for real.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from tests.contract.s3_clients import boto3_client
from tests.docs.runbook_shell import Shell
from tests.end_to_end.conftest import serve_image_host
from tests.servers.kube_cluster import KubeCluster, kube_cluster, wait_for
from tests.servers.launch import S3Target, embedded_mongo, lab_s3

Json = dict[str, Any]
Document = dict[str, Any]

NAMESPACE, DATABASE_NAMESPACE = "apc-backup-ns", "apc-db-ns"
JOB = "car-image-migration"
BUCKET = "carimage-382045063773"
DOCUMENTS, DONE = 475, 95
_QUICK = 150
USER, PASSWORD = "opsctl", "not-to-be-seen"
_PROFILE = """
default_profile = "prod"

[profiles.prod.mongo]
uri = {{ kube_secret = "apc-backup-ns/mongo-credentials/uri" }}
database = "triple_db"
collection = "danawa_vehicle_data"
forward = "apc-db-ns/mongodb-0:27017"

[profiles.prod.s3]
bucket = "carimage-382045063773"
prefix = "images"
region = "us-east-1"
endpoint_url = "{endpoint_url}"
access_key_id = {{ kube_secret = "apc-backup-ns/cloud-credentials/access-key-id" }}
secret_access_key = {{ kube_secret = "apc-backup-ns/cloud-credentials/secret-access-key" }}

[profiles.prod.kubernetes]
namespace = "apc-backup-ns"
job = "car-image-migration"
context = "admin"
kubeconfig = "{kubeconfig}"

[profiles.prod.images]
allow_private_hosts = ["127.0.0.1"]
per_host_rate = 200.0
per_host_concurrency = 8
"""


@dataclass(frozen=True)
class Incident:
    """Everything of it. `pod` is the one that hangs."""

    cluster: KubeCluster
    shell: Shell
    collection: Collection[Document]
    old_job: OldJob
    pod: str

    def count_processed(self) -> int:
        return self.collection.count_documents({"s3_images_metadata": {"$exists": True}})


class OldJob:
    """What the script of the old Job stores, document by document."""

    def __init__(self, cluster: KubeCluster, collection: Collection[Document], target: S3Target) -> None:
        self._cluster = cluster
        self._collection = collection
        self._s3 = boto3_client(target)

    def store(self, number: int, at: datetime) -> None:
        """One object and its document, as that Job writes them."""
        key = _key_of(number)
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=_body_of(number), ContentType="image/jpeg")
        self.record(number, at)

    def record(self, number: int, at: datetime) -> None:
        """Only the document; the object is there."""
        document = self._collection.find_one({"_id": number})
        assert document is not None
        key = _key_of(number)
        url = f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{key}"
        entry = {
            "original_url": document["main_image"],
            "image_type": "basic",
            "vehicle_name": document["vehicle_name"],
            "bucket": BUCKET,
            "key": key,
            "s3_url": url,
            "uploaded_at": at,
        }
        self._collection.update_one({"_id": number}, {"$set": {"s3_main_image": url, "s3_images_metadata": [entry]}})

    @contextmanager
    def new_pods_work(self, hung: str) -> Iterator[None]:
        """A pod other than the one that hangs stores a document every quarter of a second, and slower later: there is
        always something left to be done, however long the commands take."""
        ended = threading.Event()

        def work() -> None:
            number = DONE
            while not ended.wait(0.25 if number < DONE + _QUICK else 10.0):
                if self._runs_another_pod(hung):
                    self.store(number, datetime.now(UTC))
                    number += 1

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _runs_another_pod(self, hung: str) -> bool:
        pods = self._cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods")
        return any(pod["metadata"]["name"] != hung and pod["status"]["phase"] == "Running" for pod in pods)


@contextmanager
def vehicle_incident(folder: Path) -> Iterator[Incident]:
    """All of it, with a cluster, a Mongo and an S3 of its own, for as long as the block takes."""
    earlier = datetime.now(UTC) - timedelta(minutes=44)
    with (
        tempfile.TemporaryDirectory(prefix="opsctl-test-s3-") as objects,
        kube_cluster() as cluster,
        embedded_mongo(USER, PASSWORD) as address,
        _aged_s3(Path(objects), [_stored_at(earlier, number) for number in range(DONE)]) as target,
        serve_image_host() as images,
        MongoClient[Document](_with_user(address), tz_aware=True) as mongo,
    ):
        for namespace in (NAMESPACE, DATABASE_NAMESPACE):
            cluster.create_namespace(namespace)
        cluster.create_pod(DATABASE_NAMESPACE, "mongodb-0")
        cluster.forward_port(DATABASE_NAMESPACE, "mongodb-0", 27017, int(address.split("/")[2].split(":")[1]))
        cluster.create_secret(NAMESPACE, "mongo-credentials", {"uri": _with_user(address)})
        keys = {"access-key-id": target.access_key_id, "secret-access-key": target.secret_access_key}
        cluster.create_secret(NAMESPACE, "cloud-credentials", keys)
        collection = mongo["triple_db"]["danawa_vehicle_data"]
        collection.insert_many(
            {"_id": number, "vehicle_name": f"아반떼 {number}", "main_image": f"{images}/img/{number}.jpg"}
            for number in range(DOCUMENTS)
        )
        old_job = OldJob(cluster, collection, target)
        for number in range(DONE):
            old_job.record(number, _stored_at(earlier, number))
        pod = _start_old_job(cluster, earlier)
        (folder / "opsctl.toml").write_text(
            _PROFILE.format(endpoint_url=target.endpoint_url, kubeconfig=cluster.kubeconfig), encoding="utf-8"
        )
        (folder / "opsctl.toml").chmod(0o600)
        yield Incident(cluster, Shell(folder, {"TZ": "UTC"}), collection, old_job, pod)


@contextmanager
def _aged_s3(folder: Path, times: Sequence[datetime]) -> Iterator[S3Target]:
    """A server whose objects were stored at these times: it reads them from its disk when it starts."""
    with lab_s3(folder) as target:
        s3 = boto3_client(target)
        s3.create_bucket(Bucket=BUCKET)
        for number in range(len(times)):
            s3.put_object(Bucket=BUCKET, Key=_key_of(number), Body=_body_of(number), ContentType="image/jpeg")
    numbers = {_key_of(number): number for number in range(len(times))}
    for file in (folder / BUCKET).glob("*.object"):
        header, _, body = file.read_bytes().partition(b"\n")
        fields = json.loads(header)
        fields["modified_at"] = times[numbers[fields["key"]]].isoformat()
        file.write_bytes(json.dumps(fields).encode() + b"\n" + body)
    with lab_s3(folder) as target:
        yield target


def _stored_at(began_at: datetime, number: int) -> datetime:
    return began_at + number * timedelta(seconds=20)


def _key_of(number: int) -> str:
    return f"images/danawa_vehicle_data/{number}/아반떼 {number}/basic/{number:032x}.jpg"


def _body_of(number: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes(100) + str(number).encode()


def _with_user(address: str) -> str:
    return f"mongodb://{USER}:{PASSWORD}@{address.split('/')[2]}/?authSource=admin"


def _start_old_job(cluster: KubeCluster, began_at: datetime) -> str:
    """The Job as it was found, with a pod that runs since then and wrote a few lines at its beginning. Its name."""
    container = {
        "name": "migrate",
        "image": "python:3.12-slim",
        "command": ["python", "/opt/scripts/migrate.py"],
        "env": [
            {"name": "AWS_REGION", "value": "us-east-1"},
            {"name": "AWS_ACCESS_KEY_ID", "valueFrom": _key("access-key-id")},
            {"name": "AWS_SECRET_ACCESS_KEY", "valueFrom": _key("secret-access-key")},
        ],
        "volumeMounts": [{"name": "script", "mountPath": "/opt/scripts"}],
    }
    script = {"name": "script", "configMap": {"name": "car-image-migration-script"}}
    template = {
        "metadata": {"labels": {"app": JOB}},
        "spec": {"restartPolicy": "Never", "containers": [container], "volumes": [script]},
    }
    cluster.request(
        "POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {"metadata": {"name": "car-image-migration-script"}}
    )
    body = {"metadata": {"name": JOB, "labels": {"app": JOB}}, "spec": {"backoffLimit": 3, "template": template}}
    cluster.request("POST", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs", body)

    def look() -> Json | None:
        pods = cluster.items(f"/api/v1/namespaces/{NAMESPACE}/pods")
        return next((pod for pod in pods if pod["status"].get("phase") == "Running"), None)

    pod = wait_for(look, "the pod of the old Job")
    name = str(pod["metadata"]["name"])
    begun = began_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    statuses = [{**each, "state": {"running": {"startedAt": begun}}} for each in pod["status"]["containerStatuses"]]
    cluster.request(
        "PATCH",
        f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/status",
        {"status": {"startTime": begun, "containerStatuses": statuses}},
        content_type="application/merge-patch+json",
    )
    log, _ = cluster.pod_log(NAMESPACE, name)
    log.write("475 documents", at=began_at)
    log.write("processed 95", at=began_at + DONE * timedelta(seconds=20))
    return name


def _key(name: str) -> Json:
    return {"secretKeyRef": {"name": "cloud-credentials", "key": name}}
