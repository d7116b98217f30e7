"""Values of a restart: the plan, its steps, what became of each, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from opsctl.migration.kubernetes.models import JobFacts, Pod, Writer
from opsctl.migration.kubernetes.ownership import Ownership
from opsctl.migration.kubernetes.ports import JsonObject
from opsctl.migration.kubernetes.trouble import Finding


class StepKind(StrEnum):
    """What a restart is made of, in the order in which it happens."""

    CHECK_CREATION = "check-creation"
    KEEP_MANIFEST = "keep-manifest"
    DELETE_POD = "delete-pod"
    DELETE_JOB = "delete-job"
    WAIT_GONE = "wait-gone"
    CREATE_JOB = "create-job"
    WAIT_POD = "wait-pod"
    WAIT_PROGRESS = "wait-progress"


class StepState(StrEnum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class RestartOutcome(StrEnum):
    """How a restart ended."""

    PLANNED = "planned"
    NOTHING_TO_DO = "nothing-to-do"
    NO_REMEDY = "no-remedy"
    MENDED = "mended"
    NOT_CONFIRMED = "not-confirmed"
    INCOMPLETE = "incomplete"


class WhyNot(StrEnum):
    """Why progress was not confirmed."""

    NO_POD = "no-pod"
    NO_PROGRESS = "no-progress"
    UNKNOWN = "unknown"
    STOPPED = "stopped"
    JOB_FAILED = "job-failed"
    JOB_SUSPENDED = "job-suspended"
    JOB_ENDING = "job-ending"
    JOB_GONE = "job-gone"
    JOB_REPLACED = "job-replaced"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do with one object. `uid` makes sure that it is the one that was looked at."""

    kind: StepKind
    target: str
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step and what became of it. `detail` is a path, a pod's name, or why it failed."""

    step: Step
    state: StepState
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class RestartWishes:
    """What the person asked for. `pods` and `recreate` are done whether or not something is stuck."""

    pods: tuple[str, ...] = ()
    recreate: bool = False
    despite_writers: bool = False
    patience_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class RestartPlan:
    """What is stuck and what will be done about it; no steps when nothing is to be done.

    `other_writers` are alive and no pods of this Job. `manifest` is what the Job is created from again.
    `unknown_because` says why the migration's own records could not be asked.
    """

    job: JobFacts
    pods: tuple[Pod, ...]
    findings: tuple[Finding, ...]
    owners: tuple[Ownership, ...]
    other_writers: tuple[Writer, ...]
    steps: tuple[Step, ...]
    manifest: JsonObject | None = None
    documents_processed: int | None = None
    unknown_because: str | None = None

    @property
    def recreates(self) -> bool:
        """The Job itself is deleted and created again."""
        return any(step.kind is StepKind.CREATE_JOB for step in self.steps)


@dataclass(frozen=True, slots=True)
class RestartReport:
    """What happened. `kept_manifest` is the file from which the Job can still be created, when it has to be;
    `obstacles` is what is in the way of the new pods; `why_not` is set when no progress was seen. `unknown_because`
    says why the migration's own records could not be asked: who else works on it, and what is finished, is not known
    then.
    """

    taken_at: datetime
    namespace: str
    job: str
    outcome: RestartOutcome
    findings: tuple[Finding, ...]
    owners: tuple[Ownership, ...]
    other_writers: tuple[Writer, ...]
    steps: tuple[StepResult, ...]
    new_pods: tuple[str, ...] = ()
    documents_before: int | None = None
    documents_after: int | None = None
    kept_manifest: str | None = None
    why_not: WhyNot | None = None
    obstacles: tuple[Finding, ...] = ()
    unknown_because: str | None = None
