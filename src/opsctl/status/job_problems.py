"""What the cluster says is wrong with the Job and its pods: why nothing moves, when nothing moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from opsctl.status.answers import RunRecord, Snapshot
from opsctl.status.job import Job, Pod
from opsctl.status.models import Remark, RemarkValue, State

RECENT_SECONDS = 600.0
"""While images are being finished, an end of a container that is older than this has been dealt with."""

STARTING_SECONDS = 300.0
"""So long a pod may take to get its node and its image before that is worth a word."""

TERMINATING_SECONDS = 60.0

_MOST = 6
_LONGEST_BASE = 58  # a generated name has 63 characters, its random end 5

_PULL = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
    | {"RegistryUnavailable", "SignatureValidationFailed"}
)
_SET_UP = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "StartError"}
)

_ORDER = (
    "pod-out-of-memory",
    "pod-evicted",
    "pod-image-pull",
    "pod-set-up",
    "pod-crash-loop",
    "pod-pending",
    "pod-lost",
    "pod-terminating",
    "pod-killed",
    "pod-failed",
    "pod-failed-silently",
    "pod-starting",
    "pod-quiet",
    "pod-no-lines",
    "pod-running",
)
"""The gravest first."""


def find_problems(snapshot: Snapshot, state: State) -> tuple[Remark, ...]:
    """The gravest first, pods with the same problem together, at most six. Nothing is wrong with what is complete."""
    job, run, now = snapshot.job, snapshot.run, snapshot.taken_at
    if job is None or state.is_complete:
        return ()
    # A run that moves, here or elsewhere, does not need the Job as a whole.
    found = list(_find_in_job(job)) if run is None or not state.is_moving else []
    found += _group((pod, _find_in_pod(pod, now)) for pod in _pods_to_look_at(job, now, is_moving=state.is_moving))
    if run is not None and not state.is_moving:
        found += _find_in_run(job, run, now)
    if not found and state in (State.STALLED, State.SILENT):
        found += _group((pod, _describe_silence(pod, now)) for pod in job.live_pods if pod.is_at_work)
    elif run is not None and state.is_moving:
        found += _group((pod, _describe_silence(pod, now)) for pod in _pods_of_silent_shards(job, run, now))
    return tuple(found[:_MOST])


def is_broken(job: Job, now: datetime) -> bool:
    """Nobody works, and nobody will unless somebody does something."""
    if job.is_suspended or job.is_over or job.parallelism == 0:
        return True
    live = job.live_pods
    return not any(pod.is_at_work for pod in live) and any(_find_in_pod(pod, now) is not None for pod in live)


# -- the Job


def _find_in_job(job: Job) -> Iterator[Remark]:
    failure = job.failure
    if failure is not None and failure.reason == "BackoffLimitExceeded":
        yield Remark("job-backoff-limit", {"failed": job.failed})
    elif failure is not None and failure.reason == "DeadlineExceeded":
        yield Remark("job-deadline")
    elif failure is not None:
        yield Remark("job-failed", {"detail": _sentence(failure.reason, failure.message)})
    elif job.is_complete:
        yield Remark("job-ended", {"at": job.ended_at})
    elif job.is_suspended:
        yield Remark("job-suspended")
    elif job.parallelism == 0:
        yield Remark("job-none-wanted")
    elif job.knows_no_live_pod and not job.active:
        yield Remark("job-no-pod", {"detail": job.warning}) if job.warning else Remark("job-no-pod-silently")
    if job.failed_indexes:
        yield Remark("job-failed-indexes", {"indexes": job.failed_indexes})


def _find_in_run(job: Job, run: RunRecord, now: datetime) -> Iterator[Remark]:
    """Pods that hold a lease are not there any more."""
    if not run.is_open or run.is_live(now) or job.pods is None or not job.has_all_pods:
        return
    live = {pod.host for pod in job.live_pods}
    gone = [host for host in split_hosts(job, run.hosts)[0] if host not in live]
    if gone:
        yield Remark("pod-gone", {"pod": gone[0], "others": len(gone) - 1})


def split_hosts(job: Job, hosts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Machines that are, or were, pods of the Job, and others."""
    known = {pod.host for pod in job.pods or ()}
    inside: list[str] = []
    elsewhere: list[str] = []
    for host in hosts:
        (inside if host in known or is_named_by(job, host) else elsewhere).append(host)
    return inside, elsewhere


def is_named_by(job: Job, host: str) -> bool:
    """Whether a pod of the Job may have had this name: pods are named after it, long names are cut.

    https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode: the host name of a pod of an Indexed
    Job is `NAME-INDEX`.
    """
    ending = r"-\d+(-[a-z0-9]{5})?" if job.is_indexed else r"-?[a-z0-9]{5}"
    return re.fullmatch(re.escape(job.name[:_LONGEST_BASE]) + ending, host) is not None


# -- pods


def _pods_of_silent_shards(job: Job, run: RunRecord, now: datetime) -> list[Pod]:
    """Pods that seem well while nothing is heard of the process in them. One that began a moment ago has only just come
    in place of the one that is not heard of."""
    silent = {shard.host for shard in run.shards if shard.is_held and not shard.is_live(now)}
    return [
        pod
        for pod in job.live_pods
        if pod.host in silent
        and pod.is_at_work
        and _find_in_pod(pod, now) is None
        and (now - _time_of(pod, now)).total_seconds() > TERMINATING_SECONDS
    ]


