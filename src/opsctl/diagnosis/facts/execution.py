"""The execution, its outcome and its template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from opsctl.diagnosis.facts.model import Condition, EnvVar, ExecutionFacts, Outcome
from opsctl.diagnosis.facts.reading import (
    as_count,
    as_list,
    as_object,
    as_text,
    as_texts,
    objects,
    parse_size,
    point,
)
from opsctl.diagnosis.models import Evidence, LogEntry
from opsctl.diagnosis.timestamps import parse_seconds, parse_time

# What was masked when the file was written: here, by another tool, or by hand.
_MASKED = re.compile(r"\*{3,}|\[redacted\]|<redacted>|\[masked\]", re.IGNORECASE)


def derive_execution(evidence: Evidence, traits: Mapping[tuple[str, str], frozenset[str]]) -> ExecutionFacts:
    """Facts of `execution`; the outcome also from the tasks and the audit record when that section was not seen.

    `traits` are the value facts by section and pointer.
    """
    data = as_object(evidence.section("execution").data)
    conditions = read_conditions(data)
    template = as_object(data.get("template"))
    # Environment and limits of a job run are those of the container that ends it: the first one.
    container = as_object(next(iter(as_list(template.get("containers"))), None))
    limits = as_object(as_object(container.get("resources")).get("limits"))
    vpc = as_object(template.get("vpcAccess"))
    network = as_object(next(iter(as_list(vpc.get("networkInterfaces"))), None))
    return ExecutionFacts(
        name=evidence.name,
        outcome=_find_outcome(data, conditions, evidence),
        has_started=_has_started(data, conditions, evidence),
        conditions=conditions,
        created_ns=parse_time(data.get("createTime")),
        started_ns=parse_time(data.get("startTime")),
        completed_ns=parse_time(data.get("completionTime")),
        task_count=as_count(data.get("taskCount")),
        succeeded_count=as_count(data.get("succeededCount")),
        failed_count=as_count(data.get("failedCount")),
        cancelled_count=as_count(data.get("cancelledCount")),
        parallelism=as_count(data.get("parallelism")),
        max_retries=as_count(template.get("maxRetries")),
        timeout_seconds=parse_seconds(template.get("timeout")),
        image=as_text(container.get("image")) or None,
        command=as_texts(container.get("command")),
        args=as_texts(container.get("args")),
        env=tuple(read_env("execution", container, "/template/containers/0", traits)),
        memory_limit_bytes=parse_size(limits.get("memory")),
        cpu_limit=as_text(limits.get("cpu")) or None,
        service_account=as_text(template.get("serviceAccount")) or None,
        cloudsql_instances=attached_instances(template),
        secret_volumes=tuple(
            as_text(as_object(volume.get("secret")).get("secret"))
            for _, volume in objects(template.get("volumes"), "")
            if "secret" in volume
        ),
        vpc_connector=as_text(vpc.get("connector")) or None,
        vpc_network=as_text(network.get("network")) or None,
        vpc_egress=as_text(vpc.get("egress")) or None,
        execution_environment=as_text(template.get("executionEnvironment")) or None,
        creator=as_text(data.get("creator")) or None,
    )


def attached_instances(template: Mapping[str, Any]) -> tuple[str, ...]:
    """Connection names of the Cloud SQL volumes of a task template."""
    volumes = [as_object(volume.get("cloudSqlInstance")) for _, volume in objects(template.get("volumes"), "")]
    return tuple(name for volume in volumes for name in as_texts(volume.get("instances")))


def read_env(
    section: str, container: Mapping[str, Any], base: str, traits: Mapping[tuple[str, str], frozenset[str]]
) -> Iterable[EnvVar]:
    """The environment variables of a container, with what was seen in their values before masking."""
    for pointer, variable in objects(container.get("env"), f"{base}/env"):
        value = variable.get("value")
        source = as_object(as_object(variable.get("valueSource")).get("secretKeyRef"))
        text = value if isinstance(value, str) else None
        secret = as_text(source.get("secret")) or None
        name = as_text(variable.get("name"))
        shown = f"{name}=secret {secret}" if secret else f"{name}={text or ''}"
        yield EnvVar(
            name=name,
            value=text if text is not None or source else "",
            is_masked=text is not None and _MASKED.search(text) is not None,
            secret=secret.rpartition("/")[2] if secret else None,
            secret_version=as_text(source.get("version")) or None,
            traits=traits.get((section, f"{pointer}/value"), frozenset()),
            pointer=point(section, pointer, shown),
        )


def read_conditions(data: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions without noise: those of severity INFO only tell of retries."""
    found = []
    for pointer, item in objects(data.get("conditions"), "/conditions"):
        if item.get("severity") == "INFO" or item.get("type") == "Retry":
            continue
        reason = as_text(item.get("executionReason")) or as_text(item.get("reason"))
        message = as_text(item.get("message"))
        found.append(
            Condition(
                as_text(item.get("type")),
                as_text(item.get("state")),
                reason,
                message,
                point("execution", pointer, message or f"{item.get('type')}: {item.get('state')} {reason}"),
            )
        )
    return tuple(found)


