"""Builds evidence of job executions for tests: say what differs, the rest is an ordinary failed run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsctl.diagnosis.evidence_entries import SharedParts, to_entry
from opsctl.diagnosis.evidence_file import parse_execution_name
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.models import Evidence, Section, SectionStatus
from opsctl.diagnosis.rank import Ranked, Ranking, rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.diagnosis.timestamps import to_datetime

NAME = "projects/shop-prod/locations/europe-west1/jobs/orders-migrate/executions/orders-migrate-x7k2p"
START_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
EXITED = "The container exited with an error."
TIMED_OUT = "The configured timeout was reached."
OUT_OF_MEMORY = "The configured memory limit was reached."


def failed_run(
    lines: Sequence[str | Mapping[str, Any]] = (),
    *,
    attempts: Sequence[Sequence[str | Mapping[str, Any]]] = (),
    exit_code: int = 1,
    message: str = EXITED,
    system: Sequence[str] | None = None,
    env: Mapping[str, str | None] | None = None,
    secrets: Mapping[str, str] | None = None,
    template: Mapping[str, Any] | None = None,
    container: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any] | None = None,
    last_line_seconds: float | None = None,
    duration_seconds: float = 12.0,
    started: bool = True,
    sections: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
) -> Evidence:
    """Evidence of an execution with one task that failed.

    `lines`: what the program wrote (a mapping is a structured line); `attempts`: one list of lines an attempt instead.
    `message`: the platform's words for the end (`EXITED`, `TIMED_OUT`, `OUT_OF_MEMORY`, a text of a start that failed).
    `system`: lines of varlog/system of each attempt; by default what Cloud Run writes for that end. `env`: plain
    variables (None: a masked value), `secrets`: variable -> secret name. `template`, `container`, `execution`: fields
    put into those objects of Google's JSON. `last_line_seconds`: when the last line came, for silence before the end.
    `sections`: further sections: data, or a status as text; `without`: sections left out.
    """
    runs = [list(part) for part in attempts] or [list(lines)]
    variables: list[dict[str, Any]] = [
        {"name": name, "value": "***" if value is None else value} for name, value in (env or {}).items()
    ]
    variables += [
        {"name": name, "valueSource": {"secretKeyRef": {"secret": secret, "version": "latest"}}}
        for name, secret in (secrets or {}).items()
    ]
    first = {"image": "europe-west1-docker.pkg.dev/shop-prod/apps/orders:1", "env": variables, **(container or {})}
    is_exit = message == EXITED
    words = f"failed with exit code: {exit_code if is_exit else 0} and message: {message}" if started else message
    told = f"Task orders-migrate-x7k2p-task0 {words}" if started else message
    data = {
        "name": NAME,
        "job": "orders-migrate",
        "createTime": _time(START_NS - 5_000_000_000),
        "completionTime": _time(START_NS + int((duration_seconds + 3) * 1e9)),
        "taskCount": 1,
        "failedCount": 1,
        "template": {"containers": [first], "timeout": "600s", "maxRetries": len(runs) - 1, **(template or {})},
        "conditions": [
            {
                "type": "Completed",
                "state": "CONDITION_FAILED",
                "message": told,
                **({"executionReason": "NON_ZERO_EXIT_CODE"} if started else {}),
            },
            {"type": "Started", "state": "CONDITION_SUCCEEDED" if started else "CONDITION_FAILED"},
        ],
        **({"startTime": _time(START_NS)} if started else {}),
        **(execution or {}),
    }
    result = {"status": {"code": 10, "message": message}, **({"exitCode": exit_code} if is_exit else {})}
    found: dict[str, Any] = {"execution": data, "logs": {"entries": []}}
    if started:
        found["tasks"] = {"tasks": [{"index": 0, "retried": len(runs) - 1, "lastAttemptResult": result}]}
    found.update(sections or {})
    entries: list[dict[str, Any]] = []
    for attempt, part in enumerate(runs if started else []):
        lines_of_system = system if system is not None else _system_lines(message, exit_code)
        entries += _attempt_entries(part, attempt, lines_of_system, duration_seconds, last_line_seconds)
    return to_evidence(found, entries, without)


def to_evidence(sections: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], without: Iterable[str]) -> Evidence:
    """Evidence of sections (data, or a status) and log entries of Google's JSON."""
    kept = {
        name: Section(SectionStatus(value)) if isinstance(value, str) else Section(SectionStatus.OK, data=value)
        for name, value in sections.items()
        if name not in without
    }
    shared = SharedParts()
    lines = () if "logs" in without else tuple(to_entry(n, entry, shared) for n, entry in enumerate(entries))
    if not lines and "logs" in kept and kept["logs"].status is SectionStatus.OK:
        kept["logs"] = Section(SectionStatus.NO_DATA)
    return Evidence(parse_execution_name(NAME), None, kept, lines)


