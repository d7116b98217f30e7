"""`opsctl status` beside the real Kubernetes: the Job next to the counts, and why nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.conftest import Answer
from tests.end_to_end.status_site import HELD, JOB, StatusSite, codes, gaps, open_status_site
from tests.servers.kube_cluster import KubeCluster, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.parametrize("mongo_uri", ["embedded"], indirect=True)]


@pytest.fixture
def site(cluster: KubeCluster, mongo_uri: str) -> Iterator[StatusSite]:
    with open_status_site(cluster, mongo_uri) as opened:
        yield opened


def only_pod(answer: Answer) -> dict[str, Any]:
    (pod,) = answer.data["job"]["pods"]
    assert isinstance(pod, dict)
    return pod


# -- the old Job, that keeps no record of its run


def test_the_old_job_beside_the_counts(site: StatusSite) -> None:
    """95 of 475 after 44 minutes: what the operator counted by hand."""
    site.seed_old_job()
    site.create_job()
    name = site.wait_for_pod()
    current, _ = site.cluster.pod_log(site.namespace, name)
    written = datetime.now(UTC) - timedelta(seconds=90)
    current.write("stored 94 of 475", at=written - timedelta(seconds=60))
    current.write("stored 95 of 475", at=written)

    answer = site.status()
    data, job = answer.data, answer.data["job"]
    assert (data["state"], data["stateCode"], gaps(answer)) == ("running", "recent-upload", [])
    assert (data["documents"]["total"], data["documents"]["processed"], data["documents"]["method"]) == (
        475,
        95,
        "exact",
    )
    assert (job["name"], job["namespace"], job["active"], job["succeeded"], job["failed"]) == (
        JOB, site.namespace, 1, 0, 0,
    )  # fmt: skip
    assert job["startedAt"] is not None
    assert job["conditions"] == []
    pod = only_pod(answer)
    assert (pod["name"], pod["phase"], pod["restarts"], pod["node"]) == (name, "Running", 0, "kwok-0")
    assert abs(datetime.fromisoformat(pod["lastLineAt"]) - written) < timedelta(milliseconds=1)
    assert (data["problems"], data["contradictions"], data["shards"]) == ([], [], [])
    shown = site.show_status()
    assert f"{site.namespace}/{JOB}" in shown
    assert "1 min" in next(line for line in shown.splitlines() if line.startswith(name))


def test_stalled_and_the_log_says_how_long_already(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job()
    name = site.wait_for_pod()
    began = (datetime.now(UTC) - timedelta(minutes=44)).strftime("%Y-%m-%dT%H:%M:%SZ")
    site.patch_pod_status(name, {"startTime": began})
    current, _ = site.cluster.pod_log(site.namespace, name)
    silent = site.status()
    assert (silent.exit_code, silent.data["state"], codes(silent.data["problems"])) == (3, "stalled", ["pod-no-lines"])

    current.write("stored 95 of 475", at=datetime.now(UTC) - timedelta(seconds=930))
    answer = site.status()
    assert (answer.exit_code, answer.data["state"], answer.data["stateCode"]) == (3, "stalled", "no-recent-upload")
    assert codes(answer.data["problems"]) == ["pod-quiet"]
    assert f"Pod {name}: runs, but its last log line is 15 min" in answer.data["problems"][0]["message"]
    shown = site.show_status()
    assert "opsctl migrate logs" in shown
    assert "opsctl migrate restart" in shown


# -- how a pod ended, and why it does not begin


def test_out_of_memory_and_the_job_gives_up(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(backoffLimit=0)
    name = site.wait_for_pod()
    site.cluster.finish_pod(site.namespace, name, 137)
    site.wait_for_condition("Failed")
    answer = site.status()
    assert (answer.exit_code, answer.data["state"]) == (3, "stalled")
    assert codes(answer.data["problems"]) == ["job-backoff-limit", "pod-out-of-memory"]
    ended = only_pod(answer)["lastTermination"]
    assert (ended["reason"], ended["exitCode"], ended["container"]) == ("OOMKilled", 137, "migration")
    assert ended["at"] is not None
    assert [condition["type"] for condition in answer.data["job"]["conditions"]][-1] == "Failed"
    assert answer.data["job"]["failed"] == 1


def test_killed_for_memory_again_and_again(site: StatusSite) -> None:
    """Restarted in its place, as with restartPolicy OnFailure: the pod itself stays."""
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(pod_spec={"restartPolicy": "OnFailure"})
    name = site.wait_for_pod()
    killed = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    container = {
        "name": "migration",
        "image": "x",
        "imageID": "",
        "ready": False,
        "restartCount": 6,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
        "lastState": {"terminated": killed},
    }
    site.patch_pod_status(name, {"containerStatuses": [container]})
    answer = site.status()
    assert (answer.data["state"], codes(answer.data["problems"])) == ("stalled", ["pod-out-of-memory"])
    pod = only_pod(answer)
    assert (pod["restarts"], pod["waitingReason"], pod["lastTermination"]["exitCode"]) == (6, "CrashLoopBackOff", 137)
    assert "restarts: 6" in answer.data["problems"][0]["message"]


def test_evicted(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(backoffLimit=0)
    name = site.wait_for_pod()
    why = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Mi."
    site.patch_pod_status(name, {"phase": "Failed", "reason": "Evicted", "message": why})
    site.wait_for_condition("Failed")
    answer = site.status()
    assert codes(answer.data["problems"]) == ["job-backoff-limit", "pod-evicted"]
    assert f"Evicted: {why}" in answer.data["problems"][1]["message"]
    assert only_pod(answer)["reason"] == "Evicted"


def test_the_image_cannot_be_pulled(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(annotations=HELD)
    name = site.wait_for_pod(phase="Pending")
    why = 'Back-off pulling image "registry.example/car-image-migration:1": not found'
    waiting = {"name": "migration", "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    waiting["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": why}}
    site.patch_pod_status(name, {"containerStatuses": [waiting]})
    answer = site.status()
    assert (answer.exit_code, answer.data["state"]) == (3, "stalled")
    assert codes(answer.data["problems"]) == ["pod-image-pull"]
    assert why in answer.data["problems"][0]["message"]
    assert "ImagePullBackOff" in site.show_status()


def test_no_node_takes_it(site: StatusSite) -> None:
    """In the words of the real scheduler."""
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(pod_spec={"nodeSelector": {"disk": "ssd"}})
    site.wait_for_pod(phase="Pending")

    def explained() -> Answer | None:
        answer = site.status()
        # The scheduler's event may be there before it has written the same into the pod.
        return answer if (only_pod(answer)["pendingReason"] or "").startswith("Unschedulable") else None

    answer = wait_for(explained, "the scheduler's word")
    assert codes(answer.data["problems"]) == ["pod-pending"]
    message = answer.data["problems"][0]["message"]
    assert "Unschedulable: 0/1 nodes are available" in message
    assert "didn't match Pod's node affinity/selector" in message
    assert "didn't match" in only_pod(answer)["pendingReason"]


def test_why_a_pod_does_not_begin_is_in_its_newest_event(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(annotations=HELD)
    name = site.wait_for_pod(phase="Pending")
    site.create_event(name, "Pulling", "Pulling image", kind="Normal")
    site.create_event(name, "FailedMount", 'MountVolume.SetUp failed for volume "script": configmap not found')
    answer = site.status()
    assert codes(answer.data["problems"]) == ["pod-pending"]
    assert 'FailedMount: MountVolume.SetUp failed for volume "script"' in answer.data["problems"][0]["message"]


# -- the Job as a whole


def test_a_suspended_job(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(suspend=True)
    site.wait_for_condition("Suspended")
    answer = site.status()
    assert (answer.exit_code, codes(answer.data["problems"])) == (3, ["job-suspended"])
    assert (answer.data["job"]["isSuspended"], answer.data["job"]["pods"]) == (True, [])


def test_a_job_that_wants_no_pods(site: StatusSite) -> None:
    site.seed_old_job(last_upload_seconds=900)
    site.create_job(parallelism=0)
    answer = site.status()
    assert (answer.exit_code, codes(answer.data["problems"])) == (3, ["job-none-wanted"])


def test_a_job_that_may_make_no_pods(site: StatusSite) -> None:
    """The Job controller's own warning, with the words of the admission that refuses its pods."""
    restricted = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    namespace = f"/api/v1/namespaces/{site.namespace}"
    site.cluster.request("PATCH", namespace, restricted, content_type="application/merge-patch+json")
    site.seed_old_job(last_upload_seconds=900)
    site.create_job()

    def explained() -> Answer | None:
        answer = site.status()
        return answer if codes(answer.data["problems"]) == ["job-no-pod"] else None

    answer = wait_for(explained, "the controller's warning")
    assert "FailedCreate" in answer.data["problems"][0]["message"]
    assert 'violates PodSecurity "restricted' in answer.data["problems"][0]["message"]


