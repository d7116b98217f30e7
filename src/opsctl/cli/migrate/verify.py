"""`opsctl migrate verify`."""

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import open_stores
from opsctl.cli.signals import StopRequest, run_async
from opsctl.errors import ExitCode
from opsctl.migration.clock import SystemClock
from opsctl.migration.verify import VerifyReport
from opsctl.migration.verify import verify as compare
from opsctl.migration.view import verify_view


def verify(context: AppContext) -> Outcome:
    """Compare Mongo with S3, object by object: read only.

    Every recorded image must be in the bucket with its recorded size, no object may be there without a document, and
    the original fields must be what they were when the images were stored. Ends with 3 when anything differs.
    """
    profile = context.load_profile()

    async def main(_stop: StopRequest) -> VerifyReport:
        async with open_stores(profile) as stores:
            return await compare(
                stores.documents,
                stores.objects,
                mapping=stores.mapping,
                layout=stores.layout,
                clock=SystemClock(),
                on_progress=on_progress,
            )

    with context.progress() as progress:
        texts = context.texts
        progress.phase(texts.get("migrate.verify_phase"))

        def on_progress(documents: int, objects: int) -> None:
            progress.update(objects, None, texts.get("migrate.verify_note", documents=documents, objects=objects))

        report = run_async(main, drain_seconds=0)
    code = ExitCode.FINDINGS if report.difference_count else ExitCode.OK
    return Outcome(report, view=lambda texts: verify_view(report, texts), exit_code=code)


COMMAND = CommandSpec(
    verify,
    examples=(
        Example("Is everything there, and nothing else?", "opsctl migrate verify"),
        Example("In a script: 0 same, 3 different", "opsctl migrate verify -q -o json | jq .data.byKind"),
    ),
)
