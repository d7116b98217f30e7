"""Where an execution describes itself: v2 JSON, the v1 (Knative) shape, an audit record's answer, or the job.

Cloud Run's v1 API and the `system_event` audit record write an execution as `metadata`, `spec` and `status`, with
attachments as annotations and reasons in CamelCase. Facts read one shape only: this brings the other into it and keeps
the pointers of the file. Source of both shapes: the discovery documents of run.googleapis.com, v1 and v2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsctl.diagnosis.facts.entries import origin_of
from opsctl.diagnosis.facts.model import Origin, TemplateSource
from opsctl.diagnosis.facts.reading import EMPTY, as_list, as_object, as_text, as_texts, objects
from opsctl.diagnosis.models import Evidence
from opsctl.diagnosis.timestamps import parse_time

CLOUDSQL_ANNOTATION = "run.googleapis.com/cloudsql-instances"
_EGRESS = {"all-traffic": "ALL_TRAFFIC", "all": "ALL_TRAFFIC", "private-ranges-only": "PRIVATE_RANGES_ONLY"}
_STATES = {"True": "CONDITION_SUCCEEDED", "False": "CONDITION_FAILED", "Unknown": "CONDITION_RECONCILING"}


@dataclass(frozen=True, slots=True)
class ExecutionShape:
    """An execution in the v2 shape, and where its parts stand in the evidence.

    `fields`: the execution without its template, empty when nothing describes it. `template`: the task template.
    `annotations`: those of execution and template. Pointers are within `section`, the template's within
    `template_section`.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    template: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] | None = None
    section: str = "execution"
    conditions_pointer: str = "/conditions"
    template_section: str = "execution"
    containers_pointer: str = "/template/containers"
    volumes_pointer: str = "/template/volumes"
    template_source: TemplateSource | None = None


def find_shape(evidence: Evidence) -> ExecutionShape:
    """The execution as `execution` has it; without that section as its audit record has it. The template then comes
    from the audit record too, or from the job when the job was not changed since the execution's first sign."""
    section = evidence.section("execution")
    if section.status.has_data and section.data:
        return read_shape(as_object(section.data), TemplateSource.EXECUTION)
    for entry in reversed(evidence.entries):
        response = as_object(as_object(entry.proto).get("response"))
        if origin_of(entry.log_name) is Origin.AUDIT and as_text(response.get("kind")) in ("Execution", ""):
            shape = read_shape(response, TemplateSource.AUDIT, "logs", f"/entries/{entry.number}/protoPayload/response")
            if shape.fields:
                return shape
    return _job_shape(evidence)


def read_shape(
    data: Mapping[str, Any], source: TemplateSource, section: str = "execution", base: str = ""
) -> ExecutionShape:
    """An execution in either shape."""
    if isinstance(data.get("spec"), dict) or isinstance(data.get("metadata"), dict):
        return _read_v1(data, source, section, base)
    template = as_object(data.get("template"))
    return ExecutionShape(
        data,
        template,
        _annotations(data, template),
        section,
        f"{base}/conditions",
        section,
        f"{base}/template/containers",
        f"{base}/template/volumes",
        source if template else None,
    )


def condition_state(item: Mapping[str, Any]) -> str:
    """The state of a condition in v2 words."""
    return as_text(item.get("state")) or _STATES.get(as_text(item.get("status")), "")


def condition_reason(item: Mapping[str, Any]) -> str:
    """The reason in v2 words: `NonZeroExitCode` of v1 is `NON_ZERO_EXIT_CODE`."""
    reason = as_text(item.get("executionReason")) or as_text(item.get("reason"))
    if reason.isupper() or "_" in reason or not reason[:1].isupper():
        return reason
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", reason).upper()