def test_pods_of_another_job_with_the_same_label_do_not_count(site: StatusSite) -> None:
    site.seed_old_job()
    site.create_job()
    site.create_job("another-job", parallelism=3, completions=3)
    own = site.wait_for_pod()
    site.wait_for_pods(3, job="another-job")
    site.cluster.create_pod(site.namespace, "by-hand", labels={"app": JOB, "job-name": JOB})
    answer = site.status()
    assert [pod["name"] for pod in answer.data["job"]["pods"]] == [own]
    assert (answer.data["job"]["active"], gaps(answer)) == (1, [])


def test_a_second_job_with_the_same_program_is_told(site: StatusSite) -> None:
    site.seed_old_job()
    site.create_job()
    site.create_job("car-image-migration-2")
    site.wait_for_pod()
    site.wait_for_pod(job="car-image-migration-2")
    site.wait_for_counts(active=1)
    second = f"{site.jobs_path}/car-image-migration-2"
    wait_for(lambda: site.cluster.request("GET", second)["status"].get("active"), "the second Job to be active")
    answer = site.status()
    assert (answer.exit_code, codes(answer.data["contradictions"])) == (3, ["two-jobs"])


# -- by index


def test_an_indexed_job_without_our_records_is_told_by_index(site: StatusSite) -> None:
    """One index done, one tried again and done, one given up, one at work, one still to come."""
    site.seed_old_job()
    site.create_job(completions=5, parallelism=4, completionMode="Indexed", backoffLimitPerIndex=1, maxFailedIndexes=5)
    names = [pod["metadata"]["name"] for pod in site.wait_for_pods(4)]
    for index, code in ((1, 1), (2, 1)):
        site.cluster.finish_pod(site.namespace, names[index], code)
    site.cluster.finish_pod(site.namespace, names[0], 0)

    def successors() -> dict[int, str] | None:
        found = {
            int(pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]): pod["metadata"]["name"]
            for pod in site.cluster.items(site.pods_path)
            if pod["metadata"]["name"] not in names and pod["status"]["phase"] == "Running"
        }
        return found if found.keys() >= {1, 2} else None

    again = wait_for(successors, "Kubernetes to try again")
    site.cluster.finish_pod(site.namespace, again[2], 3)
    site.wait_for_counts(failed=3, succeeded=1)
    wait_for(
        lambda: site.cluster.request("GET", f"{site.jobs_path}/{JOB}")["status"].get("failedIndexes"),
        "an index given up",
    )
    site.wait_for_pods(3)
    answer = site.status()
    shards = answer.data["shards"]
    assert [(shard["index"], shard["state"]) for shard in shards] == [
        (0, "complete"), (1, "running"), (2, "failed"), (3, "running"), (4, "running"),
    ]  # fmt: skip
    assert [shard["retries"] for shard in shards] == [0, 1, 1, 0, 0]
    assert shards[1]["pod"] == again[1]
    assert (shards[2]["isGivenUp"], shards[2]["reason"]) == (True, "Error")
    assert (answer.data["job"]["completedIndexes"], answer.data["job"]["failedIndexes"]) == ("0", "2")
    assert {"job-failed-indexes"} <= set(codes(answer.data["problems"]))
    shown = site.show_status()
    assert "1 of 5 done" in shown
    assert "given up: 2" in shown