def _find_outcome(data: Mapping[str, Any], conditions: Iterable[Condition], evidence: Evidence) -> Outcome:
    completed = next((condition for condition in conditions if condition.kind == "Completed"), None)
    cancelled = as_count(data.get("cancelledCount")) or 0
    failed = as_count(data.get("failedCount")) or 0
    if completed is not None and completed.reason in ("CANCELLED", "CANCELLING", "Cancelled"):
        return Outcome.CANCELLED if data.get("completionTime") else Outcome.RUNNING
    if completed is not None and completed.state == "CONDITION_FAILED":
        return (
            Outcome.CANCELLED if cancelled and not failed and "cancel" in completed.message.lower() else Outcome.FAILED
        )
    if completed is not None and completed.state == "CONDITION_SUCCEEDED":
        return Outcome.SUCCEEDED
    if data.get("completionTime"):
        return _count_outcome(data, failed=failed, cancelled=cancelled)
    if (as_count(data.get("runningCount")) or 0) > 0 or completed is not None:
        return Outcome.RUNNING
    return _outcome_elsewhere(evidence)


def _count_outcome(data: Mapping[str, Any], *, failed: int, cancelled: int) -> Outcome:
    """It has ended and no condition says how: the counts do."""
    if failed:
        return Outcome.FAILED
    if cancelled:
        return Outcome.CANCELLED
    succeeded, wanted = as_count(data.get("succeededCount")) or 0, as_count(data.get("taskCount"))
    return Outcome.SUCCEEDED if wanted and succeeded >= wanted else Outcome.UNTOLD


def _outcome_elsewhere(evidence: Evidence) -> Outcome:
    """Without the execution: the audit record of its end, then the tasks."""
    for entry in reversed(evidence.entries):
        found = _outcome_of_record(entry)
        if found is not None:
            return found
    results = [
        as_object(task.get("lastAttemptResult"))
        for _, task in objects(as_object(evidence.section("tasks").data).get("tasks"), "/tasks")
        if "lastAttemptResult" in task
    ]
    if any(
        (as_count(as_object(result.get("status")).get("code")) or as_count(result.get("exitCode")))
        for result in results
    ):
        return Outcome.FAILED
    return Outcome.UNTOLD


def _outcome_of_record(entry: LogEntry) -> Outcome | None:
    """What a `system_event` record says. Source: recorded audit records, `Execution E has failed to complete`."""
    if entry.proto is None:
        return None
    status = as_object(entry.proto.get("status"))
    message = as_text(status.get("message"))
    if "has failed to complete" in message or " failed with " in message:
        return Outcome.CANCELLED if "cancel" in message.lower() else Outcome.FAILED
    if "completed successfully" in message:
        return Outcome.SUCCEEDED
    if "cancelled" in message.lower():
        return Outcome.CANCELLED
    return None


def _has_started(data: Mapping[str, Any], conditions: Iterable[Condition], evidence: Evidence) -> bool | None:
    """Whether a container of the execution ever ran; None when nothing tells."""
    if any(entry.log_name.endswith(("%2Fstdout", "%2Fstderr", "/stdout", "/stderr")) for entry in evidence.entries):
        return True
    if data.get("startTime"):
        return True
    started = next((condition for condition in conditions if condition.kind == "Started"), None)
    if started is not None and started.state == "CONDITION_SUCCEEDED":
        return True
    if data.get("completionTime") or (started is not None and started.state == "CONDITION_FAILED"):
        return False
    return None
