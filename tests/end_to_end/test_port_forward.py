"""`opsctl` and a Mongo that can be reached through a Kubernetes API server only, with its password in a Secret.

`door` stands in front of Mongo: what comes to Mongo comes through it, and it counts. `line` is the only way to the API
server. The hosts in the URI exist in the cluster only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from opsctl.lab.mongo_wire.frames import HEADER, read_message
from tests.servers.kube_cluster import KubeCluster, wait_for
from tests.servers.launch import embedded_mongo
from tests.servers.proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.servers

PASSWORD = "pass/word-nobody-sees"
JOB = "car-image-migration"
_NAMESPACES = iter(range(1000))
_COMMAND_SECONDS = 300


@dataclass(frozen=True)
class Site:
    """A profile whose Mongo is pod `mongodb-0`, and a Job with one pod beside it."""

    cluster: KubeCluster
    namespace: str
    folder: Path
    line: TcpProxy
    door: TcpProxy
    questions: Questions

    @property
    def environment(self) -> dict[str, str]:
        """Without a way around the port-forward: no other kubeconfig, nothing of ours."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPSCTL_", "KUBE"))}
        return {**kept, "HOME": str(self.folder), "OPSCTL_CONFIG": str(self.folder / "opsctl.toml")}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "opsctl", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert PASSWORD not in done.stdout + done.stderr
        assert "pass%2Fword" not in done.stdout + done.stderr
        return done


@pytest.fixture
def site(cluster: KubeCluster, tmp_path: Path) -> Iterator[Site]:
    namespace = f"db-{next(_NAMESPACES)}"
    cluster.create_namespace(namespace)
    cluster.create_pod(namespace, "mongodb-0")
    uri = "mongodb://opsctl:pass%2Fword-nobody-sees@mongodb-0.mongodb:27017,mongodb-1.mongodb:27017/?replicaSet=rs0"
    cluster.create_secret(namespace, "mongodb", {"uri": uri + "\n"})
    pod_name = create_job(cluster, namespace)
    cluster.pod_log(namespace, pod_name)[0].write("stored 1 of 30")
    questions = Questions()
    with (
        embedded_mongo("opsctl", PASSWORD) as address,
        tcp_proxy(port := int(address.rpartition(":")[2].partition("/")[0]), questions.watch) as door,
        tcp_proxy(cluster.port) as line,
    ):
        with MongoClient[dict[str, Any]]("127.0.0.1", port, username="opsctl", password=PASSWORD) as mongo:
            mongo.d.cars.insert_many([{"_id": number, "main_image": f"https://x/{number}"} for number in range(30)])
        cluster.forward_port(namespace, "mongodb-0", 27017, door.port)
        cluster.kubeconfig_through(line.port, tmp_path / "kubeconfig", context="user")
        (tmp_path / "opsctl.toml").write_text(
            f"""
            [profiles.prod.mongo]
            uri = {{ kube_secret = "{namespace}/mongodb/uri" }}
            database = "d"
            collection = "cars"
            forward = "{namespace}/mongodb-0:27017"
            [profiles.prod.kubernetes]
            namespace = "{namespace}"
            job = "{JOB}"
            kubeconfig = "kubeconfig"
            """,
            encoding="utf-8",
        )
        (tmp_path / "opsctl.toml").chmod(0o600)
        yield Site(cluster, namespace, tmp_path, line, door, questions)


def create_job(cluster: KubeCluster, namespace: str) -> str:
    """The old Job; returns the name of its pod, which runs."""
    container = {"name": "migration", "image": "registry.example/migration:1"}
    spec = {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    cluster.request("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", {"metadata": {"name": JOB}, "spec": spec})
    pods = f"/api/v1/namespaces/{namespace}/pods?labelSelector=job-name%3D{JOB}"
    (pod,) = wait_for(lambda: cluster.items(pods) or None, "the pod of the Job")
    cluster.wait_for_phase(namespace, pod["metadata"]["name"], "Running")
    return str(pod["metadata"]["name"])


RULES = (
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
)


def check_look(report: dict[str, Any], errors: str = "") -> None:
    """Counts from Mongo and the Job beside them."""
    assert (report["documents"]["total"], report["documents"]["processed"]) == (30, 0), errors
    assert (report["images"]["planned"], report["images"]["method"]) == (30, "exact"), errors
    (pod,) = report["job"]["pods"]
    assert (report["job"]["active"], pod["phase"], pod["hasLines"]) == (1, "Running", True), errors
    assert [gap["source"] for gap in report["gaps"]] == ["s3"], errors


def test_mongo_is_reached_through_the_api_server_alone(site: Site) -> None:
    site.cluster.grant(site.namespace, *RULES)
    done = site.run("status", "--recount", "-o", "json")
    check_look(json.loads(done.stdout)["data"], done.stderr)
    came_in, asked = site.door.accepted, len(site.questions.names)
    assert came_in > 0
    site.line.refuse()
    away = site.run("status")
    assert away.returncode == 5, away.stdout + away.stderr
    assert "Kubernetes API server" in away.stderr
    # Not bytes: the driver's last words may still be on their way through the forward.
    assert (site.door.accepted, len(site.questions.names)) == (came_in, asked)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 1.0])
