"""Somebody with nothing but the printed Roles: every command works, and each right that is missing is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.contract.s3_clients import boto3_client
from tests.end_to_end.manifest_site import PASSWORD, Ended, Json, ManifestSite, path_of
from tests.servers.kube_cluster import RESTRICTED_USER, KubeCluster, wait_for
from tests.servers.launch import S3Target, embedded_mongo, lab_s3

pytestmark = pytest.mark.servers

FLAGS = ("--image", "registry.example/opsctl:1", "--operator", f"User:{RESTRICTED_USER}", "--shards", "2")
STATUS = ("status", "--recount", "-o", "json")
LOGS = ("migrate", "logs", "-o", "json")
MANIFEST = ("migrate", "manifest", *FLAGS, "--apply", "--yes", "-o", "json")
CHANGE = ("migrate", "manifest", *FLAGS, "--parallelism", "1", "--only", "job", "--apply", "--yes", "-o", "json")
RECREATE = ("migrate", "restart", "--recreate", "--yes", "--wait", "1", "-o", "json")
DELETE_POD = ("migrate", "restart", "--pod", "POD", "--yes", "--wait", "1", "-o", "json")
HERE, DATABASE = "here", "database"

# Every right of the printed Roles, and a command that cannot do without it.
NEEDED_BY: dict[tuple[str, str, str], tuple[str, ...]] = {
    (HERE, "get", "jobs.batch"): STATUS,
    (HERE, "patch", "jobs.batch"): CHANGE,
    (HERE, "delete", "jobs.batch"): RECREATE,
    (HERE, "create", "jobs.batch"): RECREATE,
    (HERE, "list", "pods"): LOGS,
    (HERE, "delete", "pods"): DELETE_POD,
    (HERE, "get", "pods/log"): LOGS,
    (HERE, "list", "jobs.batch"): STATUS,
    (HERE, "get", "serviceaccounts"): MANIFEST,
    (HERE, "get", "secrets"): STATUS,
    (HERE, "get", "roles.rbac.authorization.k8s.io"): MANIFEST,
    (HERE, "get", "rolebindings.rbac.authorization.k8s.io"): MANIFEST,
    (DATABASE, "get", "secrets"): STATUS,
    (DATABASE, "get", "pods"): STATUS,
    (DATABASE, "get", "pods/portforward"): STATUS,
    (DATABASE, "get", "roles.rbac.authorization.k8s.io"): MANIFEST,
    (DATABASE, "get", "rolebindings.rbac.authorization.k8s.io"): MANIFEST,
}
# Asked only when something does not get on.
EVENTS = (HERE, "list", "events")
# Servers from 1.35 on ask for `create` too before they open a WebSocket; this one does not.
OF_LATER_SERVERS = {(DATABASE, "create", "pods/portforward")}


@dataclass(frozen=True, slots=True)
class Operator:
    """The person: commands run with context `user`, whose rights are those of the Roles that were applied."""

    site: ManifestSite
    roles: tuple[Json, ...]

    def run(self, words: tuple[str, ...]) -> Ended:
        return self.site.run(*(self.a_pod() if word == "POD" else word for word in words))

    def a_pod(self) -> str:
        """A pod of the Job that runs."""
        pods = f"/api/v1/namespaces/{self.site.namespace}/pods"

        def look() -> str | None:
            running = [pod for pod in self.site.cluster.items(pods) if pod["status"].get("phase") == "Running"]
            kept = [pod for pod in running if "deletionTimestamp" not in pod["metadata"]]
            return str(kept[0]["metadata"]["name"]) if kept else None

        return wait_for(look, "a pod of the Job")

    def namespace_of(self, where: str) -> str:
        return self.site.namespace if where == HERE else self.site.database_namespace

    def rights(self) -> set[tuple[str, str, str]]:
        """All that the Roles grant: where, verb, resource with its group."""
        return {
            (self._place(role), verb, full_name(group, resource))
            for role in self.roles
            for rule in role["rules"]
            for verb in rule["verbs"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
        }

    def take_away(self, where: str, verb: str, resource: str) -> None:
        """One right less, in whatever Role it is; waits until that holds."""
        for role in self.roles:
            if self._place(role) == where:
                self._put(without(role, verb, resource))
        self._wait(where, verb, resource, allowed=False)

    def give_back(self, where: str, verb: str, resource: str) -> None:
        for role in self.roles:
            if self._place(role) == where:
                self._put(role)
        self._wait(where, verb, resource, allowed=True)

    def _place(self, role: Json) -> str:
        return HERE if role["metadata"]["namespace"] == self.site.namespace else DATABASE

    def _put(self, role: Json) -> None:
        path = f"{path_of('Role', role['metadata']['namespace'])}/{role['metadata']['name']}"
        self.site.cluster.request("PUT", path, role)

    def _wait(self, where: str, verb: str, resource: str, *, allowed: bool) -> None:
        names = {
            name
            for role in self.roles
            if self._place(role) == where
            for rule in role["rules"]
            if verb in rule["verbs"]
            and resource in (full_name(rule["apiGroups"][0], each) for each in rule["resources"])
            for name in rule.get("resourceNames", [""])
        }
        plain, _, group = resource.partition(".")
        plain, _, part = plain.partition("/")
        for name in names:
            asked = {"namespace": self.namespace_of(where), "verb": verb, "group": group, "resource": plain}
            body = {
                "spec": {"user": RESTRICTED_USER, "resourceAttributes": {**asked, "subresource": part, "name": name}}
            }

            def agrees(body: Json = body) -> bool | None:
                path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
                return self.site.cluster.request("POST", path, body)["status"]["allowed"] is allowed or None

            wait_for(agrees, f"{verb} {resource} to be {allowed}")


def full_name(group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource


def without(role: Json, verb: str, resource: str) -> Json:
    """A copy of the Role that lacks one verb on one resource."""
    copied = copy.deepcopy(role)
    rules: list[Json] = []
    for rule in copied["rules"]:
        taken = [each for each in rule["resources"] if full_name(rule["apiGroups"][0], each) == resource]
        rest = [each for each in rule["resources"] if each not in taken]
        verbs = [each for each in rule["verbs"] if each != verb]
        if verb not in rule["verbs"] or not taken:
            rules.append(rule)
            continue
        rules += [{**rule, "resources": rest}] if rest else []
        rules += [{**rule, "resources": taken, "verbs": verbs}] if verbs else []
    return {**copied, "rules": rules}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Target]:
    with lab_s3() as target:
        boto3_client(target).create_bucket(Bucket="carimage")
        yield target


@pytest.fixture(scope="module")
def operator(cluster: KubeCluster, s3: S3Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The manifest was applied by an administrator; its pods run, and have said something."""
    with open_operator(cluster, s3, tmp_path_factory.mktemp("roles"), "mongodb-0") as person:
        current, _ = cluster.pod_log(person.site.namespace, person.a_pod(), follow=False)
        current.write("one line")
        yield person


