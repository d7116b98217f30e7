"""`opsctl cloudrun executions`."""

from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import load_cloudrun_profile
from opsctl.cli.cloudrun.google_access import open_google
from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest, run_async
from opsctl.diagnosis.execution_list import ExecutionList, ExecutionRow, choose_regions, list_executions
from opsctl.diagnosis.execution_list_view import execution_list_view
from opsctl.diagnosis.resolve import need_project
from opsctl.errors import ExitCode, UsageError


def executions(
    context: AppContext,
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="Only this job; else all jobs.")] = None,
    job_option: Annotated[str | None, typer.Option("--job", metavar="JOB", help="The same, as an option.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=2000, help="How many at most.")] = 20,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Project id.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Region; else all regions.")] = None,
) -> Outcome:
    """Lists executions of Cloud Run jobs, newest first: how each ended, how long it took, and why it failed.

    Project and region come from the options, the profile, or gcloud's active configuration. Reads only. Ends with 7
    when the job does not exist; a failed execution in the list is no error.
    """
    if job is not None and job_option not in (None, job):
        raise UsageError(f"Two jobs are named: {job} and {job_option}.", hint="Leave out --job.")
    profile = load_cloudrun_profile(context, project=project, region=region)

    async def main(_stop: StopRequest) -> ExecutionList:
        async with open_google(profile, context.process) as google:
            run, project_id = google.sources.run, need_project(google.project)
            regions = await choose_regions(run, project_id, google.region)
            return await list_executions(
                run, project=project_id, regions=regions, job=job or job_option, limit=limit, only_failed=failed
            )

    report = run_async(main, drain_seconds=0)
    return Outcome(
        report,
        view=lambda texts: execution_list_view(report, texts),
        items=report.executions,
        item_type=ExecutionRow,
        names=(row.execution for row in report.executions),
        exit_code=ExitCode.PARTIAL if report.unseen else ExitCode.OK,
    )


COMMAND = CommandSpec(
    executions,
    examples=(
        Example("How did the last runs of a job end?", "opsctl cloudrun executions o4o-api-migrations"),
        Example(
            "Only what failed, in all jobs of a project", "opsctl cloudrun executions --failed --project my-project"
        ),
        Example("For a spreadsheet", "opsctl cloudrun executions JOB --limit 500 -o csv > executions.csv"),
    ),
    formats=LIST_FORMATS,
)
