"""The execution and its template."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opsctl.diagnosis.facts.model import Condition, EnvVar, ExecutionFacts, Outcome, SecretMount, TemplateSource
from opsctl.diagnosis.facts.outcome import find_outcome, has_started
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
from opsctl.diagnosis.facts.shape import (
    ExecutionShape,
    attached_instances,
    condition_reason,
    condition_state,
    find_shape,
    read_shape,
)
from opsctl.diagnosis.facts.tasks import TaskFacts
from opsctl.diagnosis.models import Evidence, ExecutionName
from opsctl.diagnosis.timestamps import parse_seconds, parse_time

# What was masked when the file was written: here, by another tool, or by hand.
_MASKED = re.compile(r"\*{3,}|\[redacted[^\]]*\]|<redacted[^>]*>|\[masked\]|^REDACTED$", re.IGNORECASE)
Traits = Mapping[tuple[str, str], frozenset[str]]


def derive_execution(evidence: Evidence, traits: Traits, tasks: Iterable[TaskFacts]) -> ExecutionFacts:
    """Facts of `execution`; where that section was not seen, of the audit record, and the template of the job.

    `traits` are the value facts by section and pointer. `evidence` has only entries of this execution.
    """
    shape, tasks = find_shape(evidence), tuple(tasks)
    conditions = read_conditions(shape)
    return describe_execution(
        evidence.name,
        shape,
        traits,
        conditions=conditions,
        outcome=find_outcome(shape.fields, conditions, evidence.entries, tasks),
        started=has_started(shape.fields, conditions, evidence.entries, tasks),
    )


def read_outcome(execution: Mapping[str, Any]) -> Outcome:
    """What became of an execution, told from its resource alone."""
    shape = read_shape(execution, TemplateSource.EXECUTION)
    return find_outcome(shape.fields, read_conditions(shape), (), ())


def describe_execution(
    name: ExecutionName,
    shape: ExecutionShape,
    traits: Traits,
    *,
    conditions: tuple[Condition, ...],
    outcome: Outcome,
    started: bool | None,
) -> ExecutionFacts:
    """The facts of an execution whose shape and outcome are known."""
    fields, template = shape.fields, shape.template
    index = find_main_container(template.get("containers"))
    containers = [as_object(item) for item in as_list(template.get("containers"))]
    container = containers[index] if containers else as_object(None)
    limits = as_object(as_object(container.get("resources")).get("limits"))
    vpc = as_object(template.get("vpcAccess"))
    network = as_object(next(iter(as_list(vpc.get("networkInterfaces"))), None))
    mounts = tuple(_read_secret_mounts(shape, container))
    seconds = parse_seconds(template.get("timeout"))
    return ExecutionFacts(
        name=name,
        outcome=outcome,
        has_started=started,
        conditions=conditions,
        created_ns=parse_time(fields.get("createTime")),
        started_ns=parse_time(fields.get("startTime")),
        completed_ns=parse_time(fields.get("completionTime")),
        task_count=as_count(fields.get("taskCount")),
        succeeded_count=as_count(fields.get("succeededCount")),
        failed_count=as_count(fields.get("failedCount")),
        cancelled_count=as_count(fields.get("cancelledCount")),
        parallelism=as_count(fields.get("parallelism")),
        max_retries=as_count(template.get("maxRetries")),
        timeout_seconds=seconds if seconds is not None and math.isfinite(seconds) else None,
        image=as_text(container.get("image")) or None,
        command=as_texts(container.get("command")),
        args=as_texts(container.get("args")),
        env=tuple(read_env(shape.template_section, container, f"{shape.containers_pointer}/{index}", traits)),
        memory_limit_bytes=parse_size(limits.get("memory")),
        cpu_limit=as_text(limits.get("cpu")) or None,
        service_account=as_text(template.get("serviceAccount")) or None,
        cloudsql_instances=attached_instances(template, shape.annotations),
        secret_volumes=tuple(mount.secret for mount in mounts),
        vpc_connector=as_text(vpc.get("connector")) or None,
        vpc_network=as_text(network.get("network")) or None,
        vpc_egress=as_text(vpc.get("egress")) or None,
        execution_environment=as_text(template.get("executionEnvironment")) or None,
        creator=as_text(fields.get("creator")) or None,
        secret_mounts=mounts,
        sidecar_images=tuple(
            as_text(other.get("image"))
            for number, other in enumerate(containers)
            if number != index and as_text(other.get("image"))
        ),
        template_source=shape.template_source,
    )


def find_main_container(value: object) -> int:
    """Which container does the job's work: the one that waits for others and that none waits for; else the first."""
    containers = [as_object(item) for item in as_list(value)]
    awaited = {name for container in containers for name in as_texts(container.get("dependsOn"))}
    if not awaited:
        return 0
    waiting = [number for number, item in enumerate(containers) if as_text(item.get("name")) not in awaited]
    return next((number for number in waiting if containers[number].get("dependsOn")), 0)


def read_env(section: str, container: Mapping[str, Any], base: str, traits: Traits) -> Iterator[EnvVar]:
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


def read_conditions(shape: ExecutionShape) -> tuple[Condition, ...]:
    """The conditions without noise: those of severity INFO only tell of retries."""
    found = []
    for pointer, item in objects(shape.fields.get("conditions"), shape.conditions_pointer):
        if as_text(item.get("severity")).upper() == "INFO" or item.get("type") == "Retry":
            continue
        kind, state, reason = as_text(item.get("type")), condition_state(item), condition_reason(item)
        message = as_text(item.get("message"))
        place = point(shape.section, pointer, message or f"{kind}: {state} {reason}")
        found.append(Condition(kind, state, reason, message, place))
    return tuple(found)


def _read_secret_mounts(shape: ExecutionShape, container: Mapping[str, Any]) -> Iterator[SecretMount]:
    paths = {
        as_text(mount.get("name")): as_text(mount.get("mountPath"))
        for _, mount in objects(container.get("volumeMounts"), "")
    }
    for pointer, volume in objects(shape.template.get("volumes"), shape.volumes_pointer):
        source = as_object(volume.get("secret"))
        secret = as_text(source.get("secret")).rpartition("/")[2]
        if not secret:
            continue
        items = tuple(
            (as_text(item.get("path")), as_text(item.get("version")) or "latest")
            for _, item in objects(source.get("items"), "")
        )
        path = paths.get(as_text(volume.get("name"))) or None
        place = point(shape.template_section, pointer, f"secret {secret} at {path or 'no path'}")
        yield SecretMount(secret, path, items, place)
