"""What is made of the answers: figures, rate, time left, state. A number that is not known is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from opsctl.status.answers import Gap
from opsctl.status.job import Job

RemarkValue = str | int | float | datetime | None


class State(StrEnum):
    """What the migration is doing."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    THROTTLED = "throttled"
    PAUSED = "paused"
    STALLED = "stalled"
    SILENT = "silent"
    FINISHING = "finishing"
    COMPLETE = "complete"
    COMPLETE_WITH_FAILURES = "complete_with_failures"
    CONTRADICTORY = "contradictory"
    UNKNOWN = "unknown"

    @property
    def is_complete(self) -> bool:
        return self in (State.COMPLETE, State.COMPLETE_WITH_FAILURES)

    @property
    def is_moving(self) -> bool:
        """Images are being finished, so that a rate and a time left mean something."""
        return self in (State.RUNNING, State.THROTTLED, State.FINISHING)


class Method(StrEnum):
    """How a number is known. `counter`: what somebody counted along, as of their last word."""

    EXACT = "exact"
    COUNTER = "counter"
    LOWER_BOUND = "lower_bound"


class Scope(StrEnum):
    """What image figures are about: all documents, or those that the run was told to work on."""

    COLLECTION = "collection"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence for people, as a code and its values; the texts have the words. Names in `_seconds` are durations."""

    code: str
    values: Mapping[str, RemarkValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocumentFigures:
    """Documents of the collection."""

    total: int | None
    processed: int | None
    partial: int | None
    remaining: int | None
    method: Method
    as_of: datetime


@dataclass(frozen=True, slots=True)
class ImageFigures:
    """Images, counted once for each document, type, colour and URL."""

    planned: int | None
    stored: int | None
    failed: int | None
    remaining: int | None
    method: Method
    as_of: datetime
    scope: Scope = Scope.COLLECTION


@dataclass(frozen=True, slots=True)
class ObjectFigures:
    """Objects of the bucket below the collection's prefix. `bytes` is their size."""

    count: int | None
    bytes: int | None
    newest_at: datetime | None
    method: Method
    as_of: datetime


class ShardState(StrEnum):
    """What one part of the work is doing. `silent`: a process has its lease and is not heard of. `stalled`: its
    process is heard of, and finishes nothing. `failed`: it ended with an error, or Kubernetes has given it up.
    `waiting`: nobody has begun it, or it waits for its next pod."""

    WAITING = "waiting"
    RUNNING = "running"
    THROTTLED = "throttled"
    SILENT = "silent"
    STALLED = "stalled"
    STOPPED = "stopped"
    FAILED = "failed"
    COMPLETE = "complete"
    COMPLETE_WITH_FAILURES = "complete_with_failures"

    @property
    def is_over(self) -> bool:
        return self in (ShardState.COMPLETE, ShardState.COMPLETE_WITH_FAILURES)

    @property
    def is_trouble(self) -> bool:
        return self in (ShardState.SILENT, ShardState.STALLED, ShardState.STOPPED, ShardState.FAILED)


@dataclass(frozen=True, slots=True)
class ShardFigures:
    """One part of a run that several processes share, or one index of an Indexed Job.

    Figures and `heartbeat_at` are of the run record, None without one. `starts` counts the processes that had its
    lease; `retries` the pods that Kubernetes started for it after the first, and restarts of the last one's container.
    """

    index: int
    state: ShardState
    reason: str | None = None
    documents: DocumentFigures | None = None
    images: ImageFigures | None = None
    host: str | None = None
    pod: str | None = None
    heartbeat_at: datetime | None = None
    idle_since: datetime | None = None
    starts: int | None = None
    retries: int | None = None
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast it goes, over the `window` before the last word. `window` is running time."""

    images_per_second: float | None
    documents_per_hour: float | None
    window: timedelta | None


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How well forecasts from earlier moments of this run would have fitted what came after them."""

    forecasts: int
    median_miss: float


class Basis(StrEnum):
    """What an estimate is made from, or why there is none."""

    RUN_HISTORY = "run_history"
    UPLOAD_TIMES = "upload_times"
    DOCUMENTS_SINCE_START = "documents_since_start"
    NOT_MOVING = "not_moving"
    TOO_EARLY = "too_early"
    REMAINDER_UNKNOWN = "remainder_unknown"
    RATE_UNKNOWN = "rate_unknown"
    NOTHING_LEFT = "nothing_left"


@dataclass(frozen=True, slots=True)
class Eta:
    """When it will be done. With a chance of 8 in 10 between `p10` and `p90`; `p90` None: no upper end can be told."""

    p10: datetime | None
    p50: datetime | None
    p90: datetime | None
    basis: Basis
    track_record: TrackRecord | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, why, what does not fit together, and what the cluster says is wrong with the Job or its pods."""

    state: State
    reason: Remark | None = None
    contradictions: tuple[Remark, ...] = ()
    problems: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that a report says, before its sentences have words."""

    taken_at: datetime
    profile: str
    verdict: Verdict
    documents: DocumentFigures
    images: ImageFigures
    objects: ObjectFigures
    job: Job | None
    rate: Rate
    eta: Eta
    gaps: tuple[Gap, ...]
    run_id: str | None = None
    elapsed_seconds: float | None = None
    throttle_reason: str | None = None
    failed_by_class: Mapping[str, int] | None = None
    shards: tuple[ShardFigures, ...] | None = ()
