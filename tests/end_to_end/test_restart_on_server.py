"""A pod of the migration hangs on the real API server: `status` says so, `migrate restart` mends it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import Answer, Site, read_answer
from tests.end_to_end.gate import Gate
from tests.end_to_end.job_site import JOB, JobSite, open_job_site
from tests.end_to_end.outcome import check_plain_outcome
from tests.servers.kube_cluster import KubeCluster, wait_for
from tests.servers.pod_runner import RunPod

pytestmark = [
    pytest.mark.servers,
    pytest.mark.parametrize(("mongo_uri", "s3_target"), [("mongo-java-server", "versitygw")], indirect=True),
]

OLD_SCRIPT = """
import os, sys, time, datetime, pymongo
cars = pymongo.MongoClient(os.environ["MONGODB_URI"])[os.environ["DATABASE"]][os.environ["COLLECTION"]]
print("starting", flush=True)
if cars.database.hung.find_one() is None:
    cars.database.hung.insert_one({"by": "a server that never answers"})
    time.sleep(3600)
for document in cars.find({"s3_images_metadata": {"$exists": False}}).sort("_id"):
    time.sleep(1)
    entry = {"original_url": "u", "image_type": "basic", "bucket": "b", "key": f"images/{document['_id']}"}
    entry["uploaded_at"] = datetime.datetime.now(datetime.timezone.utc)
    cars.update_one({"_id": document["_id"]}, {"$set": {"s3_images_metadata": [entry]}})
