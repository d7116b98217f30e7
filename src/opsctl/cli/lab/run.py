"""`opsctl lab run`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.options import OutputFormat
from opsctl.cli.outcome import Outcome
from opsctl.cli.services import load_demo, load_lab
from opsctl.errors import ExitCode
from opsctl.lab.processes import inspect_all
from opsctl.lab.state import locate_lab
from opsctl.reporting.view import Column, Duration, Field, Line, NextCommand, ReportView, Section, Table, Texts

if TYPE_CHECKING:
    from opsctl.lab.demo import DemoReport


def run(
    context: AppContext,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab up at the end.")] = False,
) -> Outcome:
    """Run the whole migration on this machine: seed, migrate, watch, verify.

    Starts the lab, runs the very commands that an operator types, and compares the end with how the sample was made.
    Ends with 3 when anything is not as it should be. A lab that was up stays up, with fresh data.
    """
    environment, demo_module = load_lab(), load_demo()
    state, t = locate_lab(), context.texts.get
    was_up = any(status.alive for status in inspect_all(state))
    context.announce(t("lab.starting"))
    try:
        lab = environment.start_lab(state)
        sample = environment.seed(lab)
        context.announce(t("lab.seeding", documents=len(sample.documents)))
        demo = demo_module.Demo(
            lab,
            sample,
            options=_options(context),
            # stdout is the report: what the commands print stands beside it only when a person reads both.
            output=sys.stdout if context.options.output is OutputFormat.TABLE else sys.stderr,
            show=context.announce,
        )
        report = demo.run()
    finally:
        if not (was_up or keep):
            environment.stop_lab(state)
    code = ExitCode.OK if report.is_as_expected else ExitCode.FINDINGS
    return Outcome(report, view=lambda texts: run_view(report, texts, is_up=was_up or keep), exit_code=code)


def run_view(report: "DemoReport", texts: Texts, *, is_up: bool) -> ReportView:
    """What was proved."""
    t = texts.get
    summary = Line(t("lab.run_good"), "good") if report.is_as_expected else Line(t("lab.run_bad"), "bad")
    fields = (
        Field(t("lab.documents"), report.documents),
        Field(t("lab.stored"), report.images_stored, t("lab.expected_note", expected=report.expected_stored)),
        Field(
            t("lab.failed"),
            report.images_failed,
            t("lab.expected_note", expected=sum(report.expected_failed_by_class.values())),
        ),
        Field(t("lab.differences"), report.differences),
        Field(
            t("lab.originals"), report.originals_unchanged, t("lab.originals_note", digest=report.originals_digest[:16])
        ),
        Field(t("lab.took"), Duration(report.seconds)),
    )
    classes = sorted({*report.failed_by_class, *report.expected_failed_by_class})
    class_rows = tuple(
        (name, report.failed_by_class.get(name, 0), report.expected_failed_by_class.get(name, 0)) for name in classes
    )
    class_columns = (
        Column(t("lab.class")),
        Column(t("lab.images_count"), "right"),
        Column(t("lab.expected"), "right"),
    )
    step_rows = tuple((step.command, step.exit_code, step.seconds) for step in report.steps)
    step_columns = (Column(t("lab.command")), Column(t("lab.exit"), "right"), Column(t("lab.seconds"), "right"))
    down = NextCommand("opsctl lab down", t("lab.next_down"))
    up = NextCommand("opsctl lab up --half-done", t("lab.next_up"))
    return ReportView(
        t("lab.run_title"),
        (summary,),
        (Section(fields), Table(class_columns, class_rows), Table(step_columns, step_rows)),
        next_commands=(
            *((down,) if is_up else (up,)),
            NextCommand("opsctl status --profile lab", t("lab.next_status")),
            NextCommand("opsctl config init", t("lab.next_init")),
        ),
    )


def _options(context: AppContext) -> list[str]:
    """The options that the commands shall have as well."""
    options = [] if context.options.lang is None else ["--lang", context.options.lang]
    return [*options, *(["--no-color"] if context.options.no_color else [])]


COMMAND = CommandSpec(
    run,
    examples=(
        Example("See it all once", "opsctl lab run"),
        Example("And look around afterwards", "opsctl lab run --keep"),
    ),
)
