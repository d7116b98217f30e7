"""The Job and its pods for people: two or three facts, and the pods that say most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from opsctl.reporting.view import Cell, CellValue, Column, Duration, Field, Table, Texts, Tone
from opsctl.status.job import Job, Pod

ROWS = 8
"""Pods that are shown one by one; -o json has all."""

_HEALTHY = ("Running", "Succeeded", "Completed")


def job_fields(job: Job, now: datetime, texts: Texts) -> Iterator[Field]:
    """Which Job, what it does, how many pods."""
    owner = texts.get("status.job_owner", owner=job.owner) if job.owner else None
    state = ", ".join(part for part in (_describe(job, now, texts), owner) if part)
    yield Field(texts.get("status.field_job"), f"{job.namespace}/{job.name}", state)
    counts = texts.get("status.pod_counts", active=job.active, succeeded=job.succeeded, failed=job.failed)
    yield Field(texts.get("status.field_pods"), counts, _say_unread(job, texts))


def pod_tables(job: Job, now: datetime, texts: Texts) -> tuple[Table, ...]:
    """Pods that are not well first, then by shard and name; the rest is counted."""
    pods = sorted(job.pods or (), key=_urgency)
    if not pods:
        return ()
    shown = [pod for pod in pods if pod.phase != "Succeeded"][:ROWS] or pods[:1]
    has_index = job.is_indexed and any(not _tells_index(pod, job) for pod in shown)
    columns = (
        *((Column(texts.get("status.column_shard"), "right"),) if has_index else ()),
        Column(texts.get("status.column_pod"), keep_whole=True),
        Column(texts.get("status.column_pod_status"), keep_whole=True),
        Column(texts.get("status.column_restarts"), "right"),
        Column(texts.get("status.column_last_end")),
        Column(texts.get("status.column_last_line")),
    )
    rows = [(*((pod.index,) if has_index else ()), *_cells(pod, now, texts)) for pod in shown]
    hidden = [pod for pod in pods if pod not in shown]
    if hidden:
        rows.append((*(("",) if has_index else ()), *_rest(hidden, texts)))
    return (Table(columns, tuple(rows)),)


def _say_unread(job: Job, texts: Texts) -> str | None:
    if job.pods is None:
        return texts.get("status.pods_not_read")
    return None if job.has_all_pods else texts.get("status.pods_partly_read", read=len(job.pods))


def _describe(job: Job, now: datetime, texts: Texts) -> str:
    failure = job.failure
    if failure is not None or job.is_complete:
        state = texts.get("status.job_failed", reason=failure.reason) if failure else texts.get("status.job_complete")
        if job.started_at is None or job.ended_at is None:
            return state
        return texts.get("status.job_ended_after", state=state, age=_span(job.started_at, job.ended_at))
    if job.is_suspended:
        return texts.get("status.job_suspended")
    if job.started_at is None:
        return texts.get("status.job_waiting")
    return texts.get("status.job_active", age=_span(job.started_at, now))


def _tells_index(pod: Pod, job: Job) -> bool:
    """A long name of the Job is cut in the pod's."""
    return pod.name.startswith(f"{job.name}-{pod.index}-")


def _cells(pod: Pod, now: datetime, texts: Texts) -> tuple[CellValue, ...]:
    status = Cell(pod.status, _tone(pod))
    restarts = Cell(pod.restarts, "warning") if pod.restarts else pod.restarts
    return (pod.name, status, restarts, _last_end(pod, now, texts), _last_line(pod, now, texts))


def _rest(hidden: list[Pod], texts: Texts) -> tuple[CellValue, ...]:
    counts = Counter(pod.status for pod in hidden).most_common(4)
    statuses = ", ".join(texts.get("status.more_statuses", status=status, number=number) for status, number in counts)
    return (texts.get("status.more_pods", others=len(hidden)), "", "", statuses, "")


def _urgency(pod: Pod) -> tuple[int, int, str]:
    """Live and not well, then failed, then at work, then succeeded."""
    is_well = _tone(pod) == "good" and not pod.restarts
    ranks = {"Succeeded": 3, "Pending": 0, "Running": 2 if is_well else 0}
    return ranks.get(pod.phase, 1), -1 if pod.index is None else pod.index, pod.name


def _tone(pod: Pod) -> Tone:
    if pod.status in _HEALTHY:
        return "good"
    if pod.phase == "Pending" and pod.waiting_reason in (None, "ContainerCreating", "PodInitializing"):
        return "warning"
    return "bad"


def _last_end(pod: Pod, now: datetime, texts: Texts) -> str:
    ended = pod.last_termination
    if ended is None:
        return ""
    age = texts.get("status.ago", age=_span(ended.at, now)) if ended.at else texts.get("status.ago_unknown")
    if ended.reason == pod.status:
        return age
    if ended.reason not in (None, "Error"):
        return texts.get("status.last_end", reason=ended.reason, ended=age)
    return texts.get("status.last_exit", exit_code=ended.exit_code, ended=age)


def _last_line(pod: Pod, now: datetime, texts: Texts) -> str:
    if pod.last_line_at is not None:
        return texts.get("status.ago", age=_span(pod.last_line_at, now))
    return texts.get("status.no_lines") if pod.has_lines is False else ""


def _span(begin: datetime, end: datetime) -> Duration:
    return Duration(float(max(0, round((end - begin).total_seconds()))))
