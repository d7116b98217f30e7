"""`opsctl cloudrun image ls`."""

from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import load_cloudrun_profile
from opsctl.cli.cloudrun.google_access import open_google
from opsctl.cli.cloudrun.image.subject import find_image, told_with_near_paths
from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.signals import StopRequest, run_async
from opsctl.diagnosis.image_reading import ImageEntry, ImageListing, list_image
from opsctl.diagnosis.image_view import listing_view
from opsctl.errors import ExitCode


def ls(
    context: AppContext,
    image: Annotated[str, typer.Argument(metavar="EXECUTION|REFERENCE", help="An execution, or an image.")],
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="What to list; by default the root.")] = "/",
    recursive: Annotated[bool, typer.Option("--recursive", "-R", help="Everything below, not only the next.")] = False,
    max_download: Annotated[
        int | None, typer.Option("--max-download", metavar="BYTES", min=0, help="Download no more of the layers.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Project id.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Region of the execution.")] = None,
) -> Outcome:
    """Lists files of the image that an execution ran, or of any image: type, mode, size, and which layer has them.

    Reads layers from the top and stops when everything is decided; needs no docker. Of a name without slash and colon
    the execution is meant.

    Ends with 7 when the path is not there, with 4 when --max-download was not enough to tell everything.
    """
    profile = load_cloudrun_profile(context, project=project, region=region, max_download=max_download)

    async def main(_stop: StopRequest) -> ImageListing:
        async with open_google(profile, context.process) as google:
            subject = await find_image(google, image)
            async with told_with_near_paths(google, subject.image, path):
                return await list_image(
                    google.images, subject.image, path, is_recursive=recursive, execution=subject.execution
                )

    report = run_async(main, drain_seconds=0)
    return Outcome(
        report,
        view=lambda texts: listing_view(report, texts),
        items=report.entries,
        item_type=ImageEntry,
        names=(entry.path for entry in report.entries),
        exit_code=ExitCode.OK if report.is_complete else ExitCode.PARTIAL,
    )


COMMAND = CommandSpec(
    ls,
    examples=(
        Example(
            "Are the migrations in the image that ran?", "opsctl cloudrun image ls o4o-api-migrations-h5x5h /app/dist"
        ),
        Example("Every file of an image", "opsctl cloudrun image ls eu.gcr.io/my-project/api:v7 / --recursive -o name"),
        Example(
            "No more than 50 MB of download",
            "opsctl cloudrun image ls o4o-api-migrations-h5x5h /app --max-download 50000000",
        ),
    ),
    formats=LIST_FORMATS,
)
