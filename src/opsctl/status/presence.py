"""Whose process is gone for certain, because Kubernetes knows that the pod it was in has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from opsctl.status.answers import RunRecord, RunShard, Snapshot
from opsctl.status.job import Job, Pod

SKEW_SECONDS = 15.0
"""Words that come so much later than the end of the pod were not spoken in it. Clocks differ, and an end is noticed
late: what is younger proves nothing."""


def mark_ended(snapshot: Snapshot) -> Snapshot:
    """The snapshot with the processes marked whose pods have ended: nobody waits for their leases to run out.

    A pod that is not there at all is another matter: its process may live on a node that no longer reports.
    """
    run, job = snapshot.run, snapshot.job
    if run is None or job is None or job.pods is None or not run.hosts:
        return snapshot
    ends = _find_ends(job)
    shards = tuple(_mark_shard(shard, ends) for shard in run.shards)
    if any(shard.is_held for shard in shards):
        is_gone = all(shard.is_process_gone for shard in shards if shard.is_held)
    else:
        is_gone = all(_has_ended(host, run.heartbeat_at, ends) for host in run.hosts)
    return replace(snapshot, run=replace(run, shards=shards, is_process_gone=run.is_process_gone or is_gone))


def speaks_after_end(run: RunRecord, host: str, job: Job) -> bool:
    """Whether the run was heard of from a pod of the Job after the pod had ended, or the Job itself."""
    ended_at = _find_ends(job).get(host) or _end_of_pods(job)
    return ended_at is None or (run.heartbeat_at - ended_at).total_seconds() > SKEW_SECONDS


def _mark_shard(shard: RunShard, ends: Mapping[str, datetime]) -> RunShard:
    if not shard.is_held or shard.host is None or not _has_ended(shard.host, shard.heartbeat_at, ends):
        return shard
    return replace(shard, is_process_gone=True)


def _has_ended(host: str, heard_at: datetime, ends: Mapping[str, datetime]) -> bool:
    ended_at = ends.get(host)
    return ended_at is not None and (heard_at - ended_at).total_seconds() <= SKEW_SECONDS


def _find_ends(job: Job) -> dict[str, datetime]:
    """When the pods ended whose hosts have no live pod any more. Pods of one index share their name of a host."""
    live = {pod.host for pod in job.live_pods}
    ends: dict[str, datetime] = {}
    for pod in job.pods or ():
        ended_at = _end_of(pod)
        if pod.host is not None and pod.host not in live and ended_at is not None:
            ends[pod.host] = max(ended_at, ends.get(pod.host, ended_at))
    return ends


def _end_of(pod: Pod) -> datetime | None:
    if pod.phase not in ("Succeeded", "Failed") or pod.last_termination is None:
        return None
    return pod.last_termination.at


def _end_of_pods(job: Job) -> datetime | None:
    """When Kubernetes ended all pods of the Job."""
    suspended = job.condition("Suspended")
    return job.ended_at or (suspended.at if suspended is not None else None)
