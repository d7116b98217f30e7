"""The run record: one document per run in `opsctl_runs`, and the lease that says whose run it is.

The lease is fenced: every taking over raises its epoch, and each write of a process names the owner and epoch it holds.
Whether a lease is stale is told by watching its `renewals` counter stand still, so no clock of another machine matters.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from opsctl.migration.models import Counters, DocumentId, IdRange, PlanTotals, RunState, Selection

LEASE_SECONDS = 15.0
RENEW_SECONDS = 5.0
BUCKET_SECONDS = 10
BUCKETS_KEPT = 8640  # 24 hours

PLANNER = -1
"""In place of a shard's number: the one that cuts the collection into shards, or takes a whole sharded run."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Which process on which boot of which machine. `namespace` keeps containers apart that share a host name."""

    host: str
    boot_id: str
    namespace: str
    pid: int
    started: str

    def is_dead_here(self) -> bool:
        """True only when this machine can tell for certain that the process is gone."""
        return self._is_of_this_machine() and bool(self.boot_id) and _start_time(self.pid) != self.started

    def is_alive_here(self) -> bool:
        """True only when this machine can tell for certain that the process is there."""
        return self._is_of_this_machine() and bool(self.boot_id) and _start_time(self.pid) == self.started

    def _is_of_this_machine(self) -> bool:
        mine = current_process()
        return (self.host, self.boot_id, self.namespace) == (mine.host, mine.boot_id, mine.namespace)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on the run. `owner` None means that it was given back."""

    owner: str | None
    epoch: int
    renewals: int
    process: ProcessIdentity | None


@dataclass(frozen=True, slots=True)
class Owner:
    """This process' claim: a random id and the epoch it was given.

    `shard` is the number of a shard, PLANNER, or None in a run that one process does alone. `execution` is which
    execution of a Job the process belongs to, where that is known.
    """

    id: str
    epoch: int
    process: ProcessIdentity
    shard: int | None = None
    execution: str | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What one renewal writes. `sequence` makes a repeated write harmless: it is the renewal's number."""

    sequence: int
    at: datetime
    delta: Counters
    throttle_reason: str | None = None
    bucket: Bucket | None = None  # one that is closed by this beat

    @property
    def shows_life(self) -> bool:
        """Something was finished since the beat before, or it is known what is waited for."""
        return self.throttle_reason is not None or self.delta != Counters()


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was finished in a slice of about 10 seconds of running time; the history that the ETA is made from."""

    at: datetime
    seconds: float
    images: int
    documents: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a sharded run, with a lease, a plan and counters of its own.

    `frozen_epoch` is the epoch of the start that counted the plan; 0 while it is the planner's. `idle_since` is the
    time from which on its process has neither finished anything nor said what it waits for; None before it began.
    """

    within: IdRange
    lease: Lease
    plan: PlanTotals
    heartbeat_at: datetime
    state: RunState = RunState.PLANNED
    state_reason: str | None = None
    finished_at: datetime | None = None
    starts: int = 0
    frozen_epoch: int = 0
    counters: Counters = field(default_factory=Counters)
    throttle_reason: str | None = None
    idle_since: datetime | None = None
    in_flight: tuple[DocumentId, ...] = ()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `in_flight` holds the ids of documents whose images may be stored though nothing says so yet.

    In a sharded run (`shard_count` is set) the lease is the planner's, `in_flight` comes from the run before, and
    plan and counters are the sums over `shards`, which are there once the planner has cut them.
    """

    run_id: str
    sequence: int
    state: RunState
    state_reason: str | None
    bucket: str
    prefix: str
    created_at: datetime
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    starts: int
    lease: Lease
    selection: Selection
    plan: PlanTotals | None = None
    counters: Counters = field(default_factory=Counters)
    throttle_reason: str | None = None
    in_flight: tuple[DocumentId, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    shard_count: int | None = None
    shards: tuple[Shard, ...] = ()
    revision: int = 0  # of a sharded run: raised by every write
    has_foreign_work: bool = False  # of a sharded run: any open document may be half stored by another tool
    execution: str | None = None  # of a sharded run: see ShardChoice; that of the latest start which had one
    is_closed: bool = False  # another run takes its place: nobody goes on with it

    @property
    def has_ended(self) -> bool:
        """Whether all is done, or another run does the rest."""
        return self.state.is_over or self.is_closed

    def lease_of(self, shard: int | None) -> Lease:
        """The lease that an Owner with this `shard` would hold."""
        return self.lease if shard is None or shard == PLANNER else self.shards[shard].lease

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All leases of the run."""
        return (self.lease, *(shard.lease for shard in self.shards))

    @property
    def all_in_flight(self) -> tuple[DocumentId, ...]:
        """What any process of the run may have left half done."""
        return (*self.in_flight, *(identifier for shard in self.shards for identifier in shard.in_flight))


def current_process() -> ProcessIdentity:
    """The identity of the calling process."""
    return ProcessIdentity(
        host=os.uname().nodename,
        boot_id=_boot_id(),
        namespace=_pid_namespace(),
        pid=os.getpid(),
        started=_start_time(os.getpid()) or "",
    )


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return _first_line(["sysctl", "-n", "kern.boottime"])


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _start_time(pid: int) -> str | None:
    """When a process started, as the system writes it; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        return _first_line(["ps", "-o", "lstart=", "-p", str(pid)]) or None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def _first_line(command: list[str]) -> str:
    try:
        # The same text whatever language and time zone the caller has: it is compared between two processes.
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        done = subprocess.run(  # noqa: S603 fixed words
            command, capture_output=True, text=True, timeout=5, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else ""
