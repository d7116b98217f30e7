"""Help texts: own options first, the common ones below, examples last, as they would be typed."""

from dataclasses import dataclass
from typing import Any, NoReturn

import typer
from typer.core import TyperOption

from opsctl.cli.options import OutputFormat, is_common
from opsctl.cli.process import Process


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of the help text."""

    title: str
    command: str


def help_parameter() -> TyperOption:
    """`-h` and `--help`. Typer's own would write past the process."""

    def show(ctx: Any, _parameter: Any, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            show_help(ctx)

    return TyperOption(
        param_decls=["common_help", "-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show this help.",
    )


def show_help(ctx: Any) -> NoReturn:
    """Writes the help of the command to stdout and ends with 0."""
    process: Process = ctx.find_root().obj
    process.write(ctx.get_help() + "\n")
    raise typer.Exit


def write_options(command: Any, ctx: Any, formatter: Any, formats: tuple[OutputFormat, ...]) -> None:
    """Sections `Arguments`, `Options` and `Common options` of a help text."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], "Common options": []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.name == "common_output":
            record = (record[0], f"Output format: {', '.join(formats)}.")
        title = (
            "Arguments"
            if parameter.param_type_name == "argument"
            else "Common options"
            if is_common(parameter.name)
            else "Options"
        )
        sections[title].append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def write_examples(examples: tuple[Example, ...], formatter: Any) -> None:
    """The section `Examples` of a help text."""
    if not examples:
        return
    with formatter.section("Examples"):
        indent = " " * formatter.current_indent
        formatter.write("\n".join(f"{indent}# {example.title}\n{indent}{example.command}\n" for example in examples))
