"""Jobs and pods as values. What a server sends may lack anything: a field that is missing or odd is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from opsctl.migration.kubernetes.models import Container, ContainerPhase, JobFacts, JobKey, Pod, Termination
from opsctl.migration.kubernetes.ports import JsonObject

INDEX_ANNOTATION = "batch.kubernetes.io/job-completion-index"
DEFAULT_GRACE_SECONDS = 30
DEFAULT_BACKOFF_LIMIT = 6


def read_job(document: JsonObject) -> JobFacts:
    """A Job of the API, batch/v1."""
    metadata, spec, status = _part(document, "metadata"), _part(document, "spec"), _part(document, "status")
    pod_spec = _part(_part(spec, "template"), "spec")
    conditions = {_text(item, "type"): item for item in _items(status, "conditions") if _text(item, "status") == "True"}
    # FailureTarget comes first, while pods are still ending; Failed when all have ended.
    failed = conditions.get("Failed") or conditions.get("FailureTarget")
    return JobFacts(
        key=JobKey(_text(metadata, "namespace") or "", _text(metadata, "name") or ""),
        uid=_text(metadata, "uid") or "",
        is_suspended=spec.get("suspend") is True,
        is_complete="Complete" in conditions or "SuccessCriteriaMet" in conditions,
        is_deleting=bool(_text(metadata, "deletionTimestamp")),
        failed_reason=(_text(failed, "reason") or "Failed") if failed else None,
        failed_message=_text(failed, "message") if failed else None,
        active=_count(status, "active") or 0,
        succeeded=_count(status, "succeeded") or 0,
        failed=_count(status, "failed") or 0,
        completions=_count(spec, "completions"),
        parallelism=_count(spec, "parallelism", 1),
        is_indexed=_text(spec, "completionMode") == "Indexed",
        has_index_policy=_count(spec, "backoffLimitPerIndex") is not None,
        grace_seconds=_count(pod_spec, "terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS),
        backoff_limit=_count(spec, "backoffLimit", DEFAULT_BACKOFF_LIMIT),
        started_at=_time(status, "startTime"),
        failed_indexes=_text(status, "failedIndexes") or None,
        pod_selector=_pod_selector(_part(spec, "selector")),
    )


def read_pod(document: JsonObject) -> Pod:
    """A pod of the API, v1."""
    metadata, spec, status = _part(document, "metadata"), _part(document, "spec"), _part(document, "status")
    name, node = _text(metadata, "name") or "", _text(spec, "nodeName")
    conditions = {_text(item, "type"): item for item in _items(status, "conditions")}
    scheduled, ready = conditions.get("PodScheduled", {}), conditions.get("Ready", {})
    is_unschedulable = _text(scheduled, "status") == "False"
    host = node if spec.get("hostNetwork") is True else _text(spec, "hostname")
    return Pod(
        name=name,
        uid=_text(metadata, "uid") or "",
        phase=_text(status, "phase") or "Unknown",
        host=host or name,
        created_at=_time(metadata, "creationTimestamp"),
        started_at=_time(status, "startTime"),
        index=_index(metadata),
        node=node,
        deleted_at=_time(metadata, "deletionTimestamp"),
        reason=_text(status, "reason"),
        message=_text(status, "message"),
        unschedulable_message=_text(scheduled, "message") if is_unschedulable else None,
        # The node controller says so when the node no longer reports: what the pod does is not known then.
        is_node_lost=_text(status, "phase") == "Unknown" or _text(ready, "reason") == "NodeStatusUnknown",
        containers=tuple(_read_containers(spec, status)),
    )


def belongs_to(document: JsonObject, job_uid: str) -> bool:
    """Whether the Job with this uid controls the pod; labels alone may be those of another Job."""
    owners = _items(_part(document, "metadata"), "ownerReferences")
    return any(_text(owner, "uid") == job_uid and owner.get("controller") is True for owner in owners)


def _read_containers(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[Container]:
    for declared, said, is_init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        statuses = {_text(item, "name"): item for item in _items(status, said)}
        for item in _items(spec, declared):
            name = _text(item, "name")
            if name:
                yield _read_container(name, statuses.get(name, {}), is_init)


def _read_container(name: str, status: Mapping[str, Any], is_init: bool) -> Container:
    state = _part(status, "state")
    waiting, running, terminated = _part(state, "waiting"), _part(state, "running"), _part(state, "terminated")
    phase = next((phase for phase in ContainerPhase if state.get(phase.value) is not None), ContainerPhase.UNKNOWN)
    return Container(
        name=name,
        phase=phase,
        restarts=_count(status, "restartCount") or 0,
        is_init=is_init,
        waiting_reason=_text(waiting, "reason"),
        waiting_message=_text(waiting, "message"),
        started_at=_time(running, "startedAt") or _time(terminated, "startedAt"),
        termination=_read_termination(terminated),
        last_termination=_read_termination(_part(_part(status, "lastState"), "terminated")),
    )


def _read_termination(terminated: Mapping[str, Any]) -> Termination | None:
    if not terminated:
        return None
    return Termination(
        reason=_text(terminated, "reason"),
        exit_code=_count(terminated, "exitCode"),
        signal=_count(terminated, "signal") or None,
        finished_at=_time(terminated, "finishedAt"),
    )


def _pod_selector(selector: Mapping[str, Any]) -> str | None:
    """By the labels that the Job itself knows its pods by: with `manualSelector`, and before Kubernetes 1.27, they are
    others than the usual ones."""
    labels = _part(selector, "matchLabels")
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()) if isinstance(value, str)) or None


def _index(metadata: Mapping[str, Any]) -> int | None:
    for part in ("annotations", "labels"):
        text = _text(_part(metadata, part), INDEX_ANNOTATION)
        if text and text.isascii() and text.isdecimal() and len(text) < 10:
            return int(text)
    return None


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = value.get(key)
    return part if isinstance(part, Mapping) else {}


def _items(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = value.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []


def _text(value: Mapping[str, Any], key: str) -> str | None:
    text = value.get(key)
    return text if isinstance(text, str) else None


def _count(value: Mapping[str, Any], key: str, default: Any = None) -> Any:
    count = value.get(key)
    return count if isinstance(count, int) and not isinstance(count, bool) else default


def _time(value: Mapping[str, Any], key: str) -> datetime | None:
    text = _text(value, key)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
