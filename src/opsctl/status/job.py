"""The Kubernetes Job of the migration and its pods, as the cluster tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LIVE_PHASES = ("Pending", "Running")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the Job that is true: Complete, Failed, Suspended, SuccessCriteriaMet, FailureTarget."""

    type: str
    reason: str | None
    message: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended. `reason` is the cluster's word: Completed, Error, OOMKilled, ContainerCannotRun, ..."""

    container: str
    reason: str | None
    exit_code: int | None
    signal: int | None
    at: datetime | None

    @property
    def is_out_of_memory(self) -> bool:
        return self.reason == "OOMKilled"

    @property
    def is_failure(self) -> bool:
        return self.is_out_of_memory or bool(self.exit_code) or bool(self.signal)


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of the Job. `reason` is why it was ended from outside (Evicted, PreemptionByScheduler, NodeLost).

    `retries` is how many pods of the same index Kubernetes had counted as failed when it made this one; None when it
    does not say. `waiting_reason` is what a container waits for, `pending_reason` why the pod has no node or cannot be
    set up, in the cluster's own words. `host` is what its processes take for the name of their machine. `last_line_at`
    is the time of its newest log line, `has_lines` whether there is one; both None when that was not asked.
    """

    name: str
    phase: str
    reason: str | None = None
    message: str | None = None
    index: int | None = None
    retries: int | None = None
    node: str | None = None
    host: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    deleted_at: datetime | None = None
    is_ready: bool = False
    restarts: int = 0
    waiting_reason: str | None = None
    waiting_message: str | None = None
    pending_reason: str | None = None
    last_termination: Termination | None = None
    last_line_at: datetime | None = None
    has_lines: bool | None = None

    @property
    def is_live(self) -> bool:
        """It has not ended."""
        return self.phase in LIVE_PHASES

    @property
    def is_at_work(self) -> bool:
        """Its process runs, as far as the cluster knows."""
        return self.phase == "Running" and self.waiting_reason is None and self.deleted_at is None

    @property
    def status(self) -> str:
        """One word, the one that kubectl shows."""
        if self.deleted_at is not None and self.is_live:
            return "Terminating"
        if self.is_live:
            return self.waiting_reason or self.phase
        ended = self.last_termination.reason if self.phase == "Failed" and self.last_termination else None
        return self.reason or ended or self.phase


@dataclass(frozen=True, slots=True)
class Job:
    """The Kubernetes Job of the migration.

    `pods` is None when they could not be read; `has_all_pods` is False when there are more than were read.
    `completed_indexes` and `failed_indexes` are of an Indexed Job, as the cluster writes them: `0-2,5`. `warning` is
    the newest warning about the Job itself. `look_alikes` are other Jobs at work that run the same program.
    """

    name: str
    namespace: str
    active: int
    succeeded: int
    failed: int
    started_at: datetime | None
    pods: tuple[Pod, ...] | None = ()
    completed_at: datetime | None = None
    completions: int | None = None
    parallelism: int | None = None
    completion_mode: str = "NonIndexed"
    is_suspended: bool = False
    backoff_limit: int | None = None
    backoff_limit_per_index: int | None = None
    conditions: tuple[Condition, ...] = ()
    completed_indexes: str | None = None
    failed_indexes: str | None = None
    owner: str | None = None
    warning: str | None = None
    look_alikes: tuple[str, ...] = ()
    has_all_pods: bool = True

    def condition(self, *types: str) -> Condition | None:
        """The condition of one of these types, if it holds."""
        return next((condition for condition in self.conditions if condition.type in types), None)

    @property
    def failure(self) -> Condition | None:
        """Why it failed; FailureTarget says it while the last pods still end."""
        return self.condition("Failed") or self.condition("FailureTarget")

    @property
    def is_complete(self) -> bool:
        return self.condition("Complete") is not None

    @property
    def is_over(self) -> bool:
        return self.is_complete or self.failure is not None

    @property
    def ended_at(self) -> datetime | None:
        """When it completed or failed; None while it goes on."""
        ended = self.condition("Complete") or self.condition("Failed")
        return (self.completed_at or ended.at) if ended is not None else None

    @property
    def is_indexed(self) -> bool:
        return self.completion_mode == "Indexed"

    @property
    def live_pods(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods or () if pod.is_live)

    @property
    def knows_no_live_pod(self) -> bool:
        """All pods were read, and each has ended."""
        return self.pods is not None and self.has_all_pods and not self.live_pods


def read_indexes(ranges: str | None, below: int) -> frozenset[int]:
    """The indexes under `below` that `0-2,5` names. What is no number names none."""
    found: set[int] = set()
    for part in (ranges or "").split(","):
        ends = part.split("-")
        if len(ends) <= 2 and all(end.isdecimal() for end in ends):
            found.update(range(int(ends[0]), min(int(ends[-1]), below - 1) + 1))
    return frozenset(found)


def count_indexes(ranges: str | None) -> int:
    """How many indexes `0-2,5` names; 0 for none. What is no number counts for nothing."""
    count = 0
    for part in (ranges or "").split(","):
        ends = part.split("-")
        if len(ends) <= 2 and all(end.isdecimal() for end in ends):
            count += max(0, int(ends[-1]) - int(ends[0]) + 1)
    return count
