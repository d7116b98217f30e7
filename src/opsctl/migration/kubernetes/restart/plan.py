"""What a restart would do: looked up and decided before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from opsctl.errors import AccessDeniedError, OpsctlError, UsageError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.job_copy import copy_for_creation
from opsctl.migration.kubernetes.job_pods import (
    check_names,
    find_other_writers,
    find_pods,
    newest_warning,
    refuse_writers,
)
from opsctl.migration.kubernetes.models import JobFacts, JobKey, Kind, Pod, WorkMark
from opsctl.migration.kubernetes.ownership import find_owners
from opsctl.migration.kubernetes.ports import Cluster, WorkLog
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart.models import RestartPlan, RestartWishes, Step, StepKind
from opsctl.migration.kubernetes.trouble import Finding, Remedy, Trouble, find_troubles
from opsctl.migration.kubernetes.work_log import RECORDS_AWAY

_NAME_IT = "mend that first, or say what to restart: --pod NAME, or --recreate"
# What Kubernetes says about in events alone.
_TOLD_BY_EVENTS = (Trouble.NO_PODS, Trouble.NOT_STARTED)


async def plan_restart(
    cluster: Cluster, work: WorkLog, key: JobKey, wishes: RestartWishes, clock: Clock
) -> RestartPlan:
    """Look at the Job, its pods and the migration's records. Raises NotFoundError for a Job or pod that is not there,
    BusyError while a process that is no pod of this Job is at work, unless the wishes say so.

    Records that cannot be asked do not keep anybody from a restart for which there is reason enough without them, or
    that is wished for by name; when there is neither, the error of the records is raised.
    """
    document = await cluster.get(Kind.JOB, key.namespace, key.name)
    job = read_job(document)
    pods = await find_pods(cluster, job)
    mark, error = await _look(work, clock)
    findings = find_troubles(job, pods, mark, now=clock.now(), patience_seconds=wishes.patience_seconds)
    check_names(job, pods, wishes.pods)
    findings = (*findings, *_wished(pods, wishes, findings))
    steps = tuple(_steps(job, pods, findings, wishes))
    if error is not None and not steps and any(pod.is_running for pod in pods):
        raise retell(error, "whether the pods make progress cannot be told", _NAME_IT)
    others = find_other_writers(pods, mark)
    if steps and not wishes.despite_writers:
        refuse_writers(others)
    plan = RestartPlan(
        job=job,
        pods=pods,
        findings=await explain(cluster, job, pods, findings),
        owners=find_owners(document),
        other_writers=others,
        steps=steps,
        documents_processed=mark.documents_processed,
        unknown_because=error.message if error else None,
    )
    return replace(plan, manifest=copy_for_creation(document)) if plan.recreates else plan


async def _look(work: WorkLog, clock: Clock) -> tuple[WorkMark, OpsctlError | None]:
    try:
        return await work.look(), None
    except RECORDS_AWAY as error:
        return WorkMark(clock.now(), None, None), error


def _wished(pods: tuple[Pod, ...], wishes: RestartWishes, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    known = {pod.name: pod for pod in pods}
    for name in wishes.pods:
        if known[name].is_over:
            raise UsageError(
                f"pod {name!r} has ended ({known[name].phase}): there is nothing to restart in it",
                hint="opsctl migrate restart --recreate creates the whole Job again",
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


async def explain(
    cluster: Cluster, job: JobFacts, pods: tuple[Pod, ...], findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """A Job without pods and a pod without containers cannot say why; their events can."""
    uids = {pod.name: pod.uid for pod in pods}
    explained = []
    for finding in findings:
        if finding.trouble in _TOLD_BY_EVENTS and finding.detail is None:
            uid = job.uid if finding.pod is None else uids[finding.pod]
            finding = replace(finding, detail=await newest_warning(cluster, job.key.namespace, uid))  # noqa: PLW2901
        explained.append(finding)
    return tuple(explained)


def retell(error: OpsctlError, message: str, hint: str) -> OpsctlError:
    """The same error, with what it means here in front."""
    text = f"{message}: {error.message}"
    if isinstance(error, AccessDeniedError):
        return AccessDeniedError(text, hint=hint, code=error.code, permission=error.permission)
    return type(error)(text, hint=hint, code=error.code)
