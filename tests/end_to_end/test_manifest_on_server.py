"""Every variant of a manifest is taken by a real API server, asked as kubectl asks and by kubectl itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsctl.migration.kubernetes.diff import compare
from tests.end_to_end.manifest_site import Json, ManifestSite, env_of
from tests.servers.kube_cluster import KubeCluster

pytestmark = pytest.mark.servers

OPERATORS = ("--operator", "User:kim", "--operator", "Group:on-call", "--operator", "ServiceAccount:tools/ops.bot")
FULL_POD = {
    "serviceAccountName": "default",
    "priorityClassName": "system-cluster-critical",
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["batch"]}]}]
            }
        }
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"app": "car-image-migration"}},
        }
    ],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["mongo.local"]}],
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["10.0.0.2"], "options": [{"name": "ndots", "value": "2"}]},
    "securityContext": {
        "fsGroup": 2000,
        "runAsUser": 0,
        "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}],
    },
    "initContainers": [{"name": "wait", "image": "busybox", "command": ["true"], "resources": {}}],
    "volumes": [
        {"name": "script", "configMap": {"name": "car-image-migration-script", "defaultMode": 420}},
        {"name": "tmp", "persistentVolumeClaim": {"claimName": "cache"}},
        {
            "name": "all",
            "projected": {
                "sources": [
                    {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
                    {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                ]
            },
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Variant:
    """Flags, and what is changed of the site before."""

    words: tuple[str, ...]
    prepare: Callable[[ManifestSite], Any] = lambda _site: None
    shards: int = 1
    documents: int = 4


def _everything_in_the_profile(site: ManifestSite) -> None:
    site.write_profile(
        mongo=f'forward = "{site.database_namespace}/mongodb-0:27017"',
        s3='prefix = "이미지/2026"\nendpoint_url = "https://s3.example.com"\n'
        'access_key_id = { kube_secret = "x/aws/id" }\n'
        f'secret_access_key = {{ kube_secret = "{site.database_namespace}/aws/key" }}',
        images='user_agent = "차량 이미지 $(X) $$ \\"따옴표\\" # 아님: {version}"\nper_host_rate = 2.5\nworkers = 8\n'
        'allow_private_hosts = ["10.0.0.1", "img.local"]\nplaceholder_sha256 = []\n'
        'fields = [{ source = "대표", target = "s3_대표", type = "basic" }]\nbase_url = "https://x.example/a/"\n'
        'key_template = "{prefix}/{collection}/{doc_id}/[{color_name}/]{hash}.{ext}"',
    )


def _forward_to_a_service(site: ManifestSite) -> None:
    site.write_profile(mongo=f'forward = "{site.database_namespace}/mongodb:27017"')


def _forward_at_home(site: ManifestSite) -> None:
    site.write_profile(mongo=f'forward = "{site.namespace}/mongodb:27017"')


def _literal_uri(site: ManifestSite) -> None:
    site.write_profile(uri='"mongodb://admin:hunter2-canary@db/?authSource=admin"')


def _uri_from_the_job(site: ManifestSite) -> None:
    site.write_profile(uri='{ env = "MONGODB_URI" }')
    site.create_old_job()


def _full_job(site: ManifestSite) -> None:
    site.create_old_job(**FULL_POD)


def _several_containers(site: ManifestSite) -> None:
    containers = [
        {"name": name, "image": f"{name}:1", "env": [{"name": "WHO", "value": "나"}]} for name in ("migrate", "sidecar")
    ]
    site.create_old_job(containers=containers, volumes=[])


TAKEN = ("--from-job", "car-image-migration")
VARIANTS = {
    "one shard": Variant(()),
    "four shards": Variant(("--shards", "4"), shards=4),
    "a thousand shards": Variant(("--shards", "1000", "--parallelism", "20"), shards=1000),
    "the most shards": Variant(("--shards", "1024", "--parallelism", "100"), shards=1024),
    "with an image": Variant(("--image", "registry.example:5000/opsctl@sha256:" + 64 * "a")),
    "with operators": Variant(OPERATORS),
    "in Korean": Variant(("--lang", "ko")),
    "only the job": Variant(("--only", "job"), documents=2),
    "only the rights": Variant(("--only", "rights"), documents=2),
    "a long name": Variant(("--name", "j" * 61)),
    "a long name, many shards": Variant(("--name", "j" * 59, "--shards", "1000"), shards=1000),
    "everything in the profile": Variant(OPERATORS, _everything_in_the_profile, documents=4 + 2 + 2 + 2),
    "a forward to a service": Variant((), _forward_to_a_service, documents=6),
    "a forward in the same namespace": Variant((), _forward_at_home),
    "a password in the profile": Variant((), _literal_uri),
    "from the old job": Variant((*TAKEN, "--shards", "4"), ManifestSite.create_old_job, shards=4),
    "from the old job, its own name": Variant((*TAKEN, "--name", "car-image-migration"), ManifestSite.create_old_job),
    "the old job has the uri": Variant(TAKEN, _uri_from_the_job),
    "from a job with every field": Variant((*TAKEN, "--image", "opsctl:1"), _full_job, documents=3),
    "from one of several containers": Variant((*TAKEN, "--container", "sidecar"), _several_containers),
}


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> ManifestSite:
    return ManifestSite.create(cluster, tmp_path)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_the_server_takes_it(site: ManifestSite, variant: Variant) -> None:
    variant.prepare(site)
    printed = site.manifest(*variant.words)
    assert printed.exit_code == 0, printed.stderr
    documents = printed.documents
    assert len(documents) == variant.documents
    assert site.manifest(*variant.words, "-o", "json").data["documents"] == documents
    elsewhere = {document["metadata"]["namespace"] for document in documents} - {
        site.namespace,
        site.database_namespace,
    }
    for namespace in elsewhere:  # what the profile names
        if site.cluster.find(f"/api/v1/namespaces/{namespace}") is None:
            site.cluster.create_namespace(namespace)
    for document in documents:
        if site.live(document["kind"], document["metadata"]["name"]) is None:
            check_stored(document, site.apply_as_kubectl(document), variant)
            check_stored(document, site.apply_on_server(document), variant)
    for words, text in ((("-f",), printed.stdout), (("--server-side", "-f"), json_of(documents))):
        told = site.kubectl("apply", "--dry-run=server", *words, "-", stdin=text)
        assert_taken(told.stdout, told.stderr, documents, site)


def assert_taken(stdout: str, stderr: str, documents: list[Json], site: ManifestSite) -> None:
    """A line for each. The Job whose name is taken by another one is refused, and nothing else is."""
    taken = [line for line in stdout.splitlines() if "(server dry run)" in line]
    is_there = [d for d in documents if d["kind"] == "Job" and site.live("Job", d["metadata"]["name"])]
    assert len(taken) == len(documents) - len(is_there), stderr
    assert ("field is immutable" in stderr or "Apply failed with" in stderr) == bool(is_there), stderr


def json_of(documents: list[Json]) -> str:
    return "\n".join(json.dumps(document) for document in documents)


def check_stored(document: Json, stored: Json, variant: Variant) -> None:
    """What the server would store says what was asked for."""
    assert (stored["kind"], stored["metadata"]["name"]) == (document["kind"], document["metadata"]["name"])
    assert compare(document, stored) == ()
    if document["kind"] == "Job":
        assert stored["spec"]["completions"] == variant.shards
        assert set(env_of(stored)) == set(env_of(document))
        assert stored["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True


def test_a_warning_of_the_server_is_none_of_ours(site: ManifestSite) -> None:
    """Strict validation refuses unknown fields; kubectl prints what is merely deprecated."""
    told = site.kubectl("apply", "--dry-run=server", "-f", "-", stdin=site.manifest("--shards", "4").stdout)
    assert told.returncode == 0
    assert told.stderr == ""
