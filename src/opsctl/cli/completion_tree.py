"""The command tree as completion needs it: words, options, values; read from the commands themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from typer.core import TyperCommand, TyperGroup

from opsctl.cli.app import ROOT, CommandEntry, GroupEntry, build_entry, build_root
from opsctl.cli.command import OpsctlCommand
from opsctl.cli.options import OutputFormat
from opsctl.errors import UsageError
from opsctl.reporting.language import LANGUAGES

ValueKind = Literal["none", "choices", "file", "folder", "profile", "text"]
_PATH_KINDS: Mapping[str, ValueKind] = {"file": "file", "path": "file", "directory": "folder"}


@dataclass(frozen=True, slots=True)
class Word:
    """A command word or a value, with its help."""

    text: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class CompletionOption:
    """An option with all its spellings. `value` is `none` for a flag; `choices` holds the values when it is
    `choices`."""

    names: tuple[str, ...]
    summary: str
    value: ValueKind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionNode:
    """One place in the tree: the words that lead here, and what may follow."""

    path: tuple[str, ...]
    words: tuple[Word, ...]
    options: tuple[CompletionOption, ...]


def read_tree() -> tuple[CompletionNode, ...]:
    """Every group and command of this installation, parents first. Imports all command modules."""
    return tuple(_walk_group(ROOT, build_root(), ()))


def _walk_group(entry: GroupEntry, group: TyperCommand | TyperGroup, path: tuple[str, ...]) -> list[CompletionNode]:
    words = tuple(Word(child.name, child.summary) for child in entry.entries)
    nodes = [CompletionNode(path, words, _options(group, {}, tuple(OutputFormat)))]
    for child in entry.entries:
        nodes += _walk(child, path)
    return nodes


def _walk(entry: GroupEntry | CommandEntry, parent: tuple[str, ...]) -> list[CompletionNode]:
    path = (*parent, entry.name)
    try:
        command = build_entry(entry, ".".join(parent))
    except UsageError:
        # Not part of this installation: the word stays, its options are not known.
        return [CompletionNode(path, (), ())]
    if isinstance(entry, GroupEntry):
        return _walk_group(entry, command, path)
    if not isinstance(command, OpsctlCommand):
        raise TypeError(f"{' '.join(path)} is no OpsctlCommand")
    choices = dict(command.spec.choices)
    arguments = [parameter.name for parameter in command.params if parameter.param_type_name == "argument"]
    words = tuple(Word(value) for name in arguments for value in choices.get(name or "", ()))
    return [CompletionNode(path, words, _options(command, choices, command.spec.formats))]


def _options(
    command: TyperCommand | TyperGroup, choices: Mapping[str, tuple[str, ...]], formats: tuple[OutputFormat, ...]
) -> tuple[CompletionOption, ...]:
    return tuple(
        _option(parameter, choices, formats)
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False)
    )


def _option(
    parameter: Any, choices: Mapping[str, tuple[str, ...]], formats: tuple[OutputFormat, ...]
) -> CompletionOption:
    names = (*parameter.opts, *parameter.secondary_opts)
    kind, values = _value_of(parameter, choices, formats)
    return CompletionOption(names, (parameter.help or "").partition("\n")[0], kind, values)


def _value_of(
    parameter: Any, choices: Mapping[str, tuple[str, ...]], formats: tuple[OutputFormat, ...]
) -> tuple[ValueKind, tuple[str, ...]]:
    if parameter.is_flag or parameter.count:
        return "none", ()
    fixed: Mapping[str | None, tuple[str, ...]] = {"common_output": formats, "common_lang": LANGUAGES}
    values = fixed.get(parameter.name) or next((choices[name] for name in parameter.opts if name in choices), ())
    values = values or tuple(str(choice) for choice in getattr(parameter.type, "choices", ()))
    if values:
        return "choices", tuple(str(value) for value in values)
    if parameter.name == "common_profile":
        return "profile", ()
    return _PATH_KINDS.get(getattr(parameter.type, "name", ""), "text"), ()
