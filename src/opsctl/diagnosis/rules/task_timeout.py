"""The task was still at work when its timeout ended

What is wrong
    The task did what it should and needed longer than it was given. Cloud Run ended it at the task timeout, which
    counts for each attempt anew (10 minutes unless set otherwise). A retry starts from the beginning and, unless the
    work remembers how far it came, is ended in the same place.

How it is recognised
    "The configured timeout was reached." in the condition, "Terminating task because it has reached the maximum timeout
    of ... seconds." in the system log, and the exit code 0 beside it means nothing. The program wrote lines until
    shortly before the end and they show progress: counters, percentages, batches, one migration after another.

Look-alikes
    - process-never-exits: the last words say that the work is done, or that a server listens; then silence.
    - network-unreachable: the last words are "connecting to ..." or there are none at all.
    - db-lock-contention: one statement or "acquiring lock", then silence. A long ALTER TABLE looks the same: the lock
      views of the database tell.
    - A timeout of a client library ("statement timeout", "deadline exceeded") ends the program, not the task.

Remedy
    Raise --task-timeout (up to 168 hours) when the work has to take that long. Better: make it go on where it stopped
    (checkpoints, small transactions), spread it over tasks, or make it faster (indexes, larger batches, more CPU).

Sources
    cloud.google.com/run/docs/configuring/task-timeout; recorded conditions and system log lines of job executions.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.rule import Check, Clue, Remedy, Risk, Rule, Sign, Stage, Weight
from opsctl.diagnosis.rules.last_words import LastWords, Said, ended_itself, find_last_words

LEAST_LINES = 3
MANY_LINES = 10

SIGNS = (
    Sign(
        "configured-timeout",
        Weight.MODERATE,
        "the configured timeout was reached",
        platform=True,
        source="Cloud Run, condition of the execution and status of the attempt",
        example="Task nightly-x2x2x-task0 failed with exit code: 0 and message: The configured timeout was reached.",
    ),
    Sign(
        "maximum-timeout",
        Weight.MODERATE,
        "has reached the maximum timeout of",
        platform=True,
        source="Cloud Run, varlog/system",
        example="Terminating task because it has reached the maximum timeout of 300 seconds.",
    ),
)


def look(facts: Facts) -> Iterator[Clue]:
    """The last words of the attempt, and a timeout that was changed."""
    words = find_last_words(facts)
    if words is None:
        itself = ended_itself(facts)
        if itself:
            yield Clue("ended_itself", Weight.STRONG, itself, supports=False)
        return
    for change in facts.baseline.changed("timeout"):
        values = {"before": change.before or "-", "after": change.after or "-"}
        yield Clue("timeout_changed", Weight.STRONG, (change.pointer,), values=values)
    if facts.seen("logs"):
        yield from _judge(words)


def _judge(words: LastWords) -> Iterator[Clue]:
    if not words.spoken:
        if words.attempt.pointers:
            yield Clue("no_words", Weight.WEAK, words.attempt.pointers, supports=False)
        return
    final = words.spoken[-1][1]
    if not words.is_busy and (words.last(Said.LISTENING, Said.ASKING) or words.final is Said.DONE):
        yield Clue("work_over", Weight.STRONG, (final.locate(0),), supports=False)
    elif words.final is Said.WAITING or (words.final is Said.CONTACTING and words.is_long_silence):
        yield Clue("waiting", Weight.MODERATE, (final.locate(0),), supports=False)
    elif words.is_idle:
        yield Clue("work_over", Weight.MODERATE, (final.locate(0),), supports=False)
    elif words.final is not Said.FAILED:
        yield from _at_work(words)


def _at_work(words: LastWords) -> Iterator[Clue]:
    """Signs of work, by how near the end they are."""
    progress = words.last(Said.PROGRESS)
    silence = {"silence": f"{words.silence_seconds:.0f}" if words.silence_seconds is not None else "-"}
    if progress is not None and not words.is_long_silence:
        weight = Weight.DECISIVE if words.is_busy else Weight.STRONG
        yield Clue("progress", weight, (progress.locate(0),), values=silence)
    elif words.is_busy and words.attempt.output_lines >= LEAST_LINES:
        weight = Weight.DECISIVE if words.attempt.output_lines >= MANY_LINES else Weight.STRONG
        yield Clue("busy", weight, (words.spoken[-1][1].locate(0),), values=silence)
    elif words.final in (Said.STATEMENT, Said.PROGRESS):
        steps = sum(said is Said.PROGRESS for said, _ in words.spoken)
        weight = Weight.MODERATE if words.final is Said.STATEMENT or steps >= LEAST_LINES else Weight.WEAK
        yield Clue("long_step", weight, (words.spoken[-1][1].locate(0),), values=silence)


RULE = Rule(
    cause="task-timeout",
    family="platform",
    stage=Stage.END,
    signs=SIGNS,
    look=look,
    remedies=(
        Remedy(
            "raise_timeout",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --task-timeout 1h",),
        ),
        Remedy("resume", Risk.REVERSIBLE),
        Remedy(
            "split",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --tasks 10 --parallelism 5",),
        ),
        Remedy(
            "run_once_longer",
            Risk.REVERSIBLE,
            ("gcloud run jobs execute {job} --region {region} --project {project} --task-timeout 3h --wait",),
            is_workaround=True,
        ),
    ),
    check=Check(
        "logs",
        "opsctl cloudrun logs {execution} --project={project} --region={region} --tail=30",
    ),
)
