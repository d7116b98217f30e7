"""Jobs and pods for the tests of `status`: ordinary ones, to be changed with keywords."""

from __future__ import annotations

from typing import Any

from opsctl.status.job import Condition, Job, Pod, Termination
from tests.status.values import ago

JOB_NAME = "car-image-migration"
POD_NAME = f"{JOB_NAME}-6zf4p"


def pod(**changes: Any) -> Pod:
    """The pod of the old Job: it has been running for 44 minutes, its last log line is four seconds old."""
    values: dict[str, Any] = {
        "name": POD_NAME,
        "phase": "Running",
        "node": "node-1",
        "host": changes.get("name", POD_NAME),
        "created_at": ago(2642),
        "started_at": ago(2640),
        "is_ready": True,
        "last_line_at": ago(4),
        "has_lines": True,
    }
    return Pod(**{**values, **changes})


def waiting(reason: str, message: str | None = None, **changes: Any) -> Pod:
    return pod(
        **{
            "phase": "Pending",
            "waiting_reason": reason,
            "waiting_message": message,
            "is_ready": False,
            "last_line_at": None,
            "has_lines": None,
            **changes,
        }
    )


def failed_pod(**changes: Any) -> Pod:
    return pod(
        **{
            "phase": "Failed",
            "is_ready": False,
            "last_termination": ended("Error", 1),
            "last_line_at": None,
            "has_lines": None,
            **changes,
        }
    )


def ended(reason: str, exit_code: int | None, seconds_ago: float = 720, signal: int | None = None) -> Termination:
    return Termination("migration", reason, exit_code, signal, ago(seconds_ago))


def condition(type_: str, reason: str | None = None, seconds_ago: float = 600, message: str | None = None) -> Condition:
    return Condition(type_, reason, message, ago(seconds_ago))


def job(*pods: Pod, **changes: Any) -> Job:
    """The old Job with these pods; without any, with its one."""
    given = pods or (pod(),)
    values: dict[str, Any] = {
        "name": JOB_NAME,
        "namespace": "apc-backup-ns",
        "active": sum(each.is_live for each in given),
        "succeeded": sum(each.phase == "Succeeded" for each in given),
        "failed": sum(each.phase == "Failed" for each in given),
        "started_at": ago(2640),
        "pods": given,
        "completions": 1,
        "parallelism": 1,
    }
    return Job(**{**values, **changes})


def failed_job(reason: str = "BackoffLimitExceeded", *pods: Pod, seconds_ago: float = 600, **changes: Any) -> Job:
    return job(*(pods or (failed_pod(),)), **{"conditions": (condition("Failed", reason, seconds_ago),), **changes})


def complete_job(*pods: Pod, seconds_ago: float = 600, **changes: Any) -> Job:
    done = {"conditions": (condition("Complete", None, seconds_ago),), "completed_at": ago(seconds_ago)}
    return job(*(pods or (pod(phase="Succeeded"),)), **{**done, **changes})


def shard(index: int, **changes: Any) -> Pod:
    name = f"{JOB_NAME}-{index}-{'abcdefghij'[index % 10] * 5}"
    return pod(**{"name": name, "host": f"{JOB_NAME}-{index}", "index": index, **changes})


def indexed_job(*pods: Pod, **changes: Any) -> Job:
    values = {"completion_mode": "Indexed", "completions": 4, "parallelism": 4, "completed_indexes": ""}
    return job(*pods, **{**values, **changes})
