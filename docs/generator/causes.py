"""`causes.md`: what a diagnosis can name, and the words it uses for what it saw."""

from __future__ import annotations

from docs.generator.markdown import code, explain, join, table

from opsctl.diagnosis.facts.model import End, Outcome
from opsctl.diagnosis.models import SECTIONS, SectionStatus
from opsctl.diagnosis.rank import CONFIRMED_FROM, LIKELY_FROM, Verdict
from opsctl.diagnosis.rule import Risk
from opsctl.diagnosis.rules import load_rules
from opsctl.reporting.texts import Catalogue

VERDICTS = {
    Verdict.CONFIRMED: f"At least {CONFIRMED_FROM:.0%}, something decisive supports it, nothing speaks against it, and "
    "whatever could was seen.",
    Verdict.LIKELY: f"At least {LIKELY_FROM:.0%}.",
    Verdict.POSSIBLE: "Less.",
    Verdict.RULED_OUT: "Something speaks against it. Listed in `ruledOut`.",
    Verdict.NOT_CHECKED: "The evidence that it needs was not seen. Listed in `notChecked`.",
}
OUTCOMES = {
    Outcome.FAILED: (3, "At least one task failed for good."),
    Outcome.SUCCEEDED: (0, "Every task succeeded."),
    Outcome.CANCELLED: (0, "Somebody or something cancelled it."),
    Outcome.RUNNING: (0, "It has not ended."),
    Outcome.UNTOLD: (4, "The evidence does not tell."),
}
ENDS = {
    End.SUCCEEDED: "With exit code 0.",
    End.EXITED: "By itself, with another exit code.",
    End.SIGNALLED: "By a signal.",
    End.TIMEOUT: "Stopped at the timeout of the task.",
    End.MEMORY: "Killed at the memory limit.",
    End.NEVER_STARTED: "No container was started.",
    End.CANCELLED: "Cancelled.",
    End.RUNNING: "Not ended.",
    End.UNKNOWN: "Not told by the evidence.",
}
STATUSES = {
    SectionStatus.OK: "Seen.",
    SectionStatus.PARTIAL: "Seen in part; `reason` says what is missing.",
    SectionStatus.NO_DATA: "Asked, and the answer was empty.",
    SectionStatus.DENIED: "Asked, and a permission is missing.",
    SectionStatus.NOT_FOUND: "Asked, and it does not exist.",
    SectionStatus.ERROR: "Asked, and it failed.",
    SectionStatus.SKIPPED: "Not asked.",
    SectionStatus.UNKNOWN: "A status that this version does not know; counts as not seen.",
}
RELEVANCES = {
    "direct": "A file of it is on the failing path, or is what the cause is about.",
    "indirect": "A file of it builds or deploys the program.",
    "none": "Nothing of it has to do with the failure.",
}
RISKS = {
    Risk.READ_ONLY: "Looks, changes nothing.",
    Risk.REVERSIBLE: "Changes a setting; `undo` takes it back.",
    Risk.CHANGES_DATA: "Changes data; `precondition` and `undo` say how to be safe.",
}


def causes_page() -> str:
    """The whole page."""
    texts = Catalogue("en")
    rules = load_rules()
    causes = [
        (code(rule.cause), texts.get(f"causes_{rule.family}.{rule.key}_title"), ", ".join(map(code, rule.needs)))
        for rule in rules
        if not rule.is_control
    ]
    controls = [
        (code(rule.cause), texts.get(f"causes_{rule.family}.{rule.key}_title")) for rule in rules if rule.is_control
    ]
    explain(Outcome, {outcome: text for outcome, (_, text) in OUTCOMES.items()})
    outcomes = [(code(item.value), str(OUTCOMES[item][0]), OUTCOMES[item][1]) for item in Outcome]
    return join(
        "# Causes",
        "What `opsctl cloudrun diagnose` can name. The names are stable. `opsctl cloudrun rules show CAUSE` prints the "
        "page of one.",
        table(("cause", "what it is", "needs"), causes),
        "An execution that did not fail has one of these as its finding:",
        table(("finding", "what it is"), controls),
        "## Verdicts",
        "`findings[].verdict`. How the figures come about: [how a diagnosis is made](../explanation/diagnosis.md).",
        table(("verdict", "meaning"), [(code(name), text) for name, text in explain(Verdict, VERDICTS)]),
        "## Outcomes",
        "`execution.outcome`, and the exit code of the command.",
        table(("outcome", "exit", "meaning"), outcomes),
        "## Ends of an attempt",
        "`execution.attempts[].end`.",
        table(("end", "meaning"), [(code(name), text) for name, text in explain(End, ENDS)]),
        "## Evidence",
        f"`completeness.sections[].section`: {', '.join(map(code, SECTIONS))}. `status`:",
        table(("status", "meaning"), [(code(name), text) for name, text in explain(SectionStatus, STATUSES)]),
        "## Commits",
        "`commits[].relevance`.",
        table(("relevance", "meaning"), [(code(name), text) for name, text in RELEVANCES.items()]),
        "## Risks",
        "`risk` of a remedy.",
        table(("risk", "meaning"), [(code(name), text) for name, text in explain(Risk, RISKS)]),
    )
