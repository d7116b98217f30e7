"""Re-creating a Job keeps every field that the server did not write."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsctl.migration.kubernetes.job_copy import GENERATED_LABELS, SERVER_METADATA, copy_for_creation

UID = "5c4f6d1e-1f4b-4d0e-9b5d-3a2f0a0c9d11"
words = st.text(st.characters(codec="utf-8"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
fields = st.dictionaries(words, json_values, max_size=4)


@st.composite
def wanted_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """What somebody created: any fields, known or not, but none of the server's."""
    labels = st.dictionaries(words.filter(lambda key: key not in GENERATED_LABELS), words, min_size=1, max_size=3)
    metadata = {**draw(fields.map(_without_server_fields)), "name": "job", "labels": draw(labels)}
    template_metadata = {**draw(fields), "labels": draw(labels)}
    template_metadata.pop("creationTimestamp", None)
    spec = {**draw(fields), "template": {**draw(fields), "metadata": template_metadata}}
    for server_field in ("selector", "manualSelector"):
        spec.pop(server_field, None)
    document = {**draw(fields), "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
    document.pop("status", None)
    return document


@given(wanted_jobs(), json_values)
def test_what_was_created_can_be_created_again(wanted: dict[str, Any], status: object) -> None:
    assert copy_for_creation(_as_served(wanted, status)) == wanted


@given(wanted_jobs(), json_values)
def test_the_job_that_was_read_is_not_changed(wanted: dict[str, Any], status: object) -> None:
    served = _as_served(wanted, status)
    before = json.dumps(served)
    copy_for_creation(served)
    assert json.dumps(served) == before


def test_a_manual_selector_and_its_labels_are_the_users_own() -> None:
    job = {
        "metadata": {"name": "job", "uid": UID},
        "spec": {
            "manualSelector": True,
            "selector": {"matchLabels": {"job-name": "mine"}},
            "template": {"metadata": {"labels": {"job-name": "mine"}}},
        },
    }
    assert copy_for_creation(job)["spec"] == job["spec"]


def test_labels_that_the_server_gave_a_job_without_any_go_and_so_does_the_empty_mapping() -> None:
    labels = {"controller-uid": UID, "job-name": "job", "batch.kubernetes.io/controller-uid": UID}
    job = {"metadata": {"name": "job", "uid": UID, "labels": labels}, "spec": {}}
    assert copy_for_creation(job)["metadata"] == {"name": "job"}


def test_a_job_that_is_being_deleted_is_copied_without_the_finalizers_of_its_deletion() -> None:
    metadata = {"name": "job", "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0}
    job = {"metadata": {**metadata, "finalizers": ["foregroundDeletion", "example.com/mine"]}, "spec": {}}
    assert copy_for_creation(job)["metadata"] == {"name": "job", "finalizers": ["example.com/mine"]}


def test_the_annotation_of_kubectl_apply_stays_and_the_trackers_goes() -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    annotations = {**applied, "batch.kubernetes.io/job-tracking": ""}
    job = {"metadata": {"name": "job", "annotations": annotations}, "spec": {}}
    assert copy_for_creation(job)["metadata"]["annotations"] == applied


def _without_server_fields(metadata: dict[str, Any]) -> dict[str, Any]:
    left = {key: value for key, value in metadata.items() if key not in SERVER_METADATA}
    return {key: value for key, value in left.items() if key not in ("finalizers", "annotations")}


def _as_served(wanted: dict[str, Any], status: object) -> dict[str, Any]:
    """As the API answers after the creation: with all that the server writes."""
    served: dict[str, Any] = json.loads(json.dumps(wanted))
    served["status"] = status
    served["metadata"] |= {
        "uid": UID,
        "resourceVersion": "42",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "annotations": {"batch.kubernetes.io/job-tracking": ""},
    }
    spec = served["spec"]
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}}
    spec["template"]["metadata"]["creationTimestamp"] = None
    spec["template"]["metadata"]["labels"] |= {
        "controller-uid": UID,
        "job-name": "job",
        "batch.kubernetes.io/controller-uid": UID,
        "batch.kubernetes.io/job-name": "job",
    }
    return served
