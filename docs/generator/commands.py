"""`commands.md`: every command with its options and examples, as its own help tells them."""

from __future__ import annotations

import inspect
from typing import Any

from docs.generator.markdown import code, join, table

from opsctl.cli.app import PROGRAM, ROOT, GroupEntry, build_entry, build_root, walk_commands
from opsctl.cli.command import CommandSpec, OpsctlCommand
from opsctl.cli.help import Example
from opsctl.cli.options import OutputFormat, is_common

OUTPUT = "common_output"


def commands_page() -> str:
    """The whole page."""
    listing = [
        (f"[{code(_full(words))}](#{'-'.join((PROGRAM, *words))})", entry.summary) for words, entry in walk_commands()
    ]
    return join(
        "# Commands",
        ROOT.summary,
        table(("command", "what it does"), listing),
        "Options may stand before or after the command word. `opsctl COMMAND --help` (or `-h`) prints what is below.",
        "## Common options",
        "Every command has them. The formats of `-o` differ; each command names its own.",
        _options(build_root(), common=True),
        f"Of {code(PROGRAM)} alone:",
        _options(build_root(), common=False),
        _groups(ROOT, ()),
        *(_command(words) for words, _ in walk_commands()),
    )


def _groups(group: GroupEntry, words: tuple[str, ...]) -> str:
    """The examples that stand in the help of `opsctl` and of its groups."""
    parts = [f"## Help of {code(_full(words))}", group.summary, _examples(group.examples)] if group.examples else []
    inner = [_groups(entry, (*words, entry.name)) for entry in group.entries if isinstance(entry, GroupEntry)]
    return join(*parts, *inner)


def _command(words: tuple[str, ...]) -> str:
    entry: Any = ROOT
    for word in words:
        entry = entry.find(word)
    command = build_entry(entry, ".".join(words[:-1]))
    if not isinstance(command, OpsctlCommand):
        raise TypeError(f"{words} is no command")
    spec: CommandSpec = command.spec
    arguments = [p.make_metavar(_context(command)) for p in command.params if p.param_type_name == "argument"]
    formats = [code(item) if item != OutputFormat.TABLE else f"{code(item)} (default)" for item in spec.formats]
    return join(
        f"## {_full(words)}",
        f"```\n{' '.join((_full(words), *arguments, '[OPTIONS]'))}\n```",
        inspect.getdoc(spec.run) or "",
        _options(command, common=False),
        "".join(f"Values of {code(name)}: {', '.join(map(code, values))}.\n\n" for name, values in spec.choices),
        f"Formats (`-o`): {', '.join(formats)}.",
        _examples(spec.examples),
    )


def _options(command: Any, *, common: bool) -> str:
    context = _context(command)
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is None or is_common(parameter.name) is not common:
            continue
        text = "Output format." if parameter.name == OUTPUT else record[1]
        rows.append((code(" ".join(record[0].split())), text))
    return table(("option", "what it does"), rows) if rows else ""


def _examples(examples: tuple[Example, ...]) -> str:
    lines = [f"# {example.title}\n{example.command}\n" for example in examples]
    return "```sh\n" + "\n".join(lines) + "```"


def _context(command: Any) -> Any:
    return command.context_class(command, info_name=command.name)


def _full(words: tuple[str, ...]) -> str:
    return " ".join((PROGRAM, *words))
