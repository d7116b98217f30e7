"""Which permission would have given what is missing, as the command that grants it.

Roles and what they hold: https://cloud.google.com/iam/docs/roles-permissions. The smallest predefined role that only
reads is named; no role is named for what nobody who diagnoses needs (the value of a secret).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Evidence, Section, SectionStatus
from opsctl.diagnosis.report import AccessNeed

# For whoever runs the command when it is not known who collected: the account that gcloud uses there.
UNKNOWN_MEMBER = "user:EMAIL"


@dataclass(frozen=True, slots=True)
class _Need:
    permission: str
    role: str


_RUN = "roles/run.viewer"
_NEEDS: Mapping[str, _Need] = {
    "execution": _Need("run.executions.get", _RUN),
    "tasks": _Need("run.tasks.list", _RUN),
    "job": _Need("run.jobs.get", _RUN),
    "baseline": _Need("run.executions.list", _RUN),
    "logs": _Need("logging.logEntries.list", "roles/logging.viewer"),
    "service_account": _Need("resourcemanager.projects.getIamPolicy", "roles/iam.securityReviewer"),
    "secrets": _Need("secretmanager.versions.get", "roles/secretmanager.viewer"),
    "cloudsql": _Need("cloudsql.instances.get", "roles/cloudsql.viewer"),
    "apis": _Need("serviceusage.services.get", "roles/serviceusage.serviceUsageViewer"),
    "image": _Need("artifactregistry.repositories.downloadArtifacts", "roles/artifactregistry.reader"),
}
# Other permissions that the same collectors use.
_ROLES = {need.permission: need.role for need in _NEEDS.values()} | {
    "run.executions.list": _RUN,
    "run.jobs.list": _RUN,
    "run.locations.list": _RUN,
    "logging.privateLogEntries.list": "roles/logging.privateLogViewer",
    "iam.serviceAccounts.get": "roles/iam.serviceAccountViewer",
    "resourcemanager.projects.get": "roles/browser",
    "secretmanager.secrets.get": "roles/secretmanager.viewer",
    "serviceusage.services.list": "roles/serviceusage.serviceUsageViewer",
}
_PERMISSION = re.compile(r"\b[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+\b")
_REGISTRY = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/(?P<domain>[a-z0-9.-]+\.[a-z]+/)?(?P<project>[^/]+)/")
_OLD_REGISTRY = re.compile(r"(?:[a-z]+\.)?gcr\.io/(?P<project>[^/]+)/")
_DISABLED = re.compile(r"has not been used in project|SERVICE_DISABLED|API is (?:disabled|not enabled)", re.IGNORECASE)
_APIS = {
    "logs": "logging.googleapis.com",
    "service_account": "cloudresourcemanager.googleapis.com",
    "secrets": "secretmanager.googleapis.com",
    "cloudsql": "sqladmin.googleapis.com",
    "apis": "serviceusage.googleapis.com",
    "image": "artifactregistry.googleapis.com",
}


def find_access_needs(evidence: Evidence, facts: Facts) -> tuple[AccessNeed, ...]:
    """What was refused, in the order of the sections; one entry for each role and project."""
    found: dict[tuple[str, str], AccessNeed] = {}
    member = evidence.collected_by or UNKNOWN_MEMBER
    for name in (*SECTIONS, *OWN_SECTIONS):
        section = evidence.section(name)
        project = _project_of(name, facts)
        if not project:
            continue
        for permission, command in _missing(name, section, project, member):
            known = found.get((permission.role, project))
            sections = (name,) if known is None else (*known.sections, name)
            permissions = (permission.permission,) if known is None else (*known.permissions, permission.permission)
            found[permission.role, project] = AccessNeed(
                tuple(dict.fromkeys(sections)), tuple(dict.fromkeys(permissions)), permission.role or None, command
            )
    return tuple(found.values())


def _missing(name: str, section: Section, project: str, member: str) -> Iterator[tuple[_Need, str]]:
    reason = section.reason or ""
    if name in _APIS and section.status is SectionStatus.ERROR and _DISABLED.search(reason):
        yield _Need("", ""), shlex.join(("gcloud", "services", "enable", _APIS[name], f"--project={project}"))
        return
    named = [permission for permission in _PERMISSION.findall(reason) if permission in _ROLES]
    needs = [_Need(permission, _ROLES[permission]) for permission in dict.fromkeys(named)]
    if section.status is SectionStatus.DENIED and name in _NEEDS:
        needs = needs or [_NEEDS[name]]
    elif section.status is not SectionStatus.PARTIAL:
        return
    for need in needs:
        words = ("gcloud", "projects", "add-iam-policy-binding", project, f"--member={member}", f"--role={need.role}")
        yield need, shlex.join(words)


def _project_of(name: str, facts: Facts) -> str:
    """The project in which the right is missing: images and databases may be in another one. Empty for an image that
    is not in a registry of Google."""
    own = facts.execution.name.project
    if name == "image":
        image = facts.execution.image or ""
        match = _REGISTRY.match(image) or _OLD_REGISTRY.match(image)
        return match["project"] if match else ""
    if name == "cloudsql":
        instance = next(iter(facts.execution.cloudsql_instances), "")
        return instance.rsplit(":", 2)[0] if instance.count(":") >= 2 else own
    return own
