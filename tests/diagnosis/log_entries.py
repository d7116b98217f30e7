"""Log entries and executions as Google writes them, short to write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 12, 2, 0, 0, tzinfo=UTC)
NAME = "projects/p/locations/l/jobs/shop/executions/shop-a1b2c"
Json = dict[str, Any]


def moment(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def entry(
    number: int,
    seconds: float,
    payload: str | Json,
    *,
    log: str = "run.googleapis.com%2Fstdout",
    severity: str | None = None,
    task: int | None = 0,
    attempt: int | None = 0,
) -> Json:
    key = "textPayload" if isinstance(payload, str) else "jsonPayload"
    labels = {"run.googleapis.com/execution_name": "shop-a1b2c"}
    if task is not None:
        labels["run.googleapis.com/task_index"] = str(task)
    if attempt is not None:
        labels["run.googleapis.com/task_attempt"] = str(attempt)
    found: Json = {
        "insertId": f"{number:06d}",
        "timestamp": moment(seconds),
        "logName": f"projects/p/logs/{log}",
        "labels": labels,
        key: payload,
    }
    if severity is not None:
        found["severity"] = severity
    return found


def stderr(number: int, seconds: float, text: str, **more: Any) -> Json:
    return entry(number, seconds, text, log="run.googleapis.com%2Fstderr", **more)


def platform(number: int, seconds: float, text: str, severity: str = "WARNING", **more: Any) -> Json:
    return entry(number, seconds, text, log="run.googleapis.com%2Fvarlog%2Fsystem", severity=severity, **more)


def end_record(number: int, seconds: float, message: str) -> Json:
    found = entry(
        number, seconds, {}, log="cloudaudit.googleapis.com%2Fsystem_event", severity="ERROR", task=None, attempt=None
    )
    del found["jsonPayload"]
    return found | {"protoPayload": {"methodName": "/Jobs.RunJob", "status": {"code": 10, "message": message}}}


def execution(
    name: str = NAME, *, created: float = 0, completed: float | None = 30, state: str = "CONDITION_FAILED", **more: Any
) -> Json:
    found: Json = {
        "name": name,
        "job": name.split("/")[5],
        "creator": "deployer@example.com",
        "createTime": moment(created),
        "startTime": moment(created + 5),
        "taskCount": 1,
        "conditions": [{"type": "Completed", "state": state, "message": "Task x-task0 failed with exit code: 1."}],
    }
    if state == "CONDITION_FAILED":
        found["failedCount"] = 1
    if state == "CONDITION_SUCCEEDED":
        found["succeededCount"] = 1
    if completed is not None:
        found["completionTime"] = moment(created + completed)
    else:
        found["conditions"] = [{"type": "Completed", "state": "CONDITION_RECONCILING"}]
        found["runningCount"] = 1
        del found["failedCount"]
    return found | more
