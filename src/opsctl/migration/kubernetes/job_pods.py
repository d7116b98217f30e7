"""The pods of a Job, who is at work beside them, and what Kubernetes says about one."""

from __future__ import annotations

from collections.abc import Iterable

from opsctl.errors import AccessDeniedError, BusyError, NotFoundError, OpsctlError
from opsctl.migration.kubernetes.models import JobFacts, Kind, Pod, WorkMark, Writer
from opsctl.migration.kubernetes.ports import Cluster
from opsctl.migration.kubernetes.reading import belongs_to, read_pod


async def find_pods(cluster: Cluster, job: JobFacts) -> tuple[Pod, ...]:
    """The pods that the Job controls, oldest first; those of another Job with the same labels are not among them."""
    documents = cluster.list(Kind.POD, job.key.namespace, labels=job.pod_selector)
    found = [read_pod(document) async for document in documents if belongs_to(document, job.uid)]
    return tuple(sorted(found, key=lambda pod: (pod.created_at.timestamp() if pod.created_at else 0.0, pod.name)))


def find_other_writers(pods: tuple[Pod, ...], mark: WorkMark) -> tuple[Writer, ...]:
    """Processes that are alive and run in no pod of the Job."""
    hosts = {pod.host for pod in pods if not pod.is_over}
    return tuple(writer for writer in mark.writers if writer.is_alive and writer.host not in hosts)


def refuse_writers(writers: tuple[Writer, ...]) -> None:
    """Raises BusyError when there are any, before anything is changed."""
    if writers:
        hosts = ", ".join(writer.host for writer in writers)
        raise BusyError(
            f"another process is at work on this migration: {hosts}; nothing was changed",
            hint="stop it first, or add --force: the two will not write over each other, but one of them waits",
            code="other-writer",
        )


def check_names(job: JobFacts, pods: tuple[Pod, ...], wished: Iterable[str]) -> None:
    """Raises NotFoundError for a name that no pod of the Job has."""
    known = {pod.name for pod in pods}
    for name in wished:
        if name not in known:
            raise NotFoundError(
                f"Job {job.key} has no pod {name!r}", hint=name_some(known, none="it has no pods at this moment")
            )


def name_some(names: set[str], *, none: str) -> str:
    """For hints: the first ten of them, or `none`."""
    shown = sorted(names)[:10]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"it has: {', '.join(shown)}{more}" if names else none


async def newest_warning(cluster: Cluster, namespace: str, uid: str) -> str | None:
    """The last warning about an object, `FailedCreate: exceeded quota`. None when there is none or it may not be
    read: a missing explanation is no failure."""
    newest: tuple[str, str] | None = None
    fields = f"involvedObject.uid={uid},type=Warning"
    try:
        async for event in cluster.list(Kind.EVENT, namespace, fields=fields):
            at = str(event.get("lastTimestamp") or event.get("eventTime") or "")
            text = f"{event.get('reason')}: {event.get('message')}"
            newest = max(newest or ("", ""), (at, text))
    except (AccessDeniedError, NotFoundError):
        return None
    except OpsctlError as error:
        return error.message
    return newest[1] if newest else None
