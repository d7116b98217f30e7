"""`opsctl cloudrun image config`."""

from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import load_cloudrun_profile
from opsctl.cli.cloudrun.google_access import open_google
from opsctl.cli.cloudrun.image.subject import Subject, find_image
from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest, run_async
from opsctl.diagnosis.image_reading import describe_config
from opsctl.diagnosis.image_view import config_view


def config(
    context: AppContext,
    image: Annotated[str, typer.Argument(metavar="EXECUTION|REFERENCE", help="An execution, or an image.")],
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Project id.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Region of the execution.")] = None,
) -> Outcome:
    """Shows what an image starts, as whom, with which variables and labels, and the build steps of its layers.

    Values of variables are masked, but for the usual ones of base images (PATH, NODE_VERSION). No layer is downloaded.
    """
    profile = load_cloudrun_profile(context, project=project, region=region)

    async def main(_stop: StopRequest) -> Subject:
        async with open_google(profile, context.process) as google:
            return await find_image(google, image)

    subject = run_async(main, drain_seconds=0)
    report = describe_config(subject.image, subject.execution)
    return Outcome(report, view=lambda texts: config_view(report, texts))


COMMAND = CommandSpec(
    config,
    examples=(
        Example("What would it have started?", "opsctl cloudrun image config o4o-api-migrations-h5x5h"),
        Example(
            "The commit that it was built from, when the build says so",
            "opsctl cloudrun image config eu.gcr.io/my-project/api:v7 -o json "
            "| jq -r '.data.labels[\"org.opencontainers.image.revision\"]'",
        ),
    ),
)
