"""The local Google with one execution of many lines: `python -m benchmarks.large_log_google --lines 100000`.

The practice incident o4o-api-migrations-h5x5h, with more tasks and attempts; each attempt writes its share of the lines
before the error that it ends with. All attempts with one number run side by side.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.live_google import EXECUTION, EXECUTION_PATH, JOB, PROJECT, REGION
from opsctl.diagnosis.timestamps import format_time, parse_time
from opsctl.lab.announcement import announce_port
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.logging_large import write_large_log
from opsctl.lab.google.server import listen
from opsctl.lab.google.token_file import read_or_create_token
from opsctl.lab.google.world_of_incidents import cloud_of_incidents

Json = dict[str, Any]
_TASK, _ATTEMPT = "run.googleapis.com/task_index", "run.googleapis.com/task_attempt"
_EVERY_NS = 2_000_000
_PAUSE_NS = 10_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=1)
    parser.add_argument("--attempts", type=int, default=2)
    options = parser.parse_args()
    cloud = build_cloud(options.lines, options.tasks, options.attempts)
    cloud.token = read_or_create_token(options.token_file)
    asyncio.run(_serve(cloud, options.port_file))


def build_cloud(lines: int, tasks: int, attempts: int) -> Cloud:
    """The incident with so many lines in all, in equal shares."""
    cloud = cloud_of_incidents([EXECUTION])
    world = cloud.world
    execution, (first, *_) = world.executions[EXECUTION_PATH], world.tasks[EXECUTION_PATH]
    begin_ns = parse_time(execution["startTime"]) or 0
    own = [entry for entry in world.entries if _labels(entry).get(_ATTEMPT) == "0"]
    record = [entry for entry in world.entries if "cloudaudit" in entry["logName"]]
    share = max(lines // (tasks * attempts) - len(own), 0)
    span_ns = share * _EVERY_NS + _PAUSE_NS
    runs = [(task, attempt) for attempt in range(attempts) for task in range(tasks)]
    world.entries = [
        entry
        for task, attempt in runs
        for entry in _write_attempt(own, task, attempt, lines=share, begin_ns=begin_ns + attempt * span_ns)
    ]
    ended = format_time(begin_ns + attempts * span_ns)
    world.entries += [{**entry, "timestamp": ended, "receiveTimestamp": ended} for entry in record]
    execution.update(taskCount=tasks, parallelism=tasks, failedCount=tasks, retriedCount=tasks, completionTime=ended)
    execution["template"]["maxRetries"] = attempts - 1
    base = first["name"].removesuffix("0")
    changes = {"retried": attempts - 1, "maxRetries": attempts - 1, "completionTime": ended}
    world.tasks[EXECUTION_PATH] = [
        {**first, **changes, "name": f"{base}{index}", "index": index} for index in range(tasks)
    ]
    return cloud


def _write_attempt(own: list[Json], task: int, attempt: int, *, lines: int, begin_ns: int) -> Iterator[Json]:
    labels = {_TASK: str(task), _ATTEMPT: str(attempt)}
    named = f"{task:02x}{attempt:x}"
    written = write_large_log(
        project=PROJECT, location=REGION, job=JOB, execution=EXECUTION,
        lines=lines, begin_ns=begin_ns, every_ns=_EVERY_NS,
    )  # fmt: skip
    for entry in written:
        yield {**entry, "insertId": f"{entry['insertId']}{named}", "labels": _labels(entry) | labels}
    # The end of an attempt as the incident has it, at its own rhythm.
    moved_ns = begin_ns + lines * _EVERY_NS - (parse_time(own[0]["timestamp"]) or 0)
    for entry in own:
        moment = format_time((parse_time(entry["timestamp"]) or 0) + moved_ns)
        times = {"timestamp": moment, "receiveTimestamp": moment}
        yield {**entry, **times, "insertId": f"{entry['insertId']}{named}", "labels": _labels(entry) | labels}


def _labels(entry: Json) -> Json:
    labels: Json = entry.get("labels", {})
    return labels


async def _serve(cloud: Cloud, port_file: Path) -> None:
    async with listen(cloud) as running:
        announce_port(port_file, running.port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
