"""Jobs and pods of the API as values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.kubernetes.models import ContainerPhase, JobKey, Termination
from opsctl.migration.kubernetes.reading import belongs_to, read_job, read_pod

KEYS = [
    "metadata",
    "spec",
    "status",
    "name",
    "uid",
    "labels",
    "annotations",
    "conditions",
    "type",
    "reason",
    "containers",
    "containerStatuses",
    "state",
    "waiting",
    "running",
    "terminated",
    "lastState",
    "exitCode",
    "restartCount",
    "startTime",
    "template",
    "completions",
    "suspend",
    "ownerReferences",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_no_answer_is_too_odd(document: dict[str, Any]) -> None:
    assert isinstance(read_job(document).key, JobKey)
    assert read_pod(document).phase
    assert belongs_to(document, "x") in (True, False)


def test_a_running_job() -> None:
    job = read_job(
        {
            "metadata": {"namespace": "apc-backup-ns", "name": "car-image-migration", "uid": "u"},
            "spec": {"completions": 4, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 6},
            "status": {"active": 2, "succeeded": 1, "startTime": "2025-12-23T05:42:00Z", "failedIndexes": "3"},
        }
    )
    assert job.key == JobKey("apc-backup-ns", "car-image-migration")
    assert (job.active, job.succeeded, job.failed, job.completions, job.parallelism) == (2, 1, 0, 4, 2)
    assert (job.is_indexed, job.has_index_policy, job.failed_indexes) == (True, True, "3")
    assert job.started_at == datetime(2025, 12, 23, 5, 42, tzinfo=UTC)
    assert (job.is_complete, job.is_suspended, job.is_deleting, job.failed_reason) == (False, False, False, None)


def test_a_job_that_is_failing_counts_as_failed_while_its_pods_end() -> None:
    condition = {"type": "FailureTarget", "status": "True", "reason": "FailedIndexes", "message": "2 of 4"}
    job = read_job({"status": {"conditions": [condition, {"type": "Failed", "status": "False"}]}})
    assert (job.failed_reason, job.failed_message) == ("FailedIndexes", "2 of 4")


def test_a_pod_that_was_killed_for_its_memory_and_started_again() -> None:
    status = {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "main",
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "signal": 0}},
            }
        ],
    }
    pod = read_pod({"metadata": {"name": "p-0"}, "spec": {"containers": [{"name": "main"}]}, "status": status})
    assert (pod.restarts, pod.host, pod.is_running) == (3, "p-0", True)
    assert pod.containers[0].phase is ContainerPhase.WAITING
    assert pod.containers[0].waiting_reason == "CrashLoopBackOff"
    assert pod.containers[0].last_termination == Termination("OOMKilled", 137, None, None)


def test_a_pod_without_a_node_and_one_on_a_lost_node() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    pending = read_pod({"status": {"phase": "Pending", "conditions": [condition]}})
    assert pending.unschedulable_message == "0/3 nodes"
    lost = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    assert not read_pod({"status": {"phase": "Running", "conditions": [lost]}}).is_running


def test_the_index_is_in_the_annotation_or_the_label() -> None:
    index = {"batch.kubernetes.io/job-completion-index": "7"}
    assert read_pod({"metadata": {"annotations": index}}).index == 7
    assert read_pod({"metadata": {"labels": index}}).index == 7
    assert read_pod({"metadata": {"labels": {"batch.kubernetes.io/job-completion-index": "-1"}}}).index is None


def test_what_a_process_calls_its_machine() -> None:
    assert read_pod({"metadata": {"name": "p"}, "spec": {"hostname": "car-0"}}).host == "car-0"
    assert read_pod({"metadata": {"name": "p"}, "spec": {"hostNetwork": True, "nodeName": "n1"}}).host == "n1"


def test_only_the_controller_owns_a_pod() -> None:
    owners = [{"uid": "a", "controller": True}, {"uid": "b"}]
    pod = {"metadata": {"ownerReferences": owners, "labels": {"job-name": "j"}}}
    assert belongs_to(pod, "a")
    assert not belongs_to(pod, "b")


def test_pods_are_found_by_the_labels_that_the_job_names() -> None:
    assert read_job({"spec": {"selector": {"matchLabels": {"b": "2", "a": "1"}}}}).pod_selector == "a=1,b=2"
    assert read_job({"spec": {}}).pod_selector is None
