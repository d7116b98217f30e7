"""Who may do what: Resource Manager v3 and v1, IAM v1, Policy Troubleshooter v1."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from aiohttp import web

from opsctl.lab.google.answers import denied, invalid, not_found
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.permissions import find_access
from opsctl.lab.google.surface import Ask, Surface
from opsctl.lab.google.world import Project

Json = dict[str, Any]

RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
IAM = "iam.googleapis.com"
TROUBLESHOOTER = "policytroubleshooter.googleapis.com"

_PROJECT = "projects/{project:[^/:]+}"


def add_accounts(application: web.Application, cloud: Cloud) -> None:
    """Projects with their policies, service accounts, and the troubleshooter."""
    projects = Surface(application, cloud, RESOURCE_MANAGER)
    projects.get(f"/v3/{_PROJECT}", _get_project)
    projects.get(f"/v1/{_PROJECT}", _get_project_v1)
    for version in ("v1", "v3"):
        projects.post(f"/{version}/{_PROJECT}:getIamPolicy", _get_policy)
        projects.post(f"/{version}/{_PROJECT}:testIamPermissions", _test_permissions)
    accounts = Surface(application, cloud, IAM)
    accounts.get("/v1/projects/{project}/serviceAccounts/{email}", _get_service_account)
    troubleshooter = Surface(application, cloud, TROUBLESHOOTER)
    troubleshooter.post("/v1/iam:troubleshoot", _troubleshoot)


def _get_project(ask: Ask) -> Json:
    project = _enter(ask, "resourcemanager.projects.get")
    return {
        "name": f"projects/{project.number}",
        "projectId": project.id,
        "state": "ACTIVE",
        "displayName": project.id,
    }


def _get_project_v1(ask: Ask) -> Json:
    project = _enter(ask, "resourcemanager.projects.get")
    return {
        "projectNumber": project.number,
        "projectId": project.id,
        "lifecycleState": "ACTIVE",
        "name": project.id,
    }


def _get_policy(ask: Ask) -> Json:
    project = _enter(ask, "resourcemanager.projects.getIamPolicy")
    version = ask.body.get("options", {}).get("requestedPolicyVersion", 1)
    if version not in (0, 1, 3):
        raise invalid(f"Invalid requested policy version: {version}.")
    return project.policy if version == 3 else _without_conditions(project.policy)


def _test_permissions(ask: Ask) -> Json:
    wanted = ask.body.get("permissions", [])
    project = ask.cloud.world.find_project(ask.names["project"])
    held = [name for name in wanted if project is not None and not ask.cloud.world.is_denied(project, name)]
    return {"permissions": held} if held else {}


def _get_service_account(ask: Ask) -> Json:
    email = ask.names["email"].lower()
    refused = "Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist)."
    project = _project_of(ask, email)
    if project is None:
        raise denied("iam.serviceAccounts.get", f"projects/-/serviceAccounts/{email}", refused)
    ask.require("iam.serviceAccounts.get", ask.path.removeprefix("/v1/"), project=project.id, message=refused)
    account = project.service_accounts.get(email)
    if account is None:
        raise not_found("Unknown service account")
    return account


def _troubleshoot(ask: Ask) -> Json:
    question = ask.body.get("accessTuple", {})
    missing = [key for key in ("principal", "fullResourceName", "permission") if not question.get(key)]
    if missing:
        raise invalid(f"access_tuple.{missing[0]} must not be empty.")
    parts = str(question["fullResourceName"]).split("/")
    named = parts[parts.index("projects") + 1] if "projects" in parts[:-1] else ""
    project = ask.cloud.require(
        TROUBLESHOOTER, "policytroubleshooter.iam.troubleshoot", named, question["fullResourceName"], fault=ask.fault
    )
    if ask.cloud.world.is_denied(project, "resourcemanager.projects.getIamPolicy"):
        return {"access": "UNKNOWN_INFO_DENIED"}
    access = find_access(project, question["principal"], question["permission"])
    explained = {
        "access": access,
        "fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{project.id}",
        "policy": project.policy,
        "relevance": "HIGH",
    }
    return {"access": access, "explainedPolicies": [explained]}


def _enter(ask: Ask, permission: str) -> Project:
    message = "The caller does not have permission"
    return ask.require(permission, f"projects/{ask.names['project']}", message=message)


def _project_of(ask: Ask, email: str) -> Project | None:
    """The project of a service account, which its address tells."""
    world = ask.cloud.world
    if ask.names["project"] != "-":
        return world.find_project(ask.names["project"])
    name, _, domain = email.partition("@")
    if domain == "developer.gserviceaccount.com":
        return world.find_project(name.partition("-")[0])
    return world.find_project(domain.removesuffix(".iam.gserviceaccount.com"))


def _without_conditions(policy: Json) -> Json:
    """What a caller gets that does not ask for version 3: conditions are gone, their roles have another name."""
    bindings = []
    for binding in policy.get("bindings", []):
        condition = binding.get("condition")
        if condition is None:
            bindings.append(binding)
            continue
        mark = hashlib.sha256(json.dumps(condition, sort_keys=True).encode()).hexdigest()[:20]
        bindings.append({"role": f"{binding['role']}_withcond_{mark}", "members": binding["members"]})
    return {**policy, "version": 1, "bindings": bindings}
