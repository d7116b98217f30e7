"""`opsctl --version`: one line for people, everything a bug report needs with `-o json`."""

import platform
import sys
from dataclasses import dataclass
from importlib import metadata

from opsctl import __version__
from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.reporting.view import ReportView

_LIBRARIES = (
    "typer",
    "rich",
    "msgspec",
    "pymongo",
    "aiohttp",
    "obstore",
    "boto3",
    "kubernetes",
    "google-cloud-run",
    "google-cloud-logging",
    "uvloop",
)


@dataclass(frozen=True, slots=True)
class VersionReport:
    """Versions of opsctl, Python and the libraries that do the work; a library that is not installed is left out."""

    version: str
    python: str
    platform: str
    libraries: dict[str, str]


def version(context: AppContext) -> Outcome:
    """The version of opsctl; with -o json also of Python and of the libraries that do the work."""
    if context.options.output is OutputFormat.TABLE:
        context.process.write(f"opsctl {__version__}\n")
        return Outcome(emitted=True)
    report = VersionReport(
        version=__version__,
        python=platform.python_version(),
        platform=f"{sys.platform} {platform.machine()}",
        libraries={name: found for name in _LIBRARIES if (found := _version_of(name)) is not None},
    )
    return Outcome(report, view=lambda _texts: ReportView(f"opsctl {report.version}"))


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


COMMAND = CommandSpec(
    version,
    examples=(Example("Which?", "opsctl --version"), Example("For a bug report", "opsctl --version -o json")),
)