def facts_of(evidence: Evidence) -> Facts:
    """The facts that rules read."""
    return derive_facts(evidence)


def diagnose_run(evidence: Evidence) -> Ranking:
    """The ranking of all rules."""
    return rank_causes(load_rules(), derive_facts(evidence))


def first_cause(evidence: Evidence) -> str | None:
    """The cause of the first finding."""
    ranking = diagnose_run(evidence)
    return ranking.findings[0].rule.cause if ranking.findings else None


def find_cause(ranking: Ranking, cause: str) -> Ranked | None:
    """A cause wherever it stands: finding, ruled out or not checked."""
    everything = (*ranking.findings, *ranking.ruled_out, *ranking.not_checked)
    return next((found for found in everything if found.rule.cause == cause), None)


def log_entry(
    text: str | Mapping[str, Any], time_ns: int, *, log: str = "stderr", attempt: int = 0, severity: str | None = None
) -> dict[str, Any]:
    """A log entry of Google's JSON."""
    body = {"textPayload": text} if isinstance(text, str) else {"jsonPayload": dict(text)}
    stated = severity or (text.get("severity") if not isinstance(text, str) else None)
    return {
        "insertId": f"{time_ns:024d}{attempt}",
        "timestamp": _time(time_ns),
        "logName": f"projects/shop-prod/logs/run.googleapis.com%2F{log.replace('/', '%2F')}",
        "labels": {
            "run.googleapis.com/execution_name": "orders-migrate-x7k2p",
            "run.googleapis.com/task_index": "0",
            "run.googleapis.com/task_attempt": str(attempt),
        },
        **body,
        **({"severity": stated} if stated else {}),
    }


def _attempt_entries(
    lines: Sequence[str | Mapping[str, Any]],
    attempt: int,
    system: Iterable[str],
    duration_seconds: float,
    last_line_seconds: float | None,
) -> list[dict[str, Any]]:
    entries = []
    begin_ns = START_NS + attempt * 20_000_000_000
    span = last_line_seconds if last_line_seconds is not None else min(duration_seconds - 1, 0.05 * len(lines))
    for number, line in enumerate(lines):
        share = (number + 1) / max(len(lines), 1)
        entries.append(log_entry(line, begin_ns + int(span * share * 1e9) + number, attempt=attempt))
    end_ns = begin_ns + int(duration_seconds * 1e9)
    for number, text in enumerate(system):
        severity = "WARNING" if text.startswith("Container called") else "ERROR"
        entries.append(log_entry(text, end_ns + number, log="varlog/system", attempt=attempt, severity=severity))
    return entries


def _system_lines(message: str, exit_code: int) -> list[str]:
    if message == TIMED_OUT:
        return ["Terminating task because it has reached the maximum timeout of 600 seconds."]
    if message == OUT_OF_MEMORY:
        return ["Memory limit of 512 MiB exceeded with 531 MiB used.", "Container terminated on signal 9."]
    return [f"Container called exit({exit_code})."]


def _time(time_ns: int) -> str:
    moment = to_datetime(time_ns)
    assert moment is not None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % 1_000_000_000:09d}Z"
