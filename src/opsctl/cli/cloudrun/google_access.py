"""Google Cloud for one command; a refusal is told with the command that grants what is missing."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from opsctl.cli.process import Process
from opsctl.cli.services import CloudRunSources, open_sources
from opsctl.config import Profile
from opsctl.errors import AccessDeniedError

UNKNOWN_MEMBER = "user:EMAIL"
# The smallest predefined roles: https://cloud.google.com/iam/docs/roles-permissions
_ROLES = {
    "run.executions.get": "roles/run.viewer",
    "run.executions.list": "roles/run.viewer",
    "run.jobs.get": "roles/run.viewer",
    "run.jobs.list": "roles/run.viewer",
    "run.locations.list": "roles/run.viewer",
    "logging.logEntries.list": "roles/logging.viewer",
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
}


@asynccontextmanager
async def open_google(
    profile: Profile, process: Process, *, on_wait: Callable[[float], None] = lambda _: None
) -> AsyncIterator[CloudRunSources]:
    """As `open_sources`; refusals that leave the context name permission and role."""
    async with open_sources(profile, process, on_wait=on_wait) as google:
        with told_with_role(google):
            yield google


@contextmanager
def told_with_role(google: CloudRunSources) -> Iterator[None]:
    """Gives an `AccessDeniedError` without a hint the one that names permission and role."""
    try:
        yield
    except AccessDeniedError as error:
        hint = _hint(error.permission, google)
        if error.hint is not None or hint is None:
            raise
        raise AccessDeniedError(error.message, hint=hint, code=error.code, permission=error.permission) from error


def _hint(permission: str | None, google: CloudRunSources) -> str | None:
    role = _ROLES.get(permission or "")
    if role is None:
        return None
    if permission is not None and permission.startswith("artifactregistry."):
        # The image may be in another project than the job.
        return f"{permission} is missing; {role} on the repository's project has it."
    words = ["gcloud", "projects", "add-iam-policy-binding", google.project or "PROJECT"]
    words += [f"--member={google.collected_by() or UNKNOWN_MEMBER}", f"--role={role}", "--condition=None"]
    return f"{permission} is missing: {shlex.join(words)}"
