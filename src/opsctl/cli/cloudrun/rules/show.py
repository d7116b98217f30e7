"""`opsctl cloudrun rules show`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from opsctl.cli.command import CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.config.file import suggest
from opsctl.diagnosis.rules import CAUSES, CONTROLS, load_rules, read_page
from opsctl.errors import NotFoundError
from opsctl.reporting.view import Line, Prose, ReportView, Texts

PARTS = ("What is wrong", "How it is recognised", "Look-alikes", "Remedy", "Sources")


@dataclass(frozen=True, slots=True)
class SignItem:
    """One message template that speaks for the cause, as a tool prints it, how much it says, and where the text was
    read."""

    id: str
    weight: str
    example: str
    source: str


@dataclass(frozen=True, slots=True)
class RulePageReport:
    """The page of one cause. `page` is plain text in English; `codes` are `system:code`."""

    cause: str
    title: str
    summary: str
    page: str
    codes: tuple[str, ...]
    signs: tuple[SignItem, ...]


def show_rule(
    context: AppContext,
    cause: Annotated[str, typer.Argument(metavar="CAUSE", help="Name of a cause, such as db-auth-failed.")],
) -> Outcome:
    """Print the page of one cause: what is wrong, how it is recognised, look-alikes, remedy, sources."""
    everything = (*CAUSES, *CONTROLS)
    if cause not in everything:
        raise NotFoundError(f"There is no cause {cause!r}.", hint=suggest(cause, everything))
    rule = load_rules((cause,))[0]
    area = f"causes_{rule.family}.{rule.key}"
    report = RulePageReport(
        cause,
        context.texts.get(f"{area}_title"),
        context.texts.get(f"{area}_summary"),
        read_page(cause),
        tuple(f"{claim.system}:{code}" for claim in rule.codes for code in claim.codes),
        tuple(SignItem(sign.id, sign.weight.value, sign.example, sign.source) for sign in rule.signs),
    )
    return Outcome(report, view=lambda texts: _view(report, texts))


def _view(report: RulePageReport, texts: Texts) -> ReportView:
    title = texts.get("diagnose.page_title", title=report.title, cause=report.cause)
    notes = (Line(texts.get("diagnose.page_note"), "muted"),)
    return ReportView(title, summary=(Line(report.summary),), blocks=tuple(read_parts(report.page)), notes=notes)


def read_parts(page: str) -> Iterator[Prose]:
    """The parts of a page: a heading stands alone in its line, a paragraph is folded lines, an item begins with
    `- `."""
    heading: str | None = None
    paragraphs: list[str] = []
    begins_new = True
    for line in page.splitlines():
        text = line.strip()
        if text in PARTS:
            if heading:
                yield Prose(tuple(paragraphs), heading)
            heading, paragraphs, begins_new = text, [], True
        elif not text or set(text) <= {"-", "="}:
            begins_new = True
        elif begins_new or text.startswith("- "):
            paragraphs.append(text)
            begins_new = False
        else:
            paragraphs[-1] += f" {text}"
    if heading:
        yield Prose(tuple(paragraphs), heading)


COMMAND = CommandSpec(
    show_rule,
    examples=(
        Example("What does this cause mean?", "opsctl cloudrun rules show cloudsql-not-attached"),
        Example("With every sign and its source", "opsctl cloudrun rules show schema-drift -o json"),
    ),
)
