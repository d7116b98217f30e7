"""`opsctl cloudrun image cat`."""

from typing import Annotated

import typer

from opsctl.cli.cloudrun.collecting import load_cloudrun_profile
from opsctl.cli.cloudrun.google_access import open_google
from opsctl.cli.cloudrun.image.subject import find_image, told_with_near_paths
from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.process import Process, is_terminal
from opsctl.cli.signals import StopRequest, run_async
from opsctl.diagnosis.image_reading import ImageFile, describe_file
from opsctl.diagnosis.image_view import file_note
from opsctl.errors import ExitCode
from opsctl.image.listing import FileContent
from opsctl.reporting.neutralise import make_visible

LARGEST_BYTES = 16 << 20


def cat(
    context: AppContext,
    image: Annotated[str, typer.Argument(metavar="EXECUTION|REFERENCE", help="An execution, or an image.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="The file; links are followed inside the image.")],
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", metavar="BYTES", min=1, max=1 << 30, help="Write no more of the file.")
    ] = LARGEST_BYTES,
    max_download: Annotated[
        int | None, typer.Option("--max-download", metavar="BYTES", min=0, help="Download no more of the layers.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Project id.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="REGION", help="Region of the execution.")] = None,
) -> Outcome:
    """Writes a file of the image that an execution ran, or of any image, to stdout.

    The bytes are those of the file, unless stdout is a terminal or -o json is asked for: then control characters are
    made visible and secrets masked. Where it comes from is said on stderr.

    Ends with 7 when the path is not there (with what is near, and the layer that removed it), with 4 when the file is
    longer than --max-bytes.
    """
    profile = load_cloudrun_profile(context, project=project, region=region, max_download=max_download)

    async def main(_stop: StopRequest) -> tuple[ImageFile, FileContent]:
        async with open_google(profile, context.process) as google:
            subject = await find_image(google, image)
            async with told_with_near_paths(google, subject.image, path):
                content = await google.images.read_file(subject.image, path, max_bytes=max_bytes)
            return describe_file(subject.image, content, subject.execution), content

    report, content = run_async(main, drain_seconds=0)
    exit_code = ExitCode.PARTIAL if report.is_cut else ExitCode.OK
    if context.options.output is not OutputFormat.TEXT:
        return Outcome(report, exit_code=exit_code)
    write_content(content.content, context.process)
    for line in file_note(report, context.texts):
        context.announce(line)
    return Outcome(emitted=True, exit_code=exit_code)


def write_content(content: bytes, process: Process) -> None:
    """To a pipe or file as it is; to a terminal so that it can do no harm, with a line feed at its end."""
    if not is_terminal(process.stdout):
        process.write_bytes(content)
        return
    text = make_visible(process.redactor(content.decode("utf-8", errors="backslashreplace")), keep_lines=True)
    process.write(text if text.endswith("\n") or not text else text + "\n")


COMMAND = CommandSpec(
    cat,
    examples=(
        Example("A file of the image that ran", "opsctl cloudrun image cat o4o-api-migrations-h5x5h /app/package.json"),
        Example("Is it an ES module?", "opsctl cloudrun image cat EXECUTION /app/package.json | jq -r .type"),
        Example("Of an image by its tag", "opsctl cloudrun image cat eu.gcr.io/my-project/api:v7 /etc/os-release"),
    ),
    formats=(OutputFormat.TEXT, OutputFormat.JSON, OutputFormat.YAML),
)
