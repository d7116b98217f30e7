"""The three controls: success, cancellation, and an execution that has not ended."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.rank import Verdict
from tests.diagnosis.runs import diagnose_run, failed_run, find_cause

ERRORS = ["Error: connect ECONNREFUSED 127.0.0.1:5432", "retrying", "connected", "done"]
SUCCEEDED: dict[str, Any] = {
    "failedCount": 0,
    "succeededCount": 1,
    "conditions": [
        {"type": "Completed", "state": "CONDITION_SUCCEEDED", "message": "Execution completed successfully"}
    ],
}
CANCELLED: dict[str, Any] = {
    "failedCount": 0,
    "cancelledCount": 1,
    "conditions": [{"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "CANCELLED"}],
}
RUNNING: dict[str, Any] = {
    "failedCount": 0,
    "runningCount": 1,
    "completionTime": None,
    "conditions": [
        {"type": "Completed", "state": "CONDITION_RECONCILING", "message": "Waiting for execution to complete."}
    ],
}


@pytest.mark.parametrize(
    ("cause", "state"), [("no-failure", SUCCEEDED), ("cancelled", CANCELLED), ("running", RUNNING)]
)
def test_the_outcome_decides_whatever_the_lines_say(cause: str, state: dict[str, Any]) -> None:
    run = failed_run(ERRORS, exit_code=0, system=[], execution=state, without=("tasks",))
    found = diagnose_run(run).findings[0]
    assert found.rule.cause == cause
    assert found.probability > 0.95
    assert found.support[0].pointers[0].section == "execution"


@pytest.mark.parametrize("cause", ["no-failure", "cancelled", "running"])
def test_a_failure_is_none_of_them(cause: str) -> None:
    found = find_cause(diagnose_run(failed_run(["Error: boom"])), cause)
    assert found is None


@pytest.mark.parametrize("cause", ["no-failure", "cancelled", "running"])
def test_without_the_execution_none_of_them_is_claimed(cause: str) -> None:
    found = find_cause(diagnose_run(failed_run(["Error: boom"], without=("execution",))), cause)
    assert found is None or found.verdict is Verdict.NOT_CHECKED