def attached_instances(template: Mapping[str, Any], annotations: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Connection names of the Cloud SQL volumes of a task template, and of the annotation that v1 has for them."""
    volumes = [as_object(volume.get("cloudSqlInstance")) for _, volume in objects(template.get("volumes"), "")]
    names = [name for volume in volumes for name in as_texts(volume.get("instances"))]
    names += (annotations or {}).get(CLOUDSQL_ANNOTATION, "").split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def job_template(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The task template of a job and the annotations around it, in either shape."""
    if isinstance(data.get("spec"), dict):
        outer = as_object(as_object(data.get("spec")).get("template"))
        shape = _read_v1(outer, TemplateSource.JOB, "job", "/spec/template")
        return shape.template, shape.annotations or {}
    outer = as_object(data.get("template"))
    template = as_object(outer.get("template"))
    return template, {**_annotations(data, template), **_annotations(outer, EMPTY)}


def _job_shape(evidence: Evidence) -> ExecutionShape:
    data = as_object(evidence.section("job").data)
    template, annotations = job_template(data)
    changed = parse_time(data.get("updateTime"))
    first = min((entry.time_ns for entry in evidence.entries if entry.time_ns is not None), default=None)
    # A job that was changed after the run, or may have been, does not tell what ran.
    if not template or changed is None or first is None or changed > first:
        return ExecutionShape()
    base = "/spec/template/spec/template/spec" if isinstance(data.get("spec"), dict) else "/template/template"
    return ExecutionShape(
        template=template,
        annotations=annotations,
        template_section="job",
        containers_pointer=f"{base}/containers",
        volumes_pointer=f"{base}/volumes",
        template_source=TemplateSource.JOB,
    )


def _read_v1(data: Mapping[str, Any], source: TemplateSource, section: str, base: str) -> ExecutionShape:
    metadata, spec, status = (as_object(data.get(name)) for name in ("metadata", "spec", "status"))
    outer = as_object(spec.get("template"))
    annotations = {**_annotations(metadata, EMPTY), **_annotations(as_object(outer.get("metadata")), EMPTY)}
    template = _read_v1_template(as_object(outer.get("spec")), annotations)
    labels = as_object(metadata.get("labels"))
    fields = {
        "name": metadata.get("name"),
        "job": labels.get("run.googleapis.com/job"),
        "generation": metadata.get("generation"),
        "creator": annotations.get("run.googleapis.com/creator"),
        "createTime": metadata.get("creationTimestamp"),
        "parallelism": spec.get("parallelism"),
        "taskCount": spec.get("taskCount"),
        **status,
    }
    return ExecutionShape(
        {key: value for key, value in fields.items() if value is not None},
        template,
        annotations,
        section,
        f"{base}/status/conditions",
        section,
        f"{base}/spec/template/spec/containers",
        f"{base}/spec/template/spec/volumes",
        source if template else None,
    )


def _read_v1_template(spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Mapping[str, Any]:
    """A v1 TaskSpec in v2 words; empty for an empty one."""
    if not spec:
        return EMPTY
    prefix = "run.googleapis.com/"
    seconds = spec.get("timeoutSeconds")
    environment = annotations.get(f"{prefix}execution-environment", "")
    egress = annotations.get(f"{prefix}vpc-access-egress", "")
    network = re.search(r'"network"\s*:\s*"([^"]+)"', annotations.get(f"{prefix}network-interfaces", ""))
    return {
        "containers": [_read_v1_container(item) for item in as_list(spec.get("containers"))],
        "volumes": list(_read_v1_volumes(spec.get("volumes"))),
        "maxRetries": spec.get("maxRetries"),
        "timeout": f"{seconds}s" if isinstance(seconds, str | int) and not isinstance(seconds, bool) else None,
        "serviceAccount": spec.get("serviceAccountName"),
        "executionEnvironment": f"EXECUTION_ENVIRONMENT_{environment.upper()}" if environment else None,
        "vpcAccess": {
            "connector": annotations.get(f"{prefix}vpc-access-connector"),
            "egress": _EGRESS.get(egress, egress),
            "networkInterfaces": [{"network": network[1]}] if network else [],
        },
    }


def _read_v1_container(item: object) -> Mapping[str, Any]:
    container = as_object(item)
    variables = []
    for variable in as_list(container.get("env")):
        fields = as_object(variable)
        reference = as_object(as_object(fields.get("valueFrom")).get("secretKeyRef"))
        if reference:
            # v1 calls the secret `name` and its version `key`.
            source = {"secretKeyRef": {"secret": reference.get("name"), "version": reference.get("key")}}
            fields = {"name": fields.get("name"), "valueSource": source}
        variables.append(fields)
    return {**container, "env": variables}


def _read_v1_volumes(value: object) -> Iterator[Mapping[str, Any]]:
    for _, volume in objects(value, ""):
        secret = volume.get("secret")
        if not isinstance(secret, dict):
            yield volume
            continue
        items = [{"path": item.get("path"), "version": item.get("key")} for _, item in objects(secret.get("items"), "")]
        yield {"name": volume.get("name"), "secret": {"secret": secret.get("secretName"), "items": items}}


def _annotations(data: Mapping[str, Any], template: Mapping[str, Any]) -> dict[str, str]:
    found = {**as_object(data.get("annotations")), **as_object(template.get("annotations"))}
    return {key: value for key, value in found.items() if isinstance(value, str)}
