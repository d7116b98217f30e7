"""A real Kubernetes, Mongo and the run record beside each other: what does not fit together, and what only seems so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opsctl.adapters.mongodb.run_codec import encode_run
from opsctl.migration.models import Counters, IdRange, PlanTotals, RunState, Selection
from opsctl.migration.run_record import Lease, ProcessIdentity, RunRecord, Shard
from opsctl.reporting.format import show_duration
from tests.end_to_end.conftest import Answer
from tests.end_to_end.status_site import JOB, StatusSite, codes, gaps, open_status_site
from tests.servers.kube_cluster import KubeCluster, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.parametrize("mongo_uri", ["embedded"], indirect=True)]

PLAN = PlanTotals(documents=475, documents_processed=95, images=1800, images_stored=370, images_failed=12)


@pytest.fixture
def site(cluster: KubeCluster, mongo_uri: str) -> Iterator[StatusSite]:
    with open_status_site(cluster, mongo_uri) as opened:
        opened.seed_old_job(last_upload_seconds=900)
        yield opened


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def process_on(host: str) -> ProcessIdentity:
    return ProcessIdentity(host, "another-boot", "pid:[1]", 7, "1")


def write_run(site: StatusSite, *, host: str, quiet_seconds: float = 0, **changes: Any) -> None:
    """A run that is at work on `host`, as its process writes it; it replaces the one before."""
    began = ago(600)
    record = RunRecord(
        run_id="cars-1",
        sequence=1,
        state=RunState.RUNNING,
        state_reason=None,
        bucket="b",
        prefix="images",
        created_at=began,
        started_at=began,
        heartbeat_at=ago(quiet_seconds),
        finished_at=None,
        starts=1,
        lease=Lease("o", 1, 5, process_on(host)),
        selection=Selection(),
        plan=PLAN,
        counters=Counters(images_stored=10, documents_complete=2),
    )
    runs = site.collection.database["opsctl_runs"]
    fields = encode_run(replace(record, **changes), "cars")
    runs.replace_one({"_id": fields["_id"]}, fields, upsert=True)


def found(answer: Answer) -> list[str]:
    assert gaps(answer) == []
    assert (answer.data["state"] == "contradictory") == bool(answer.data["contradictions"])
    return codes(answer.data["contradictions"])


def test_a_job_that_is_complete_while_documents_are_open(site: StatusSite) -> None:
    site.create_job()
    site.cluster.finish_pod(site.namespace, site.wait_for_pod(), 0)
    site.wait_for_condition("Complete")
    answer = site.status()
    assert (answer.exit_code, found(answer)) == (3, ["job-complete-but-open"])
    assert "380 documents are open" in answer.data["contradictions"][0]["message"]
    assert site.call("status", "--recount").exit_code == 3


def test_a_run_that_was_killed_a_moment_ago_is_gone_and_no_contradiction(site: StatusSite) -> None:
    """Its lease has not run out yet; but its pod has ended."""
    site.create_job(backoffLimit=0)
    name = site.wait_for_pod()
    write_run(site, host=name)
    live = site.status()
    assert (live.data["state"], found(live)) == ("running", [])
    site.cluster.finish_pod(site.namespace, name, 137)
    site.wait_for_condition("Failed")
    write_run(site, host=name, quiet_seconds=1)
    answer = site.status()
    assert (answer.exit_code, found(answer), answer.data["state"], answer.data["stateCode"]) == (
        3, [], "silent", "process-gone",
    )  # fmt: skip
    assert codes(answer.data["problems"]) == ["job-backoff-limit", "pod-out-of-memory", "pod-gone"]


def test_a_job_that_failed_and_a_run_that_goes_on_reporting_from_its_pod(site: StatusSite) -> None:
    """A node that was cut off: Kubernetes has given its pod up, the process lives."""
    site.create_job(backoffLimit=0)
    name = site.wait_for_pod()
    ended = {"name": "migration", "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    at = ago(300).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended["state"] = {"terminated": {"exitCode": 137, "reason": "Error", "startedAt": at, "finishedAt": at}}
    site.patch_pod_status(name, {"phase": "Failed", "containerStatuses": [ended]})
    site.wait_for_condition("Failed")
    write_run(site, host=name)
    answer = site.status()
    assert (answer.exit_code, found(answer)) == (3, ["run-live-no-pod"])


def test_a_run_beside_a_job_that_works(site: StatusSite) -> None:
    site.create_job()
    site.wait_for_pod()
    write_run(site, host="laptop-of-somebody")
    assert found(site.status()) == ["writer-beside-job"]


def test_pods_that_run_though_none_are_wanted(site: StatusSite) -> None:
    """Nobody carries it out: the Job is said to be looked after by a controller that is not there."""
    job = site.create_job(managedBy="example.com/queue", parallelism=0)
    site.cluster.create_pod(site.namespace, f"{JOB}-abcde", labels=pod_labels(job))
    own(site, f"{JOB}-abcde", job)
    answer = site.status()
    assert (answer.exit_code, found(answer)) == (3, ["pods-though-none-wanted"])
    site.patch_job({"parallelism": 1})
    assert found(site.status()) == []


def test_active_pods_that_are_not_there(site: StatusSite) -> None:
    site.create_job(managedBy="example.com/queue")
    status = {"status": {"active": 2, "startTime": ago(600).strftime("%Y-%m-%dT%H:%M:%SZ"), "ready": 0}}
    path = f"{site.jobs_path}/{JOB}/status"
    site.cluster.request("PATCH", path, status, content_type="application/merge-patch+json")
    answer = site.status()
    assert found(answer) == ["job-active-no-pod"]
    assert "2 active pods" in answer.data["contradictions"][0]["message"]


def test_a_job_that_is_scaled_to_nothing_by_the_real_controller(site: StatusSite) -> None:
    """While its pod is being deleted and after it, nothing contradicts. Before the controller has seen what is wanted
    there is a pod too many, and that is told."""
    site.create_job()
    name = site.wait_for_pod()
    site.patch_job({"parallelism": 0})
    assert found(site.status()) in ([], ["pods-though-none-wanted"])
    wait_for(lambda: is_to_go(site, name), "the pod to be deleted")
    assert found(site.status()) == []
    wait_for(lambda: site.cluster.find(f"{site.pods_path}/{name}") is None or None, "the pod to be gone")
    answer = site.status()
    assert (found(answer), codes(answer.data["problems"])) == ([], ["job-none-wanted"])


def is_to_go(site: StatusSite, name: str) -> bool | None:
    pod = site.cluster.find(f"{site.pods_path}/{name}")
    return pod is None or "deletionTimestamp" in pod["metadata"] or None


# -- shards of the run record, in the pods of an Indexed Job


def test_shards_in_their_pods_and_one_whose_process_hangs(site: StatusSite) -> None:
    site.create_job(completions=4, parallelism=4, completionMode="Indexed", backoffLimitPerIndex=2)
    pods = site.wait_for_pods(4)
    hosts = [pod["spec"]["hostname"] for pod in pods]
    assert hosts == [f"{JOB}-{index}" for index in range(4)]
    write_shards(site, hosts, {2: 45})
    answer = site.status()
    data = answer.data
    assert (found(answer), data["state"], data["stateCode"]) == ([], "running", "shards-silent")
    assert data["stateReason"] == f"Shard 2: not heard of for {show_duration(quiet_seconds(site, 2, data))}."
    assert "opsctl migrate restart" in site.show_status()
    assert [
        (shard["index"], shard["state"], shard["pod"], shard["starts"], shard["retries"]) for shard in data["shards"]
    ] == [
        (index, "silent" if index == 2 else "running", pod["metadata"]["name"], 1, 0) for index, pod in enumerate(pods)
    ]
    assert [shard["images"]["stored"] for shard in data["shards"]] == [110, 111, 112, 113]
    assert sum(shard["images"]["planned"] for shard in data["shards"]) == 1800
    assert data["shards"][0]["documents"] | {"asOf": None} == {
        "total": 118, "processed": 25, "partial": None, "remaining": 93, "method": "counter", "asOf": None,
    }  # fmt: skip


def test_a_shard_that_kubernetes_has_given_up(site: StatusSite) -> None:
    site.create_job(completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=0)
    pods = site.wait_for_pods(2)
    hosts = [pod["spec"]["hostname"] for pod in pods]
    site.cluster.finish_pod(site.namespace, pods[1]["metadata"]["name"], 2)

    def given_up() -> Answer | None:
        write_shards(site, hosts, {1: 5})
        answer = site.status()
        return answer if answer.data["job"]["failedIndexes"] else None

    answer = wait_for(given_up, "the index to be given up")
    assert (answer.data["state"], answer.data["stateReason"]) == ("running", "Shard 1: given up by Kubernetes.")
    assert (answer.data["shards"][1]["state"], answer.data["shards"][1]["isGivenUp"]) == ("failed", True)
    assert set(codes(answer.data["problems"])) == {"pod-failed"}


def write_shards(site: StatusSite, hosts: list[str], quiet: dict[int, float]) -> None:
    """A shared run, each shard held by a process in its pod; those in `quiet` were last heard of so long ago."""
    plan = PlanTotals(documents=118, documents_processed=20, images=1800 // len(hosts), images_stored=100)
    shards = tuple(
        Shard(
            IdRange(),
            Lease(f"o{index}", 1, 5, process_on(host)),
            plan,
            ago(quiet.get(index, 0)),
            RunState.RUNNING,
            starts=1,
            frozen_epoch=1,
            counters=Counters(images_stored=10 + index, documents_complete=5),
        )
        for index, host in enumerate(hosts)
    )
    write_run(
        site,
        host="",
        lease=Lease(None, 1, 0, None),
        shard_count=len(hosts),
        shards=shards,
        plan=replace(plan, images=plan.images * len(hosts), images_stored=100 * len(hosts)),
        counters=Counters(images_stored=sum(shard.counters.images_stored for shard in shards)),
    )


def quiet_seconds(site: StatusSite, index: int, data: dict[str, Any]) -> float:
    """For how long a shard had not been heard of when `status` looked."""
    record = site.collection.database["opsctl_runs"].find_one({"_id": "cars-1"})
    assert record is not None
    heard_at: datetime = record["shards"][str(index)]["heartbeat_at"]
    return (datetime.fromisoformat(data["takenAt"]) - heard_at).total_seconds()


def pod_labels(job: dict[str, Any]) -> dict[str, str]:
    return dict(job["spec"]["selector"]["matchLabels"])


def own(site: StatusSite, pod: str, job: dict[str, Any]) -> None:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": JOB, "uid": job["metadata"]["uid"], "controller": True}
    body = {"metadata": {"ownerReferences": [owner]}}
    site.cluster.request("PATCH", f"{site.pods_path}/{pod}", body, content_type="application/merge-patch+json")
