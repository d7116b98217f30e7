"""What of a real Kubernetes cannot be read is a gap with its reason; the counts are there all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.s3_clients import boto3_client
from tests.end_to_end.conftest import Answer
from tests.end_to_end.status_site import HELD, JOB, StatusSite, gaps, open_status_site
from tests.servers.kube_cluster import RESTRICTED_USER, KubeCluster, wait_for
from tests.servers.launch import S3Target
from tests.servers.proxy import TcpProxy, tcp_proxy

pytestmark = [
    pytest.mark.servers,
    pytest.mark.parametrize(("mongo_uri", "s3_target"), [("embedded", "lab")], indirect=True),
]

RULES = {
    "jobs": {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]},
    "pods": {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    "logs": {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    "events": {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
}


@pytest.fixture
def site(cluster: KubeCluster, mongo_uri: str, s3_target: S3Target) -> Iterator[StatusSite]:
    """With a bucket, so that nothing is left unread but what Kubernetes keeps to itself."""
    with open_status_site(cluster, mongo_uri) as opened:
        bucket = opened.namespace
        s3 = boto3_client(s3_target)
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="images/cars/0/x.jpg", Body=b"x")
        opened.seed_open()
        settings = {
            "OPSCTL_S3_BUCKET": bucket,
            "OPSCTL_S3_PREFIX": "images",
            "OPSCTL_S3_REGION": s3_target.region,
            "OPSCTL_S3_ENDPOINT_URL": s3_target.endpoint_url,
            "OPSCTL_S3_ACCESS_KEY_ID": s3_target.access_key_id,
            "OPSCTL_S3_SECRET_ACCESS_KEY": s3_target.secret_access_key,
        }
        yield replace(opened, settings={**opened.settings, **settings})


def test_nothing_is_left_unread(site: StatusSite) -> None:
    """The measure for the others: with every right it ends with 0."""
    site.create_job()
    site.wait_for_pod()
    site.cluster.grant(site.namespace, *RULES.values())
    answer = site.status(OPSCTL_KUBERNETES_CONTEXT="user")
    assert (answer.exit_code, answer.data["gaps"], answer.data["state"]) == (0, [], "running")
    assert answer.data["objects"]["count"] == 1


# -- rights


@pytest.mark.parametrize(
    ("missing", "verbs", "right", "rule"),
    [
        ("jobs", ["list"], "get jobs.batch", '{apiGroups: ["batch"], resources: ["jobs"], verbs: ["get"]}'),
        ("jobs", ["get"], "list jobs.batch", '{apiGroups: ["batch"], resources: ["jobs"], verbs: ["list"]}'),
        ("pods", [], "list pods", '{apiGroups: [""], resources: ["pods"], verbs: ["list"]}'),
        ("logs", [], "get pods/log", '{apiGroups: [""], resources: ["pods/log"], verbs: ["get"]}'),
        ("events", [], "list events", '{apiGroups: [""], resources: ["events"], verbs: ["list"]}'),
    ],
)
def test_a_right_that_is_missing_and_what_grants_it(
    site: StatusSite, missing: str, verbs: list[str], right: str, rule: str
) -> None:
    is_held = missing == "events"
    site.create_job(annotations=HELD if is_held else {})
    site.wait_for_pod(phase="Pending" if is_held else "Running")
    kept = {name: given for name, given in RULES.items() if name != missing}
    if verbs:
        kept[missing] = {**RULES[missing], "verbs": verbs}
    site.cluster.grant(site.namespace, *kept.values())

    answer = site.status(OPSCTL_KUBERNETES_CONTEXT="user")
    (gap,) = answer.data["gaps"]
    assert answer.exit_code == 4
    assert (gap["source"], gap["state"]) == ("kubernetes", "denied")
    assert f"{RESTRICTED_USER} {right} in namespace {site.namespace}" in gap["reason"]
    assert gap["hint"] == f"Grant it {rule} as a rule of a Role in namespace {site.namespace}."
    assert answer.data["documents"]["total"] == 4
    assert (answer.data["job"] is None) == (right == "get jobs.batch")
    if right == "list pods":
        assert answer.data["job"]["pods"] is None
    shown = " ".join(site.show_status(OPSCTL_KUBERNETES_CONTEXT="user").split())
    assert rule in shown


def test_without_any_right(site: StatusSite) -> None:
    site.create_job()
    answer = site.status(OPSCTL_KUBERNETES_CONTEXT="user")
    assert (answer.exit_code, [gap["state"] for gap in answer.data["gaps"]]) == (4, ["denied"])
    assert "get jobs.batch" in answer.data["gaps"][0]["reason"]


def test_what_grants_it_is_enough(site: StatusSite) -> None:
    """The rule from the answer, bound to the user, makes the gap go away."""
    site.create_job()
    site.wait_for_pod()
    site.cluster.grant(site.namespace, *(rule for name, rule in RULES.items() if name != "logs"))
    assert "pods/log" in site.status(OPSCTL_KUBERNETES_CONTEXT="user").data["gaps"][0]["hint"]
    site.cluster.grant(site.namespace, *RULES.values())
    assert site.status(OPSCTL_KUBERNETES_CONTEXT="user").data["gaps"] == []


# -- what is not there


def test_the_job_is_gone(site: StatusSite) -> None:
    site.create_job()
    assert site.status().data["job"]["name"] == JOB
    site.cluster.request("DELETE", f"{site.jobs_path}/{JOB}?propagationPolicy=Background")
    answer = site.status()
    assert (answer.exit_code, [gap["state"] for gap in answer.data["gaps"]]) == (4, ["not_found"])
    assert f'"{JOB}" not found' in answer.data["gaps"][0]["reason"]
    assert (answer.data["job"], answer.data["documents"]["total"]) == (None, 4)


def test_the_namespace_is_gone(site: StatusSite) -> None:
    answer = site.status(OPSCTL_KUBERNETES_NAMESPACE="apc-backup")
    assert (answer.exit_code, [gap["state"] for gap in answer.data["gaps"]]) == (4, ["not_found"])
    site.cluster.request("DELETE", f"/api/v1/namespaces/{site.namespace}")
    wait_for(
        lambda: site.cluster.find(f"/api/v1/namespaces/{site.namespace}") is None or None, "the namespace to be gone"
    )
    assert [gap["state"] for gap in site.status().data["gaps"]] == ["not_found"]


# -- a server that is away, or slow


@pytest.fixture
def line(cluster: KubeCluster) -> Iterator[TcpProxy]:
    with tcp_proxy(cluster.port) as proxy:
        yield proxy


@pytest.fixture
def behind_line(site: StatusSite, line: TcpProxy, tmp_path: Path) -> StatusSite:
    """The only way to the API server is the line."""
    site.create_job()
    site.wait_for_pod()
    kubeconfig = site.cluster.kubeconfig_through(line.port, tmp_path / "kubeconfig")
    return replace(site, settings={**site.settings, "OPSCTL_KUBERNETES_KUBECONFIG": str(kubeconfig)})


def look_in_time(site: StatusSite) -> Answer:
    """`status` with its own bounds. Where Mongo or S3 has not answered within them either, on a machine that is busy,
    it is asked again: what is told of Kubernetes is the question here."""

    def look() -> Answer | None:
        answer = site.call("status", "-o", "json")
        data = answer.data
        methods = {data["documents"]["method"], data["objects"]["method"]}
        sources = {gap["source"] for gap in data["gaps"]}
        return answer if methods == {"exact"} and sources <= {"kubernetes"} else None

    return wait_for(look, "Mongo and S3 to answer")


def test_an_api_server_that_is_down(behind_line: StatusSite, line: TcpProxy) -> None:
    assert gaps(behind_line.status()) == []
    line.refuse()
    answer = look_in_time(behind_line)
    (gap,) = answer.data["gaps"]
    assert (answer.exit_code, gap["source"], gap["state"]) == (4, "kubernetes", "unavailable")
    assert f"127.0.0.1:{line.port}" in gap["reason"]
    assert (answer.data["job"], answer.data["documents"]["total"], answer.data["objects"]["count"]) == (None, 4, 1)
    line.restore()
    assert behind_line.status().exit_code == 0


def test_an_api_server_that_says_nothing(behind_line: StatusSite, line: TcpProxy) -> None:
    line.hold()
    answer = look_in_time(behind_line)
    (gap,) = answer.data["gaps"]
    assert (answer.exit_code, gap["source"], gap["state"]) == (4, "kubernetes", "timeout")
    # The bound of the look, not the much longer one of a request.
    assert gap["reason"] == "No answer within 1.8 s."
    assert answer.data["documents"]["total"] == 4


def test_a_slow_api_server_leaves_out_what_came_too_late(behind_line: StatusSite, line: TcpProxy) -> None:
    """The Job arrives, its pods do not: what is known is shown."""
    line.delay(0.25)
    answer = look_in_time(behind_line)
    assert answer.exit_code == 4
    assert {gap["state"] for gap in answer.data["gaps"]} == {"timeout"}
    assert answer.data["documents"]["total"] == 4
    line.restore()
    assert behind_line.status().exit_code == 0
