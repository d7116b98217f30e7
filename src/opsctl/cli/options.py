"""The common options: every command has them, after its word as well as before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperOption
from typer.main import get_params_convertors_ctx_param_name_from_function

from opsctl.errors import UsageError
from opsctl.reporting.language import LANGUAGES, Language

_PREFIX = "common_"
PANEL = "Common options"


class OutputFormat(StrEnum):
    """What `-o` accepts; which of them a command has is said by its `CommandSpec`."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
    NDJSON = "ndjson"
    CSV = "csv"
    NAME = "name"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The common options as they hold for one command. `lang` None means that neither flag nor environment chose
    one."""

    profile: str | None = None
    config: Path | None = None
    output: OutputFormat = OutputFormat.TABLE
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False
    lang: Language | None = None
    timeout_seconds: float | None = None
    exit_zero: bool = False


def common_parameters() -> list[TyperOption]:
    """Fresh parameter objects, for one command or group."""
    parameters, _, _ = get_params_convertors_ctx_param_name_from_function(_declare)
    return [parameter for parameter in parameters if isinstance(parameter, TyperOption)]


def is_common(parameter_name: str | None) -> bool:
    """True for the name of a parameter that `common_parameters` made."""
    return parameter_name is not None and parameter_name.startswith(_PREFIX)


def collect_common(levels: list[Mapping[str, Any]], formats: tuple[OutputFormat, ...]) -> CommonOptions:
    """Merges what was given before the command word with what was given after it; after wins, `-v` adds up.

    Raises `UsageError` for a format that the command does not have, and for an unknown language.
    """
    merged: dict[str, Any] = {}
    verbose = 0
    for level in levels:
        verbose += level.get("common_verbose") or 0
        merged.update({name: value for name, value in level.items() if is_common(name) and value})
    return CommonOptions(
        profile=merged.get("common_profile"),
        config=Path(merged["common_config"]) if "common_config" in merged else None,  # Typer hands it over as text
        output=_parse_format(merged.get("common_output"), formats),
        quiet=bool(merged.get("common_quiet")),
        verbose=verbose,
        no_color=bool(merged.get("common_no_color")),
        lang=_parse_language(merged.get("common_lang")),
        timeout_seconds=merged.get("common_timeout"),
        exit_zero=bool(merged.get("common_exit_zero")),
    )


def _parse_format(word: str | None, formats: tuple[OutputFormat, ...]) -> OutputFormat:
    if word is None:
        return formats[0]
    if word not in formats:
        raise UsageError(f"This command has no output format {word!r}.", hint=f"Choose one of {', '.join(formats)}.")
    return OutputFormat(word)


def _parse_language(word: str | None) -> Language | None:
    if word is not None and word not in LANGUAGES:
        raise UsageError(f"There is no language {word!r}.", hint=f"Choose one of {', '.join(LANGUAGES)}.")
    return word


def _declare(  # noqa: PLR0917 - each is an option
    common_profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Profile of the configuration.", rich_help_panel=PANEL),
    ] = None,
    common_config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Configuration file.", rich_help_panel=PANEL)
    ] = None,
    common_output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORMAT", help="Output format.", rich_help_panel=PANEL)
    ] = None,
    common_quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only errors on stderr: no progress, no notes.", rich_help_panel=PANEL)
    ] = False,
    common_verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            help="More on stderr; -vv with tracebacks.",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ] = 0,
    common_no_color: Annotated[bool, typer.Option("--no-color", help="No colour.", rich_help_panel=PANEL)] = False,
    common_lang: Annotated[
        str | None, typer.Option("--lang", metavar="en|ko", help="Language of reports.", rich_help_panel=PANEL)
    ] = None,
    common_timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0.001, help="Give up after this long.", rich_help_panel=PANEL),
    ] = None,
    common_exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="End with 0 instead of 3, 4 and 8.", rich_help_panel=PANEL)
    ] = False,
) -> None:
    """Carries the declarations; never called."""
