"""Google Cloud for one command; a refusal is told with the command that grants what is missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from opsctl.cli.process import Process
from opsctl.cli.services import CloudRunSources, open_sources
from opsctl.config import Profile
from opsctl.diagnosis.access import SMALLEST_ROLES, UNKNOWN_MEMBER, grant_command
from opsctl.errors import AccessDeniedError


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
    role = SMALLEST_ROLES.get(permission or "")
    if permission is None or role is None:
        return None
    if permission.startswith("artifactregistry."):
        # The image may be in another project than the job.
        return f"{permission} is missing; {role} on the repository's project has it."
    member = google.collected_by() or UNKNOWN_MEMBER
    return f"{permission} is missing: {grant_command(google.project or 'PROJECT', member, role)}"