@pytest.fixture(scope="module")
def through_service(cluster: KubeCluster, s3: S3Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The profile names a Service in place of a pod."""
    with open_operator(cluster, s3, tmp_path_factory.mktemp("roles"), "mongodb") as person:
        yield person


@contextmanager
def open_operator(cluster: KubeCluster, s3: S3Target, folder: Path, target: str) -> Iterator[Operator]:
    """`target` is what the profile forwards to."""
    site = ManifestSite.create(cluster, folder)
    uri = f"mongodb://opsctl:{PASSWORD}@mongodb-0.mongodb:27017/?replicaSet=rs0"
    cluster.create_secret(site.namespace, "aws", {"id": s3.access_key_id, "key": s3.secret_access_key})
    cluster.create_secret(site.database_namespace, "mongo", {"uri": uri})
    cluster.create_secret(site.namespace, "mongo", {"uri": uri})
    create_database(cluster, site.database_namespace)
    with embedded_mongo("opsctl", PASSWORD) as address:
        port = int(address.split(":")[2].split("/")[0])
        with MongoClient[Json]("127.0.0.1", port, username="opsctl", password=PASSWORD) as mongo:
            cars = mongo.triple_db.danawa_vehicle_data
            cars.insert_many([{"_id": number, "main_image": f"https://x/{number}"} for number in range(5)])
        cluster.forward_port(site.database_namespace, "mongodb-0", 27017, port)
        profile = {
            "uri": f'{{ kube_secret = "{site.database_namespace}/mongo/uri" }}',
            "mongo": f'forward = "{site.database_namespace}/{target}:27017"',
            "s3": f'endpoint_url = "{s3.endpoint_url}"\n'
            f'access_key_id = {{ kube_secret = "{site.namespace}/aws/id" }}\n'
            f'secret_access_key = {{ kube_secret = "{site.namespace}/aws/key" }}',
        }
        site.write_profile(**profile)
        applied = site.run(*MANIFEST)
        assert applied.exit_code == 0, applied.stderr
        documents = json.loads(applied.stdout)["data"]["documents"]
        site.write_profile(**profile, context="user")
        yield Operator(site, tuple(document for document in documents if document["kind"] == "Role"))


def create_database(cluster: KubeCluster, namespace: str) -> None:
    """A pod, and a Service that leads to it."""
    cluster.create_pod(namespace, "mongodb-0", labels={"app": "mongodb"})
    spec = {"selector": {"app": "mongodb"}, "ports": [{"port": 27017}]}
    path = f"/api/v1/namespaces/{namespace}/services"
    cluster.request("POST", path, {"metadata": {"name": "mongodb"}, "spec": spec})


def test_every_right_is_there_for_a_command(operator: Operator) -> None:
    assert operator.rights() == set(NEEDED_BY) | OF_LATER_SERVERS | {EVENTS}


THROUGH_SERVICE = (
    ("get", "secrets"),
    ("get", "services"),
    ("list", "pods"),
    ("get", "pods/portforward"),
)
# A bare name may be that of a pod.
LOOKING_FOR_A_POD = ("get", "pods")


def test_a_service_needs_its_own_rights(through_service: Operator) -> None:
    there = {right for right in through_service.rights() if right[0] == DATABASE and "rbac" not in right[2]}
    assert there == {(DATABASE, *right) for right in (*THROUGH_SERVICE, LOOKING_FOR_A_POD)} | OF_LATER_SERVERS
    assert through_service.run(STATUS).exit_code in {0, 3}


def test_what_finds_a_service_needs_no_right_to_look_for_a_pod(through_service: Operator) -> None:
    through_service.take_away(DATABASE, *LOOKING_FOR_A_POD)
    try:
        ended = through_service.run(STATUS)
    finally:
        through_service.give_back(DATABASE, *LOOKING_FOR_A_POD)
    assert ended.exit_code in {0, 3}, ended.stderr


@pytest.mark.parametrize("right", THROUGH_SERVICE, ids=" ".join)
def test_one_right_less_on_the_way_through_a_service_is_named(
    through_service: Operator, right: tuple[str, str]
) -> None:
    verb, resource = right
    through_service.take_away(DATABASE, verb, resource)
    try:
        ended = through_service.run(STATUS)
    finally:
        through_service.give_back(DATABASE, verb, resource)
    assert ended.exit_code == 6
    assert f"{verb} {resource} in namespace {through_service.site.database_namespace}" in ended.stderr


# The codes that are right for pods that run nothing.
WORKS = (
    (STATUS, {0, 3}),
    (LOGS, {0}),
    (MANIFEST, {0}),
    (CHANGE, {0}),
    (DELETE_POD, {3}),  # done, and no progress is seen
    (RECREATE, {3}),
)


@pytest.mark.parametrize(("words", "codes"), WORKS, ids=[" ".join(words[:2]) for words, _ in WORKS])
def test_every_command_works(operator: Operator, words: tuple[str, ...], codes: set[int]) -> None:
    ended = operator.run(words)
    assert ended.exit_code in codes, ended.stderr + ended.stdout
    assert "does not let" not in ended.stdout + ended.stderr
    assert "not allowed" not in ended.stdout + ended.stderr
    assert operator.run(MANIFEST).exit_code == 0


@pytest.mark.parametrize("right", NEEDED_BY, ids=" ".join)
def test_one_right_less_is_named(operator: Operator, right: tuple[str, str, str]) -> None:
    where, verb, resource = right
    operator.take_away(*right)
    try:
        ended = operator.run(NEEDED_BY[right])
        assert ended.exit_code != 0
        named = f"{verb} {resource} in namespace {operator.namespace_of(where)}"
        assert named in ended.stdout + ended.stderr, ended.stderr
    finally:
        operator.give_back(*right)
    assert named not in operator.run(NEEDED_BY[right]).stdout


def test_why_a_pod_waits_is_asked_with_a_right_of_its_own(operator: Operator) -> None:
    site = operator.site
    (job,) = (document for document in site.manifest(*FLAGS).documents if document["kind"] == "Job")
    job["spec"]["template"]["metadata"]["annotations"] = {"kubetest/hold": ""}
    path = f"{path_of('Job', site.namespace)}/{site.job}"
    site.cluster.request("DELETE", f"{path}?propagationPolicy=Background")
    wait_for(lambda: site.cluster.find(path) is None or None, "the Job to go")
    site.cluster.request("POST", path_of("Job", site.namespace), job)
    wait_for(lambda: site.cluster.items(f"/api/v1/namespaces/{site.namespace}/pods") or None, "a pod that waits")
    named = f"list events in namespace {site.namespace}"
    operator.take_away(*EVENTS)
    try:
        assert named in operator.run(STATUS).stdout
    finally:
        operator.give_back(*EVENTS)
    assert named not in operator.run(STATUS).stdout
