"""`opsctl migrate failures`."""

from collections import Counter
from typing import Annotated

import typer

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import open_stores
from opsctl.cli.signals import StopRequest, run_async
from opsctl.errors import UsageError
from opsctl.migration.failures import FailedImage, FailuresReport, read_failures
from opsctl.migration.models import FailureClass
from opsctl.migration.view import failures_view

CLASSES = (*(kind.value for kind in FailureClass), "unrecorded")


def failures(
    context: AppContext,
    failure_class: Annotated[
        list[str] | None, typer.Option("--class", metavar="CLASS", help="Only this class; may be given several times.")
    ] = None,
) -> Outcome:
    """List the images that could not be stored: why, how often they were tried, and when they are tried again."""
    for name in failure_class or ():
        if name not in CLASSES:
            raise UsageError(f"there is no failure class {name!r}", hint=f"classes: {', '.join(CLASSES)}")
    profile = context.load_profile()

    async def main(_stop: StopRequest) -> list[FailedImage]:
        async with open_stores(profile) as stores:
            wanted = frozenset(failure_class or ())
            return [failed async for failed in read_failures(stores.documents, stores.mapping, classes=wanted)]

    found = run_async(main, drain_seconds=0)
    by_class = Counter(item.failure_class.value if item.failure_class else "unrecorded" for item in found)
    report = FailuresReport(dict(sorted(by_class.items())), tuple(found))
    return Outcome(
        report,
        view=lambda texts: failures_view(report, texts),
        items=found,
        item_type=FailedImage,
        names=(item.url for item in found),
    )


COMMAND = CommandSpec(
    failures,
    examples=(
        Example("What failed, and why?", "opsctl migrate failures"),
        Example("For a spreadsheet", "opsctl migrate failures -o csv > failures.csv"),
        Example("Only dead links", "opsctl migrate failures --class gone -o name"),
    ),
    formats=LIST_FORMATS,
    choices=(("--class", CLASSES),),
)
