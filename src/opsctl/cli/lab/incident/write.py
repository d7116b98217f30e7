"""`opsctl lab incident write`."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.lab.incident.list import live_command
from opsctl.cli.outcome import Outcome
from opsctl.config.file import suggest
from opsctl.diagnosis.models import SECTIONS
from opsctl.errors import NotFoundError, OpsctlError, UsageError
from opsctl.lab.incidents import INCIDENTS, Incident, restrict, write_incident
from opsctl.reporting.view import Bytes, Field, Line, NextCommand, ReportView, Section, Texts


@dataclass(frozen=True, slots=True)
class SectionWritten:
    """A section of the file and its status: `skipped` when it was left out."""

    name: str
    status: str


@dataclass(frozen=True, slots=True)
class IncidentWritten:
    """The evidence file. `variant` is None when none was named; `replaced`: there was a file before."""

    incident: str
    variant: str | None
    path: Path
    size_bytes: int
    replaced: bool
    sections: tuple[SectionWritten, ...]


def write(
    context: AppContext,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An incident of `opsctl lab incident list`.")],
    output_file: Annotated[
        Path | None,
        typer.Option("--output-file", metavar="PATH", help="File or folder; a name in .json.gz compresses."),
    ] = None,
    variant: Annotated[
        str | None, typer.Option("--variant", metavar="VARIANT", help="Only the evidence of this variant.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SECTION", help="Only this section; may be given several times."),
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="SECTION", help="Without it; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> Outcome:
    """Write a practice incident as an evidence file, NAME.json in this folder unless --output-file names a place.

    Sections that are left out are marked as skipped, as if nobody had asked for them.
    """
    incident = _find(name)
    sections = _choose(incident, variant, only, without)
    try:
        path = _place(context.process.folder, output_file, name if variant is None else f"{name}-{variant}")
        replaced = os.path.lexists(path)
        if replaced and not force:
            raise UsageError(
                f"{path} is already there and was left as it is.",
                hint="Choose another place with --output-file PATH, or add --force.",
            )
        write_incident(incident, path, sections, replace=force)
    except OSError as error:
        raise OpsctlError(f"{error.filename or output_file} cannot be written: {error.strerror}.") from error
    kept = restrict(incident.evidence(), sections)["sections"]
    report = IncidentWritten(
        incident=name,
        variant=variant,
        path=path,
        size_bytes=path.stat().st_size,
        replaced=replaced,
        sections=tuple(SectionWritten(section, body["status"]) for section, body in kept.items()),
    )
    return Outcome(report, view=lambda texts: write_view(report, incident, context.process.folder, texts))


def write_view(report: IncidentWritten, incident: Incident, folder: Path, texts: Texts) -> ReportView:
    """The story, the file, what is in it, and how to go on. `folder` is where the reader is."""
    t = texts.get
    near = report.path.relative_to(folder) if report.path.is_relative_to(folder) else report.path
    there = [item.name for item in report.sections if item.status in ("ok", "partial")]
    others = [f"{item.name} ({item.status})" for item in report.sections if item.name not in there]
    fields = [Field(t("incident.file"), str(near), texts.show(Bytes(report.size_bytes)))]
    if report.variant is not None:
        fields.append(Field(t("incident.variant"), report.variant))
    fields.append(Field(t("incident.collected"), ", ".join(there) or t("incident.nothing")))
    fields.append(Field(t("incident.missing"), ", ".join(others) or t("incident.nothing")))
    if report.variant is None:
        fields.append(Field(t("incident.variants"), ", ".join(item.name for item in incident.variants)))
    # Where a right was missing then, it is not missing in the lab.
    is_live = incident.execution.endswith(f"/{incident.name}")
    live = (NextCommand(live_command(incident.execution), t("incident.next_live")),) if is_live else ()
    return ReportView(
        t(f"incident.{incident.key}_title"),
        summary=(Line(t(f"incident.{incident.key}_story")),),
        blocks=(Section(tuple(fields)),),
        notes=(Line(t("incident.replaced")),) if report.replaced else (),
        next_commands=(
            NextCommand("opsctl lab incident list --answers", t("incident.next_answers")),
            *live,
            NextCommand(
                f"opsctl cloudrun diagnose --from-evidence {shlex.quote(str(near))}", t("incident.next_diagnose")
            ),
        ),
    )


def _find(name: str) -> Incident:
    if name not in INCIDENTS:
        raise NotFoundError(f"There is no practice incident {name!r}.", hint=suggest(name, list(INCIDENTS)))
    return INCIDENTS[name]


def _choose(
    incident: Incident, variant: str | None, only: Sequence[str] | None, without: Sequence[str] | None
) -> tuple[str, ...]:
    """The sections that were asked for, in the order of the format."""
    if variant is not None and only:
        raise UsageError("--variant and --only both choose the sections.", hint="Give one of them.")
    for section in (*(only or ()), *(without or ())):
        if section not in SECTIONS:
            raise UsageError(f"There is no section {section!r}.", hint=f"Sections: {', '.join(SECTIONS)}.")
    held = {item.name: item.sections for item in incident.variants}
    if variant is not None and variant not in held:
        raise UsageError(f"{incident.name} has no variant {variant!r}.", hint=f"Variants: {', '.join(held)}.")
    chosen = held[variant] if variant is not None else only or SECTIONS
    return tuple(section for section in SECTIONS if section in chosen and section not in (without or ()))


def _place(folder: Path, given: Path | None, name: str) -> Path:
    """Where the file goes; a folder takes it under its own name."""
    if given is not None and str(given) == "-":
        raise UsageError("The evidence goes to a file; stdout is for the report.", hint="Name a file or a folder.")
    path = (folder / (given or Path())).expanduser()
    return path / f"{name}.json" if path.is_dir() else path


COMMAND = CommandSpec(
    write,
    examples=(
        Example("All of the evidence", "opsctl lab incident write o4o-api-migrations-h5x5h"),
        Example(
            "What would be found without the log?",
            "opsctl lab incident write o4o-api-migrations-h5x5h --without logs --output-file no-logs.json",
        ),
        Example(
            "One step of the way from little evidence to all of it",
            "opsctl lab incident write o4o-api-migrations-h5x5h --variant conditions",
        ),
    ),
    choices=(("name", tuple(INCIDENTS)), ("--only", SECTIONS), ("--without", SECTIONS)),
)
