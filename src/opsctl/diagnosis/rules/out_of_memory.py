"""Memory limit of the container or of the runtime was reached

What is wrong
    The program wanted more memory than it may have. Two limits exist. Cloud Run ends the container when everything in
    it together, files written to its file system included, passes the memory limit of the job. A runtime (Node, the
    JVM, PHP) ends itself when its own heap limit is reached, which can be far below the limit of the container.

How it is recognised
    Cloud Run says "Memory limit of ... exceeded" in the system log and "The configured memory limit was reached." in
    the condition, next to an exit code 0 that means nothing. A runtime prints its own words: "JavaScript heap out of
    memory", "java.lang.OutOfMemoryError", "MemoryError", "Allowed memory size ... exhausted", "std::bad_alloc",
    "runtime: out of memory". A child process that was killed shows as "Killed", exit code 137 or SIGKILL.

Look-alikes
    - task-timeout: the platform ends the container too; its text names the timeout.
    - quota-exhausted: "No space left on device" is a full volume. Files on the container's own file system take
      memory, so a program that writes large temporary files ends here.
    - runtime-incompatible: signal 11 is a crash of native code; signal 9 is a kill.
    - quota-exhausted: a database or cache server that is out of memory ("OOM command not allowed", "out of shared
      memory") is not the job's memory.
    - Exit code 137 alone says "killed" and not by whom.

Remedy
    Raise the memory of the job (above 4 GiB more CPU is needed as well); give the runtime's heap its share of it, about
    three quarters (NODE_OPTIONS=--max-old-space-size, -XX:MaxRAMPercentage, memory_limit). Then use less: read in
    batches, stream files instead of loading them, write temporary files to a mounted volume, lower the parallelism.

Sources
    cloud.google.com/run/docs/configuring/jobs/memory-limits; cloud.google.com/run/docs/container-contract;
    the places named at each text in `out_of_memory_signs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsctl.diagnosis.facts.model import Attempt, End, Facts
from opsctl.diagnosis.rule import Check, Clue, Codes, Remedy, Risk, Rule, Stage, Weight
from opsctl.diagnosis.rules.out_of_memory_signs import SIGNS

SIGKILL = 9
EXIT_BY_SIGKILL = 128 + SIGKILL
MEBIBYTE = 1024 * 1024


def look(facts: Facts) -> Iterator[Clue]:
    """The platform's own statement, a kill that nobody else explains, and a memory limit that was changed."""
    limit = facts.execution.memory_limit_bytes
    ended = next((attempt for attempt in facts.attempts if attempt.end is End.MEMORY), None)
    killed = next((attempt for attempt in facts.attempts if _was_killed(attempt)), None)
    if ended is not None:
        size = f"{limit / MEBIBYTE:.0f} MiB" if limit else "-"
        yield Clue("limit_reached", Weight.PLATFORM, ended.pointers, values={"limit": size})
    elif killed is not None:
        yield Clue("killed", Weight.STRONG, killed.pointers)
    for change in facts.baseline.changed("memory"):
        values = {"before": change.before or "-", "after": change.after or "-"}
        yield Clue("limit_changed", Weight.WEAK, (change.pointer,), values=values)
    if facts.attempts and all(attempt.end is End.NEVER_STARTED for attempt in facts.attempts):
        pointers = tuple(pointer for attempt in facts.attempts for pointer in attempt.pointers)
        yield Clue("never_started", Weight.STRONG, pointers, supports=False)


def _was_killed(attempt: Attempt) -> bool:
    """Whether SIGKILL ended it, as far as that is known; a timeout and a cancellation end otherwise."""
    by_signal = attempt.end is End.SIGNALLED and attempt.signal == SIGKILL
    return by_signal or (attempt.end is End.EXITED and attempt.exit_code == EXIT_BY_SIGKILL)


RULE = Rule(
    cause="out-of-memory",
    family="platform",
    stage=Stage.END,
    signs=SIGNS,
    codes=(Codes("node", Weight.STRONG, ("ENOMEM", "ERR_WORKER_OUT_OF_MEMORY", "ERR_MEMORY_ALLOCATION_FAILED")),),
    look=look,
    remedies=(
        Remedy(
            "raise_memory",
            Risk.REVERSIBLE,
            ("gcloud run jobs update {job} --region {region} --project {project} --memory 2Gi",),
        ),
        Remedy(
            "raise_heap",
            Risk.REVERSIBLE,
            (
                "gcloud run jobs update {job} --region {region} --project {project} "
                "--update-env-vars NODE_OPTIONS=--max-old-space-size=1536",
            ),
        ),
        Remedy("use_less", Risk.REVERSIBLE),
        Remedy("less_per_task", Risk.REVERSIBLE, is_workaround=True),
    ),
    check=Check(
        "logs",
        'opsctl cloudrun logs {execution} --project={project} --region={region} --contains="Memory limit of"',
    ),
)
