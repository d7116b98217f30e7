"""Cloud Run's older (v1, Knative) words for the resources of v2: the shape that gcloud reads.

Reasons are in CamelCase, states are `True`, `False` and `Unknown`, Cloud SQL and VPC are annotations, zero counts are
left out. https://cloud.google.com/run/docs/reference/rest/v1/namespaces.executions
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opsctl.lab.google.world import Project

Json = dict[str, Any]

_VERSION = "run.googleapis.com/v1"
_STATES = {"CONDITION_SUCCEEDED": "True", "CONDITION_FAILED": "False"}
_COUNTS = ("runningCount", "succeededCount", "failedCount", "cancelledCount", "retriedCount")
_EGRESS = {"ALL_TRAFFIC": "all-traffic", "PRIVATE_RANGES_ONLY": "private-ranges-only"}
_ENVIRONMENTS = {"EXECUTION_ENVIRONMENT_GEN1": "gen1", "EXECUTION_ENVIRONMENT_GEN2": "gen2"}


def list_v1(kind: str, items: Iterable[Json], token: str) -> Json:
    """A list of resources; `metadata` is there even when it says nothing."""
    return {"apiVersion": _VERSION, "kind": f"{kind}List", "metadata": {"continue": token}, "items": list(items)}


def execution_v1(execution: Json, project: Project) -> Json:
    """An Execution."""
    template = execution["template"]
    labels = {"run.googleapis.com/job": execution["job"]}
    notes = {"run.googleapis.com/creator": execution.get("creator", ""), **_annotations(template)}
    spec = {
        "parallelism": execution.get("parallelism", 1),
        "taskCount": execution.get("taskCount", 1),
        "template": {"spec": _task_spec(template)},
    }
    return {
        **_resource("Execution", execution, project, labels, notes),
        "spec": spec,
        "status": _status(execution, (*_COUNTS, "logUri")),
    }


def task_v1(task: Json, execution: Json, project: Project) -> Json:
    """A Task. Index 0 is left out; `lastAttemptResult` has no signal, but always a status."""
    labels = {
        "run.googleapis.com/job": execution["job"],
        "run.googleapis.com/execution": _short(execution),
        "run.googleapis.com/runningState": _running_state(task),
    }
    status = _status(task, ("retried",)) | ({"index": task["index"]} if task.get("index") else {})
    result = task.get("lastAttemptResult")
    if result is not None:
        code = {"exitCode": result["exitCode"]} if result.get("exitCode") else {}
        status["lastAttemptResult"] = {**code, "status": result.get("status", {})}
    return {
        **_resource("Task", task, project, labels, {}),
        "spec": _task_spec(task if "containers" in task else execution["template"]),
        "status": status,
    }


def job_v1(job: Json, project: Project) -> Json:
    """A Job."""
    outer = job["template"]
    inner = outer["template"]
    spec = {
        "parallelism": outer.get("parallelism", 1),
        "taskCount": outer.get("taskCount", 1),
        "template": {"spec": _task_spec(inner)},
    }
    conditions = [*([job["terminalCondition"]] if "terminalCondition" in job else []), *job.get("conditions", [])]
    latest = job.get("latestCreatedExecution", {})
    reference = {
        "name": _short(latest),
        "creationTimestamp": latest.get("createTime"),
        "completionTimestamp": latest.get("completionTime"),
        "completionStatus": latest.get("completionStatus"),
    }
    status: Json = {
        "observedGeneration": int(job.get("observedGeneration", 1)),
        "conditions": [_condition(condition) for condition in conditions],
        "executionCount": job.get("executionCount", 0),
    }
    if latest:
        status["latestCreatedExecution"] = {key: value for key, value in reference.items() if value}
    labels = {"run.googleapis.com/lastUpdatedTime": job.get("updateTime", job["createTime"])}
    notes = {
        "run.googleapis.com/creator": job.get("creator", ""),
        "run.googleapis.com/lastModifier": job.get("lastModifier", ""),
    }
    return {
        **_resource("Job", job, project, labels, notes),
        "spec": {"template": {"metadata": {"annotations": _annotations(inner)}, "spec": spec}},
        "status": status,
    }


def _resource(kind: str, body: Json, project: Project, labels: Json, annotations: Json) -> Json:
    name = _short(body)
    location = str(body["name"]).split("/")[3]
    metadata = {
        "name": name,
        "namespace": project.number,
        "selfLink": f"/apis/{_VERSION}/namespaces/{project.number}/{kind.lower()}s/{name}",
        "uid": body.get("uid", name),
        "generation": int(body.get("generation", 1)),
        "creationTimestamp": body["createTime"],
        "labels": {**body.get("labels", {}), **labels, "cloud.googleapis.com/location": location},
        "annotations": {key: value for key, value in annotations.items() if value},
    }
    return {"apiVersion": _VERSION, "kind": kind, "metadata": metadata}


def _status(body: Json, keys: tuple[str, ...]) -> Json:
    known = {key: body[key] for key in ("startTime", "completionTime", *keys) if body.get(key)}
    conditions = [_condition(condition) for condition in body.get("conditions", [])]
    return {"observedGeneration": int(body.get("observedGeneration", 1)), "conditions": conditions, **known}


def _condition(condition: Json) -> Json:
    reason = condition.get("executionReason") or condition.get("reason") or condition.get("revisionReason")
    severity = {"INFO": "Info", "WARNING": "Warning", "ERROR": ""}.get(condition.get("severity", "ERROR"), "")
    body = {
        "type": condition["type"],
        "status": _STATES.get(condition.get("state", ""), "Unknown"),
        "reason": "".join(word.capitalize() for word in reason.split("_")) if reason else "",
        "message": condition.get("message", ""),
        "severity": severity,
        "lastTransitionTime": condition.get("lastTransitionTime", ""),
    }
    return {key: value for key, value in body.items() if value}


def _running_state(task: Json) -> str:
    state = next((item.get("state", "") for item in task.get("conditions", []) if item["type"] == "Completed"), "")
    return {"CONDITION_SUCCEEDED": "Succeeded", "CONDITION_FAILED": "Failed"}.get(state, "Running")


def _annotations(template: Json) -> Json:
    attached = [
        name
        for volume in template.get("volumes", [])
        for name in volume.get("cloudSqlInstance", {}).get("instances", [])
    ]
    vpc = template.get("vpcAccess", {})
    return {
        "run.googleapis.com/cloudsql-instances": ",".join(attached),
        "run.googleapis.com/execution-environment": _ENVIRONMENTS.get(template.get("executionEnvironment", ""), ""),
        "run.googleapis.com/vpc-access-connector": vpc.get("connector", ""),
        "run.googleapis.com/vpc-access-egress": _EGRESS.get(vpc.get("egress", ""), ""),
        "run.googleapis.com/network-interfaces": json.dumps(vpc["networkInterfaces"])
        if vpc.get("networkInterfaces")
        else "",
    }


def _task_spec(template: Json) -> Json:
    spec = {
        "containers": [_container(container) for container in template.get("containers", [])],
        "maxRetries": template.get("maxRetries", 3),
        "timeoutSeconds": str(template.get("timeout", "600s")).removesuffix("s"),
        "serviceAccountName": template.get("serviceAccount", ""),
    }
    volumes = [_volume(volume) for volume in template.get("volumes", []) if "cloudSqlInstance" not in volume]
    return spec | ({"volumes": volumes} if volumes else {})


def _container(container: Json) -> Json:
    mounts = [mount for mount in container.get("volumeMounts", []) if mount.get("mountPath") != "/cloudsql"]
    body = {
        "name": container.get("name", ""),
        "image": container["image"],
        "command": container.get("command", []),
        "args": container.get("args", []),
        "env": [_variable(variable) for variable in container.get("env", [])],
        "resources": container.get("resources", {}),
        "volumeMounts": mounts,
    }
    return {key: value for key, value in body.items() if value}


def _variable(variable: Json) -> Json:
    if "valueSource" not in variable:
        return {"name": variable["name"], "value": variable.get("value", "")}
    reference = variable["valueSource"]["secretKeyRef"]
    chosen = {"name": reference["secret"], "key": reference.get("version", "latest")}
    return {"name": variable["name"], "valueFrom": {"secretKeyRef": chosen}}


def _volume(volume: Json) -> Json:
    if "secret" in volume:
        source = volume["secret"]
        items = [{"key": item.get("version", "latest"), "path": item["path"]} for item in source.get("items", [])]
        return {"name": volume["name"], "secret": {"secretName": source["secret"], "items": items}}
    return dict(volume)


def _short(body: Json) -> str:
    return str(body.get("name", "")).rpartition("/")[2]
