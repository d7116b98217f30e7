"""Prints the JSON Schema of a command's output."""

from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.config.file import suggest
from opsctl.errors import NotFoundError
from opsctl.reporting.envelope import dump_json, schema_name
from opsctl.reporting.json_schema import envelope_schema
from opsctl.reporting.view import Column, ReportView, Table, Texts

# Dotted command -> "module:dataclass" of its report; imported when its schema is asked for.
REPORTS: dict[str, str] = {
    "cloudrun.diagnose": "opsctl.diagnosis.report:DiagnosisReport",
    "cloudrun.executions": "opsctl.diagnosis.execution_list:ExecutionList",
    "cloudrun.image.cat": "opsctl.diagnosis.image_reading:ImageFile",
    "cloudrun.image.config": "opsctl.diagnosis.image_reading:ImageConfig",
    "cloudrun.image.ls": "opsctl.diagnosis.image_reading:ImageListing",
    "cloudrun.logs": "opsctl.diagnosis.log_reading:LogReport",
    "cloudrun.rules.list": "opsctl.cli.cloudrun.rules.list:RuleListReport",
    "cloudrun.rules.show": "opsctl.cli.cloudrun.rules.show:RulePageReport",
    "config.check": "opsctl.cli.config.check:ConfigCheckReport",
    "config.init": "opsctl.cli.config.init:ConfigInitReport",
    "config.show": "opsctl.cli.config.show:ConfigShowReport",
    "lab.down": "opsctl.cli.lab.down:LabStopped",
    "lab.incident.list": "opsctl.cli.lab.incident.list:IncidentsReport",
    "lab.incident.write": "opsctl.cli.lab.incident.write:IncidentWritten",
    "lab.run": "opsctl.lab.demo:DemoReport",
    "lab.up": "opsctl.cli.lab.up:LabReport",
    "migrate.failures": "opsctl.migration.failures:FailuresReport",
    "migrate.images": "opsctl.migration.report:MigrationReport",
    "migrate.logs": "opsctl.migration.kubernetes.logs.models:LogReport",
    "migrate.manifest": "opsctl.migration.kubernetes.manifest.report:ManifestReport",
    "migrate.restart": "opsctl.migration.kubernetes.restart.models:RestartReport",
    "migrate.verify": "opsctl.migration.verify:VerifyReport",
    "schema": "opsctl.cli.schema:SchemaListReport",
    "status": "opsctl.status.report:StatusReport",
    "version": "opsctl.cli.version:VersionReport",
}


@dataclass(frozen=True, slots=True)
class SchemaName:
    """A command and the name of its schema."""

    command: str
    schema: str


@dataclass(frozen=True, slots=True)
class SchemaListReport:
    """The commands whose output has a schema."""

    schemas: tuple[SchemaName, ...]


def schema(
    context: AppContext,
    name: Annotated[
        str | None, typer.Argument(metavar="[COMMAND]", help="Dotted name of a command, such as migrate.images.")
    ] = None,
) -> Outcome:
    """Prints the JSON Schema of what a command writes with -o json; without a name, lists the commands.

    The schema itself is always JSON.
    """
    if name is None:
        report = SchemaListReport(tuple(SchemaName(command, schema_name(command)) for command in sorted(REPORTS)))
        return Outcome(
            report,
            view=lambda texts: _view(report, texts),
            items=report.schemas,
            item_type=SchemaName,
            names=tuple(item.command for item in report.schemas),
        )
    command = name.removeprefix("opsctl.").removesuffix("/v1").replace(" ", ".")
    if command not in REPORTS:
        raise NotFoundError(f"There is no schema {name!r}.", hint=suggest(command, sorted(REPORTS)))
    context.process.write(dump_json(envelope_schema(command, find_report(command))))
    return Outcome(emitted=True)


def find_report(command: str) -> type:
    """Imports the dataclass of a command's report."""
    module, _, name = REPORTS[command].partition(":")
    report: type = getattr(import_module(module), name)
    return report


def _view(report: SchemaListReport, texts: Texts) -> ReportView:
    columns = (Column(texts.get("common.column_command")), Column(texts.get("common.column_schema")))
    return ReportView(
        texts.get("common.schema_title"),
        blocks=(Table(columns, tuple((item.command, item.schema) for item in report.schemas)),),
    )


COMMAND = CommandSpec(
    schema,
    examples=(
        Example("Which commands have one?", "opsctl schema"),
        Example("The document of a status", "opsctl schema status > status.schema.json"),
    ),
    formats=tuple(OutputFormat),
)
