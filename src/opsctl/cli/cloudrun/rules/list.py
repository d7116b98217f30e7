"""`opsctl cloudrun rules list`."""

from dataclasses import dataclass

from opsctl.cli.command import LIST_FORMATS, CommandSpec, Example
from opsctl.cli.context import AppContext
from opsctl.cli.outcome import Outcome
from opsctl.diagnosis.rules import load_rules
from opsctl.reporting.view import Column, NextCommand, ReportView, Table, Texts


@dataclass(frozen=True, slots=True)
class RuleItem:
    """One cause. `signs` counts message templates and error codes; `needs` are the sections without which it is not
    checked; `is_control` marks outcomes that are no failures."""

    cause: str
    title: str
    signs: int
    needs: tuple[str, ...]
    is_control: bool


@dataclass(frozen=True, slots=True)
class RuleListReport:
    """Every cause that a diagnosis can name."""

    rules: tuple[RuleItem, ...]


def list_rules(context: AppContext) -> Outcome:
    """List the causes that a diagnosis can name."""
    texts = context.texts
    items = tuple(
        RuleItem(
            rule.cause,
            texts.get(f"causes_{rule.family}.{rule.key}_title"),
            len(rule.signs) + sum(len(claim.codes) for claim in rule.codes),
            rule.needs,
            rule.is_control,
        )
        for rule in load_rules()
    )
    report = RuleListReport(items)
    return Outcome(
        report,
        view=lambda texts: _view(report, texts),
        items=items,
        item_type=RuleItem,
        names=(item.cause for item in items),
    )


def _view(report: RuleListReport, texts: Texts) -> ReportView:
    t = texts.get
    columns = (
        Column(t("diagnose.rules_column_cause"), keep_whole=True),
        Column(t("diagnose.rules_column_title")),
        Column(t("diagnose.rules_column_signs"), "right"),
        Column(t("diagnose.rules_column_needs")),
    )
    rows = tuple(
        (
            item.cause,
            item.title,
            item.signs,
            t("diagnose.rules_kind_control") if item.is_control else ", ".join(item.needs),
        )
        for item in report.rules
    )
    return ReportView(
        t("diagnose.rules_title"),
        blocks=(Table(columns, rows),),
        next_commands=(NextCommand("opsctl cloudrun rules show db-auth-failed", t("diagnose.next_show")),),
    )


COMMAND = CommandSpec(
    list_rules,
    examples=(
        Example("What can it find?", "opsctl cloudrun rules list"),
        Example("The names alone", "opsctl cloudrun rules list -o name"),
    ),
    formats=LIST_FORMATS,
)
