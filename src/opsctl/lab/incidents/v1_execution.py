"""The v1 (Knative) shape of an execution, as the audit record of its end carries it.

The same facts in other words: reasons in CamelCase, states as `True`, `False` and `Unknown`, environment variables with
`valueFrom`, and Cloud SQL as an annotation.
"""

from __future__ import annotations

from typing import Any

from opsctl.lab.incidents.endings import FAILED, SUCCEEDED
from opsctl.lab.incidents.incident import Json
from opsctl.lab.incidents.run import Run


def v1_execution(run: Run, resource: Json) -> Json:
    """run.googleapis.com/v1 Execution for a v2 `resource` of `run`."""
    counters = ("failedCount", "succeededCount", "cancelledCount", "runningCount", "retriedCount")
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {
            "name": run.id,
            "namespace": run.spec.project.number,
            "uid": resource["uid"],
            "generation": 1,
            "creationTimestamp": resource["createTime"],
            "labels": {
                "run.googleapis.com/job": run.spec.name,
                "run.googleapis.com/jobGeneration": str(run.generation),
                "cloud.googleapis.com/location": run.spec.project.region,
            },
            "annotations": _annotations(run),
        },
        "spec": {
            "parallelism": resource["parallelism"],
            "taskCount": resource["taskCount"],
            "template": {"spec": _task_spec(resource["template"])},
        },
        "status": {
            "observedGeneration": 1,
            "conditions": [_condition(condition) for condition in resource["conditions"]],
            **{key: resource[key] for key in ("startTime", "completionTime", *counters) if key in resource},
            "logUri": resource["logUri"],
        },
    }


def _annotations(run: Run) -> Json:
    notes = {"run.googleapis.com/creator": run.creator, "run.googleapis.com/execution-environment": "gen2"}
    if run.spec.cloudsql:
        notes["run.googleapis.com/cloudsql-instances"] = ",".join(run.spec.cloudsql)
    return notes


def _task_spec(template: Json) -> Json:
    containers = [
        {
            "image": container["image"],
            "command": container["command"],
            "args": container["args"],
            "env": [_variable(variable) for variable in container["env"]],
            "resources": container["resources"],
        }
        for container in template["containers"]
    ]
    return {
        "containers": containers,
        "maxRetries": template["maxRetries"],
        "timeoutSeconds": template["timeout"].removesuffix("s"),
        "serviceAccountName": template["serviceAccount"],
    }


def _variable(variable: Json) -> Json:
    if "valueSource" not in variable:
        return dict(variable)
    reference = variable["valueSource"]["secretKeyRef"]
    chosen = {"name": reference["secret"], "key": reference["version"]}
    return {"name": variable["name"], "valueFrom": {"secretKeyRef": chosen}}


def _condition(condition: Json) -> Json:
    status = {SUCCEEDED: "True", FAILED: "False"}.get(condition["state"], "Unknown")
    body: dict[str, Any] = {"type": condition["type"], "status": status}
    body |= {key: condition[key] for key in ("message", "lastTransitionTime") if key in condition}
    reason = condition.get("reason") or condition.get("executionReason")
    return body | ({"reason": reason.title().replace("_", "")} if reason else {})
