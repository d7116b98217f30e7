"""A Job as it can be created again: the same specification without what the server wrote.

Fields by the API reference (batch/v1 Job, meta/v1 ObjectMeta) and the server's Job strategy, which gives a Job without
`manualSelector` its selector and labels its pods with its uid and name. Everything else is kept, known or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsctl.migration.kubernetes.ports import JsonObject

SERVER_METADATA = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    }
)
GENERATED_LABELS = frozenset(
    {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}
)
# Written when a deletion is asked for: a new Job that had them could not be deleted any more.
DELETION_FINALIZERS = frozenset({"foregroundDeletion", "orphan"})
# Written by servers before 1.27 to each Job; later ones refuse to be told.
TRACKING_ANNOTATION = "batch.kubernetes.io/job-tracking"


def copy_for_creation(job: JsonObject) -> dict[str, Any]:
    """What to create instead of `job`, which is as the API sent it."""
    copy = {key: value for key, value in job.items() if key not in ("status", "metadata", "spec")}
    copy["apiVersion"], copy["kind"] = job.get("apiVersion", "batch/v1"), job.get("kind", "Job")
    copy["metadata"] = _copy_metadata(job.get("metadata") or {})
    copy["spec"] = _copy_spec(job.get("spec") or {})
    return copy


def _copy_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in metadata.items() if key not in SERVER_METADATA}
    _filter(kept, "finalizers", lambda name: name not in DELETION_FINALIZERS)
    _drop_keys(kept, "annotations", frozenset({TRACKING_ANNOTATION}))
    # The server copies its generated labels to a Job that has none of its own.
    _drop_keys(kept, "labels", GENERATED_LABELS if _are_of(metadata) else frozenset())
    return kept


def _are_of(metadata: Mapping[str, Any]) -> bool:
    labels = metadata.get("labels")
    uid = metadata.get("uid")
    if not isinstance(labels, Mapping) or uid is None:
        return False
    return uid in (labels.get("controller-uid"), labels.get("batch.kubernetes.io/controller-uid"))


def _copy_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    template = kept.get("template")
    if isinstance(template, Mapping):
        kept["template"] = template = dict(template)
        if isinstance(template.get("metadata"), Mapping):
            template["metadata"] = metadata = dict(template["metadata"])
            if metadata.get("creationTimestamp", "") is None:
                del metadata["creationTimestamp"]
            if spec.get("manualSelector") is not True:
                _drop_keys(metadata, "labels", GENERATED_LABELS)
    if spec.get("manualSelector") is not True:
        kept.pop("selector", None)
    return kept


def _drop_keys(owner: dict[str, Any], field: str, names: frozenset[str]) -> None:
    """Without these keys; a mapping that has no others goes too."""
    before = owner.get(field)
    if not isinstance(before, Mapping) or names.isdisjoint(before):
        return
    owner[field] = {key: value for key, value in before.items() if key not in names}
    if not owner[field]:
        del owner[field]


def _filter(owner: dict[str, Any], field: str, keeps: Any) -> None:
    before = owner.get(field)
    if not isinstance(before, list) or all(keeps(item) for item in before):
        return
    owner[field] = [item for item in before if keeps(item)]
    if not owner[field]:
        del owner[field]
