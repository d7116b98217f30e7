"""The migration as an Indexed Job of the real API server; each pod runs the real `opsctl migrate images`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bson
import pytest

from tests.end_to_end.conftest import Document, Site, read_answer
from tests.end_to_end.gate import Gate
from tests.end_to_end.job_site import INDEX_FAILURES, INDEX_IGNORED, SECRETS, JobSite, open_job_site
from tests.end_to_end.outcome import check_outcome, check_plain_outcome
from tests.servers.kube_cluster import KubeCluster, wait_for
from tests.servers.pod_runner import RunPod

pytestmark = [
    pytest.mark.servers,
    pytest.mark.parametrize(("mongo_uri", "s3_target"), [("mongo-java-server", "versitygw")], indirect=True),
]


@pytest.fixture
def here(cluster: KubeCluster, plain_site: Site) -> Iterator[JobSite]:
    """A place whose migration is over at once."""
    with open_job_site(cluster, plain_site) as opened:
        yield opened


@pytest.fixture
def slow(cluster: KubeCluster, slow_site: Site) -> Iterator[JobSite]:
    """A place where a pod can be met in the middle of its work."""
    with open_job_site(cluster, slow_site) as opened:
        yield opened


def test_four_shards_and_one_is_killed_and_tried_again(slow: JobSite, gate: Gate) -> None:
    documents = slow.site.seed_plain(120)
    before = slow.site.originals()
    # Fewer than one of the four shards has: none is over before this is open.
    gate.close_after(100)
    slow.apply(shards=4)
    pods = [slow.runner.pod(index=index) for index in range(4)]
    killed = pods[2]
    wait_until_at_work(slow, *pods)
    during = slow.status()
    assert (during.exit_code, during.data["state"]) == (0, "running")
    assert 0 < during.data["documents"]["processed"] < len(documents)
    assert [(pod["index"], pod["phase"]) for pod in slow.pods_of(during)] == [(index, "Running") for index in range(4)]
    assert [shard["state"] for shard in during.data["shards"]] == ["running"] * 4

    with slow.without_new_pods():
        slow.runner.kill(killed, out_of_memory=True)
        slow.runner.wait_for_end(killed)
        after = slow.status()
    ended = {pod["name"]: pod["lastTermination"] for pod in slow.pods_of(after)}[killed.name]
    assert (after.data["state"], ended["reason"], ended["exitCode"]) == ("running", "OOMKilled", 137)
    assert "pod-out-of-memory" in {problem["code"] for problem in after.data["problems"]}
    assert [shard["index"] for shard in after.data["shards"] if shard["state"] == "silent"] == [2]
    again = slow.runner.pod(index=2, attempt=2)
    slow.shown_status()
    gate.open()

    job = slow.wait_for_condition("Complete")
    assert (job["status"]["succeeded"], job["status"]["failed"], job["status"]["completedIndexes"]) == (4, 1, "0-3")
    assert {pod.name: pod.exit_code for pod in slow.runner.pods if pod.exit_code} == {killed.name: 137}
    assert slow.annotations(again)[INDEX_FAILURES] == "1"
    last = slow.status()
    slow.shown_status()
    assert (last.exit_code, last.data["state"], last.data["contradictions"]) == (0, "complete", [])
    assert last.data["images"]["stored"] == 4 * len(documents)
    assert [(shard["state"], shard["starts"]) for shard in last.data["shards"]] == [
        ("complete", 2 if shard["index"] == 2 else 1) for shard in last.data["shards"]
    ]
    assert sum(shard["images"]["stored"] for shard in last.data["shards"]) == 4 * len(documents)
    check_counters(slow, documents, shards=4, starts=[1, 1, 2, 1])
    assert slow.site.originals() == before
    check_plain_outcome(slow.site, documents)
    verified = slow.site.call("migrate", "verify", "-q", "-o", "json")
    assert verified.exit_code == 0, verified.stdout


def test_a_wrong_configuration_fails_each_index_at_once(here: JobSite) -> None:
    here.site.seed_plain(8)
    here.replace_secret("OPSCTL_MONGO_URI", "mongodb//no-uri")
    here.apply(shards=3)
    job = here.wait_for_condition("Failed")
    assert (job["status"]["failedIndexes"], job["status"]["failed"]) == ("0-2", 3)
    assert [pod.exit_code for pod in here.runner.pods] == [2, 2, 2]
    assert "mongo.uri" in here.runner.pods[0].stderr
    here.replace_secret("OPSCTL_MONGO_URI", here.site.mongo_uri)
    answer = here.status()
    assert (answer.exit_code, answer.data["state"]) == (3, "stalled")
    assert {"job-failed", "job-failed-indexes"} <= {problem["code"] for problem in answer.data["problems"]}
    assert here.site.count_processed() == 0


def test_images_that_are_gone_for_good_do_not_fail_the_job(cluster: KubeCluster, site: Site) -> None:
    sample = site.seed(80)
    before = site.originals()
    with open_job_site(cluster, site) as here:
        here.apply(shards=2)
        job = here.wait_for_condition("Complete")
        assert job["status"].get("failed", 0) == 0
        answer = here.status()
    assert (answer.exit_code, answer.data["state"]) == (0, "complete_with_failures")
    assert answer.data["images"]["failed"] == sum(image.outcome != "stored" for image in sample.images)
    assert site.originals() == before
    check_outcome(site, sample.images)


def test_a_pod_that_is_drained_ends_in_order_and_is_not_counted(slow: JobSite, gate: Gate) -> None:
    documents = slow.site.seed_plain(60)
    gate.close_after(100)
    slow.apply(shards=2)
    drained = slow.runner.pod(index=1)
    wait_until_at_work(slow, drained)
    slow.delete_pod(drained)
    slow.wait_until_told_to_end(drained)
    gate.open()
    assert slow.runner.wait_for_end(drained) == 143
    assert slow.site.run_record()["shards"]["1"]["lease"]["owner"] is None, "the lease is given back"

    again = slow.runner.pod(index=1, attempt=2)
    assert (slow.annotations(again)[INDEX_FAILURES], slow.annotations(again)[INDEX_IGNORED]) == ("0", "1")
    job = slow.wait_for_condition("Complete")
    assert job["status"].get("failed", 0) == 0
    assert slow.status().data["state"] == "complete"
    check_counters(slow, documents, shards=2, starts=[1, 2])
    check_plain_outcome(slow.site, documents)


def test_a_shard_that_somebody_works_on_by_hand_is_waited_for(slow: JobSite, gate: Gate) -> None:
    documents = slow.site.seed_plain(120)
    gate.close_after(100)
    by_hand = slow.site.start("migrate", "images", "--yes", "-q", "-o", "json", "--shard", "1/2")
    wait_for(lambda: slow.site.count_processed() or None, "the first document")
    slow.apply(shards=2)
    refused = slow.runner.pod(index=1)
    assert slow.runner.wait_for_end(refused) == 9, refused.stderr
    gate.open()
    assert read_answer(by_hand).exit_code == 0

    job = slow.wait_for_condition("Complete")
    assert job["status"].get("failed", 0) == 0
    assert {pod.exit_code for pod in slow.runner.pods} == {0, 9}
    check_plain_outcome(slow.site, documents)


@pytest.mark.parametrize(("shards", "parallelism"), [(4, 2), (1, 1)])
def test_fewer_pods_than_shards_and_a_single_one(here: JobSite, shards: int, parallelism: int) -> None:
    documents = here.site.seed_plain(24)
    here.apply(shards=shards, parallelism=parallelism)
    here.wait_for_condition("Complete")
    assert [pod.exit_code for pod in here.runner.pods] == [0] * shards
    assert most_at_once(here.runner.pods) <= parallelism
    assert here.status().data["state"] == "complete"
    check_counters(here, documents, shards=shards, starts=[1] * shards)
    check_plain_outcome(here.site, documents)


def test_a_pod_asks_for_the_status_with_its_service_account(here: JobSite) -> None:
    """Bound to the printed Role, without a kubeconfig."""
    here.site.seed_plain(8)
    here.apply(shards=1, operator=f"ServiceAccount:{here.namespace}/default")
    here.wait_for_condition("Complete")
    settings = {**here.site.environment, "OPSCTL_KUBERNETES_KUBECONFIG": "", "OPSCTL_KUBERNETES_CONTEXT": ""}
    secrets = [here.secret_variable(name) for name in SECRETS]
    plain = [
        {"name": name, "value": value}
        for name, value in settings.items()
        if name.startswith("OPSCTL_") and name not in {*SECRETS, "OPSCTL_CONFIG"}
    ]
    command = ["opsctl", "status", "--recount", "-q", "-o", "json"]
    container = {"name": "main", "image": "example.com/opsctl:1", "command": command}
    here.cluster.create_pod(here.namespace, "look", containers=[{**container, "env": [*secrets, *plain]}])
    pod = here.runner.pod()
    assert here.runner.wait_for_end(pod) == 0, pod.stdout + pod.stderr
    told = json.loads(pod.stdout)["data"]
    assert (told["state"], told["job"]["succeeded"], told["gaps"]) == ("complete", 1, [])


@pytest.mark.slow
@pytest.mark.parametrize("is_over", [False, True], ids=["while-the-new-pod-works", "when-the-new-pod-is-done"])
def test_a_frozen_process_that_wakes_up_writes_nothing(slow: JobSite, gate: Gate, is_over: bool) -> None:
    """Its machine was out of reach for longer than its lease; Kubernetes has made another pod meanwhile,
    and images have come."""
    documents = slow.site.seed_plain(60)
    before = slow.site.originals()
    gate.close_after(100)
    slow.apply(shards=2)
    frozen = slow.runner.pod(index=1)
    wait_until_at_work(slow, frozen)
    wait_for(lambda: gate.is_reached() or None, "images that wait")
    slow.runner.stop(frozen)
    gate.let_in_who_waits()
    slow.runner.lose(frozen)
    again = slow.runner.pod(index=1, attempt=2)
    wait_for(lambda: slow.shard(1)["starts"] == 2 or None, "the new pod to take the lease")
    if is_over:
        gate.open()
        slow.wait_for_condition("Complete")
    seen = slow.shard(1)
    at_rest = state_of(slow)
    slow.runner.resume(frozen)
    assert wait_for(lambda: frozen.exit_code, "the frozen process to end") == 9, frozen.stderr
    gate.open()
    if is_over:
        assert state_of(slow) == at_rest
    slow.wait_for_condition("Complete")
    assert (again.exit_code, slow.shard(1)["lease"]["epoch"]) == (0, seen["lease"]["epoch"])
    check_counters(slow, documents, shards=2, starts=[1, 2])
    assert slow.site.originals() == before
    check_plain_outcome(slow.site, documents)
    assert slow.status().data["state"] == "complete"


def wait_until_at_work(here: JobSite, *pods: RunPod) -> None:
    """Each of the pods has images in flight, and documents are done already."""

    def look() -> bool | None:
        for pod in pods:
            assert pod.exit_code is None, f"a pod was over too soon: give it more to do\n{pod.stderr}"
        at_work = here.is_cut() and all(here.shard(pod.index or 0)["in_flight"] for pod in pods)
        return bool(at_work and here.site.count_processed()) or None

    wait_for(look, "the pods to be in the middle")


def check_counters(here: JobSite, documents: list[Document], *, shards: int, starts: list[int]) -> None:
    """What the shards have counted is what there was to do, each image once."""
    record = here.site.run_record()
    assert (record["state"], record["plan"]["images"]) == ("complete", 4 * len(documents))
    parts = [record["shards"][str(index)] for index in range(shards)] if shards > 1 else [record]
    assert [part["starts"] for part in parts] == starts
    done = [part["counters"]["images_stored"] for part in parts]
    found = [part["plan"]["images_stored"] for part in parts]
    assert sum(done) + sum(found) == 4 * len(documents)
    assert record["counters"]["images_stored"] == sum(done)


def state_of(here: JobSite) -> tuple[Any, ...]:
    """All documents, the run record and the objects, byte for byte."""
    return (*here.site.everything(), bson.encode(here.site.run_record()))


def most_at_once(pods: list[RunPod]) -> int:
    """How many of them ran at the same moment."""
    return max(
        sum(
            other.started_at <= pod.started_at and (other.ended_at is None or other.ended_at > pod.started_at)
            for other in pods
        )
        for pod in pods
    )
