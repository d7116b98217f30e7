"""What is stuck, why, and what would help: the Job, its pods and the migration's own records looked at together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsctl.migration.kubernetes.models import Container, JobFacts, Pod, Termination, WorkMark, Writer

STUCK_ENDING_SECONDS = 60.0
# A container that was started again waits for the lease of the one before, in the same pod.
START_SECONDS = 60.0
_IMAGE_REASONS = {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_CONFIG_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


class Trouble(StrEnum):
    """What is wrong."""

    JOB_FAILED = "job-failed"
    JOB_COMPLETE = "job-complete"
    JOB_SUSPENDED = "job-suspended"
    JOB_ENDING = "job-ending"
    RUN_PAUSED = "run-paused"
    NO_PODS = "no-pods"
    NO_PROGRESS = "no-progress"
    SILENT = "silent"
    NODE_LOST = "node-lost"
    STUCK_ENDING = "stuck-ending"
    CRASHING = "crashing"
    IMAGE = "image"
    CONTAINER_CONFIG = "container-config"
    UNSCHEDULABLE = "unschedulable"
    NOT_STARTED = "not-started"
    WAITING = "waiting"
    UNKNOWN_PROGRESS = "unknown-progress"
    REQUESTED = "requested"


class Remedy(StrEnum):
    """What would help. NONE: a restart would not; the text of the trouble says what would."""

    DELETE_POD = "delete-pod"
    RECREATE_JOB = "recreate-job"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble of a pod, or of the Job when `pod` is None. `detail` are words of Kubernetes; `since` the time from
    which on it is known."""

    trouble: Trouble
    remedy: Remedy
    pod: str | None = None
    detail: str | None = None
    since: datetime | None = None


def find_troubles(
    job: JobFacts, pods: Sequence[Pod], mark: WorkMark, *, now: datetime, patience_seconds: float
) -> tuple[Finding, ...]:
    """Everything that keeps the migration from going on, worst first; empty when nothing does.

    A running pod counts as hung when nothing was finished for `patience_seconds`, or when the lease it holds is no
    longer renewed; one that is younger does not, and neither does one that says what it waits for. Where nothing tells
    when something was finished last, that is said, and nothing is held against the pod.
    """
    verdict = _of_job(job)
    if verdict is not None:
        return (verdict,)
    if mark.state in ("paused", "pausing"):
        return (Finding(Trouble.RUN_PAUSED, Remedy.NONE),)
    live = [pod for pod in pods if not pod.is_over]
    if not live:
        ended = max(pods, key=lambda pod: pod.created_at or now, default=None)
        return (Finding(Trouble.NO_PODS, Remedy.RECREATE_JOB, detail=describe_end(ended) if ended else None),)
    return tuple(finding for pod in live for finding in _of_pod(pod, mark, now, patience_seconds))


def describe_end(pod: Pod) -> str | None:
    """How a pod ended, in Kubernetes' words: `Evicted: The node was low on resource`, `OOMKilled (137)`."""
    if pod.reason:
        return f"{pod.reason}: {pod.message}" if pod.message else pod.reason
    ends = [container.termination or container.last_termination for container in pod.containers]
    bad = [end for end in ends if end is not None and end.exit_code != 0]
    return describe_termination(bad[0]) if bad else None


def describe_termination(end: Termination) -> str:
    """`OOMKilled (137)`."""
    code = f" ({end.exit_code})" if end.exit_code is not None else ""
    return f"{end.reason or 'ended'}{code}"


def _of_job(job: JobFacts) -> Finding | None:
    if job.is_deleting:
        return Finding(Trouble.JOB_ENDING, Remedy.NONE)
    if job.is_complete:
        return Finding(Trouble.JOB_COMPLETE, Remedy.NONE)
    if job.failed_reason:
        parts = (job.failed_reason, job.failed_message)
        return Finding(Trouble.JOB_FAILED, Remedy.RECREATE_JOB, detail=": ".join(part for part in parts if part))
    if job.is_suspended:
        return Finding(Trouble.JOB_SUSPENDED, Remedy.NONE)
    return None


