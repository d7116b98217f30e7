"""Which permission would have given what is missing, as the command that grants it.

Roles and what they hold: https://cloud.google.com/iam/docs/roles-permissions. The smallest predefined role that only
reads is named; no role is named for what nobody who diagnoses needs (the value of a secret).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opsctl.diagnosis.access_places import image_project, projects_of
from opsctl.diagnosis.collectors.references import References, read_references
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.facts.shape import find_shape
from opsctl.diagnosis.models import OWN_SECTIONS, SECTIONS, Evidence, Section, SectionStatus
from opsctl.diagnosis.report import AccessNeed

# For whoever runs the command when it is not known who collected: the account that gcloud uses there.
UNKNOWN_MEMBER = "user:EMAIL"

_RUN = "roles/run.viewer"
# What a section asks for first, named when a refusal names nothing.
_FIRST = {
    "execution": "run.executions.get",
    "tasks": "run.tasks.list",
    "job": "run.jobs.get",
    "baseline": "run.executions.list",
    "logs": "logging.logEntries.list",
    "service_account": "resourcemanager.projects.getIamPolicy",
    "secrets": "secretmanager.versions.get",
    "cloudsql": "cloudsql.instances.get",
    "apis": "serviceusage.services.get",
    "image": "artifactregistry.repositories.downloadArtifacts",
}
# Permission -> the smallest predefined role that holds it.
SMALLEST_ROLES = {
    "run.executions.get": _RUN,
    "run.executions.list": _RUN,
    "run.jobs.get": _RUN,
    "run.jobs.list": _RUN,
    "run.locations.list": _RUN,
    "run.tasks.list": _RUN,
    "logging.logEntries.list": "roles/logging.viewer",
    "logging.privateLogEntries.list": "roles/logging.privateLogViewer",
    "iam.serviceAccounts.get": "roles/iam.serviceAccountViewer",
    "resourcemanager.projects.get": "roles/browser",
    "resourcemanager.projects.getIamPolicy": "roles/browser",
    "secretmanager.secrets.get": "roles/secretmanager.viewer",
    "secretmanager.versions.get": "roles/secretmanager.viewer",
    "cloudsql.instances.get": "roles/cloudsql.viewer",
    "serviceusage.services.get": "roles/serviceusage.serviceUsageViewer",
    "serviceusage.services.list": "roles/serviceusage.serviceUsageViewer",
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
}
# `iam.serviceAccounts.get`, not the name of an API.
_PERMISSION = re.compile(r"(?<![\w.-])[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+(?![\w.-]*\w|/)(?<!\.googleapis\.com)(?<!\.gcr\.io)")
# Refusals that no role on the resource changes: the perimeter, the scope or quota project of the token, the sign-in.
_NO_ROLE_HELPS = re.compile(
    r"VPC Service Controls|prohibited by organization's policy|authentication scopes|lacks the scope|quota project|"
    r"authentication credential|does not accept the credentials|wants a login|serviceusage\.services\.use",
    re.IGNORECASE,
)
# With the API and the project that a refusal names, mostly by its number: requests are charged to that one.
_DISABLED = re.compile(
    r"(?:(?P<api>[a-z]+\.googleapis\.com): [^;]*?)?(?:has not been used in project (?P<project>[\w.:-]+)|"
    r"SERVICE_DISABLED|API is (?:disabled|not enabled|off in the project))",
    re.IGNORECASE,
)
_APIS = {
    "execution": "run.googleapis.com",
    "tasks": "run.googleapis.com",
    "job": "run.googleapis.com",
    "baseline": "run.googleapis.com",
    "logs": "logging.googleapis.com",
    "service_account": "cloudresourcemanager.googleapis.com",
    "secrets": "secretmanager.googleapis.com",
    "cloudsql": "sqladmin.googleapis.com",
    "apis": "serviceusage.googleapis.com",
    "image": "artifactregistry.googleapis.com",
}


@dataclass(frozen=True, slots=True)
class _Need:
    """What one command gives. `permission` and `role` are empty for an API that is to be switched on."""

    command: str
    permission: str = ""
    role: str = ""


def find_access_needs(evidence: Evidence, facts: Facts) -> tuple[AccessNeed, ...]:
    """What was refused, in the order of the sections; one entry for each command."""
    references = read_references(find_shape(evidence), evidence.name.project)
    found: dict[str, AccessNeed] = {}
    for name in (*SECTIONS, *OWN_SECTIONS):
        for need in _needs(name, evidence, references, facts.execution.image or ""):
            known = found.get(need.command)
            sections = (name,) if known is None else (*known.sections, name)
            permissions = (need.permission,) if known is None else (*known.permissions, need.permission)
            found[need.command] = AccessNeed(
                tuple(dict.fromkeys(sections)),
                tuple(dict.fromkeys(permissions if need.permission else ())),
                need.role or None,
                need.command,
            )
    return tuple(found.values())


def _needs(name: str, evidence: Evidence, references: References | None, image: str) -> Iterator[_Need]:
    section = evidence.section(name)
    own = evidence.name.project
    if section.status in (SectionStatus.ERROR, SectionStatus.PARTIAL) and name in _APIS:
        yield from _switched_off(name, section.reason or "", image_project(image) if name == "image" else own)
    member = evidence.collected_by or UNKNOWN_MEMBER
    for permission in _permissions(name, section):
        for project in projects_of(permission, evidence, references, image):
            yield _Need(
                grant_command(project, member, SMALLEST_ROLES[permission]), permission, SMALLEST_ROLES[permission]
            )


def _switched_off(name: str, reason: str, own: str) -> Iterator[_Need]:
    for match in _DISABLED.finditer(reason):
        project = match["project"] or own
        if project:
            words = ("gcloud", "services", "enable", match["api"] or _APIS[name], f"--project={project}")
            yield _Need(shlex.join(words))


def _permissions(name: str, section: Section) -> Iterable[str]:
    reason = section.reason or ""
    if section.status not in (SectionStatus.DENIED, SectionStatus.PARTIAL) or _NO_ROLE_HELPS.search(reason):
        return ()
    named = dict.fromkeys(_PERMISSION.findall(reason))
    if not named and section.status is SectionStatus.DENIED and name in _FIRST:
        return (_FIRST[name],)
    return [permission for permission in named if permission in SMALLEST_ROLES]


def grant_command(project: str, member: str, role: str) -> str:
    """The command that grants a role on a project, quoted for a shell."""
    words = ("gcloud", "projects", "add-iam-policy-binding", project, f"--member={member}", f"--role={role}")
    # Without it gcloud asks, or refuses to go on, when any role of the project has a condition.
    return shlex.join((*words, "--condition=None"))
