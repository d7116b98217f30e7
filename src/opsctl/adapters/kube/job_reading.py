"""Jobs, pods and events of the API as `status` sees them. A field that is missing or odd is not known; nothing fails.

Fields: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/ (Job v1, Pod v1), Event v1 core.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from opsctl.status.job import Condition, Job, Pod, Termination

JsonObject = Mapping[str, Any]

LONGEST_TEXT = 300
"""Characters of a message that are kept: a scheduler's sentence about many nodes has thousands."""

_DIGITS = 10
INDEX_KEY = "batch.kubernetes.io/job-completion-index"
FAILURE_KEYS = ("batch.kubernetes.io/job-index-failure-count", "batch.kubernetes.io/job-index-ignored-failure-count")
BENIGN_WAITS = ("ContainerCreating", "PodInitializing")


def read_job(document: JsonObject) -> Job:
    """A Job without its pods."""
    metadata, spec, status = part(document, "metadata"), part(document, "spec"), part(document, "status")
    return Job(
        name=text(metadata, "name") or "",
        namespace=text(metadata, "namespace") or "",
        active=number(status, "active") or 0,
        succeeded=number(status, "succeeded") or 0,
        failed=number(status, "failed") or 0,
        started_at=time(status, "startTime"),
        pods=None,
        completed_at=time(status, "completionTime"),
        completions=number(spec, "completions"),
        parallelism=number(spec, "parallelism"),
        completion_mode=text(spec, "completionMode") or "NonIndexed",
        is_suspended=spec.get("suspend") is True,
        backoff_limit=number(spec, "backoffLimit"),
        backoff_limit_per_index=number(spec, "backoffLimitPerIndex"),
        conditions=tuple(_read_conditions(status)),
        completed_indexes=text(status, "completedIndexes"),
        failed_indexes=text(status, "failedIndexes"),
        owner=_read_owner(metadata),
    )


def read_pod(document: JsonObject) -> Pod:
    """A pod without what events and logs say of it."""
    metadata, spec, status = part(document, "metadata"), part(document, "spec"), part(document, "status")
    name, node = text(metadata, "name") or "", text(spec, "nodeName")
    containers = [*items(status, "containerStatuses"), *items(status, "initContainerStatuses")]
    conditions = {text(item, "type"): item for item in items(status, "conditions")}
    waiting = _choose_wait(containers)
    return Pod(
        name=name,
        phase=text(status, "phase") or "Unknown",
        reason=_read_reason(status, conditions),
        message=text(status, "message"),
        index=_read_index(metadata),
        retries=_read_retries(part(metadata, "annotations")),
        node=node,
        host=(node if spec.get("hostNetwork") is True else text(spec, "hostname")) or name[:63],
        created_at=time(metadata, "creationTimestamp"),
        started_at=time(status, "startTime"),
        deleted_at=time(metadata, "deletionTimestamp"),
        is_ready=text(conditions.get("Ready", {}), "status") == "True",
        restarts=sum(number(container, "restartCount") or 0 for container in containers),
        waiting_reason=text(waiting, "reason"),
        waiting_message=text(waiting, "message"),
        pending_reason=_say_unscheduled(conditions.get("PodScheduled", {})),
        last_termination=_choose_termination(containers),
    )


def read_event(document: JsonObject) -> str | None:
    """`FailedMount: MountVolume.SetUp failed ...`."""
    said = ": ".join(word for word in (text(document, "reason"), text(document, "message")) if word)
    return said[:LONGEST_TEXT] or None


def event_time(document: JsonObject) -> datetime:
    """When it happened last; events of different writers say it in different fields."""
    series = time(part(document, "series"), "lastObservedTime")
    found = series or time(document, "lastTimestamp") or time(document, "eventTime")
    return found or time(part(document, "metadata"), "creationTimestamp") or datetime.fromtimestamp(0, UTC)


def is_controlled_by(document: JsonObject, uid: str) -> bool:
    """Whether the object with this uid made it; labels alone may be those of another."""
    owners = items(part(document, "metadata"), "ownerReferences")
    return any(owner.get("controller") is True and owner.get("uid") == uid for owner in owners)


