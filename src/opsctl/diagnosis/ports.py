"""What a live diagnosis asks of the outside. Adapters implement these; tests have fakes of them.

Resources come as Google's own REST JSON (camelCase, enums as names), because that is what evidence is made of. Every
call has a deadline of its own and raises, and nothing else:

    AccessDeniedError   refused; `permission` says which one is missing where that is known. Codes: `no-credentials`,
                        `expired-credentials`, `denied`, `denied-or-absent` (the service does not tell which), and
                        `api-disabled` (the API is off in that project; `hint` is the command that enables it)
    NotFoundError       the service says that it does not exist
    UnavailableError    not reached, too slow or throttled after retries. Codes: `unavailable`, `timeout`, `throttled`
    DataError           an answer that cannot be read, or a request that the service calls wrong
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from opsctl.diagnosis.models import JsonObject
from opsctl.image.models import ImageDescription, Inspection, Wanted


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """Some executions, newest first. An empty `next_token` means that these are the last ones."""

    executions: tuple[JsonObject, ...]
    next_token: str


class CloudRun(Protocol):
    """Cloud Run Admin API v2. Names are full resource names."""

    async def get_execution(self, name: str) -> JsonObject:
        """google.cloud.run.v2.Execution."""
        ...

    async def list_executions(self, job: str, *, page_token: str = "", page_size: int = 100) -> ExecutionPage:
        """Executions of `projects/P/locations/L/jobs/J`, or of all jobs there with `-` for J."""
        ...

    def list_tasks(self, execution: str) -> AsyncIterator[JsonObject]:
        """Each google.cloud.run.v2.Task of an execution, page after page. What came before an error stays with the
        caller."""
        ...

    async def get_job(self, name: str) -> JsonObject:
        """google.cloud.run.v2.Job as it is now."""
        ...

    async def list_jobs(self, location: str) -> tuple[JsonObject, ...]:
        """The google.cloud.run.v2.Job of `projects/P/locations/L`."""
        ...

    async def list_regions(self, project: str) -> tuple[str, ...]:
        """The regions in which the project can use Cloud Run, sorted."""
        ...


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A question to Cloud Logging. `filter` must bound the time itself: nothing is added to it."""

    project: str
    filter: str
    newest_first: bool = False
    page_size: int = 1000


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some google.logging.v2.LogEntry, in the order of the query. A page may be empty although there are more."""

    entries: tuple[JsonObject, ...]
    has_more: bool


class Logs(Protocol):
    """Cloud Logging. The quota of 60 reads a minute and project is kept by whoever implements this."""

    def read(self, query: LogQuery) -> AsyncIterator[LogPage]:
        """Page after page, read when it is asked for. What was read before an error stays with the caller."""
        ...

    async def list_exclusions(self, project: str) -> tuple[JsonObject, ...]:
        """Exclusions (`name`, `filter`, `disabled`) of the project's `_Default` sink; one named `_Default` without a
        filter when the sink itself is disabled."""
        ...


class Accounts(Protocol):
    """Who may do what. Policies are read as they stand on the project: nothing inherited, no group opened."""

    async def get_project_number(self, project: str) -> str:
        """The number of a project."""
        ...

    async def get_service_account(self, email: str) -> JsonObject:
        """google.iam.admin.v1.ServiceAccount."""
        ...

    async def get_project_policy(self, project: str) -> JsonObject:
        """google.iam.v1.Policy, version 3."""
        ...

    async def troubleshoot(self, principal: str, resource: str, permission: str) -> str:
        """GRANTED, NOT_GRANTED, UNKNOWN_CONDITIONAL or UNKNOWN_INFO_DENIED, as Policy Troubleshooter says."""
        ...


class Secrets(Protocol):
    """Secret Manager without any value: there is no method that reads one."""

    async def get_version(self, secret: str, version: str) -> JsonObject:
        """google.cloud.secretmanager.v1.SecretVersion of `projects/P/secrets/S` and a number, an alias or `latest`."""
        ...


class SqlInstances(Protocol):
    """Cloud SQL Admin."""

    async def get_instance(self, project: str, instance: str) -> JsonObject:
        """A DatabaseInstance of sqladmin v1beta4."""
        ...


class EnabledApis(Protocol):
    """Service Usage."""

    async def get_states(self, project: str, apis: tuple[str, ...]) -> dict[str, str]:
        """ENABLED or DISABLED for each of `apis` (`sqladmin.googleapis.com`), in one call."""
        ...


class Artifacts(Protocol):
    """Artifact Registry's own API, for what the image itself does not say."""

    async def get_docker_image(self, repository: str, digest: str) -> JsonObject:
        """google.devtools.artifactregistry.v1.DockerImage (`tags`, `uploadTime`) of a repository on `*-docker.pkg.dev`
        such as `eu-docker.pkg.dev/p/r/app`."""
        ...


class Images(Protocol):
    """Container images in a registry."""

    async def describe(self, reference: str, *, with_provenance: bool = False) -> ImageDescription:
        """What manifest and config say; no layer is read, and what the builder attached only on request. Raises
        `NotFoundError` with code `image-not-found`."""
        ...

    async def inspect(self, image: ImageDescription, wanted: Wanted) -> Inspection:
        """Looks for paths, top layer first, within the budget. What could not be decided is in `undecided`."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: full id, subject, committer time (RFC 3339), the paths that it touches."""

    id: str
    subject: str
    time: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitRange:
    """The commits that `newer` has and `older` has not, newest first. `cut_reason` is set when some are left out."""

    repository: str
    older: str
    newer: str
    commits: tuple[Commit, ...]
    cut_reason: str | None = None


class Commits(Protocol):
    """A local checkout. Reads only; asks no remote."""

    async def list_commits(self, older: str | None, newer: str) -> CommitRange:
        """Between two revisions; without `older` only `newer` itself. Raises `NotFoundError` with code
        `unknown-revision` for a revision that the checkout does not have."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that a live diagnosis asks. `images` and `commits` are None when they are not to be asked."""

    run: CloudRun
    logs: Logs
    accounts: Accounts
    secrets: Secrets
    sql: SqlInstances
    apis: EnabledApis
    artifacts: Artifacts
    images: Images | None = None
    commits: Commits | None = None
