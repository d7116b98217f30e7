"""Questions to Cloud Logging about one execution, and putting the answers together.

The language: https://cloud.google.com/logging/docs/view/logging-query-language. A line feed means AND. Every query is
bounded in time, by the execution's own times or by what the caller gives: nothing here asks for everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from opsctl.diagnosis.log_text import quote_text
from opsctl.diagnosis.models import ExecutionName, JsonObject
from opsctl.diagnosis.ports import LogQuery
from opsctl.diagnosis.timestamps import format_time, parse_time
from opsctl.errors import DataError, UsageError

# Times of Google's resources are not guaranteed to be in the order in which things happened, and a line may be stamped
# by a container whose clock is a little off. The end record of the platform comes after the completion.
MARGIN_BEFORE_SECONDS = 60
MARGIN_AFTER_SECONDS = 600
MAX_FILTER_LENGTH = 20_000
# What the bucket `_Default` keeps unless its owner chose otherwise, and what `_Required` keeps of audit records:
# https://cloud.google.com/logging/quotas#logs_retention_periods
RETENTION_DAYS = 30
AUDIT_RETENTION_DAYS = 400
DAY_NS = 86_400_000_000_000
# From a line to its being found; no bound is documented, samples show less than a second.
INGESTION_SECONDS = 60

SYSTEM_LOG = "run.googleapis.com/varlog/system"
END_RECORD_LOG = "cloudaudit.googleapis.com/system_event"
EXECUTION_LABEL = "run.googleapis.com/execution_name"
TASK_LABEL = "run.googleapis.com/task_index"
ATTEMPT_LABEL = "run.googleapis.com/task_attempt"
SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")

_SECOND_NS = 1_000_000_000
_NAME = re.compile(r"[a-z0-9-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From `begin_ns` to `end_ns`, both included, in nanoseconds since 1970."""

    begin_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class LineChoice:
    """Which lines of an execution; None does not narrow.

    `severity` keeps that severity and higher. What a program prints as plain text has the severity DEFAULT: `ERROR`
    leaves out most crashes. `contains` is looked for in all fields, without regard to case. `since_ns` is included,
    `before_ns` is not.
    """

    task: int | None = None
    attempt: int | None = None
    severity: str | None = None
    contains: str | None = None
    since_ns: int | None = None
    before_ns: int | None = None
    platform_only: bool = False


EVERY_LINE = LineChoice()


def execution_window(execution: JsonObject, now_ns: int) -> TimeWindow:
    """The time in which an execution (google.cloud.run.v2.Execution) can have written lines, with a margin at both
    ends. One that has not completed may write until now. Raises `DataError` when no time says when it began."""
    begins = _times(execution, "createTime", "startTime")
    if not begins:
        raise DataError("The execution has neither a createTime nor a startTime: its log cannot be bounded in time.")
    completed = _times(execution, "completionTime")
    end_ns = max(*begins, *completed) if completed else max(*begins, now_ns)
    return window_around(min(begins), end_ns)


def window_around(begin_ns: int, end_ns: int) -> TimeWindow:
    """The window with the usual margins, for when the execution itself can no longer be read."""
    return TimeWindow(begin_ns - MARGIN_BEFORE_SECONDS * _SECOND_NS, end_ns + MARGIN_AFTER_SECONDS * _SECOND_NS)


def execution_query(name: ExecutionName, window: TimeWindow, choice: LineChoice = EVERY_LINE) -> LogQuery:
    """The lines of one execution, oldest first: all logs, all tasks, all attempts, unless `choice` narrows it.

    Raises `UsageError` for a name that Cloud Run cannot have given, an unknown severity, and a text that is too long.
    """
    clauses = [
        *_job_clauses(name),
        f'labels."{EXECUTION_LABEL}"="{_checked(name.execution, "execution")}"',
        *_time_clauses(window, choice),
        *_line_clauses(choice),
    ]
    return _to_query(name, clauses)


def platform_query(name: ExecutionName, window: TimeWindow) -> LogQuery:
    """What the platform itself wrote about an execution: exits, kills, timeouts, and the record of its end."""
    return execution_query(name, window, LineChoice(platform_only=True))


