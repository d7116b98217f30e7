"""Collects the evidence of an execution for a command: finds it, asks everything about it, shows how far that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from opsctl.cli.context import AppContext
from opsctl.cli.services import CloudRunSources, open_sources
from opsctl.cli.signals import run_async
from opsctl.config import Profile
from opsctl.diagnosis.collect import CollectSettings, Known, collect
from opsctl.diagnosis.collectors.answers import failed
from opsctl.diagnosis.collectors.run import EXECUTION_SOURCE
from opsctl.diagnosis.models import Evidence, ExecutionName, Section, SectionStatus
from opsctl.diagnosis.naming import Target, parse_target
from opsctl.diagnosis.resolve import Resolution, find_latest, resolve
from opsctl.errors import AccessDeniedError, OpsctlError, UsageError
from opsctl.reporting.progress import Progress
from opsctl.reporting.view import Texts

T = TypeVar("T")
# Without these nobody can be asked anything.
_SIGN_IN = ("no-credentials", "expired-credentials")
_PARTS = 11


@dataclass(frozen=True, slots=True)
class Choice:
    """Which execution is meant: one by name, or the latest of a job."""

    execution: str | None = None
    job: str | None = None
    latest: bool = False
    latest_failed: bool = False

    def check(self) -> Target | None:
        """What a name says, None for the latest one. Raises `UsageError` unless exactly one execution is meant."""
        is_latest = self.latest or self.latest_failed
        if self.latest and self.latest_failed:
            raise UsageError("--latest and --latest-failed are two different executions.", hint="Give one of them.")
        if self.execution is not None and is_latest:
            raise UsageError(
                "An execution is named, and the latest one is asked for as well.",
                hint="Leave out the name, or --latest and --latest-failed.",
            )
        if self.execution is None and not is_latest:
            raise UsageError(
                "No execution was named.",
                hint="Give its id, its full name or its console URL; or --job NAME --latest-failed.",
            )
        if is_latest and self.job is None:
            raise UsageError("The latest execution of which job?", hint="Add --job NAME.")
        return None if self.execution is None else parse_target(self.execution)


def load_cloudrun_profile(
    context: AppContext,
    *,
    project: str | None,
    region: str | None,
    repository: str | None = None,
    max_download: int | None = None,
) -> Profile:
    """The profile with the flags of the Cloud Run commands."""
    return context.load_profile(
        {
            "cloudrun.project": ("--project", project),
            "cloudrun.region": ("--region", region),
            "cloudrun.repository": ("--repo", repository),
            "cloudrun.image_budget_bytes": ("--max-download", max_download),
        }
    )


def collect_evidence(
    context: AppContext,
    profile: Profile,
    choice: Choice,
    settings: CollectSettings,
    *,
    meanwhile: Callable[[], object] = lambda: None,
) -> Evidence:
    """The evidence of the execution that is meant, not masked yet. `meanwhile` is done on a thread once the execution
    is found, while the other answers are waited for.

    Raises what ends the command: `UsageError`, and, when neither the execution nor its log could be read, the error
    that says why.
    """
    choice.check()
    with context.progress() as progress:
        progress.phase(context.texts.get("diagnose.collecting"), _PARTS)
        watch = _Progress(progress, context.texts)

        async def main(_stop: object) -> Evidence:
            async with open_sources(profile, context.process, on_wait=watch.wait) as google:
                resolution = await find_execution(google, choice)
                section = _execution_section(resolution)
                watch.end("execution", section.status)
                beside = asyncio.create_task(asyncio.to_thread(meanwhile))
                known = Known(resolution.name, section)
                evidence = await collect(known, google.sources, context.process.now, settings, watch)
                _raise_if_nothing(evidence, resolution.missing)
                await beside
                return replace(evidence, collected_by=google.collected_by())

        return run_async(main, drain_seconds=0)


async def find_execution(google: CloudRunSources, choice: Choice) -> Resolution:
    """The execution that is meant. When Cloud Run refuses to show it although its whole name is known, the refusal is
    what `missing` says: its log may tell.

    Raises `NotFoundError` with near names, `UsageError` without a project, and what `opsctl.diagnosis.ports` names.
    """
    run, named = google.sources.run, choice.check()
    if named is None:
        return await find_latest(
            run,
            google.project or "",
            google.region or "",
            choice.job or "",
            only_failed=choice.latest_failed,
            gather=gather,
        )
    target = named.complete(job=choice.job, region=google.region, project=google.project)
    try:
        return await resolve(target, run, gather=gather)
    except AccessDeniedError as error:
        if error.code in _SIGN_IN or not (target.region and target.project):
            raise
        return Resolution(_guess_name(target), None, error)


def _guess_name(target: Target) -> ExecutionName:
    """With the job that Cloud Run's own way of naming executions leads to."""
    job = target.job or target.execution.rpartition("-")[0] or target.execution
    full = f"projects/{target.project}/locations/{target.region}/jobs/{job}/executions/{target.execution}"
    return ExecutionName(full, target.project, target.region, job, target.execution)


def _execution_section(resolution: Resolution) -> Section:
    if resolution.execution is not None:
        return Section(SectionStatus.OK, source=EXECUTION_SOURCE, data=resolution.execution)
    error = resolution.missing
    return failed(error, EXECUTION_SOURCE) if error else Section(SectionStatus.ERROR, "not read", EXECUTION_SOURCE)


def _raise_if_nothing(evidence: Evidence, error: OpsctlError | None) -> None:
    """A report about nothing helps nobody: the reason why the execution could not be read does."""
    if error is not None and not evidence.entries:
        raise error


async def gather(calls: Sequence[Callable[[], Awaitable[T]]], /) -> Sequence[T]:
    """Several questions at the same time; none of them raises."""
    return await asyncio.gather(*(call() for call in calls))


class _Progress:
    """What a person sees while the parts come in. Implements `opsctl.diagnosis.collect.Watch`."""

    def __init__(self, progress: Progress, texts: Texts) -> None:
        self._progress, self._texts = progress, texts
        self._waiting: dict[str, None] = {}
        self._done = 0
        self._lines = 0

    def begin(self, section: str) -> None:
        self._waiting[section] = None
        self._show()

    def end(self, section: str, status: SectionStatus) -> None:  # noqa: ARG002 - the report tells it
        self._waiting.pop(section, None)
        self._done += 1
        self._show()

    def read_lines(self, count: int) -> None:
        self._lines = count
        self._show()

    def wait(self, seconds: float) -> None:
        """Cloud Logging's quota asks for a pause."""
        self._progress.update(self._done, _PARTS, self._texts.get("diagnose.waiting_for_quota", seconds=round(seconds)))

    def _show(self) -> None:
        self._progress.update(min(self._done, _PARTS), _PARTS, ", ".join(map(self._name, self._waiting)))

    def _name(self, section: str) -> str:
        name = self._texts.get(f"diagnose.section_{section}")
        if section != "logs" or not self._lines:
            return name
        return f"{name} {self._texts.get('diagnose.lines_so_far', lines=self._lines)}"