def _pods_to_look_at(job: Job, now: datetime, *, is_moving: bool) -> list[Pod]:
    """Live ones, and of those that failed the last one of each index. While images are being finished, an old failure
    has been made good by the pod that came after it."""
    live, failed = job.live_pods, _last_failed(job, now)
    if not is_moving:
        return [*live, *failed.values()]
    indexes = {pod.index for pod in live}
    present = [pod for pod in live if _is_of_the_present(pod, now)]
    return present + [pod for index, pod in failed.items() if index not in indexes]


def _last_failed(job: Job, now: datetime) -> dict[int | None, Pod]:
    failed: dict[int | None, Pod] = {}
    for pod in job.pods or ():
        before = failed.get(pod.index)
        if pod.phase in ("Failed", "Unknown") and (before is None or _time_of(pod, now) >= _time_of(before, now)):
            failed[pod.index] = pod
    return failed


def _is_of_the_present(pod: Pod, now: datetime) -> bool:
    ended = pod.last_termination
    return not pod.is_at_work or ended is None or ended.at is None or (now - ended.at).total_seconds() <= RECENT_SECONDS


def _time_of(pod: Pod, now: datetime) -> datetime:
    return pod.started_at or pod.created_at or now


Finding = tuple[str, dict[str, RemarkValue]]


def _find_in_pod(pod: Pod, now: datetime) -> Finding | None:
    if pod.phase == "Succeeded":
        return None
    found = (look(pod, now) for look in _LOOKS)
    return next((finding for finding in found if finding is not None), None)


def _out_of_memory(pod: Pod, now: datetime) -> Finding | None:
    ended = pod.last_termination
    if ended is None or not ended.is_out_of_memory:
        return None
    return "pod-out-of-memory", {"ended_seconds": _age(ended.at, now), "restarts": pod.restarts}


def _evicted(pod: Pod, _now: datetime) -> Finding | None:
    if pod.reason == "NodeLost" or pod.phase == "Unknown":
        return "pod-lost", {"node": pod.node}
    return ("pod-evicted", {"detail": _sentence(pod.reason, pod.message)}) if pod.reason else None


def _waiting(pod: Pod, now: datetime) -> Finding | None:
    reason, detail = pod.waiting_reason, _sentence(pod.waiting_reason, pod.waiting_message)
    if reason in _PULL:
        return "pod-image-pull", {"detail": detail}
    if reason in _SET_UP:
        return "pod-set-up", {"detail": detail}
    if reason == "CrashLoopBackOff":
        ended = pod.last_termination
        return "pod-crash-loop", {
            "exit_code": ended.exit_code if ended else None,
            "ended_seconds": _age(ended.at if ended else None, now),
            "restarts": pod.restarts,
        }
    return None


def _terminating(pod: Pod, now: datetime) -> Finding | None:
    age = _age(pod.deleted_at, now)
    if not pod.is_live or age is None or age < TERMINATING_SECONDS:
        return None
    return "pod-terminating", {"quiet_seconds": age}


def _pending(pod: Pod, now: datetime) -> Finding | None:
    if pod.phase != "Pending":
        return None
    if pod.pending_reason:
        return "pod-pending", {"detail": pod.pending_reason}
    age = _age(pod.created_at, now)
    return ("pod-starting", {"quiet_seconds": age}) if age is not None and age > STARTING_SECONDS else None


def _failed(pod: Pod, now: datetime) -> Finding | None:
    ended = pod.last_termination
    if ended is None or not ended.is_failure:
        return ("pod-failed-silently", {}) if pod.phase == "Failed" else None
    code = "pod-killed" if ended.exit_code is None or ended.exit_code == 137 else "pod-failed"  # 128 + SIGKILL
    values: dict[str, RemarkValue] = {"exit_code": ended.exit_code, "restarts": pod.restarts}
    return code, {**values, "ended_seconds": _age(ended.at, now)}


_LOOKS: tuple[Callable[[Pod, datetime], Finding | None], ...] = (
    _out_of_memory,
    _evicted,
    _waiting,
    _terminating,
    _pending,
    _failed,
)


def _describe_silence(pod: Pod, now: datetime) -> Finding:
    """A pod that runs, and nothing is wrong with it but that nothing comes of it."""
    if pod.has_lines is False:
        return "pod-no-lines", {}
    age = _age(pod.last_line_at, now)
    return ("pod-running", {}) if age is None else ("pod-quiet", {"quiet_seconds": age})


def _group(findings: Iterable[tuple[Pod, Finding | None]]) -> Iterator[Remark]:
    """One remark a problem, with the first pod that has it and the number of the others."""
    groups: dict[str, list[tuple[Pod, Mapping[str, RemarkValue]]]] = {}
    for pod, finding in findings:
        if finding is not None:
            groups.setdefault(finding[0], []).append((pod, finding[1]))
    for code in sorted(groups, key=_ORDER.index):
        (pod, values), *others = groups[code]
        yield Remark(code, {"pod": pod.name, "others": len(others), **values})


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else max(0.0, (now - at).total_seconds())


def _sentence(reason: str | None, message: str | None) -> str:
    return ": ".join(part for part in (reason, message) if part)
