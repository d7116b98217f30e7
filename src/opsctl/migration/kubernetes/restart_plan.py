"""What a restart would do: looked up and decided before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.errors import AccessDeniedError, BusyError, NotFoundError, OpsctlError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.job_copy import copy_for_creation
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind, Pod, WorkMark, Writer
from opsctl.migration.kubernetes.ownership import find_owners
from opsctl.migration.kubernetes.ports import Cluster, JsonObject, WorkLog
from opsctl.migration.kubernetes.reading import belongs_to, read_job, read_pod
from opsctl.migration.kubernetes.restart_models import RestartPlan, RestartWishes, Step, StepKind
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble, find_troubles

MOST_PODS = 5_000


async def plan_restart(
    cluster: Cluster, work: WorkLog, key: JobKey, wishes: RestartWishes, clock: Clock
) -> RestartPlan:
    """Look at the Job, its pods and the migration's records. Raises NotFoundError for a Job or pod that is not there,
    BusyError while a process that is no pod of this Job is at work, unless the wishes say so."""
    document = await cluster.get(Kind.JOB, key.namespace, key.name)
    job = read_job(document)
    pods = await find_pods(cluster, job)
    mark = await work.look()
    findings = find_troubles(job, pods, mark, now=clock.now(), patience_seconds=wishes.patience_seconds)
    findings = (*findings, *_wished(pods, wishes, findings, job))
    steps = tuple(_steps(job, pods, findings, wishes))
    others = find_other_writers(pods, mark)
    if steps and others and not wishes.despite_writers:
        raise _busy(others)
    recreates = any(step.kind is StepKind.CREATE_JOB for step in steps)
    return RestartPlan(
        job=job,
        pods=pods,
        findings=await explain(cluster, key, findings),
        owners=find_owners(document),
        other_writers=others,
        steps=steps,
        manifest=copy_for_creation(document) if recreates else None,
    )


async def find_pods(cluster: Cluster, job: JobFacts) -> tuple[Pod, ...]:
    """The pods that the Job controls, oldest first; those of another Job with the same labels are not among them."""
    found: list[Pod] = []
    label = f"batch.kubernetes.io/controller-uid={job.uid}"
    async for document in cluster.list(Kind.POD, job.key.namespace, labels=label):
        if belongs_to(document, job.uid):
            found.append(read_pod(document))
        if len(found) >= MOST_PODS:
            break
    return tuple(sorted(found, key=lambda pod: (pod.created_at.timestamp() if pod.created_at else 0.0, pod.name)))


def find_other_writers(pods: tuple[Pod, ...], mark: WorkMark) -> tuple[Writer, ...]:
    """Processes that are alive and run in no pod of the Job."""
    hosts = {pod.host for pod in pods if not pod.is_over}
    return tuple(writer for writer in mark.writers if writer.is_alive and writer.host not in hosts)


async def newest_warning(cluster: Cluster, namespace: str, name: str) -> str | None:
    """The last warning about an object, `FailedCreate: exceeded quota`. None when there is none or it may not be
    read: a missing explanation is no failure."""
    newest: tuple[str, str] | None = None
    fields = f"involvedObject.name={name},type=Warning"
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


def _wished(
    pods: tuple[Pod, ...], wishes: RestartWishes, findings: tuple[Finding, ...], job: JobFacts
) -> Iterator[Finding]:
    known = {pod.name: pod for pod in pods}
    for name in wishes.pods:
        if name not in known:
            raise NotFoundError(
                f"Job {job.key} has no pod {name!r}",
                hint=f"it has: {', '.join(sorted(known))}" if known else "it has no pods at this moment",
            )
        if not any(found.pod == name and found.remedy is Remedy.DELETE_POD for found in findings):
            yield Finding(Trouble.REQUESTED, Remedy.DELETE_POD, name)
    if wishes.recreate and not any(found.remedy is Remedy.RECREATE_JOB for found in findings):
        yield Finding(Trouble.REQUESTED, Remedy.RECREATE_JOB)


def _steps(
    job: JobFacts, pods: tuple[Pod, ...], findings: tuple[Finding, ...], wishes: RestartWishes
) -> Iterator[Step]:
    name = job.key.name
    stuck = {finding.pod for finding in findings if finding.remedy is Remedy.DELETE_POD}
    if wishes.pods and not wishes.recreate:
        stuck &= set(wishes.pods)
    needs_job = any(finding.remedy is Remedy.RECREATE_JOB for finding in findings)
    if needs_job or (stuck and _would_end_job(job, len(stuck))):
        yield Step(StepKind.CHECK_CREATION, name)
        yield Step(StepKind.KEEP_MANIFEST, name)
        yield Step(StepKind.DELETE_JOB, name, job.uid)
        yield Step(StepKind.WAIT_GONE, name, job.uid)
        yield Step(StepKind.CREATE_JOB, name)
    else:
        yield from (Step(StepKind.DELETE_POD, pod.name, pod.uid) for pod in pods if pod.name in stuck)
    if needs_job or stuck:
        yield Step(StepKind.WAIT_POD, name)
        yield Step(StepKind.WAIT_PROGRESS, name)


def _would_end_job(job: JobFacts, pods: int) -> bool:
    """A pod that is deleted ends as a failed one, and is counted: the last one allowed would end the Job."""
    return not job.has_index_policy and job.failed + pods > job.backoff_limit


async def explain(cluster: Cluster, key: JobKey, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """A Job without pods cannot say why; its events can."""
    explained = []
    for finding in findings:
        if finding.trouble is Trouble.NO_PODS and finding.detail is None:
            detail = await newest_warning(cluster, key.namespace, key.name)
            explained.append(Finding(finding.trouble, finding.remedy, finding.pod, detail, finding.since))
        else:
            explained.append(finding)
    return tuple(explained)


def _busy(writers: tuple[Writer, ...]) -> BusyError:
    hosts = ", ".join(writer.host for writer in writers)
    return BusyError(
        f"another process is at work on this migration: {hosts}",
        hint="stop it first, or add --force: the two will not write over each other, but one of them waits",
        code="other-writer",
    )


def check_name(manifest: JsonObject) -> JsonObject:
    """The same Job under a name that is free: what the server says to it, it will say to the real one."""
    metadata = dict(manifest["metadata"])
    metadata["name"] = f"{str(metadata['name'])[:50].rstrip('-.')}-opsctl-check"
    # The generated labels of the other name would not fit.
    return {**manifest, "metadata": metadata}
