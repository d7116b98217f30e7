"""In which projects a permission is missing: secrets, instances, images and accounts may belong to another project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from opsctl.diagnosis.collectors.references import References
from opsctl.diagnosis.facts.reading import as_object, as_text, objects
from opsctl.diagnosis.models import Evidence

# A project of a domain stands as `example.com/project` in references of images.
_REGISTRIES = re.compile(
    r"(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)/(?:(?P<domain>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/)?"
    r"(?P<project>[a-z0-9-]+)/"
)
# The user-managed account and the one of App Engine; that of Compute Engine names a number, and is the job's own:
# https://cloud.google.com/iam/docs/service-account-types
_ACCOUNTS = re.compile(
    r"[\w-]+@(?P<user>[\w.-]+)\.iam\.gserviceaccount\.com|(?P<app>[\w.-]+)@appspot\.gserviceaccount\.com"
)


def projects_of(permission: str, evidence: Evidence, references: References | None, image: str) -> tuple[str, ...]:
    """Where a permission has to be granted. None for an image that is not in a registry of Google."""
    own = evidence.name.project
    service = permission.partition(".")[0]
    if service == "artifactregistry":
        found: Iterable[str] = (image_project(image),)
        return tuple(project for project in found if project)
    if service == "cloudsql":
        found = _sql_projects(evidence, references)
    elif service == "secretmanager":
        found = _secret_projects(evidence, references)
    elif service == "iam":
        found = (_account_project(_email(evidence, references)),)
    else:
        found = ()
    return tuple(dict.fromkeys(project for project in found if project)) or (own,)


def image_project(image: str) -> str:
    """The project of an image in Google's registries; empty for others."""
    match = _REGISTRIES.match(image)
    if match is None:
        return ""
    return f"{match['domain']}:{match['project']}" if match["domain"] else match["project"]


def _sql_projects(evidence: Evidence, references: References | None) -> Iterator[str]:
    """Of the instances that were refused, where they are told apart."""
    refused = _refused(evidence, "cloudsql", "instances", "connectionName")
    for name in refused or (references.sql_instances if references else ()):
        if name.count(":") >= 2:
            yield name.rsplit(":", 2)[0]


def _secret_projects(evidence: Evidence, references: References | None) -> Iterator[str]:
    refused = _refused(evidence, "secrets", "secrets", "name")
    for name in refused or [reference.resource for reference in (references.secrets if references else ())]:
        yield name.split("/")[1] if name.startswith("projects/") else evidence.name.project


def _refused(evidence: Evidence, section: str, key: str, field: str) -> list[str]:
    data = as_object(evidence.section(section).data)
    return [as_text(item.get(field)) for _, item in objects(data.get(key), "") if item.get("state") == "DENIED"]


def _email(evidence: Evidence, references: References | None) -> str:
    """Empty for a job that names none: that is the default account of its own project."""
    if references is not None:
        return references.service_account
    return as_text(as_object(evidence.section("service_account").data).get("email"))


def _account_project(email: str) -> str:
    """`proj.example.com` in an address is the project `example.com:proj`."""
    match = _ACCOUNTS.fullmatch(email)
    if match is None:
        return ""
    name = match["user"] or match["app"]
    project, _, domain = name.partition(".")
    return f"{domain}:{project}" if domain else project
