"""Prints the completion script of a shell."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.errors import UsageError

SHELLS = ("bash", "zsh", "fish", "powershell")