def lines_before_query(name: ExecutionName, window: TimeWindow, before_ns: int, choice: LineChoice) -> LogQuery:
    """The lines before a moment, the newest of them first: the caller stops when it has enough."""
    return replace(execution_query(name, window, replace(choice, before_ns=before_ns)), newest_first=True)


def unlabelled_query(name: ExecutionName, window: TimeWindow) -> LogQuery:
    """Second chance, weaker evidence: lines of the job in that time which name no execution.

    Logging libraries in a container may leave the label out. Lines of another execution that ran at the same time
    cannot be told apart.
    """
    clauses = [*_job_clauses(name), f'NOT labels."{EXECUTION_LABEL}":*', *_time_clauses(window, EVERY_LINE)]
    return _to_query(name, clauses)


def active_exclusions(exclusions: Iterable[JsonObject]) -> list[JsonObject]:
    """The exclusion filters that are in force."""
    return [exclusion for exclusion in exclusions if not exclusion.get("disabled")]


def merge(entries: Iterable[JsonObject]) -> tuple[JsonObject, ...]:
    """Entries (google.logging.v2.LogEntry) of one or more answers, each once, oldest first.

    Two are the same when log, time and insert id are. The order is that of Cloud Logging: time to the nanosecond, then
    insert id. Entries without a readable time come last.
    """
    merged: dict[tuple[object, ...], JsonObject] = {}
    for number, entry in enumerate(entries):
        time_ns, insert_id = parse_time(entry.get("timestamp")), str(entry.get("insertId") or "")
        key = (time_ns is None, time_ns or 0, insert_id, str(entry.get("logName")), 0 if insert_id else number)
        merged.setdefault(key, entry)
    return tuple(merged[key] for key in sorted(merged))


def _times(execution: JsonObject, *fields: str) -> list[int]:
    times = (parse_time(execution.get(field)) for field in fields)
    return [time_ns for time_ns in times if time_ns is not None]


def _job_clauses(name: ExecutionName) -> list[str]:
    return [
        'resource.type="cloud_run_job"',
        f'resource.labels.job_name="{_checked(name.job, "job")}"',
        f'resource.labels.location="{_checked(name.location, "region")}"',
    ]


def _time_clauses(window: TimeWindow, choice: LineChoice) -> list[str]:
    begin_ns = window.begin_ns if choice.since_ns is None else max(window.begin_ns, choice.since_ns)
    clauses = [f'timestamp>="{format_time(begin_ns)}"']
    if choice.before_ns is not None and choice.before_ns <= window.end_ns:
        return [*clauses, f'timestamp<"{format_time(choice.before_ns)}"']
    return [*clauses, f'timestamp<="{format_time(window.end_ns)}"']


def _line_clauses(choice: LineChoice) -> list[str]:
    clauses = []
    if choice.platform_only:
        clauses.append(f'(log_id("{SYSTEM_LOG}") OR log_id("{END_RECORD_LOG}"))')
    if choice.task is not None:
        clauses.append(f'labels."{TASK_LABEL}"="{choice.task:d}"')
    if choice.attempt is not None:
        clauses.append(f'labels."{ATTEMPT_LABEL}"="{choice.attempt:d}"')
    if choice.severity is not None:
        clauses.append(f"severity>={_checked_severity(choice.severity)}")
    if choice.contains:
        clauses.append(quote_text(choice.contains))
    return clauses


def _to_query(name: ExecutionName, clauses: list[str]) -> LogQuery:
    text = "\n".join(clauses)
    if len(text) > MAX_FILTER_LENGTH:
        raise UsageError(f"The text to look for is too long: Cloud Logging takes {MAX_FILTER_LENGTH:,} characters.")
    return LogQuery(project=name.project, filter=text)


def _checked(value: str, kind: str) -> str:
    if not _NAME.fullmatch(value):
        shown = value[:100]
        raise UsageError(
            f"{shown!r} is not the name of a Cloud Run {kind}.", hint="Names hold a-z, 0-9 and - only, no spaces."
        )
    return value


def _checked_severity(severity: str) -> str:
    name = severity.upper()
    if name not in SEVERITIES:
        raise UsageError(f"{severity[:40]!r} is not a severity.", hint=f"Known are {', '.join(SEVERITIES)}.")
    return name
