"""The table of commands. A command's module is imported when the command is called or its own help is asked for, never
before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup, TyperOption

from opsctl.cli.help import Example, help_parameter, show_help, write_examples, write_options
from opsctl.cli.options import OutputFormat, common_parameters
from opsctl.errors import UsageError

if TYPE_CHECKING:
    from opsctl.cli.command import CommandSpec

PROGRAM = "opsctl"


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command: its word, the module that holds its `COMMAND`, and its line in the help of the group."""

    name: str
    module: str
    summary: str


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A word that has commands below it."""

    name: str
    summary: str
    entries: tuple[CommandEntry | GroupEntry, ...]
    examples: tuple[Example, ...] = ()

    def find(self, word: str) -> CommandEntry | GroupEntry | None:
        """The entry with that word."""
        return next((entry for entry in self.entries if entry.name == word), None)


ROOT = GroupEntry(
    PROGRAM,
    "Operations toolkit: image migration to S3, an honest status, diagnosis of failed deploys.",
    (
        CommandEntry(
            "status", "opsctl.cli.status", "How far the migration is: counts, rate, time left, contradictions."
        ),
        GroupEntry(
            "migrate",
            "The migration of vehicle images to S3: run it, verify it, see what failed.",
            (
                CommandEntry(
                    "images", "opsctl.cli.migrate.images", "Fetch the images, store them in S3, record them in Mongo."
                ),
                CommandEntry(
                    "manifest", "opsctl.cli.migrate.manifest", "What runs it on Kubernetes: print it, or apply it."
                ),
                CommandEntry(
                    "restart",
                    "opsctl.cli.migrate.restart",
                    "What is stuck on Kubernetes, and why: mend it, wait for it.",
                ),
                CommandEntry(
                    "logs", "opsctl.cli.migrate.logs", "What the pods of its Kubernetes Job say, merged by time."
                ),
                CommandEntry("verify", "opsctl.cli.migrate.verify", "Compare Mongo with S3, object by object."),
                CommandEntry(
                    "failures", "opsctl.cli.migrate.failures", "What failed, why, and when it is tried again."
                ),
            ),
            (
                Example("What would be done?", "opsctl migrate images --dry-run"),
                Example("Run it, or go on where it stopped", "opsctl migrate images --yes"),
                Example("Is everything there?", "opsctl migrate verify"),
            ),
        ),
        GroupEntry(
            "cloudrun",
            "Cloud Run job executions: why one failed, and the causes that can be told.",
            (
                CommandEntry("diagnose", "opsctl.cli.cloudrun.diagnose", "Why an execution failed: ranked causes."),
                CommandEntry(
                    "executions", "opsctl.cli.cloudrun.executions", "The executions of a job, and how each ended."
                ),
                CommandEntry("logs", "opsctl.cli.cloudrun.logs", "The log of an execution, by task and attempt."),
                GroupEntry(
                    "image",
                    "The container image that an execution ran, without docker.",
                    (
                        CommandEntry("ls", "opsctl.cli.cloudrun.image.ls", "What is in it, and which layer has it."),
                        CommandEntry("cat", "opsctl.cli.cloudrun.image.cat", "One of its files."),
                        CommandEntry(
                            "config", "opsctl.cli.cloudrun.image.config", "What it starts, with what, its layers."
                        ),
                    ),
                    (
                        Example("Are the files there?", "opsctl cloudrun image ls o4o-api-migrations-h5x5h /app/dist"),
                        Example("One of them", "opsctl cloudrun image cat o4o-api-migrations-h5x5h /app/package.json"),
                    ),
                ),
                GroupEntry(
                    "rules",
                    "The causes that a diagnosis can name, each with its page.",
                    (
                        CommandEntry("list", "opsctl.cli.cloudrun.rules.list", "Every cause and what it needs."),
                        CommandEntry("show", "opsctl.cli.cloudrun.rules.show", "The page of one cause."),
                    ),
                    (
                        Example("What can it find?", "opsctl cloudrun rules list"),
                        Example("One of them", "opsctl cloudrun rules show db-auth-failed"),
                    ),
                ),
            ),
            (
                Example("Which ones failed?", "opsctl cloudrun executions o4o-api-migrations"),
                Example("Why did it fail?", "opsctl cloudrun diagnose o4o-api-migrations-h5x5h"),
                Example("What did it say?", "opsctl cloudrun logs o4o-api-migrations-h5x5h"),
            ),
        ),
        GroupEntry(
            "config",
            "The configuration: create it, see where each value comes from, try the services.",
            (
                CommandEntry("init", "opsctl.cli.config.init", "Write a commented starter file."),
                CommandEntry("show", "opsctl.cli.config.show", "Every value, and where it comes from."),
                CommandEntry(
                    "check", "opsctl.cli.config.check", "Try every configured service and say what is missing."
                ),
            ),
            (
                Example("Start", "opsctl config init"),
                Example("Which value holds, and why?", "opsctl config show --profile prod"),
                Example("Can everything be reached?", "opsctl config check"),
            ),
        ),
        GroupEntry(
            "lab",
            "All of it on this machine: local servers, sample data, a whole migration.",
            (
                CommandEntry("run", "opsctl.cli.lab.run", "Start the lab, seed it, migrate, verify."),
                CommandEntry("up", "opsctl.cli.lab.up", "Start the local servers with sample data."),
                CommandEntry("down", "opsctl.cli.lab.down", "Stop the local servers."),
                GroupEntry(
                    "incident",
                    "Practice incidents: recorded executions to try the diagnosis on.",
                    (
                        CommandEntry("list", "opsctl.cli.lab.incident.list", "What there is to practise on."),
                        CommandEntry("write", "opsctl.cli.lab.incident.write", "Write one as an evidence file."),
                    ),
                    (
                        Example("What is there?", "opsctl lab incident list"),
                        Example("Take one", "opsctl lab incident write o4o-api-migrations-h5x5h"),
                    ),
                ),
            ),
            (Example("See everything once", "opsctl lab run"), Example("Stop what is running", "opsctl lab down")),
        ),
        CommandEntry("completion", "opsctl.cli.completion", "Print the completion script of a shell."),
        CommandEntry("schema", "opsctl.cli.schema", "Print the JSON Schema of a command's output."),
    ),
    (
        Example("How far is the migration?", "opsctl status"),
        Example("See it all work on this machine", "opsctl lab run"),
        Example("Start with your own configuration", "opsctl config init"),
    ),
)


class OpsctlGroup(TyperGroup):
    """A group that knows its commands by name and help line, and imports one when it is called."""

    entry: GroupEntry
    dotted_name: str

    def list_commands(self, _ctx: Any) -> list[str]:
        """The words, in the order of the table."""
        return [entry.name for entry in self.entry.entries]

    def get_command(self, _ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """Builds the command; this imports its module."""
        entry = self.entry.find(cmd_name)
        return None if entry is None else build_entry(entry, self.dotted_name)

    def resolve_command(
        self, ctx: Any, args: list[str]
    ) -> tuple[str | None, TyperCommand | TyperGroup | None, list[str]]:
        """The command for the first word. Raises `UsageError` with a suggestion."""
        command = self.get_command(ctx, args[0])
        if command is None:
            words = self.list_commands(ctx)
            near = get_close_matches(args[0], words, n=1)
            hint = f"Did you mean {ctx.command_path} {near[0]}?" if near else f"Commands: {', '.join(words)}."
            raise UsageError(f"{ctx.command_path} has no command {args[0]!r}.", hint=hint)
        return args[0], command, args[1:]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """A group alone shows its help."""
        if not args:
            show_help(ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, or tells the version."""
        if ctx.params.get("version"):
            version = build_entry(CommandEntry("version", "opsctl.cli.version", ""), "")
            with version.make_context("version", [], parent=ctx) as version_context:
                return version.invoke(version_context)
        return super().invoke(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands first: they are what one looks for in the help of a group."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in self.entry.entries])
        write_options(self, ctx, formatter, tuple(OutputFormat))

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Examples as they would be typed."""
        write_examples(self.entry.examples, formatter)


def build_root(entry: GroupEntry = ROOT) -> OpsctlGroup:
    """The whole program as one group."""
    root = _build_group(entry, "")
    version = TyperOption(
        param_decls=["version", "--version", "-V"],
        is_flag=True,
        help="Show the version (with -o json: of libraries too).",
    )
    root.params.insert(0, version)
    return root


def build_entry(entry: CommandEntry | GroupEntry, parent: str) -> TyperCommand | TyperGroup:
    """The command or group of an entry. `parent` is the dotted name above it, empty for the root."""
    dotted_name = f"{parent}.{entry.name}" if parent else entry.name
    if isinstance(entry, GroupEntry):
        return _build_group(entry, dotted_name)
    # Only here: it brings the configuration and asyncio, which a help text does not need.
    from opsctl.cli.command import build_command  # noqa: PLC0415

    return build_command(load_spec(entry), entry.name, dotted_name)


def load_spec(entry: CommandEntry) -> CommandSpec:
    """Imports the module of a command. Raises `UsageError` when this installation does not have it."""
    try:
        spec: CommandSpec = import_module(entry.module).COMMAND
    except ModuleNotFoundError as error:
        if error.name is None or not entry.module.startswith(error.name):
            raise
        raise UsageError(f"The command {entry.name!r} is not part of this installation.") from error
    return spec


def walk_commands(
    group: GroupEntry = ROOT, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], CommandEntry]]:
    """Every command with the words that lead to it."""
    for entry in group.entries:
        if isinstance(entry, GroupEntry):
            yield from walk_commands(entry, (*words, entry.name))
        else:
            yield (*words, entry.name), entry


def _build_group(entry: GroupEntry, dotted_name: str) -> OpsctlGroup:
    group = OpsctlGroup(
        name=entry.name,
        help=entry.summary,
        params=[*common_parameters(), help_parameter()],
        rich_markup_mode=None,
        add_help_option=False,
    )
    group.entry = entry
    group.dotted_name = dotted_name
    return group
