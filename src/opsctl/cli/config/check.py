"""Tries every configured service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.config.service_check import CheckState, ServiceCheck, check_from_error, worst_error
from opsctl.cli.context import AppContext
from opsctl.cli.interrupts import TimedOutError
from opsctl.cli.outcome import Outcome
from opsctl.config import SECTIONS, ConfigSection, ImagesSection, Profile
from opsctl.errors import ConfigError, OpsctlError
from opsctl.reporting.view import Cell, Column, Line, ReportView, Table, Texts, Tone

CheckServices = Callable[[Profile], Sequence[ServiceCheck]]

_TONES: dict[CheckState, Tone] = {
    CheckState.OK: "good",
    CheckState.NOT_CONFIGURED: "muted",
    CheckState.NOT_TRIED: "muted",
    CheckState.UNAVAILABLE: "warning",
}


@dataclass(frozen=True, slots=True)
class ConfigCheckReport:
    """The profile and what came of each service."""

    profile: str
    checks: tuple[ServiceCheck, ...]


def check(context: AppContext) -> Outcome:
    """Checks the configuration and tries every service that it names.

    Nothing is written anywhere. Ends with 0 when everything that is configured works, else with the code of the worst:
    2 for a wrong configuration, 6 denied, 7 not found, 5 not reachable.
    """

    # By name: the services bring their SDKs, and a wrong configuration must be told without them.
    def find_services() -> CheckServices:
        return partial(import_module("opsctl.cli.service_checks").try_services, process=context.process)

    return run_checks(context, find_services)


def run_checks(context: AppContext, find_services: Callable[[], CheckServices]) -> Outcome:
    """Sections first, asking nothing but the Kubernetes Secrets they refer to; then the services. A service is named
    after its section."""
    profile = context.load_profile()
    sections = check_sections(profile)
    if not any(profile.is_configured(kind) for kind in SECTIONS):
        raise ConfigError(f"Nothing is configured for profile {profile.name!r}.", hint="Start with: opsctl config init")
    tried = {item.name: item for item in find_services()(profile)}
    checks = tuple(item if item.state is CheckState.INVALID else tried.get(item.name, item) for item in sections)
    report = ConfigCheckReport(profile.name, checks)
    return Outcome(
        report,
        view=lambda texts: _view(report, texts),
        error=worst_error(checks),
        items=checks,
        item_type=ServiceCheck,
        names=tuple(item.name for item in checks),
    )


def check_sections(profile: Profile) -> tuple[ServiceCheck, ...]:
    """A check for each section: not configured, invalid, or valid but not tried. Images have no service: valid is
    ok."""
    return tuple(_check_section(profile, kind) for kind in SECTIONS)


def _check_section(profile: Profile, kind: type[ConfigSection]) -> ServiceCheck:
    is_local = kind is ImagesSection
    if not is_local and not profile.is_configured(kind):
        return ServiceCheck(kind.SECTION, CheckState.NOT_CONFIGURED)
    try:
        profile.section(kind)
    except TimedOutError:
        raise
    except OpsctlError as error:
        return check_from_error(kind.SECTION, error)
    return ServiceCheck(kind.SECTION, CheckState.OK if is_local else CheckState.NOT_TRIED)


def _view(report: ConfigCheckReport, texts: Texts) -> ReportView:
    columns = tuple(Column(texts.get(f"config.column_{name}")) for name in ("service", "state", "detail"))
    rows = tuple(
        (item.name, Cell(texts.get(f"config.state_{item.state}"), _TONES.get(item.state, "bad")), item.detail)
        for item in report.checks
    )
    hints = tuple(Line(f"{item.name}: {item.hint}") for item in report.checks if item.hint)
    return ReportView(
        texts.get("config.check_title", profile=report.profile), blocks=(Table(columns, rows),), notes=hints
    )


COMMAND = CommandSpec(
    check,
    examples=(
        Example("Is everything set up?", "opsctl config check"),
        Example("In a pipeline, at most 20 seconds", "opsctl config check --profile prod --timeout 20 -o json"),
    ),
    formats=LIST_FORMATS,
)
