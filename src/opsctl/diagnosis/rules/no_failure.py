"""The execution succeeded

What is wrong
    Nothing: every task ended with exit code 0. Lines that look like errors are part of an ordinary run.

How it is recognised
    The condition "Completed" has succeeded, or as many tasks succeeded as were asked for. Cloud Run judges by the exit
    code alone, so a program that catches its errors and ends with 0 succeeds as well.

Look-alikes
    - A retried attempt: the first one failed, a later one succeeded. The execution counts as a success; the errors of
      the first attempt are real and were overcome.
    - A program that swallows its errors: the log says "failed" and the exit code says 0. Then the program has to be
      changed so that it ends with another code.
    - A migration that found nothing to do: success with "0 migrations" may mean that its files were not found.

Remedy
    None. When the work was not done although the execution succeeded, look at the lines of the program.

Sources
    cloud.google.com/run/docs/container-contract (a task succeeds with exit code 0).
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts, Outcome
from opsctl.diagnosis.rule import Clue, Rule, Stage, Weight
from opsctl.diagnosis.rules.outcome_places import find_outcome_places


def look(facts: Facts) -> Iterator[Clue]:
    """The outcome, as the platform states it."""
    if facts.execution.outcome is Outcome.SUCCEEDED:
        yield Clue("succeeded", Weight.PLATFORM, find_outcome_places(facts))


RULE = Rule(cause="no-failure", family="platform", stage=Stage.END, look=look, needs=("execution",), is_control=True)
