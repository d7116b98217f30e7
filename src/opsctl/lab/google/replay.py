"""Running a job again: what its newest execution did, happens once more."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from opsctl.lab.google.world import World

Json = dict[str, Any]

_TIME = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_EXECUTION_LABEL = "run.googleapis.com/execution_name"


def run_again(world: World, job: str, *, suffix: str = "") -> Json | None:
    """A new execution of the job with this full name, with tasks and log entries; all of it has just ended.

    It ends as the newest one ended. None when the job has never run. `suffix` is random unless given.
    """
    location, _, short = job.rpartition("/jobs/")
    before = next(world.executions_of(location, short), None)
    if before is None:
        return None
    old = str(before["name"]).rpartition("/")[2]
    new = f"{short}-{suffix or ''.join(secrets.choice(_LETTERS) for _ in range(5))}"
    entries = [entry for entry in world.entries if entry.get("labels", {}).get(_EXECUTION_LABEL) == old]
    shift = world.now() - _end_of(before, entries)

    def renew(value: Any) -> Any:
        text = re.sub(rf"{re.escape(old)}(?!\w)", new, json.dumps(value))
        return json.loads(_TIME.sub(lambda found: _move(found, shift), text))

    execution: Json = renew(before) | {"uid": str(uuid.uuid4())}
    world.tasks[execution["name"]] = [renew(task) for task in world.tasks.get(str(before["name"]), [])]
    world.entries.extend([renew(entry) for entry in entries])
    world.executions[execution["name"]] = execution
    if job in world.jobs:
        _count(world.jobs[job], execution)
    return execution


def still_running(execution: Json) -> Json:
    """The same execution a moment after its start."""
    begun = [
        {"type": "Completed", "state": "CONDITION_RECONCILING", "message": "Waiting for execution to complete."},
        {"type": "ResourcesAvailable", "state": "CONDITION_SUCCEEDED", "message": "Provisioned imported containers."},
        {"type": "Started", "state": "CONDITION_SUCCEEDED"},
    ]
    left_out = ("completionTime", "failedCount", "succeededCount", "cancelledCount", "retriedCount", "conditions")
    kept = {key: value for key, value in execution.items() if key not in left_out}
    times = {"lastTransitionTime": execution["createTime"]}
    return {**kept, "runningCount": 1, "reconciling": True, "conditions": [{**item, **times} for item in begun]}


def _end_of(execution: Json, entries: list[Json]) -> datetime:
    """The last moment of an execution and of its log."""
    times = [execution["createTime"], execution.get("completionTime", execution["createTime"])]
    times += [entry.get("receiveTimestamp", entry["timestamp"]) for entry in entries]
    return max(_parse(str(time)) for time in times)


def _count(job: Json, execution: Json) -> None:
    status = "EXECUTION_FAILED" if execution.get("failedCount") else "EXECUTION_SUCCEEDED"
    job["executionCount"] = job.get("executionCount", 0) + 1
    job["latestCreatedExecution"] = {
        "name": execution["name"],
        "createTime": execution["createTime"],
        "completionStatus": status,
        **({"completionTime": execution["completionTime"]} if "completionTime" in execution else {}),
    }


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", time))


def _move(found: re.Match[str], shift: timedelta) -> str:
    """The moment moved by whole microseconds; further digits stay as they are."""
    digits = found.group(2) or ""
    moved = _parse(f"{found.group(1)}{digits[:7].ljust(7, '0') if digits else '.000000'}Z") + shift
    return f"{moved:%Y-%m-%dT%H:%M:%S.%f}{digits[7:]}Z"
