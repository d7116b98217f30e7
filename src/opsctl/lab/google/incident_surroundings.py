"""What stands around the executions of the practice incidents: accounts, secrets, database instances."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from opsctl.lab.google.world import Project, Secret

Json = dict[str, Any]

_ENOUGH_ROLES = ("roles/cloudsql.client", "roles/logging.logWriter", "roles/secretmanager.secretAccessor")
_NUMBER = re.compile(r'"namespace": "(\d{9,})"|(\d{9,})-compute@|projects/(\d{9,})/')
_LONG_BEFORE = timedelta(days=100)
_VERDICTS = {"DENIED": "NOT_GRANTED"}


def find_number(evidence: Json, project: str) -> str:
    """The number of the project: from the evidence when it is in there."""
    found = _NUMBER.search(json.dumps(evidence["sections"]))
    return next(filter(None, found.groups())) if found else derive_number(project)


def derive_number(project: str) -> str:
    """A number that is always the same for a project."""
    return str(100_000_000_000 + int(hashlib.sha256(project.encode()).hexdigest(), 16) % 900_000_000_000)


def service_agent(project: Project) -> str:
    """The account that pulls images and starts containers."""
    return f"service-{project.number}@serverless-robot-prod.iam.gserviceaccount.com"


def add_account(project: Project, sections: Json) -> None:
    """The account of the job with its roles; not when it was deleted."""
    section = sections["service_account"]
    status, data = section["status"], section.get("data", {})
    if status == "denied":
        project.denied_permissions.add("resourcemanager.projects.getIamPolicy")
    template = sections["execution"].get("data", {}).get("template", {})
    email = str(data.get("email") or template.get("serviceAccount") or "").lower()
    if status == "not_found" or not email:
        return
    account: Json = {
        "name": f"projects/{project.id}/serviceAccounts/{email}",
        "projectId": project.id,
        "uniqueId": derive_number(email),
        "email": email,
        "oauth2ClientId": derive_number(email),
    }
    project.service_accounts[email] = account | ({"disabled": True} if data.get("disabled") else {})
    for role in data.get("projectRoles", _ENOUGH_ROLES):
        project.bind(role, f"serviceAccount:{email}")
    if data.get("method") == "policy-troubleshooter":
        project.enabled_apis.add("policytroubleshooter.googleapis.com")
    for access in data.get("access", []):
        verdict = access["verdict"]
        project.access[(email, access["permission"])] = _VERDICTS.get(verdict, verdict)


def add_secrets(project: Project, sections: Json) -> None:
    """The versions that the job's references led to, and the ones before them."""
    section = sections["secrets"]
    if section["status"] == "denied":
        project.denied_permissions |= {"secretmanager.versions.get", "secretmanager.versions.list"}
    known = section.get("data", {}).get("secrets", [])
    for seen in known:
        number = int(seen["resolvedVersion"])
        versions = _secret(project, seen["name"], seen["createTime"]).versions
        versions[number] = {"createTime": seen["createTime"], "state": seen["state"]}
        if number > 1:
            versions.setdefault(number - 1, {"createTime": _earlier(seen["createTime"]), "state": "ENABLED"})
    execution = sections["execution"].get("data", {})
    for name, version in _references(execution):
        if name not in {seen["name"] for seen in known}:
            created = _earlier(execution["createTime"])
            number = int(version) if version.isdigit() else 1
            _secret(project, name, created).versions.setdefault(number, {"createTime": created, "state": "ENABLED"})


def add_instances(project: Project, sections: Json) -> None:
    """The instances that were read, and those that the job attaches. They are in the job's own project."""
    section = sections["cloudsql"]
    if section["status"] == "denied":
        project.denied_permissions.add("cloudsql.instances.get")
    seen = {item["connectionName"]: item for item in section.get("data", {}).get("instances", [])}
    for volume in sections["execution"].get("data", {}).get("template", {}).get("volumes", []):
        for connection in volume.get("cloudSqlInstance", {}).get("instances", []):
            seen.setdefault(connection, {"connectionName": connection})
    for connection, instance in seen.items():
        name = connection.split(":")[2]
        project.sql_instances[name] = _instance(connection, instance)


def tasks_that_succeeded(execution: Json) -> list[Json]:
    """The tasks of an execution that ended well."""
    template = execution["template"]
    short = str(execution["name"]).rpartition("/")[2]
    common: Json = {
        "job": execution["job"],
        "execution": short,
        **{key: execution[key] for key in ("createTime", "startTime", "completionTime") if key in execution},
        **{key: template[key] for key in ("maxRetries", "timeout", "serviceAccount") if key in template},
        "conditions": [{"type": "Completed", "state": "CONDITION_SUCCEEDED"}],
        "lastAttemptResult": {"status": {}},
    }
    return [
        {"name": f"{execution['name']}/tasks/{short}-task{index}", "index": index, **common}
        for index in range(execution.get("taskCount", 1))
    ]


def _instance(connection: str, seen: Json) -> Json:
    """DatabaseInstance. What nobody looked at is as it usually is."""
    project, region, name = connection.split(":")
    kinds = seen.get("ipTypes", ["PRIMARY"])
    address = {"PRIMARY": "203.0.113.10", "PRIVATE": "10.60.0.4", "OUTGOING": "203.0.113.11"}
    network: Json = {}
    if "PRIVATE" in kinds:
        network["privateNetwork"] = f"projects/{project}/global/networks/default"
    return {
        "kind": "sql#instance",
        "name": name,
        "project": project,
        "region": region,
        "connectionName": connection,
        "backendType": "SECOND_GEN",
        "databaseVersion": "MYSQL_8_0" if "mysql" in name else "POSTGRES_15",
        "state": seen.get("state", "RUNNABLE"),
        "settings": {
            "activationPolicy": seen.get("activationPolicy", "ALWAYS"),
            "ipConfiguration": {
                "ipv4Enabled": "PRIMARY" in kinds,
                "serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA",
                **network,
            },
        },
        "ipAddresses": [{"type": kind, "ipAddress": address[kind]} for kind in kinds],
    }


def _secret(project: Project, name: str, created: str) -> Secret:
    return project.secrets.setdefault(name, Secret(name, _earlier(created)))


def _references(execution: Json) -> Iterator[tuple[str, str]]:
    for container in execution.get("template", {}).get("containers", []):
        for variable in container.get("env", []):
            reference = variable.get("valueSource", {}).get("secretKeyRef")
            if reference:
                yield reference["secret"], reference.get("version", "latest")


def _earlier(time: str) -> str:
    return f"{datetime.fromisoformat(time) - _LONG_BEFORE:%Y-%m-%dT%H:%M:%SZ}"
