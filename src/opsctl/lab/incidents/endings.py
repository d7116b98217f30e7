"""How an execution ended, in the words of Cloud Run.

The texts are those that Cloud Run has written into conditions and attempt results since 2026. `exit code: 0` in a
message does not mean success: Cloud Run writes it when the container was killed for time or memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from opsctl.lab.incidents.incident import Json

ABORTED = 10
DEADLINE_EXCEEDED = 4
FAILED, SUCCEEDED, PENDING, RECONCILING = (
    "CONDITION_FAILED",
    "CONDITION_SUCCEEDED",
    "CONDITION_PENDING",
    "CONDITION_RECONCILING",
)


@dataclass(frozen=True, slots=True)
class Ending:
    """The verdict of an execution, and the result of the last attempt of a task.

    `message` may name the `{execution}` and the `{task}`. `reason` is a field of the condition and its value.
    `blocked` names the condition that failed before a container was started. `count` is the counter that goes up.
    `audit` is the message of the record that the system writes at the end; None for the message of the condition.
    """

    state: str
    message: str
    count: str
    reason: tuple[str, str] | None = None
    attempt: Json | None = None
    blocked: str | None = None
    audit: str | None = None

    @property
    def is_good(self) -> bool:
        """True when every task succeeded."""
        return self.state == SUCCEEDED


SUMMARY = "Execution {execution} has failed to complete, 0/1 tasks were a success."


def exited(code: int) -> Ending:
    """The program ended by itself, with a code other than 0."""
    return _failed(code, "The container exited with an error.", ABORTED, {"exitCode": code})


def out_of_memory() -> Ending:
    """The container was killed for its memory."""
    return _failed(0, "The configured memory limit was reached.", ABORTED, {"termSignal": 9})


def timed_out() -> Ending:
    """The task was killed for its time."""
    return _failed(0, "The configured timeout was reached.", DEADLINE_EXCEEDED, {})


def failed_to_load() -> Ending:
    """The program could not be executed at all."""
    message = "Application exec likely failed"
    return Ending(
        FAILED,
        f"Task {{task}} failed with message: {message}",
        "failedCount",
        ("executionReason", "NON_ZERO_EXIT_CODE"),
        {"status": {"code": ABORTED, "message": message}},
        audit=SUMMARY,
    )


def never_started(message: str, reason: str, blocked: str) -> Ending:
    """Something that the container needs could not be had: no attempt, no log of the program."""
    return Ending(FAILED, message, "failedCount", ("reason", reason), blocked=blocked)


def completed(words: str) -> Ending:
    """Every task succeeded. `words` is the duration as Cloud Run writes it."""
    return Ending(
        SUCCEEDED,
        f"Execution completed successfully in {words}.",
        "succeededCount",
        attempt={"status": {}, "exitCode": 0},
        audit="Execution {execution} has completed successfully.",
    )


def cancelled() -> Ending:
    """Somebody cancelled it."""
    return Ending(FAILED, "Cancelled by user.", "cancelledCount", ("executionReason", "CANCELLED"))


def still_running() -> Ending:
    """It has not ended."""
    return Ending(RECONCILING, "Waiting for execution to complete.", "runningCount")


def _failed(code: int, message: str, status: int, last: Json) -> Ending:
    return Ending(
        FAILED,
        f"Task {{task}} failed with exit code: {code} and message: {message}",
        "failedCount",
        ("executionReason", "NON_ZERO_EXIT_CODE"),
        {"status": {"code": status, "message": message}, **last},
        audit=SUMMARY,
    )
