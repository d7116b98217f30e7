"""How far the migration is: counts, rate, time left, contradictions."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from opsctl.cli.command import DEFAULT_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.process import Process
from opsctl.cli.signals import run_async
from opsctl.cli.status_sources import open_status_sources
from opsctl.config import Profile
from opsctl.errors import ExitCode, UnavailableError
from opsctl.reporting.texts import Catalogue
from opsctl.reporting.view import ReportView, Texts
from opsctl.status.assessment import assess
from opsctl.status.models import Assessment, State
from opsctl.status.ports import StatusSettings, StatusSources
from opsctl.status.report import StatusReport, build_report
from opsctl.status.snapshot import DEFAULT_BUDGET, RECOUNT_BUDGET, Budget, take_snapshot
from opsctl.status.view import status_view

WATCH_TRIES = 5


def status(
    context: AppContext,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again until the migration is complete.")
    ] = False,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Pause between two looks of --watch.")
    ] = 2.0,
    check: Annotated[
        bool, typer.Option("--check", help="End with 8 while it is not complete and nothing is wrong.")
    ] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Count every document, image and object, however long it takes.")
    ] = False,
) -> Outcome:
    """Shows how far the migration is: Mongo, S3, the run record and the Kubernetes Job joined.

    Answers within about two seconds at any size; every number says how it is known and how old it is. Reads only.
    Also right for a migration that another tool runs: that is told from its documents and objects.

    Ends with 3 when the migration is stalled, silent or contradictory, with 4 when a source could not be asked.
    """
    profile = context.load_profile()
    budget = RECOUNT_BUDGET if recount else DEFAULT_BUDGET
    if watch:
        return _watch(context, profile, budget, interval_seconds=interval, check=check)
    if recount:
        context.announce(context.texts.get("status.recounting"))
    look = run_async(lambda _: _look_once(profile, context.process, budget), drain_seconds=0)
    if context.options.output is OutputFormat.NDJSON:
        context.stream().emit(look.report, look.view, exit_code=look.exit_code(check=check))
        return Outcome(emitted=True, exit_code=look.exit_code(check=check))
    return Outcome(look.report, view=look.view, exit_code=look.exit_code(check=check))


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the migration."""

    assessment: Assessment
    is_watched: bool

    @property
    def report(self) -> StatusReport:
        """For machines: always English, times in UTC."""
        return build_report(self.assessment, Catalogue("en", UTC))

    def view(self, texts: Texts) -> ReportView:
        """For people."""
        return status_view(self.assessment, texts, is_watched=self.is_watched)

    def exit_code(self, *, check: bool) -> ExitCode:
        """3 when something is wrong, 4 when something could not be read, with `check` 8 while there is more to do."""
        state = self.assessment.verdict.state
        if state in (State.STALLED, State.SILENT, State.CONTRADICTORY):
            return ExitCode.FINDINGS
        if self.assessment.gaps or state is State.UNKNOWN:
            return ExitCode.PARTIAL
        return ExitCode.PENDING if check and not state.is_complete else ExitCode.OK


async def _look_once(profile: Profile, process: Process, budget: Budget) -> Look:
    async with open_status_sources(profile) as (sources, settings):
        return await _look(sources, settings, process, budget)


async def _look(
    sources: StatusSources, settings: StatusSettings, process: Process, budget: Budget, *, is_watched: bool = False
) -> Look:
    return Look(assess(await take_snapshot(sources, _ProcessClock(process), budget), settings), is_watched)


def _watch(context: AppContext, profile: Profile, budget: Budget, *, interval_seconds: float, check: bool) -> Outcome:
    """Look until it is complete. A service that is away for a moment does not end the watch."""
    stream = context.stream()

    async def follow() -> Look:
        failures = 0
        async with open_status_sources(profile) as (sources, settings):
            while True:
                try:
                    look = await _look(sources, settings, context.process, budget, is_watched=True)
                except UnavailableError as error:
                    failures += 1
                    if failures == WATCH_TRIES:
                        raise
                    context.announce(context.texts.get("status.watch_failed", message=error.message))
                else:
                    failures = 0
                    stream.emit(look.report, look.view, exit_code=look.exit_code(check=check))
                    if look.assessment.verdict.state.is_complete:
                        return look
                await asyncio.sleep(interval_seconds)

    last = run_async(lambda _: follow(), drain_seconds=0)
    return Outcome(emitted=True, exit_code=last.exit_code(check=check))


@dataclass(frozen=True, slots=True)
class _ProcessClock:
    process: Process

    def now(self) -> datetime:
        return self.process.now()


COMMAND = CommandSpec(
    status,
    examples=(
        Example("How far is it?", "opsctl status"),
        Example("Follow it until it is complete", "opsctl status --watch"),
        Example("For a script: 0 complete, 8 not yet, 3 something is wrong", "opsctl status --check -o json"),
    ),
    formats=(*DEFAULT_FORMATS, OutputFormat.NDJSON),
)