def _of_pod(pod: Pod, mark: WorkMark, now: datetime, patience_seconds: float) -> Iterator[Finding]:
    if pod.deleted_at is not None:
        if now - pod.deleted_at > timedelta(seconds=STUCK_ENDING_SECONDS):
            yield Finding(Trouble.STUCK_ENDING, Remedy.NONE, pod.name, pod.node, pod.deleted_at)
    elif pod.is_node_lost:
        yield Finding(Trouble.NODE_LOST, Remedy.DELETE_POD, pod.name, pod.node)
    elif pod.unschedulable_message is not None:
        yield Finding(Trouble.UNSCHEDULABLE, Remedy.NONE, pod.name, pod.unschedulable_message, pod.created_at)
    elif waiting := next((item for item in pod.containers if _is_in_trouble(item)), None):
        yield _of_waiting(pod, waiting)
    elif pod.phase == "Running":
        yield from _of_running(pod, mark, now, patience_seconds)
    elif pod.phase == "Pending" and _is_older(pod.created_at, now, patience_seconds):
        yield Finding(Trouble.NOT_STARTED, Remedy.NONE, pod.name, since=pod.created_at)


def _is_in_trouble(container: Container) -> bool:
    return container.waiting_reason in {"CrashLoopBackOff", *_IMAGE_REASONS, *_CONFIG_REASONS}


def _of_waiting(pod: Pod, container: Container) -> Finding:
    reason, message = container.waiting_reason or "", container.waiting_message
    if reason == "CrashLoopBackOff":
        end = container.last_termination
        return Finding(Trouble.CRASHING, Remedy.DELETE_POD, pod.name, describe_termination(end) if end else message)
    trouble = Trouble.IMAGE if reason in _IMAGE_REASONS else Trouble.CONTAINER_CONFIG
    return Finding(trouble, Remedy.NONE, pod.name, f"{reason}: {message}" if message else reason)


def _of_running(pod: Pod, mark: WorkMark, now: datetime, patience_seconds: float) -> Iterator[Finding]:
    begun = max((moment for moment in (pod.started_at, *_starts(pod)) if moment is not None), default=None)
    age_seconds = math.inf if begun is None else (now - begun).total_seconds()
    own = [writer for writer in mark.writers if writer.host == pod.host]
    if own and not any(writer.is_alive for writer in own):
        if age_seconds >= min(patience_seconds, START_SECONDS):
            since = max(writer.heartbeat_at for writer in own)
            yield Finding(Trouble.SILENT, Remedy.DELETE_POD, pod.name, since=since)
    elif age_seconds < patience_seconds:
        return
    elif hung := _hung_since(own, patience_seconds):
        yield Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, pod.name, since=hung)
    elif mark.last_progress_at is None and mark.documents_processed != 0:
        yield Finding(Trouble.UNKNOWN_PROGRESS, Remedy.NONE, pod.name)
    elif _is_older(last := mark.last_progress_at or begun, now, patience_seconds):
        if own and mark.waiting_reason is not None:
            yield Finding(Trouble.WAITING, Remedy.NONE, pod.name, mark.waiting_reason, last)
        else:
            yield Finding(Trouble.NO_PROGRESS, Remedy.DELETE_POD, pod.name, since=last)


def _hung_since(own: Sequence[Writer], patience_seconds: float) -> datetime | None:
    """A shard that is alive and idle, however busy the others are. Both times are of its own clock."""
    for writer in own:
        if writer.idle_since is not None and _is_older(writer.idle_since, writer.heartbeat_at, patience_seconds):
            return writer.idle_since
    return None


def _is_older(moment: datetime | None, now: datetime, seconds: float) -> bool:
    return moment is not None and now - moment >= timedelta(seconds=seconds)


def _starts(pod: Pod) -> Iterator[datetime | None]:
    return (container.started_at for container in pod.containers if not container.is_init)
