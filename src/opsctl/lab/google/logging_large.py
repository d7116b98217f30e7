"""Large logs of an execution, for measurements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from opsctl.diagnosis.timestamps import format_time

Json = dict[str, Any]

_MILLISECOND = 1_000_000
_LINES = (
    "[migrate] batch {number} of table orders: 500 rows written",
    "[migrate] batch {number} of table order_items: 1204 rows written, 3 skipped",
    "GET /internal/health 200 {number}ms",
    "warning: row {number} has no address, kept as it is",
    "[migrate] checkpoint {number} stored",
)


def write_large_log(
    *,
    project: str,
    location: str,
    job: str,
    execution: str,
    lines: int,
    begin_ns: int,
    tasks: int = 1,
    every_ns: int = 2 * _MILLISECOND,
) -> Iterator[Json]:
    """google.logging.v2.LogEntry, as many as `lines`, one every `every_ns`, the tasks in turn; always the same.

    Every seventh line is on stderr. Three neighbours at a time share a timestamp, as lines of one write do.
    """
    # Entries of one project that share time and insert id would count as one.
    prefix = hashlib.sha256(execution.encode()).hexdigest()[:8]
    resource = {"type": "cloud_run_job", "labels": {"project_id": project, "job_name": job, "location": location}}
    for number in range(lines):
        moment = begin_ns + number // 3 * 3 * every_ns
        stream = "stderr" if number % 7 == 0 else "stdout"
        yield {
            "insertId": f"{prefix}{number:08x}",
            "timestamp": format_time(moment),
            "receiveTimestamp": format_time(moment + 40 * _MILLISECOND),
            "logName": f"projects/{project}/logs/run.googleapis.com%2F{stream}",
            "resource": resource,
            "labels": {
                "run.googleapis.com/execution_name": execution,
                "run.googleapis.com/task_index": str(number % tasks),
                "run.googleapis.com/task_attempt": "0",
                "instanceId": f"0069{number % tasks:08x}",
            },
            "textPayload": _LINES[number % len(_LINES)].format(number=number),
        }
