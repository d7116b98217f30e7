"""A signed-in session with the REST APIs of Google Cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from opsctl.diagnosis.models import JsonObject


class Api(StrEnum):
    """A Google API; the value is its host."""

    RUN = "run.googleapis.com"
    LOGGING = "logging.googleapis.com"
    IAM = "iam.googleapis.com"
    RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
    SECRET_MANAGER = "secretmanager.googleapis.com"  # noqa: S105
    SQL = "sqladmin.googleapis.com"
    SERVICE_USAGE = "serviceusage.googleapis.com"
    POLICY_TROUBLESHOOTER = "policytroubleshooter.googleapis.com"
    ARTIFACT_REGISTRY = "artifactregistry.googleapis.com"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was sent. `status` is 0 when no answer came; `path` holds no query."""

    api: Api
    method: str
    path: str
    status: int
    seconds: float


class GoogleSession:
    """Sends requests on threads, with a deadline for each. Raises what `opsctl.diagnosis.ports` names."""

    calls: list[Call]

    async def get(
        self,
        api: Api,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
    ) -> JsonObject:
        """The JSON object at `path` (`/v2/projects/...`). `permission` is named in the error when it is refused."""
        raise NotImplementedError

    async def post(
        self,
        api: Api,
        path: str,
        body: JsonObject,
        *,
        permission: str | None = None,
        timeout_seconds: float | None = None,
    ) -> JsonObject:
        """As `get`, for the calls that read with POST."""
        raise NotImplementedError

    def access_token(self) -> str:
        """A valid access token, refreshed when needed. Blocks; raises AccessDeniedError or UnavailableError."""
        raise NotImplementedError