def program_of(job: JsonObject) -> str:
    """What the pods of a Job run, to be compared: containers without the version of their image, and their volumes."""
    spec = part(part(part(job, "spec"), "template"), "spec")
    containers = [
        [str(container.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]]
        + [container.get(key) for key in ("command", "args", "env", "envFrom")]
        for container in items(spec, "containers")
    ]
    return json.dumps([containers, [dict(volume) for volume in items(spec, "volumes")]], sort_keys=True, default=str)


def main_container(pod: JsonObject) -> str | None:
    """The container that kubectl takes when none is named."""
    annotations = part(part(pod, "metadata"), "annotations")
    named = text(annotations, "kubectl.kubernetes.io/default-container")
    return named or next((text(item, "name") for item in items(part(pod, "spec"), "containers")), None)


# -- parts of a document


def part(document: JsonObject, key: str) -> JsonObject:
    """An object inside; an empty one when it is missing or something else."""
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def items(document: JsonObject, key: str) -> list[JsonObject]:
    """The objects of a list inside."""
    found = document.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def text(document: JsonObject, key: str) -> str | None:
    """A text that is not empty, of bounded length."""
    found = document.get(key)
    return found[:LONGEST_TEXT] if isinstance(found, str) and found else None


def number(document: JsonObject, key: str) -> int | None:
    """A whole number."""
    found = document.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def time(document: JsonObject, key: str) -> datetime | None:
    """A time in RFC 3339."""
    return parse_time(document.get(key))


def parse_time(value: object) -> datetime | None:
    """A time in RFC 3339; None for the zero time of Go (year 1) and for what is no time."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not 1970 < parsed.year < 9999:
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


# -- details


def _read_conditions(status: JsonObject) -> Iterator[Condition]:
    for item in items(status, "conditions"):
        kind = text(item, "type")
        if kind is not None and item.get("status") == "True":
            yield Condition(kind, text(item, "reason"), text(item, "message"), time(item, "lastTransitionTime"))


def _read_owner(metadata: JsonObject) -> str | None:
    owners = [owner for owner in items(metadata, "ownerReferences") if owner.get("controller") is True]
    return f"{text(owners[0], 'kind') or '?'}/{text(owners[0], 'name') or '?'}" if owners else None


def _read_index(metadata: JsonObject) -> int | None:
    for place in ("annotations", "labels"):
        index = text(part(metadata, place), INDEX_KEY)
        if index is not None and index.isdecimal() and len(index) < _DIGITS:
            return int(index)
    return None


def _read_retries(annotations: JsonObject) -> int | None:
    """Only Jobs with a limit for each index count there."""
    counts = [count for key in FAILURE_KEYS if (count := text(annotations, key)) and count.isdecimal()]
    return sum(int(count) for count in counts if len(count) < _DIGITS) if counts else None


def _read_reason(status: JsonObject, conditions: Mapping[str | None, JsonObject]) -> str | None:
    """Why it was ended from outside. The node controller marks the pods of a node that no longer reports."""
    if text(conditions.get("Ready", {}), "reason") == "NodeStatusUnknown":
        return "NodeLost"
    disrupted = conditions.get("DisruptionTarget", {})
    return text(status, "reason") or (text(disrupted, "reason") if disrupted.get("status") == "True" else None)


def _say_unscheduled(scheduled: JsonObject) -> str | None:
    return read_event(scheduled) if scheduled.get("status") == "False" else None


def _choose_wait(containers: list[JsonObject]) -> JsonObject:
    """What a container waits for; a wait that will not end by itself comes before one that will."""
    waits = [part(part(container, "state"), "waiting") for container in containers]
    waits = [wait for wait in waits if text(wait, "reason")]
    return next((wait for wait in waits if text(wait, "reason") not in BENIGN_WAITS), waits[0] if waits else {})


def _choose_termination(containers: list[JsonObject]) -> Termination | None:
    """The newest failure of a container; without any, the newest end."""
    ends = [
        _read_termination(text(container, "name") or "", ended)
        for container in containers
        for state in ("state", "lastState")
        if (ended := part(part(container, state), "terminated"))
    ]
    zero = datetime.fromtimestamp(0, UTC)
    return max(ends, key=lambda end: (end.is_failure, end.at or zero), default=None)


def _read_termination(container: str, ended: JsonObject) -> Termination:
    signal = number(ended, "signal")
    return Termination(
        container, text(ended, "reason"), number(ended, "exitCode"), signal or None, time(ended, "finishedAt")
    )
