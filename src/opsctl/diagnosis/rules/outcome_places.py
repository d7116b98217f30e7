"""Where the evidence tells what became of an execution. Shared by the rules of the controls."""

from __future__ import annotations

from opsctl.diagnosis.facts.model import Facts, Pointer


def find_outcome_places(facts: Facts) -> tuple[Pointer, ...]:
    """The verdict's condition, else the ends of the attempts, else the execution itself."""
    verdicts = tuple(condition.pointer for condition in facts.execution.conditions if condition.kind == "Completed")
    if verdicts:
        return verdicts
    ends = tuple(attempt.pointers[-1] for attempt in facts.attempts if attempt.pointers)
    return ends or (Pointer("execution", "", facts.execution.outcome.value),)