"""
"""The script of the first incident, as far as it matters here: one after the other, no records, no time limits."""


@pytest.fixture
def slow(cluster: KubeCluster, slow_site: Site) -> Iterator[JobSite]:
    with open_job_site(cluster, slow_site) as opened:
        yield opened


def test_a_hung_pod_is_explained_and_mended(slow: JobSite, gate: Gate) -> None:
    documents = slow.site.seed_plain(150)
    before = slow.site.originals()
    hung = hang_in_the_middle(slow, gate)

    seen = wait_for_state(slow, "silent")
    assert seen.exit_code == 3
    slow.shown_status()

    planned = wait_for_plan(slow)
    assert planned.exit_code == 0
    assert troubles(planned) == [(hung.name, "silent")]
    assert hung.name in [pod["metadata"]["name"] for pod in pods_of(slow)], "a dry run has changed something"

    mended = slow.site.call("migrate", "restart", "--yes", "--no-color", COLUMNS="100")
    print(mended.stderr, mended.stdout, sep="\n")
    assert mended.exit_code == 0, mended.stdout + mended.stderr
    assert "a new pod makes progress" in mended.stdout
    new = slow.runner.pod(index=0, attempt=2)
    assert new.name in mended.stdout
    assert hung.exit_code == 137

    slow.wait_for_condition("Complete")
    assert slow.status().data["state"] == "complete"
    assert slow.site.originals() == before
    check_plain_outcome(slow.site, documents)


def test_one_shard_of_three_hangs_and_the_others_are_left_alone(slow: JobSite, gate: Gate) -> None:
    documents = slow.site.seed_plain(150)
    # Half of what one of the three shards has.
    gate.close_after(100)
    slow.apply(shards=3)
    pods = [slow.runner.pod(index=index) for index in range(3)]
    wait_for(lambda: (gate.is_reached() and slow.site.is_at_work(0, 1, 2)) or None, "all three to be at work")
    slow.runner.stop(pods[1])
    gate.open()
    make_old(slow, *pods)
    wait_for_plan(slow)
    child = slow.site.start("migrate", "restart", "--yes", "-o", "json")
    kill_when_deleted(slow, pods[1])
    mended = read_answer(child)
    assert (mended.exit_code, mended.data["outcome"]) == (0, "mended"), mended.stdout
    assert troubles(mended) == [(pods[1].name, "silent")]
    new = slow.runner.pod(index=1, attempt=2)
    assert new.name in mended.data["newPods"]
    assert slow.shard(1)["counters"]["images_stored"] > 0
    slow.wait_for_condition("Complete")
    assert {pod.name: pod.exit_code for pod in slow.runner.pods if pod.exit_code} == {pods[1].name: 137}
    check_plain_outcome(slow.site, documents)


def test_the_old_job_hangs_and_is_known_by_its_documents_alone(slow: JobSite, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    entry = {"original_url": "u", "image_type": "basic", "bucket": "b", "key": "images/x", "uploaded_at": long_ago}
    slow.site.collection.insert_many(
        {"_id": number, "main_image": "u", **({"s3_images_metadata": [entry]} if number < 95 else {})}
        for number in range(475)
    )
    (tmp_path / "migrate.py").write_text(OLD_SCRIPT, encoding="utf-8")
    slow.cluster.request("POST", slow.path.rpartition("/")[0], old_job(slow, tmp_path / "migrate.py"))
    hung = slow.runner.pod()
    wait_for(slow.site.collection.database["hung"].find_one, "the old Job to hang")

    make_old(slow, hung)
    seen = slow.status()
    assert (seen.exit_code, seen.data["state"], seen.data["documents"]["processed"]) == (3, "stalled", 95)

    planned = slow.site.call("migrate", "restart", "--dry-run", "-o", "json")
    assert (planned.exit_code, planned.data["outcome"]) == (0, "planned")
    (found,) = planned.data["findings"]
    assert (found["pod"], found["trouble"]) == (hung.name, "no-progress")
    assert datetime.fromisoformat(found["since"]) - long_ago < timedelta(seconds=1)

    mended = slow.site.call("migrate", "restart", "--yes", "-o", "json")
    assert (mended.exit_code, mended.data["outcome"]) == (0, "mended"), mended.stdout + mended.stderr
    new = slow.runner.pod(attempt=2)
    assert mended.data["newPods"] == [new.name]
    assert mended.data["documentsBefore"] == 95
    assert mended.data["documentsAfter"] > 95
    # The script is slow by nature: with everything done in the last seconds nothing is stuck any more.
    again = slow.site.call("migrate", "restart", "--yes", "-o", "json")
    assert (again.exit_code, again.data["outcome"]) == (0, "nothing-to-do")


def test_a_pod_that_is_replaced_while_the_question_stands(slow: JobSite, gate: Gate) -> None:
    """Nothing is done that was not agreed to: the new pod is not the one that hung."""
    import pexpect  # noqa: PLC0415  # only here

    slow.site.seed_plain(150)
    hung = hang_in_the_middle(slow, gate)
    wait_for_plan(slow)
    words = [*slow.site.command[1:], "migrate", "restart", "--no-color"]
    child = pexpect.spawn(
        sys.executable, words, env=slow.site.environment, encoding="utf-8", timeout=300, dimensions=(50, 120)
    )
    child.expect_exact("[y/N]")
    slow.delete_pod(hung)
    slow.runner.kill(hung)
    new = slow.runner.pod(index=0, attempt=2)
    wait_for(
        lambda: slow.site.run_record()["shards"]["0"]["lease"]["epoch"] == 2 or None, "the new pod to have the lease"
    )
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "nothing is stuck" in " ".join(child.before.split())
    assert new.exit_code is None or new.exit_code == 0
    slow.runner.check()
    assert [pod["metadata"]["name"] for pod in pods_of(slow)][-1:] == [new.name]


def hang_in_the_middle(slow: JobSite, gate: Gate) -> RunPod:
    """A Job of one pod, of which a part is done; then its process does nothing more, for an hour as it seems."""
    gate.close_after(100)
    slow.apply(shards=1)
    hung = slow.runner.pod(index=0)
    wait_for(lambda: (gate.is_reached() and slow.site.count_processed()) or None, "the first documents")
    slow.runner.stop(hung)
    gate.open()
    make_old(slow, hung)
    return hung


def old_job(slow: JobSite, script: Path) -> dict[str, Any]:
    container = {
        "name": "migrate",
        "image": "python:3.11-slim",
        "command": [sys.executable, str(script)],
        "env": [
            {"name": "MONGODB_URI", "value": slow.site.mongo_uri},
            {"name": "DATABASE", "value": slow.site.database},
            {"name": "COLLECTION", "value": slow.site.collection.name},
        ],
    }
    spec = {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 3}
    template = {"metadata": {"labels": {"app": JOB}}, "spec": spec}
    return {"metadata": {"name": JOB, "labels": {"app": JOB}}, "spec": {"backoffLimit": 6, "template": template}}


def make_old(slow: JobSite, *pods: RunPod) -> None:
    """As if the pods had begun an hour ago: a young one is given its time before it is suspected of anything."""
    began = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for pod in pods:
        path = f"/api/v1/namespaces/{slow.namespace}/pods/{pod.name}"
        (container,) = slow.cluster.request("GET", path)["status"]["containerStatuses"]
        container["state"] = {"running": {"startedAt": began}}
        status = {"startTime": began, "containerStatuses": [container]}
        slow.cluster.request("PATCH", f"{path}/status", {"status": status}, content_type="application/merge-patch+json")


def kill_when_deleted(slow: JobSite, pod: RunPod) -> None:
    """What would happen at the end of its grace, at once."""

    def look() -> bool | None:
        found = slow.cluster.find(f"/api/v1/namespaces/{slow.namespace}/pods/{pod.name}")
        return found is None or "deletionTimestamp" in found["metadata"] or None

    wait_for(look, "the pod to be deleted")
    slow.runner.kill(pod)


def troubles(answer: Answer) -> list[tuple[str, str]]:
    return [(found["pod"], found["trouble"]) for found in answer.data["findings"]]


def wait_for_plan(slow: JobSite) -> Answer:
    """What would be done, once a lease has not been renewed for long enough."""

    def look() -> Answer | None:
        answer = slow.site.call("migrate", "restart", "--dry-run", "-o", "json")
        return answer if answer.data["outcome"] == "planned" else None

    return wait_for(look, "something to be stuck")


def wait_for_state(slow: JobSite, state: str) -> Answer:
    def look() -> Answer | None:
        answer = slow.status()
        return answer if answer.data["state"] == state else None

    return wait_for(look, f"status to say {state}")


def pods_of(slow: JobSite) -> list[dict[str, Any]]:
    """Oldest first."""
    found = slow.cluster.items(f"/api/v1/namespaces/{slow.namespace}/pods")
    return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
