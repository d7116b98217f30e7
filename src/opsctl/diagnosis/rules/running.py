"""The execution has not ended

What is wrong
    Nothing yet: the execution is running, or waits for its start. What has been seen so far may be the beginning of a
    failure or may be overcome by the next attempt.

How it is recognised
    No completion time, and the condition "Completed" is neither succeeded nor failed ("Waiting for execution to
    complete."). Evidence is of the moment it was collected: by now the execution may have ended.

Look-alikes
    - process-never-exits: a run that stays alive far beyond its usual time ends at the task timeout.
    - A retry in progress: the first attempt failed and the next one runs. Its lines tell what the first failed of.
    - A delayed start (reason DELAYED_START_PENDING): the quota of the region or the image makes it wait.

Remedy
    Wait, and diagnose again when it has ended. To end it now, cancel it; a migration may then be half applied.

Sources
    google.cloud.run.v2.Condition; cloud.google.com/run/docs/managing/job-executions.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Outcome
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.outcome_places import find_outcome_places


def look(facts: Facts) -> Iterator[Clue]:
    """The outcome, as the platform states it."""
    if facts.execution.outcome is Outcome.RUNNING:
        yield Clue("running", Weight.PLATFORM, find_outcome_places(facts))


RULE = Rule(
    cause="running",
    family="platform",
    stage=Stage.END,
    look=look,
    needs=("execution",),
    remedies=(
        Remedy(
            "wait",
            Risk.READ_ONLY,
            ("gcloud run jobs executions describe {execution} --region {region} --project {project}",),
        ),
    ),
    check=Check("execution", "gcloud run jobs executions describe {execution} --region {region} --project {project}"),
    is_control=True,
)
