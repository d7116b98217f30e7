"""Prints the completion script of a shell."""

from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.errors import UsageError

SHELLS = ("bash", "zsh", "fish", "powershell")


def completion(
    context: AppContext,
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish|powershell", help="The shell to complete in.")],
) -> Outcome:
    """Prints a script that completes opsctl's commands, options and values in your shell.

    The script is a table: pressing Tab starts no Python. Nothing is installed or changed.
    """
    if shell not in SHELLS:
        raise UsageError(f"There is no completion for {shell!r}.", hint=f"Choose one of {', '.join(SHELLS)}.")
    # Only here: it imports every command.
    from opsctl.cli.completion_scripts import render_script  # noqa: PLC0415
    from opsctl.cli.completion_tree import read_tree  # noqa: PLC0415

    context.process.write(render_script(shell, read_tree()))
    return Outcome(emitted=True)


COMMAND = CommandSpec(
    completion,
    examples=(
        Example("bash, for this session", "source <(opsctl completion bash)"),
        Example("zsh, for good", 'opsctl completion zsh > "${fpath[1]}/_opsctl"'),
        Example("fish, for good", "opsctl completion fish > ~/.config/fish/completions/opsctl.fish"),
    ),
    choices=(("shell", SHELLS),),
)
