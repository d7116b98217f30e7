"""The execution was cancelled

What is wrong
    Nothing in the program, as far as can be told: a person, a pipeline or a workflow asked for the end. Cloud Run sends
    SIGTERM and, ten seconds later, SIGKILL; tasks that had not ended count as cancelled.

How it is recognised
    The reason CANCELLED or CANCELLING on the condition "Completed", or a count of cancelled tasks without a failed one.
    The audit log names who called CancelExecution.

Look-alikes
    - task-timeout: the platform ends the task too, and names the timeout.
    - One task that failed makes Cloud Run stop the others: these count as cancelled, the execution as failed.
    - out-of-memory: signal 9 with no request to cancel.
    - A deploy that starts a new execution may cancel the running one on purpose.

Remedy
    None, or run it again. Check first what the cancelled run left behind: a migration may be half applied or its lock
    still held.

Sources
    google.cloud.run.v2.Condition.ExecutionReason; cloud.google.com/run/docs/managing/job-executions.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Outcome
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.outcome_places import find_outcome_places


def look(facts: Facts) -> Iterator[Clue]:
    """The outcome, as the platform states it."""
    if facts.execution.outcome is Outcome.CANCELLED:
        yield Clue("cancelled", Weight.PLATFORM, find_outcome_places(facts))


RULE = Rule(
    cause="cancelled",
    family="platform",
    stage=Stage.END,
    look=look,
    needs=("execution",),
    remedies=(
        Remedy(
            "run_again",
            Risk.CHANGES_DATA,
            ("gcloud run jobs execute {job} --region {region} --project {project} --wait",),
        ),
    ),
    check=Check(
        "logs",
        'gcloud logging read \'protoPayload.methodName:"CancelExecution" protoPayload.resourceName:"{execution}"\' '
        "--project {project} --limit 5",
    ),
    is_control=True,
)
