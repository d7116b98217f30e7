"""`opsctl` and a Mongo that can be reached through a Kubernetes API server only, with its password in a Secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.servers.kube_cluster import KubeCluster
from tests.servers.launch import embedded_mongo
from tests.servers.proxy import TcpProxy, tcp_proxy

pytestmark = pytest.mark.servers

PASSWORD = "pass/word-nobody-sees"
_NAMESPACES = iter(range(1000))
_COMMAND_SECONDS = 120


@dataclass(frozen=True)
class Site:
    """A profile whose Mongo is pod `mongodb-0`; `line` is the only way to the API server."""

    cluster: KubeCluster
    namespace: str
    folder: Path
    line: TcpProxy

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
    with embedded_mongo("opsctl", PASSWORD) as address, tcp_proxy(cluster.port) as line:
        port = int(address.split(":")[2].split("/")[0])
        with MongoClient[dict[str, Any]]("127.0.0.1", port, username="opsctl", password=PASSWORD) as mongo:
            mongo.d.cars.insert_many([{"_id": number, "main_image": f"https://x/{number}"} for number in range(30)])
        cluster.forward_port(namespace, "mongodb-0", 27017, port)
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
            job = "car-image-migration"
            kubeconfig = "kubeconfig"
            """,
            encoding="utf-8",
        )
        (tmp_path / "opsctl.toml").chmod(0o600)
        yield Site(cluster, namespace, tmp_path, line)


RULES = (
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]},
)


def test_status_goes_on_over_a_line_that_drops(site: Site) -> None:
    site.cluster.grant(site.namespace, *RULES)
    command = [sys.executable, "-m", "opsctl", "status", "--watch", "--interval", "1", "-o", "ndjson"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=site.environment, cwd=site.folder
    ) as watching:
        try:
            assert watching.stdout is not None
            totals = [documents_in(watching.stdout.readline())]
            lines_before = site.line.accepted
            site.line.cut()
            totals += [documents_in(watching.stdout.readline()) for _ in range(3)]
        finally:
            watching.terminate()
            _, complaints = watching.communicate(timeout=_COMMAND_SECONDS)
    assert totals == [30] * 4, complaints
    assert site.line.accepted > lines_before
    assert PASSWORD not in complaints


def documents_in(line: str) -> int:
    report: dict[str, Any] = json.loads(line)
    found = report.get("data", report)
    return int(found["documents"]["total"])


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


def test_an_api_server_that_is_down_is_not_mistaken_for_mongo(site: Site) -> None:
    site.cluster.grant(site.namespace, *RULES)
    site.line.refuse()
    done = site.run("status")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "Kubernetes API server" in done.stderr
