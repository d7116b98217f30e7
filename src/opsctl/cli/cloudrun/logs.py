"""`opsctl cloudrun logs`."""

from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import Choice, find_execution, load_cloudrun_profile
from opsctl.cli.cloudrun.google_access import open_google
from opsctl.cli.cloudrun.log_command import STREAMS, LogCommand
from opsctl.cli.command import DEFAULT_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest, run_async
from opsctl.diagnosis.log_reading import LEVELS, LogSelection
from opsctl.errors import UsageError

# Twelve reads a minute, of the 60 that a project has.
INTERVAL_SECONDS = 5.0
DRAIN_SECONDS = 2.0


def logs(
    context: AppContext,
    execution: Annotated[
        str | None, typer.Argument(metavar="[EXECUTION]", help="Id, full name or console URL.")
    ] = None,
    task: Annotated[int | None, typer.Option("--task", metavar="N", min=0, help="Only this task.")] = None,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", min=0, help="Only this attempt; 0 is the first.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="LEVEL", help="Only this level and worse, as far as it is told.")
    ] = None,
    contains: Annotated[
        str | None, typer.Option("--contains", metavar="TEXT", help="Only lines with this text; case is ignored.")
    ] = None,
    tail: Annotated[int | None, typer.Option("--tail", metavar="N", min=1, help="Only the last N lines.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the execution has ended.")] = False,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=2, help="Pause between two reads of --follow.")
    ] = INTERVAL_SECONDS,
    job: Annotated[str | None, typer.Option("--job", metavar="JOB", help="With --latest or --latest-failed.")] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The newest execution of --job.")] = False,
    latest_failed: Annotated[bool, typer.Option("--latest-failed", help="The newest one that failed.")] = False,
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Project id.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Region; else it is searched.")
    ] = None,
) -> Outcome:
    """Shows the log of an execution by task and attempt, oldest first, with what the platform wrote and how it ended.

    Structured lines are shown as their message, stack traces in one piece; secrets are masked. Plain text has no
    severity: --severity takes what the text itself says, and an uncaught exception for an error. Reads only.

    Without lines it says why that may be. Ends with 5 when the log could be read in part only.
    """
    choice = Choice(execution, job, latest, latest_failed)
    choice.check()
    selection = LogSelection(task, attempt, _check_level(severity), contains or None)
    if follow:
        if tail is not None:
            raise UsageError("--follow shows everything: it does not go with --tail.")
        context.require_format(OutputFormat.TABLE, *STREAMS)
    profile = load_cloudrun_profile(context, project=project, region=region)

    async def main(stop: StopRequest) -> Outcome:
        async with open_google(profile, context.process, on_wait=lambda seconds: _say_wait(context, seconds)) as google:
            found = await find_execution(google, choice)
            reading = LogCommand(context, google.sources, found, selection)
            if follow:
                return await reading.follow(stop, interval)
            return await (reading.read() if tail is None else reading.read_last(tail))

    return run_async(main, drain_seconds=DRAIN_SECONDS if follow else 0)


def _check_level(word: str | None) -> str | None:
    """`warn` and Google's own words are understood too."""
    if word is None:
        return None
    level = {"warn": "warning", "notice": "info", "critical": "fatal", "alert": "fatal", "emergency": "fatal"}.get(
        word.lower(), word.lower()
    )
    if level not in LEVELS:
        raise UsageError(f"There is no severity {word!r}.", hint=f"Choose one of {', '.join(LEVELS)}.")
    return level


def _say_wait(context: AppContext, seconds: float) -> None:
    context.announce(context.texts.get("cloudrun.quota_wait", seconds=round(seconds)))


COMMAND = CommandSpec(
    logs,
    examples=(
        Example("What did it say?", "opsctl cloudrun logs o4o-api-migrations-h5x5h"),
        Example("Follow the run that is going on", "opsctl cloudrun logs --job o4o-api-migrations --latest --follow"),
        Example(
            "Errors of the last failure, one JSON object a line",
            "opsctl cloudrun logs --job o4o-api-migrations --latest-failed --severity error -o ndjson",
        ),
    ),
    formats=(*DEFAULT_FORMATS, OutputFormat.NDJSON, OutputFormat.TEXT),
    choices=(("--severity", LEVELS),),
)