def test_the_line_drops_in_the_middle_of_one_look(site: Site, part: float) -> None:
    """Whatever Mongo is being asked at that moment is asked again, over a new line. 1.0: with the last question."""
    site.cluster.grant(site.namespace, *RULES)
    site.run("status", "--recount", "-o", "json")
    one_look = len(site.questions.names)
    lines_then = site.line.accepted
    site.questions.call_at(one_look + 1 + int((one_look - 1) * part), site.line.cut)
    done = site.run("status", "--recount", "-o", "json")
    assert len(site.questions.names) > 2 * one_look, "nothing was asked again"
    assert site.line.accepted > lines_then + 1, "nothing was asked over a new line"
    check_look(json.loads(done.stdout)["data"], done.stderr)


class Questions:
    """What is asked of Mongo, as it comes through `door`: the commands' names, but for the driver's own."""

    _OF_THE_DRIVER = frozenset({"hello", "ismaster", "ping", "saslStart", "saslContinue", "endSessions"})

    def __init__(self) -> None:
        self.names: list[str] = []
        self._left: dict[int, bytes] = {}
        self._call_at: int | None = None
        self._call: Callable[[], None] | None = None

    def call_at(self, count: int, call: Callable[[], None]) -> None:
        """`call` is made once, when the `count`-th question has come and Mongo has not seen it yet."""
        self._call_at, self._call = count, call

    def watch(self, connection: int, chunk: bytes) -> None:
        """See `proxy.Watch`."""
        content = self._left.get(connection, b"") + chunk
        while len(content) >= HEADER.size:
            size, request_id, _, operation = HEADER.unpack_from(content)
            if len(content) < size:
                break
            self._add(next(iter(read_message(request_id, operation, content[HEADER.size : size]).body)))
            content = content[size:]
        self._left[connection] = content

    def _add(self, name: str) -> None:
        if name not in self._OF_THE_DRIVER:
            self.names.append(name)
            if len(self.names) == self._call_at and self._call is not None:
                self._call()


def test_status_goes_on_over_a_line_that_drops(site: Site) -> None:
    site.cluster.grant(site.namespace, *RULES)
    command = [sys.executable, "-m", "opsctl", "status", "--watch", "--recount", "--interval", "1", "-o", "ndjson"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=site.environment, cwd=site.folder
    ) as watching:
        try:
            assert watching.stdout is not None
            looks = [watching.stdout.readline()]
            lines_before, doors_before = site.line.accepted, site.door.accepted
            site.line.cut()
            looks += [watching.stdout.readline() for _ in range(3)]
        finally:
            watching.terminate()
            _, complaints = watching.communicate(timeout=_COMMAND_SECONDS)
    for look in looks:
        report = json.loads(look)
        check_look(report.get("data", report), complaints)
    assert site.line.accepted > lines_before
    assert site.door.accepted > doors_before, "Mongo was reached over a line that had been cut"
    assert PASSWORD not in complaints


def test_config_show_tells_where_the_secret_is_and_asks_nobody(site: Site) -> None:
    site.line.refuse()
    done = site.run("config", "show", "-o", "json")
    assert done.returncode == 0, done.stderr
    settings = {(row["section"], row["key"]): row for row in json.loads(done.stdout)["data"]["settings"]}
    uri = settings["mongo", "uri"]
    assert (uri["value"], uri["reference"]) == (None, f"kube_secret {site.namespace}/mongodb/uri")


@pytest.mark.parametrize("missing", ["secrets", "pods", "pods/portforward"])
def test_one_right_less_is_named_with_the_rule_that_grants_it(site: Site, missing: str) -> None:
    site.cluster.grant(site.namespace, *(rule for rule in RULES if rule["resources"] != [missing]))
    done = site.run("status", "-o", "json")
    assert done.returncode == 6, done.stdout + done.stderr
    assert f"get {missing} in namespace {site.namespace}" in done.stderr
    assert f'resources: ["{missing}"]' in done.stderr
