"""Why there are no lines: "no lines" is not "nothing happened"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from opsctl.errors import AccessDeniedError, NotFoundError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.job_pods import newest_warning
from opsctl.migration.kubernetes.logs.models import LogWishes, Silence
from opsctl.migration.kubernetes.models import ContainerPhase, JobFacts, JobKey, Pod
from opsctl.migration.kubernetes.ports import Cluster
from opsctl.migration.kubernetes.trouble import describe_end

# What a node says while it prepares a pod; what holds it up stands in the events.
_VAGUE = {"ContainerCreating", "PodInitializing", ""}
# `validateContainerLogStatus` of the kubelet: with a reason behind it, or "no logs yet".
_WAITING = re.compile(r" is waiting to start(?:: | - )?(.*)")
# Pods whose events are read: one question each, and the reason is mostly the same for all.
MOST_EXPLAINED = 3


def explain_pod(pod: Pod, refusal: OpsctlError | None, notice: str | None = None) -> Silence:
    """A pod without a line. `refusal` is the server's answer, `notice` what the node said in place of lines."""
    if isinstance(refusal, AccessDeniedError):
        return Silence("denied", pod.name, refusal.permission or refusal.message)
    if isinstance(refusal, UnavailableError):
        return Silence("cut", pod.name, refusal.message)
    waiting = explain_waiting(pod)
    if waiting is not None:
        return waiting
    if isinstance(refusal, NotFoundError):
        return Silence("gone", pod.name, describe_end(pod))
    if refusal is not None or notice is not None:
        return _without_log(pod, refusal.message if refusal is not None else notice or "")
    return Silence("no-output", pod.name, describe_end(pod))


def explain_waiting(pod: Pod) -> Silence | None:
    """A pod that has not started, and why; None for any other."""
    if pod.is_over:
        return None
    if pod.unschedulable_message:
        return Silence("not-started", pod.name, pod.unschedulable_message)
    for container in pod.containers:
        if container.phase is ContainerPhase.WAITING and container.waiting_reason:
            message = f": {container.waiting_message}" if container.waiting_message else ""
            return Silence("not-started", pod.name, f"{container.waiting_reason}{message}")
    return Silence("not-started", pod.name, pod.message) if pod.phase == "Pending" else None


async def add_events(
    cluster: Cluster, namespace: str, silences: Sequence[Silence], pods: Sequence[Pod]
) -> list[Silence]:
    """The same; where a pod only says that it is being prepared, with the last warning about it."""
    uids = {pod.name: pod.uid for pod in pods}
    explained = []
    asked = 0
    for silence in silences:
        is_vague = silence.reason == "not-started" and (silence.detail or "") in _VAGUE
        if is_vague and silence.pod in uids and asked < MOST_EXPLAINED:
            asked += 1
            warning = await _warning(cluster, namespace, uids[silence.pod])
            explained.append(Silence(silence.reason, silence.pod, warning or silence.detail))
        else:
            explained.append(silence)
    return explained


async def explain_job(cluster: Cluster, key: JobKey, job: JobFacts) -> Silence:
    """A Job without pods."""
    if job.is_complete or job.failed_reason:
        return Silence("pods-deleted", detail=job.failed_reason)
    if job.is_deleting:
        return Silence("job-ending")
    if job.is_suspended:
        return Silence("suspended")
    warning = await _warning(cluster, key.namespace, job.uid)
    if warning is None and (job.succeeded or job.failed):
        return Silence("pods-deleted")
    return Silence("no-pods", detail=warning)


def without_shards(wishes: LogWishes) -> Silence:
    """A Job that has pods, but none of the shards that are wished for."""
    return Silence("no-such-shard", detail=", ".join(str(shard) for shard in wishes.shards))


def _without_log(pod: Pod, words: str) -> Silence:
    """A kubelet says: container "migrate" in pod "p" is waiting to start: ContainerCreating."""
    found = _WAITING.search(words)
    if found is not None:
        return Silence("not-started", pod.name, found[1] or None)
    return Silence("no-log", pod.name, describe_end(pod) or words.removeprefix("Kubernetes: "))


def state_of(job: JobFacts) -> str:
    """`active`, `suspended`, `complete` or `failed`."""
    if job.is_complete:
        return "complete"
    if job.failed_reason:
        return "failed"
    return "suspended" if job.is_suspended else "active"


async def _warning(cluster: Cluster, namespace: str, uid: str) -> str | None:
    """An explanation that cannot be had is no failure."""
    try:
        return await newest_warning(cluster, namespace, uid)
    except OpsctlError:
        return None
