"""What exists in the local Google: plain values that the surfaces answer from.

Resources are Google's own REST JSON (camelCase, enums as names), kept under their full names with the project's id. A
test changes a world freely, also while a server answers from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsctl.lab.google.image_build import RepositoryContent

Json = dict[str, Any]

REGIONS = ("asia-northeast1", "asia-northeast3", "europe-west1", "us-central1")
APIS = (
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "policytroubleshooter.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "sqladmin.googleapis.com",
)


@dataclass(slots=True)
class Secret:
    """A secret and its versions by number; there are no values. The newest version is `latest`, whatever its state."""

    name: str
    create_time: str
    versions: dict[int, Json] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    policy: Json = field(default_factory=dict)

    def resolve(self, version: str) -> int | None:
        """The number that a number, an alias or `latest` stands for; None when there is no such version."""
        if version == "latest":
            return max(self.versions, default=None)
        number = int(version) if version.isdigit() else self.aliases.get(version)
        return number if number in self.versions else None


@dataclass(slots=True)
class Project:
    """A project and what belongs to it directly.

    `policy` is google.iam.v1.Policy. `service_accounts` are google.iam.admin.v1.ServiceAccount by address,
    `sql_instances` DatabaseInstance of sqladmin v1beta4 by name. `denied_permissions` are those that the caller lacks
    here. `access` holds what Policy Troubleshooter says of a principal and a permission, where the policy alone would
    say something else. `sinks` and `exclusions` are LogSink and LogExclusion. Entries older than `log_retention_days`
    are gone from `_Default` (None: nothing is); audit records stay.
    """

    id: str
    number: str
    policy: Json = field(default_factory=lambda: {"version": 1, "etag": "BwYAAAAAAAA=", "bindings": []})
    service_accounts: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    sql_instances: dict[str, Json] = field(default_factory=dict)
    enabled_apis: set[str] = field(default_factory=lambda: set(APIS))
    regions: tuple[str, ...] = REGIONS
    denied_permissions: set[str] = field(default_factory=set)
    access: dict[tuple[str, str], str] = field(default_factory=dict)
    sinks: dict[str, Json] = field(default_factory=dict)
    exclusions: list[Json] = field(default_factory=list)
    log_retention_days: int | None = None

    def bind(self, role: str, member: str, condition: Json | None = None) -> None:
        """Add a member to a role of the policy."""
        bindings = self.policy["bindings"]
        for binding in bindings:
            if binding["role"] == role and binding.get("condition") == condition:
                if member not in binding["members"]:
                    binding["members"].append(member)
                return
        bindings.append({"role": role, "members": [member]} | ({"condition": condition} if condition else {}))
        if condition:
            self.policy["version"] = 3


@dataclass(slots=True)
class World:
    """Projects by id; jobs and executions by full name; tasks by the full name of their execution, in their order.

    `entries` are google.logging.v2.LogEntry in any order; `now` decides which of them have arrived. `images` holds what
    the registry has, by repository without its host: `project/repository/image`; `upload_times` says since when, by
    digest. `says_number` lets the answers of Cloud Run name the project by its number.
    """

    projects: dict[str, Project] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    executions: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, list[Json]] = field(default_factory=dict)
    entries: list[Json] = field(default_factory=list)
    images: dict[str, RepositoryContent] = field(default_factory=dict)
    upload_times: dict[str, str] = field(default_factory=dict)
    denied_permissions: set[str] = field(default_factory=set)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    says_number: bool = False

    def find_project(self, name: str) -> Project | None:
        """The project with that id or number."""
        found = self.projects.get(name)
        if found is None and name.isdigit():
            found = next((project for project in self.projects.values() if project.number == name), None)
        return found

    def is_denied(self, project: Project, permission: str) -> bool:
        """Whether the caller lacks a permission in a project."""
        return permission in self.denied_permissions or permission in project.denied_permissions

    def jobs_of(self, location: str) -> list[Json]:
        """The jobs in `projects/P/locations/L`, by name."""
        return [body for name, body in sorted(self.jobs.items()) if name.startswith(f"{location}/jobs/")]

    def executions_of(self, location: str, job: str) -> Iterator[Json]:
        """The executions of a job (of all jobs with `-`) in `projects/P/locations/L`, newest first."""
        pattern = re.compile(rf"{re.escape(location)}/jobs/{'[^/]+' if job == '-' else re.escape(job)}/executions/")
        found = [body for name, body in list(self.executions.items()) if pattern.match(name)]
        return iter(sorted(found, key=lambda body: str(body["createTime"]), reverse=True))
