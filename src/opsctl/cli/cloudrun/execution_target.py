"""The execution that a command is about, as far as it can be found."""

from __future__ import annotations

from dataclasses import dataclass

from opsctl.cli.cloudrun.collecting import Choice
from opsctl.cli.cloudrun.collecting import find_execution as resolve_choice
from opsctl.cli.services import CloudRunSources
from opsctl.diagnosis.execution_list import ExecutionRow, read_execution
from opsctl.diagnosis.models import ExecutionName, JsonObject
from opsctl.errors import ConfigError, OpsctlError

NO_PROJECT_HINT = (
    "Give --project, set `project` in the profile's [cloudrun] section, or run `gcloud config set project PROJECT`."
)


@dataclass(frozen=True, slots=True)
class FoundExecution:
    """An execution that was found. `data` is google.cloud.run.v2.Execution, None when only its name is known: it was
    deleted since, or may not be read. `missing` says which."""

    name: ExecutionName
    data: JsonObject | None
    missing: OpsctlError | None = None

    @property
    def row(self) -> ExecutionRow | None:
        """How it ended."""
        return None if self.data is None else read_execution(self.data)


async def find_execution(google: CloudRunSources, choice: Choice) -> FoundExecution:
    """The execution that is meant, also one that cannot be read when its whole name is known.

    Raises `NotFoundError` with near names, `UsageError` without a project, and what `opsctl.diagnosis.ports` names.
    """
    resolution, refused = await resolve_choice(google, choice)
    return FoundExecution(resolution.name, resolution.execution, refused or resolution.missing)


def require_project(project: str | None) -> str:
    """The project. Raises `ConfigError` when none is known."""
    if not project:
        raise ConfigError("No project of Google Cloud is known.", hint=NO_PROJECT_HINT)
    return project
