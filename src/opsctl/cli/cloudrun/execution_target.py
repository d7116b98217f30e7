"""Which execution a command is about: an id, a full name, a console URL, or the newest one of a job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from opsctl.cli.services import CloudRunSources
from opsctl.diagnosis.execution_list import ExecutionRow, read_execution
from opsctl.diagnosis.models import ExecutionName, JsonObject
from opsctl.diagnosis.naming import Target, parse_target
from opsctl.diagnosis.resolve import Resolution, find_latest, resolve
from opsctl.errors import ConfigError, NotFoundError, UsageError

REGIONS_AT_ONCE = 8
NO_PROJECT_HINT = (
    "Give --project, set `project` in the profile's [cloudrun] section, or run `gcloud config set project PROJECT`."
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExecutionChoice:
    """What the command line says. Exactly one of `target` and `job` is given."""

    target: str | None
    job: str | None = None
    latest: bool = False
    latest_failed: bool = False

    def check(self) -> None:
        """Raises `UsageError` for a line that names none, two, or a job without saying which of its executions."""
        if self.target is not None and (self.job or self.latest or self.latest_failed):
            raise UsageError(
                "An execution was named, and --job, --latest or --latest-failed as well.",
                hint="Leave out the one or the other.",
            )
        if self.target is None and not self.job:
            raise UsageError(
                "No execution was named.",
                hint="Name one, or the newest of a job: --job JOB --latest-failed. "
                "`opsctl cloudrun executions` lists them.",
            )
        if self.job and self.latest == self.latest_failed:
            raise UsageError("--job needs either --latest or --latest-failed.")


@dataclass(frozen=True, slots=True)
class FoundExecution:
    """An execution that was found. `data` is google.cloud.run.v2.Execution, None when it was deleted since and only its
    name is known."""

    name: ExecutionName
    data: JsonObject | None
    missing: NotFoundError | None = None

    @property
    def row(self) -> ExecutionRow | None:
        """How it ended."""
        return None if self.data is None else read_execution(self.data)


async def find_execution(google: CloudRunSources, choice: ExecutionChoice) -> FoundExecution:
    """The execution that is meant, also one that Cloud Run does not have any more when its job is known.

    Raises `NotFoundError` with near names, `ConfigError` without a project, and what `opsctl.diagnosis.ports` names.
    """
    found = await _resolve(google, choice)
    return FoundExecution(found.name, found.execution, found.missing)


def require_project(project: str | None) -> str:
    """The project. Raises `ConfigError` when none is known."""
    if not project:
        raise ConfigError("No project of Google Cloud is known.", hint=NO_PROJECT_HINT)
    return project


async def gather_some(calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
    """Asks a few regions at a time."""
    room = asyncio.Semaphore(REGIONS_AT_ONCE)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with room:
            return await call()

    return list(await asyncio.gather(*map(one, calls)))


async def _resolve(google: CloudRunSources, choice: ExecutionChoice) -> Resolution:
    run, region = google.sources.run, google.region or ""
    if choice.target is None:
        project, job = require_project(google.project), choice.job or ""
        return await find_latest(run, project, region, job, only_failed=choice.latest_failed, gather=gather_some)
    named = parse_target(choice.target)
    # A region goes with its project: that of the profile says nothing about another one.
    is_elsewhere = bool(named.project) and named.project != google.project
    target: Target = named.complete(region=None if is_elsewhere else region, project=google.project)
    require_project(target.project)
    return await resolve(target, run, gather=gather_some)
