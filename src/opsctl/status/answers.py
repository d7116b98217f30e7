"""What the sources answer. A number that is not known is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from opsctl.status.job import Job

SILENT_SECONDS = 30.0
"""A run renews its heartbeat every 5 seconds and loses its lease after 15; after this long nobody is there."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A source that could not be asked.

    `state`: unavailable, timeout, denied, not_found, unreadable, misconfigured, not_configured. `hint` says what would
    help, for a permission that is missing the rule that grants it.
    """

    source: str
    state: str
    reason: str
    hint: str | None = None


class DocumentSet(StrEnum):
    """Which documents to count: all, those that have a list of stored images, open ones that opsctl has begun."""

    ALL = "all"
    PROCESSED = "processed"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Slice:
    """What was finished in about ten seconds of running time that began at `at`."""

    at: datetime
    seconds: float
    images: int
    documents: int = 0


@dataclass(frozen=True, slots=True)
class ImageTally:
    """The images of the documents that were walked through.

    `planned_open` are those of documents that are not processed. `stored_keys` counts different keys below the
    profile's prefix. `slices` hold the moments at which processed documents got their last image, gaps left out.
    `is_complete` is False when the time ran out before the last document.
    """

    is_complete: bool
    documents: int = 0
    planned: int = 0
    planned_open: int = 0
    stored: int = 0
    failed: int = 0
    failed_by_class: Mapping[str, int] = field(default_factory=dict)
    stored_keys: int = 0
    first_upload_at: datetime | None = None
    last_upload_at: datetime | None = None
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some objects of a listing. `last_key` is relative to the folder that is listed."""

    count: int
    size_bytes: int
    oldest_at: datetime | None
    newest_at: datetime | None
    last_key: str


@dataclass(frozen=True, slots=True)
class ObjectTally:
    """What was listed. `is_complete` is False when the time ran out first."""

    is_complete: bool = False
    count: int = 0
    size_bytes: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    last_key: str | None = None

    def plus(self, page: ObjectPage) -> ObjectTally:
        return ObjectTally(
            is_complete=False,
            count=self.count + page.count,
            size_bytes=self.size_bytes + page.size_bytes,
            oldest_at=earliest(self.oldest_at, page.oldest_at),
            newest_at=latest(self.newest_at, page.newest_at),
            last_key=page.last_key,
        )


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run counted before its first image, earlier runs' results included."""

    documents: int
    documents_processed: int
    images: int
    images_stored: int
    images_failed: int


@dataclass(frozen=True, slots=True)
class RunCounters:
    """What the present start of a run has done."""

    documents_complete: int = 0
    images_stored: int = 0
    images_failed: int = 0
    documents_failed: int = 0


@dataclass(frozen=True, slots=True)
class RunShard:
    """One part of a run that several processes share, with a plan and counters of its own. `state` as of a run.

    `is_held`: a process has its lease. `host` is the machine of the last process that had it, `starts` how many had it.
    """

    index: int
    state: str
    heartbeat_at: datetime
    plan: RunPlan
    counters: RunCounters = field(default_factory=RunCounters)
    state_reason: str | None = None
    finished_at: datetime | None = None
    throttle_reason: str | None = None
    is_held: bool = False
    is_process_gone: bool = False
    host: str | None = None
    starts: int = 0
    idle_since: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state in ("complete", "complete_with_failures")

    @property
    def last_word_at(self) -> datetime:
        return latest(self.heartbeat_at, self.finished_at) or self.heartbeat_at

    @property
    def idle_seconds(self) -> float:
        """How long its process had finished nothing and named nothing to wait for when it was heard of last; 0 while it
        still counts its share. Both times are of its own clock."""
        if self.idle_since is None or self.state != "running":
            return 0.0
        return max(0.0, (self.heartbeat_at - self.idle_since).total_seconds())

    def quiet_seconds(self, now: datetime) -> float:
        """Seconds since its last word; a clock that is ahead of ours makes it 0."""
        return max(0.0, (now - self.heartbeat_at).total_seconds())

    def is_live(self, now: datetime) -> bool:
        """A process works on it, and has said so lately."""
        return self.is_held and not self.is_process_gone and self.quiet_seconds(now) <= SILENT_SECONDS


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as `status` sees it. `state` is one of planned, running, pausing, paused, stopping, stopped, failed,
    complete, complete_with_failures.

    `stop_code` names a reason to stop that is no error: request, limit, left, types. `has_selection`: it works on a
    part of the collection. `is_process_gone`: all its processes are known to have ended. `hosts` are the machines (in a
    pod: the pod's host name) whose processes hold a lease of it. `shards` is empty for a run that one process does
    alone; plan and counters are their sums.
    """

    run_id: str
    state: str
    state_reason: str | None
    bucket: str
    prefix: str
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None = None
    throttle_reason: str | None = None
    stop_code: str | None = None
    has_selection: bool = False
    retries_failed: bool = False
    is_process_gone: bool = False
    hosts: tuple[str, ...] = ()
    plan: RunPlan | None = None
    counters: RunCounters = field(default_factory=RunCounters)
    slices: tuple[Slice, ...] = ()
    shards: tuple[RunShard, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.state in ("complete", "complete_with_failures")

    @property
    def is_open(self) -> bool:
        """Its record says that a process works on it."""
        return self.state in ("planned", "running", "pausing", "paused", "stopping")

    def quiet_seconds(self, now: datetime) -> float:
        """Seconds since its last word; a clock that is ahead of ours makes it 0."""
        return max(0.0, (now - self.heartbeat_at).total_seconds())

    def is_live(self, now: datetime) -> bool:
        """A process works on it, and has said so lately."""
        return self.is_open and not self.is_process_gone and self.quiet_seconds(now) <= SILENT_SECONDS


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """The Job, and what of it could not be read."""

    job: Job
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the sources answered, asked from `taken_at` on. None: not known, or not asked; `gaps` say which."""

    taken_at: datetime
    documents: int | None
    documents_estimate: int | None
    processed: int | None
    partial: int | None
    run: RunRecord | None
    images: ImageTally | None = None
    objects: ObjectTally | None = None
    job: Job | None = None
    last_upload_at: datetime | None = None
    has_foreign_writer: bool = False
    gaps: tuple[Gap, ...] = ()


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two times of which each may be unknown."""
    return min((time for time in (one, other) if time is not None), default=None)


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times of which each may be unknown."""
    return max((time for time in (one, other) if time is not None), default=None)
