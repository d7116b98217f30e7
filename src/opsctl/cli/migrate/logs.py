"""`opsctl migrate logs`."""

from typing import Annotated

import typer

from opsctl.cli.command import DEFAULT_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.kubernetes_access import open_cluster
from opsctl.cli.migrate.log_command import STREAMS, LogCommand
from opsctl.cli.migrate.since import parse_since
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest, run_async
from opsctl.migration.clock import SystemClock
from opsctl.migration.kubernetes.logs.models import MOST_PODS, TAIL_LINES, LogWishes

# A server that does not answer must not hold up Ctrl-C.
DRAIN_SECONDS = 0.5


def logs(
    context: AppContext,
    pod: Annotated[
        list[str] | None, typer.Option("--pod", metavar="NAME", help="Only this pod; may be given several times.")
    ] = None,
    shard: Annotated[
        list[int] | None,
        typer.Option("--shard", metavar="N", min=0, help="Only pods of this shard; may be given several times."),
    ] = None,
    container: Annotated[
        str | None,
        typer.Option("--container", metavar="NAME", help="Only this container; init containers by name only."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="10m|2h|TIME", help="Only what is newer: an age, or a time.")
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option("--tail", metavar="N", min=1, help="The last N lines of each container; 1000 without --since."),
    ] = None,
    no_previous: Annotated[
        bool, typer.Option("--no-previous", help="Without what containers wrote before they were restarted.")
    ] = False,
    max_pods: Annotated[
        int, typer.Option("--max-pods", metavar="N", min=1, help="At most so many pods; running and failed ones first.")
    ] = MOST_PODS,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the Job has ended.")] = False,
) -> Outcome:
    """Shows what all pods of the Kubernetes Job wrote, merged by time, with what was before a restart.

    Without lines it says why: not started and what for, suspended, deleted, not allowed. --follow goes on over restarts
    of containers, new pods, a Job that is created again, and an API server that is away for a while. Secrets are
    masked, private keys that are printed line by line and what the Job holds in plain text too. Reads only.

    Ends with 4 when the log of some pods could not be read.
    """
    if follow:
        context.require_format(OutputFormat.TABLE, *STREAMS)
    begin = None if since is None else parse_since(since, context.process.now())
    wishes = LogWishes(
        pods=tuple(pod or ()),
        shards=tuple(shard or ()),
        container=container,
        previous=not no_previous,
        since=begin,
        # What was asked for by time is not cut by number without a word.
        tail_lines=TAIL_LINES if tail is None and begin is None else tail,
        most_pods=max_pods,
    )
    profile = context.load_profile()

    async def main(stop: StopRequest) -> Outcome:
        async with open_cluster(profile) as (cluster, key):
            command = LogCommand(context, cluster, key, wishes)
            return await (command.follow(stop, SystemClock()) if follow else command.read())

    return run_async(main, drain_seconds=DRAIN_SECONDS if follow else 0)


COMMAND = CommandSpec(
    logs,
    examples=(
        Example("What do the pods say?", "opsctl migrate logs --since 10m"),
        Example("Follow one shard over restarts and new pods", "opsctl migrate logs --shard 2 --follow"),
        Example("What was said before a crash, for grep", "opsctl migrate logs --tail 200 -o text | grep -i error"),
    ),
    formats=(*DEFAULT_FORMATS, OutputFormat.TEXT, OutputFormat.NDJSON, OutputFormat.CSV),
)
