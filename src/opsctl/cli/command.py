"""What a command module declares, and how it becomes a command of Typer."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from typer.core import TyperCommand
from typer.main import get_command_from_info
from typer.models import CommandInfo

from opsctl.cli.context import open_context
from opsctl.cli.failure import tell_error
from opsctl.cli.help import Example, help_parameter, write_examples, write_options
from opsctl.cli.interrupts import limit_time
from opsctl.cli.logging_setup import configure_logging
from opsctl.cli.options import OutputFormat, collect_common, common_parameters, is_common
from opsctl.cli.outcome import Outcome
from opsctl.cli.output import write_outcome
from opsctl.cli.process import Process
from opsctl.errors import ExitCode

__all__ = ["DEFAULT_FORMATS", "LIST_FORMATS", "CommandSpec", "Example", "OpsctlCommand", "build_command"]

DEFAULT_FORMATS = (OutputFormat.TABLE, OutputFormat.JSON, OutputFormat.YAML, OutputFormat.MARKDOWN)
LIST_FORMATS = (*DEFAULT_FORMATS, OutputFormat.NDJSON, OutputFormat.CSV, OutputFormat.NAME)


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command: its function (context first, then Typer parameters), the examples of its help, and the formats it
    writes.

    `choices` names the values of options that have a fixed set, for completion: `{"--type": ("basic", "color")}`.
    """

    run: Callable[..., Outcome]
    examples: tuple[Example, ...]
    formats: tuple[OutputFormat, ...] = DEFAULT_FORMATS
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()


class OpsctlCommand(TyperCommand):
    """A command with the common options, examples at the end of its help, and the context as first argument of its
    function."""

    spec: CommandSpec
    dotted_name: str

    def invoke(self, ctx: Any) -> ExitCode:
        """Builds the context, calls the function, writes what it returns; the result is the code of the process."""
        process: Process = ctx.find_root().obj
        options = collect_common([level.params for level in _levels(ctx)], self.spec.formats)
        own = {name: value for name, value in ctx.params.items() if not is_common(name)}
        configure_logging(process, options)
        context = open_context(process, self.dotted_name, options)
        with limit_time(options.timeout_seconds):
            outcome: Outcome = ctx.invoke(self.callback, _context=context, **own)
        write_outcome(context.command, outcome, process, options, context.texts)
        if outcome.error is not None:
            tell_error(outcome.error, process)
        return outcome.final_exit_code(exit_zero=options.exit_zero)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The command's own options first, the common ones below."""
        write_options(self, ctx, formatter, self.spec.formats)

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Examples as they would be typed, never re-wrapped."""
        write_examples(self.spec.examples, formatter)


def build_command(spec: CommandSpec, name: str, dotted_name: str) -> OpsctlCommand:
    """The Typer command for a spec. `dotted_name` (`migrate.images`) names it in the JSON envelope."""
    info = CommandInfo(
        name=name,
        cls=OpsctlCommand,
        callback=_without_context(spec.run),
        help=inspect.getdoc(spec.run),
        add_help_option=False,
    )
    command = get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)
    if not isinstance(command, OpsctlCommand):
        raise TypeError(f"{dotted_name} is no OpsctlCommand")
    taken = {option for parameter in command.params for option in parameter.opts}
    common = common_parameters()
    clash = taken & {option for parameter in common for option in parameter.opts}
    if clash:
        raise TypeError(f"{dotted_name} declares {', '.join(sorted(clash))}, which is a common option")
    command.params.extend([*common, help_parameter()])
    command.spec = spec
    command.dotted_name = dotted_name
    return command


def _levels(ctx: Any) -> list[Any]:
    levels = []
    while ctx is not None:
        levels.append(ctx)
        ctx = ctx.parent
    return levels[::-1]


def _without_context(run: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """The function as Typer may see it: without its first parameter, which is filled with the context on the way."""
    signature = inspect.signature(run)
    parameters = list(signature.parameters.values())[1:]

    def call(*, _context: object, **values: Any) -> Outcome:
        return run(_context, **values)

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    call.__name__ = run.__name__
    return call
