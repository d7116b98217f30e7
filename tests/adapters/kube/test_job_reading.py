"""Documents of the API as values: the fields that count, and any other JSON without a failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsctl.adapters.kube.job_reading import (
    LONGEST_TEXT,
    event_time,
    is_controlled_by,
    main_container,
    parse_time,
    program_of,
    read_event,
    read_job,
    read_pod,
)
from opsctl.reporting.envelope import to_jsonable
from opsctl.reporting.table import Screen, render_table
from opsctl.reporting.texts import Catalogue
from opsctl.status.assessment import assess
from opsctl.status.job import Condition, Job, Termination
from opsctl.status.report import build_report
from opsctl.status.view import status_view
from tests.adapters.kube.job_documents import UID, job_document, pod_document
from tests.status.values import SETTINGS, snapshot

AT = datetime(2025, 12, 23, 6, 14, tzinfo=UTC)


def terminated(reason: str = "Error", exit_code: int = 1, **more: Any) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": exit_code, "finishedAt": "2025-12-23T06:14:00Z", **more}}


def container(name: str = "migration", restarts: int = 0, **states: Any) -> dict[str, Any]:
    return {"name": name, "restartCount": restarts, **states}


# -- Jobs


def test_a_job_that_has_just_been_made() -> None:
    document = job_document()
    document["status"] = {}
    job = read_job(document)
    assert (job.active, job.succeeded, job.failed, job.started_at, job.pods) == (0, 0, 0, None, None)
    assert (job.completions, job.parallelism, job.backoff_limit, job.backoff_limit_per_index) == (1, 1, 6, None)
    assert not job.is_over


def test_an_indexed_job_with_everything() -> None:
    document = job_document(
        active=2,
        succeeded=3,
        failed=4,
        completedIndexes="0,2-3",
        failedIndexes="1",
        conditions=[
            {"type": "Suspended", "status": "False"},
            {"type": "Failed", "status": "True", "reason": "FailedIndexes", "message": "Job has failed indexes",
             "lastTransitionTime": "2025-12-23T06:14:00Z"},
        ],
    )  # fmt: skip
    document["spec"] |= {"completionMode": "Indexed", "completions": 6, "backoffLimitPerIndex": 2, "suspend": True}
    document["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "nightly", "controller": True}]
    job = read_job(document)
    assert (job.is_indexed, job.completed_indexes, job.failed_indexes) == (True, "0,2-3", "1")
    assert (job.backoff_limit_per_index, job.is_suspended, job.owner) == (2, True, "CronJob/nightly")
    assert job.conditions == (Condition("Failed", "FailedIndexes", "Job has failed indexes", AT),)
    assert (job.is_over, job.ended_at) == (True, AT)


# -- pods


def test_a_pod_at_work() -> None:
    pod = read_pod(pod_document(7))
    assert (pod.name, pod.phase, pod.node, pod.host) == (
        "car-image-migration-00007",
        "Running",
        "node-1",
        "car-image-migration-00007",
    )
    assert (pod.is_ready, pod.is_at_work, pod.restarts, pod.last_termination) == (True, True, 0, None)
    assert pod.started_at == datetime(2025, 12, 23, 5, 42, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([container(state=terminated("OOMKilled", 137))], Termination("migration", "OOMKilled", 137, None, AT)),
        ([container(state={"running": {}}, lastState=terminated("OOMKilled", 137))],
         Termination("migration", "OOMKilled", 137, None, AT)),
        ([container(state=terminated("Completed", 0)), container("sidecar", state=terminated("Error", 3))],
         Termination("sidecar", "Error", 3, None, AT)),
        ([container(state=terminated("Error", 1, signal=9))], Termination("migration", "Error", 1, 9, AT)),
        ([container(state=terminated("Completed", 0))], Termination("migration", "Completed", 0, None, AT)),
        ([container(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=terminated("Error", 2))],
         Termination("migration", "Error", 2, None, AT)),
        ([container(state={"terminated": {}})], None),
        ([container(lastState={"terminated": {"exitCode": 1}})], Termination("migration", None, 1, None, None)),
    ],
)  # fmt: skip
def test_how_it_ended_last(statuses: list[dict[str, Any]], expected: Termination | None) -> None:
    assert read_pod(pod_document(containerStatuses=statuses)).last_termination == expected


def test_a_wait_that_does_not_end_by_itself_comes_first() -> None:
    statuses = [
        container(state={"waiting": {"reason": "PodInitializing"}}, restarts=1),
        container("sidecar", state={"waiting": {"reason": "ErrImagePull", "message": "not found"}}, restarts=2),
    ]
    pod = read_pod(pod_document(phase="Pending", containerStatuses=statuses))
    assert (pod.waiting_reason, pod.waiting_message, pod.restarts) == ("ErrImagePull", "not found", 3)
    benign = read_pod(pod_document(phase="Pending", containerStatuses=statuses[:1]))
    assert benign.waiting_reason == "PodInitializing"


def test_a_pod_without_a_node() -> None:
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    assert read_pod(pod_document(phase="Pending", conditions=[scheduled])).pending_reason == "Unschedulable: 0/3 nodes"
    done = {**scheduled, "status": "True"}
    assert read_pod(pod_document(conditions=[done])).pending_reason is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "Evicted"),
        ({"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]},
         "PreemptionByScheduler"),
        ({"conditions": [{"type": "DisruptionTarget", "status": "False", "reason": "PreemptionByScheduler"}]}, None),
        ({"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]}, "NodeLost"),
    ],
)  # fmt: skip
def test_what_ended_it_from_outside(status: dict[str, Any], reason: str | None) -> None:
    assert read_pod(pod_document(**status)).reason == reason


def test_where_its_processes_believe_to_be() -> None:
    document = pod_document()
    document["spec"]["hostname"] = "car-image-migration-3"
    document["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": "3"}
    assert (read_pod(document).host, read_pod(document).index) == ("car-image-migration-3", 3)
    document["spec"]["hostNetwork"] = True
    assert read_pod(document).host == "node-1"


@pytest.mark.parametrize("index", ["", "-1", "x", "1" * 40, "١x"])
def test_an_index_that_is_none(index: str) -> None:
    document = pod_document()
    document["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": index}
    assert read_pod(document).index is None


@pytest.mark.parametrize(
    ("annotations", "retries"),
    [
        ({}, None),
        ({"batch.kubernetes.io/job-index-failure-count": "2"}, 2),
        (
            {
                "batch.kubernetes.io/job-index-failure-count": "2",
                "batch.kubernetes.io/job-index-ignored-failure-count": "3",
            },
            5,
        ),
        ({"batch.kubernetes.io/job-index-failure-count": "-2"}, None),
        ({"batch.kubernetes.io/job-index-failure-count": "9" * 40}, 0),
    ],
)
def test_how_often_an_index_was_tried_again(annotations: dict[str, str], retries: int | None) -> None:
    document = pod_document()
    document["metadata"]["annotations"] = annotations
    assert read_pod(document).retries == retries


# -- events, owners, programs


def test_an_event_is_its_reason_and_its_message() -> None:
    assert read_event({"reason": "FailedMount", "message": "no volume"}) == "FailedMount: no volume"
    assert read_event({"message": "m" * 10_000}) == "m" * LONGEST_TEXT
    assert read_event({}) is None


def test_the_time_of_an_event_is_in_one_of_four_fields() -> None:
    later, earlier = "2025-12-23T06:14:00Z", "2025-12-23T05:00:00.123456Z"
    assert event_time({"series": {"lastObservedTime": later}, "eventTime": earlier}) == AT
    assert event_time({"lastTimestamp": later, "firstTimestamp": earlier}) == AT
    assert event_time({"lastTimestamp": None, "eventTime": later}) == AT
    assert event_time({"metadata": {"creationTimestamp": later}}) == AT
    assert event_time({}) < AT


def test_only_the_controller_owns() -> None:
    document = pod_document()
    assert is_controlled_by(document, UID)
    document["metadata"]["ownerReferences"][0]["controller"] = False
    assert not is_controlled_by(document, UID)


def test_the_version_of_the_image_makes_no_other_program() -> None:
    one, other = job_document(), job_document("second", "2")
    (container_,) = other["spec"]["template"]["spec"]["containers"]
    container_["image"] = "registry.example:5000/migration@sha256:0123"
    assert program_of(one) == program_of(other)
    container_["command"] = ["python", "/scripts/verify.py"]
    assert program_of(one) != program_of(other)


def test_the_container_that_is_meant_when_none_is_named() -> None:
    document = pod_document()
    assert main_container(document) == "migration"
    document["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "sidecar"}
    assert main_container(document) == "sidecar"
    assert main_container({}) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-12-23T06:14:00Z", AT),
        ("2025-12-23T06:14:00.123456789Z", AT + timedelta(microseconds=123456)),
        ("2025-12-23T15:14:00+09:00", datetime(2025, 12, 23, 15, 14, tzinfo=timezone(timedelta(hours=9)))),
        ("2025-12-23T06:14:00", AT),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1700000000, None),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    assert parse_time(value) == expected


# -- anything


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["True", "Running", "Pending", "Failed", "Indexed", "2025-12-23T06:14:00Z"]),
)  # fmt: skip
KEYS = st.sampled_from(
    "metadata spec status name namespace uid phase reason message conditions type containerStatuses state lastState "  # noqa: SIM905
    "terminated waiting running exitCode signal finishedAt restartCount completionMode active succeeded failed "
    "completions annotations labels ownerReferences controller selector matchLabels template containers image env "
    "deletionTimestamp creationTimestamp startTime completionTime suspend".split()
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=40,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, DOCUMENTS, max_size=8), st.dictionaries(KEYS, DOCUMENTS, max_size=8))
def test_any_json_is_read_and_shown(job_json: dict[str, Any], pod_json: dict[str, Any]) -> None:
    """Whatever an API server sends, there is a report: in JSON, and on a screen of 80 columns."""
    for look in (read_event, event_time, program_of, main_container, lambda document: is_controlled_by(document, UID)):
        look(pod_json)
    job: Job = replace(read_job(job_json), pods=(read_pod(pod_json), read_pod(job_json)))
    texts = Catalogue("en", UTC)
    found = assess(replace(snapshot(), job=job), SETTINGS)
    report = to_jsonable(build_report(found, texts))
    assert isinstance(report, dict)
    assert len(report["job"]["pods"]) == 2
    lines = render_table(status_view(found, texts), texts, Screen(width=80)).splitlines()
    assert lines
