"""What opsctl itself says about a section that it did not see, or not whole: evidence keeps one English sentence, a
report shows it in the reader's language. What a service said stays as it is."""

from __future__ import annotations

import re

from opsctl.diagnosis.models import SectionStatus
from opsctl.diagnosis.report import SectionSummary
from opsctl.reporting.view import Texts

# A job that uses none: nothing stayed unseen.
_NOTHING_THERE = ("the job uses no secrets", "the job names no Cloud SQL instance")
_SENTENCES = {
    "the job uses no secrets": "no_secrets",
    "the job names no Cloud SQL instance": "no_sql",
    "no checkout was named (--repo)": "no_checkout",
    "--no-image": "no_image",
    "no lines": "no_lines",
    "the answer is empty": "empty_answer",
    "the execution has no tasks": "no_tasks",
    "none of the 0 executions before this one succeeded": "first_execution",
    "what the execution ran is not known: neither it nor its job could be read": "no_template",
    "the execution ended less than a minute before: lines may still arrive": "may_arrive",
    "the execution still ran: more lines may have come": "still_ran",
    "whether log exclusion filters hide lines could not be asked": "exclusions_unknown",
    "inherited, group, conditional and deny bindings not evaluated": "not_evaluated",
    "the tag as it is now; it may have moved since the execution": "tag_now",
    "neither the image nor the execution says which commit it was built from": "no_commit",
    "the commit of the last success is not known: only the commit of this image is listed": "no_older_commit",
}
_PATTERNS = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"no answer within (?P<seconds>[\d.]+) s", "slow"),
        (r"none of the (?P<count>\d+) executions before this one succeeded", "none_succeeded"),
        (r"none of the (?P<count>\d+) executions that were looked at succeeded", "none_of_these_succeeded"),
        (
            r"the execution is older than (?P<days>\d+) days, for which lines are usually kept; "
            r"audit records are kept for 400",
            "too_old",
        ),
        (
            r"the log has more than (?P<count>\d+) lines: its begin and its end were read, "
            r"and of the middle the ends of attempts",
            "log_cut",
        ),
        (
            r"(?P<count>\d+) lines name no execution and were taken by job and time: they may be of another one",
            "unlabelled",
        ),
        (r"(?P<said>.+) \((?P<permission>[a-zA-Z]+(?:\.[a-zA-Z]+){2}) is missing\)", "missing"),
        (r"(?P<said>.+) \((?P<permission>[a-zA-Z]+(?:\.[a-zA-Z]+){2}) may be missing\)", "perhaps_missing"),
        (r"a log exclusion filter may hide lines: (?P<name>.+)", "exclusion"),
    )
)
_BETWEEN = re.compile(r"; (?!audit records are kept|it may have moved)")


def is_nothing_there(item: SectionSummary) -> bool:
    """Whether a section was not asked for because there is nothing to ask."""
    return item.status == SectionStatus.SKIPPED and item.reason in _NOTHING_THERE


def translate_reason(reason: str, texts: Texts) -> str:
    """The reason of a section, each sentence of opsctl's own in the reader's language."""
    return "; ".join(_translate(part, texts) for part in _BETWEEN.split(reason))


def _translate(sentence: str, texts: Texts) -> str:
    if sentence in _SENTENCES:
        return texts.get(f"diagnose.reason_{_SENTENCES[sentence]}")
    for pattern, key in _PATTERNS:
        if match := pattern.fullmatch(sentence):
            return texts.get(f"diagnose.reason_{key}", **match.groupdict())
    return sentence
