"""Shows every value and where it comes from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.config import Profile, Setting
from opsctl.config.sections import MASK
from opsctl.errors import ConfigError
from opsctl.reporting.envelope import dump_json
from opsctl.reporting.redact import redact
from opsctl.reporting.view import Cell, Column, Line, NextCommand, ReportView, Table, Texts, Tone


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One key. `value` is null when it is not set or cannot be used; then `problem` says why. `origin` is one of flag,
    environment, file, default; `origin_name` the flag, the variable or the file, `line` the line of the file;
    `reference` what a reference points at."""

    section: str
    key: str
    value: Any
    origin: str
    origin_name: str
    line: int | None
    reference: str | None
    is_secret: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class ConfigShowReport:
    """The profile in use, its file (null: none was found) and its settings."""

    profile: str
    file: Path | None
    settings: tuple[ShownSetting, ...]
    warnings: tuple[str, ...]


def show(context: AppContext) -> Outcome:
    """Shows every value of the profile, defaults included, and where each comes from.

    Secrets are shown as ***. Values that cannot be used are listed with the reason, and the command then ends with 2.
    """
    profile = context.load_profile()
    report = build_report(profile)
    problem = next((setting.problem for setting in report.settings if setting.problem), None)
    return Outcome(
        report,
        view=lambda texts: _view(report, texts),
        error=None if problem is None else ConfigError(problem),
        items=report.settings,
        item_type=ShownSetting,
        names=tuple(f"{setting.section}.{setting.key}" for setting in report.settings),
    )


def build_report(profile: Profile) -> ConfigShowReport:
    """The settings as they may be shown."""
    return ConfigShowReport(
        profile=profile.name,
        file=None if profile.file is None else profile.file.path,
        settings=tuple(_shown(setting) for setting in profile.settings()),
        warnings=profile.warnings(),
    )


def _shown(setting: Setting) -> ShownSetting:
    return ShownSetting(
        section=setting.section,
        key=setting.key,
        value=_shown_value(setting),
        origin=setting.origin.kind,
        origin_name=setting.origin.name,
        line=setting.origin.line,
        reference=setting.reference,
        is_secret=setting.is_secret,
        problem=setting.problem,
    )


def _shown_value(setting: Setting) -> Any:
    """A secret URI keeps everything but its user info: host and options are what one looks for when a connection
    fails."""
    if setting.value is None:
        return None
    if setting.is_secret:
        return redact(setting.value) if isinstance(setting.value, str) and "://" in setting.value else MASK
    return msgspec.to_builtins(setting.value)


def _view(report: ConfigShowReport, texts: Texts) -> ReportView:
    columns = tuple(
        Column(texts.get(f"config.column_{name}"), keep_whole=name == "key") for name in ("key", "origin", "value")
    )
    file = texts.get("config.show_no_file") if report.file is None else str(report.file)
    return ReportView(
        texts.get("config.show_title", profile=report.profile),
        summary=(Line(texts.get("config.show_file", file=file)),),
        blocks=(Table(columns, tuple(_row(setting, texts) for setting in report.settings)),),
        notes=tuple(Line(warning, "warning") for warning in report.warnings),
        next_commands=(NextCommand("opsctl config check", texts.get("config.next_check")),),
    )


def _row(setting: ShownSetting, texts: Texts) -> tuple[Cell, ...]:
    """The value comes last: off a terminal nothing is cut, and a long one would push what follows out of sight."""
    tone: Tone = "muted" if setting.origin == "default" else "plain"
    value = Cell(setting.problem, "bad") if setting.problem else Cell(_value_text(setting.value), tone)
    return Cell(f"{setting.section}.{setting.key}"), Cell(_origin_text(setting, texts), "muted"), value


def _value_text(value: Any) -> str | None:
    """Text as it is, everything else as it would be written: 33554432 is a setting, not a figure to read."""
    return value if value is None or isinstance(value, str) else dump_json(value, indent=None).rstrip("\n")


def _origin_text(setting: ShownSetting, texts: Texts) -> str:
    if setting.origin == "default":
        return texts.get("config.origin_default")
    place = (
        setting.origin_name
        if setting.line is None
        else texts.get("config.origin_line", file=setting.origin_name, line=str(setting.line))
    )
    return f"{place} ({setting.reference})" if setting.reference else place


COMMAND = CommandSpec(
    show,
    examples=(
        Example("Which values hold here?", "opsctl config show"),
        Example("Another profile, for a script", "opsctl config show --profile staging -o json"),
        Example("Only what the file or the environment sets", "opsctl config show -o csv | grep -v ',default,'"),
    ),
    formats=LIST_FORMATS,
)
