"""What `migrate images` reports; the `data` of its JSON envelope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from opsctl.migration.models import Counters, PlanTotals, RunState
from opsctl.migration.politeness import HostFigures


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """One start of a run: what the plan was, what this start did, and what is left.

    `counters` are of this start only. `open_documents` still have images to be tried by a later start.
    With a `shard` all figures are those of that part of the collection.
    With `dry_run` nothing was fetched or written; `plan` and `planned_hosts` say what would be.
    """

    run_id: str | None
    dry_run: bool
    state: RunState
    state_reason: str | None
    started_at: datetime
    finished_at: datetime
    plan: PlanTotals
    counters: Counters
    open_documents: int
    failed_by_class: dict[str, int]
    hosts: tuple[HostFigures, ...] = ()
    planned_hosts: tuple[PlannedHost, ...] = ()
    shard: ShardPart | None = None

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class ShardPart:
    """Which part of the collection, counted from 0, out of how many."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class PlannedHost:
    """What one host would be asked for. `images` None-host are those with a bad URL."""

    host: str | None
    images: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands at one moment, for whoever draws it. The rate is that of the last ten seconds or so."""

    phase: str
    plan: PlanTotals
    counters: Counters
    waiting_reason: str | None = None
    images_per_second: float = 0.0


ProgressSink = Callable[[Progress], None]
ReportSink = Callable[[MigrationReport], None]
