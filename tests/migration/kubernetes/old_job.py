"""The Job of the first incident, as the API would answer with it."""

from __future__ import annotations

import copy
from typing import Any

from opsctl.migration.kubernetes.models import JobKey

KEY = JobKey("apc-backup-ns", "car-image-migration")
UID = "7d9a8a52-6a58-4fd5-8a87-0c1c0a1d6f10"
PASSWORD_URI = "mongodb://admin:hunter2@mongodb.apc-db-ns.svc.cluster.local:27017/?authSource=admin"

_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": KEY.name,
        "namespace": KEY.namespace,
        "uid": UID,
        "resourceVersion": "771",
        "generation": 1,
        "creationTimestamp": "2025-12-23T05:42:00Z",
        "labels": {"app": KEY.name},
        "managedFields": [{"manager": "kubectl-client-side-apply", "operation": "Update"}],
    },
    "spec": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "parallelism": 1,
        "manualSelector": False,
        "suspend": False,
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}},
        "template": {
            "metadata": {
                "creationTimestamp": None,
                "labels": {
                    "app": KEY.name,
                    "batch.kubernetes.io/controller-uid": UID,
                    "batch.kubernetes.io/job-name": KEY.name,
                    "controller-uid": UID,
                    "job-name": KEY.name,
                },
            },
            "spec": {
                "restartPolicy": "OnFailure",
                "terminationGracePeriodSeconds": 30,
                "schedulerName": "default-scheduler",
                "dnsPolicy": "ClusterFirst",
                "securityContext": {},
                "nodeSelector": {"pool": "batch"},
                "tolerations": [{"key": "batch", "operator": "Exists"}],
                "imagePullSecrets": [{"name": "registry"}],
                "containers": [
                    {
                        "name": "migrate",
                        "image": "python:3.11-slim",
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["python", "/scripts/migrate.py"],
                        "livenessProbe": {"exec": {"command": ["true"]}},
                        "env": [
                            {"name": "MONGODB_URI", "value": PASSWORD_URI},
                            {
                                "name": "AWS_REGION",
                                "valueFrom": {"configMapKeyRef": {"name": "cloud-config", "key": "region"}},
                            },
                        ],
                        "envFrom": [{"secretRef": {"name": "cloud-credentials"}}],
                        "resources": {},
                        "terminationMessagePath": "/dev/termination-log",
                        "volumeMounts": [{"name": "script", "mountPath": "/scripts"}],
                    }
                ],
                "volumes": [
                    {"name": "script", "configMap": {"name": "car-image-migration-script", "defaultMode": 420}}
                ],
            },
        },
    },
    "status": {"active": 1, "startTime": "2025-12-23T05:42:00Z", "ready": 1},
}


def old_job() -> dict[str, Any]:
    """A fresh copy."""
    return copy.deepcopy(_JOB)


def has_password(name: str, value: str) -> bool:
    """What the command line finds out with its own rules."""
    return "hunter2" in value or "PASSWORD" in name
