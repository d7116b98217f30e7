"""`opsctl --version`: one line for people, everything a bug report needs with `-o json`."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib import metadata

from opsctl import __version__
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.reporting.view import ReportView

FORMATS = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.YAML, OutputFormat.MARKDOWN)
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


def show_version() -> Outcome:
    """Reads the versions from the metadata of the packages; imports none of them."""
    report = VersionReport(
        version=__version__,
        python=platform.python_version(),
        platform=f"{sys.platform} {platform.machine()}",
        libraries={name: version for name in _LIBRARIES if (version := _version_of(name)) is not None},
    )
    return Outcome(report, view=lambda _texts: ReportView(f"opsctl {report.version}"))


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
