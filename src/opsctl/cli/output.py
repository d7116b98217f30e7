"""Writes outcomes and errors in the format that was asked for. Rich and YAML are imported here, when they are
needed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from opsctl.cli.failure import dump_document
from opsctl.cli.options import CommonOptions, OutputFormat
from opsctl.cli.outcome import Outcome, status_of
from opsctl.cli.process import Process, is_terminal, is_utf8
from opsctl.errors import ExitCode, UsageError
from opsctl.reporting.envelope import build_envelope
from opsctl.reporting.progress import LineProgress, Progress, SilentProgress
from opsctl.reporting.view import ReportView, Steps, Texts

_LINE_FORMATS = (OutputFormat.NDJSON, OutputFormat.CSV, OutputFormat.NAME)
STREAM_FORMATS = (OutputFormat.TABLE, OutputFormat.NDJSON)
_WITH_PROFILE = ("opsctl status", "opsctl migrate", "opsctl cloudrun", "opsctl config show", "opsctl config check")
_WITHOUT_PROFILE = ("opsctl cloudrun rules",)
_CLEAR_SCREEN = "\x1b[H\x1b[2J"


def write_outcome(command: str, outcome: Outcome, process: Process, options: CommonOptions, texts: Texts) -> None:
    """Writes the whole outcome to stdout. A document is made before its first byte is written: stdout never holds half
    of one."""
    if outcome.emitted:
        return
    if options.output in (OutputFormat.JSON, OutputFormat.YAML):
        envelope = _envelope(command, outcome, process, options)
        process.write(dump_document(envelope, options.output))
    elif options.output in _LINE_FORMATS or (options.output is OutputFormat.TEXT and outcome.lines is not None):
        _write_lines(outcome, process, options.output)
    elif outcome.view is not None:
        process.write(_render(outcome.view(texts), process, options, texts))


def open_progress(process: Process, options: CommonOptions, texts: Texts) -> Progress:
    """The kind of progress that fits stderr and `-q`."""
    if options.quiet:
        return SilentProgress()
    if not process.is_animated():
        return LineProgress(process.stderr, texts, process.monotonic, clean=process.redactor)
    from opsctl.reporting.progress_bar import BarProgress  # noqa: PLC0415 - Rich only when a bar is drawn

    has_colour = process.has_colour(process.stderr, no_color=options.no_color)
    return BarProgress(
        process.stderr,
        texts,
        has_colour=has_colour,
        width=process.width_of(process.stderr) or 80,
        clean=process.redactor,
    )


class ReportStream:
    """Reports one after the other: a JSON line each, a redrawn screen on a terminal, appended text elsewhere."""

    def __init__(self, command: str, process: Process, options: CommonOptions, texts: Texts) -> None:
        if options.output not in STREAM_FORMATS:
            raise UsageError(
                f"-o {options.output} holds one document and cannot follow changes.",
                hint="Use -o ndjson: one JSON document a line.",
            )
        self._command = command
        self._process = process
        self._options = options
        self._texts = texts

    def emit(self, report: object, view: Callable[[Texts], ReportView], *, exit_code: ExitCode = ExitCode.OK) -> None:
        """Writes one report. `exit_code` is what the command would end with if this were the last one."""
        if self._options.output is OutputFormat.NDJSON:
            envelope = _envelope(self._command, Outcome(report, exit_code=exit_code), self._process, self._options)
            self._process.write(dump_document(envelope, self._options.output))
        else:
            text = _render(view(self._texts), self._process, self._options, self._texts)
            self._process.write(_CLEAR_SCREEN + text if is_terminal(self._process.stdout) else text + "\n")


def _envelope(command: str, outcome: Outcome, process: Process, options: CommonOptions) -> dict[str, Any]:
    return build_envelope(
        command=command,
        status=status_of(outcome.final_exit_code()),
        exit_code=outcome.final_exit_code(exit_zero=options.exit_zero),
        report=outcome.report,
        errors=[] if outcome.error is None else [outcome.error],
        clean=process.redactor,
    )


def keep_profile(view: ReportView, profile: str | None) -> ReportView:
    """Commands to run next lead to the same place as this one: they name the profile that this one was given."""
    if profile is None:
        return view
    named = shlex.quote(profile)
    commands = tuple(replace(item, command=_name_profile(item.command, named)) for item in view.next_commands)
    blocks = tuple(_keep_in_steps(block, named) if isinstance(block, Steps) else block for block in view.blocks)
    return replace(view, blocks=blocks, next_commands=commands)


def _keep_in_steps(block: Steps, profile: str) -> Steps:
    named = (tuple(_name_profile(command, profile) for command in step.commands) for step in block.steps)
    steps = (replace(step, commands=commands) for step, commands in zip(block.steps, named, strict=True))
    return replace(block, steps=tuple(steps))


def _name_profile(command: str, profile: str) -> str:
    """Before the other words: what follows a pipe or a redirection is not opsctl's."""
    is_asked = command.startswith(_WITH_PROFILE) and not command.startswith(_WITHOUT_PROFILE)
    if not is_asked or "--profile" in command:
        return command
    return f"opsctl --profile {profile} {command.removeprefix('opsctl ')}"


def _render(view: ReportView, process: Process, options: CommonOptions, texts: Texts) -> str:
    view = keep_profile(view, options.profile)
    if options.output is OutputFormat.MARKDOWN:
        from opsctl.reporting.markdown import render_markdown  # noqa: PLC0415 - only what the format needs

        return render_markdown(view, texts, clean=process.redactor)
    from opsctl.reporting.table import Screen, render_table  # noqa: PLC0415 - Rich only for tables

    screen = Screen(
        width=process.width_of(process.stdout),
        has_colour=process.has_colour(process.stdout, no_color=options.no_color),
        is_utf8=is_utf8(process.stdout),
    )
    return render_table(view, texts, screen, clean=process.redactor)


def _write_lines(outcome: Outcome, process: Process, output: OutputFormat) -> None:
    from opsctl.reporting.rows import csv_lines, name_lines, ndjson_lines  # noqa: PLC0415 - only what the format needs

    lines: Iterable[str]
    if output is OutputFormat.NAME:
        lines = name_lines(outcome.names or (), clean=process.redactor)
    elif output is OutputFormat.TEXT:
        lines = name_lines(outcome.lines or (), clean=process.redactor)
    elif output is OutputFormat.CSV:
        lines = csv_lines(outcome.items or (), item_type=outcome.item_type, clean=process.redactor)
    else:
        lines = ndjson_lines(outcome.items or (), clean=process.redactor)
    for line in lines:
        process.write(line, flush=False)
    process.write("")
