"""What `status` asks of the outside world.

Methods raise OpsctlError. A budget is the time that an answer may cost the service, in seconds; None is no limit. An
answer that does not fit into its budget is None or incomplete, not an error.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opsctl.status.answers import DocumentSet, Gap, ImageTally, JobAnswer, ObjectPage, RunRecord


class DocumentCounts(Protocol):
    """The collection."""

    async def check(self) -> None:
        """Raise NotFoundError when there is no such collection."""

    async def count(self, which: DocumentSet, budget_seconds: float | None) -> int | None:
        """Count documents; None when the time does not suffice."""

    async def estimate_total(self) -> int:
        """How many documents there are according to the database's own bookkeeping; quick at any size."""

    async def count_images(self, budget_seconds: float | None) -> ImageTally:
        """Walk through the documents and count their images, as far as the time suffices."""

    async def find_last_upload(self, budget_seconds: float | None) -> datetime | None:
        """The newest upload that the last processed document (by `_id`) tells of."""

    async def has_foreign_writer(self, since: datetime, budget_seconds: float | None) -> bool:
        """Whether something other than opsctl has processed a document after `since`."""

    async def sample_segments(self, size: int) -> Sequence[str]:
        """Key segments of some documents picked at random: where a long listing may be cut."""


class ObjectCounts(Protocol):
    """The folder of the bucket that holds the collection's objects."""

    def pages(self, after: str | None, until: str | None) -> AsyncGenerator[ObjectPage, None]:
        """Objects with `after` < key <= `until`, keys relative to the folder, in UTF-8 order; None is no bound."""


class RunRecords(Protocol):
    """The records of runs."""

    async def latest(self) -> RunRecord | None:
        """The newest run of the collection."""


class JobSource(Protocol):
    """The cluster."""

    async def connect(self) -> None:
        """Find the API server and sign in. Raises ConfigError for a kubeconfig that leads nowhere."""

    async def read(self, budget_seconds: float | None) -> JobAnswer:
        """The Job with its pods. What may not be read, or not in time, is a gap beside it; without the Job itself there
        is nothing to tell, and the error is raised."""
        ...


class Clock(Protocol):
    """The time of day, with its zone."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class StatusSources:
    """Where a status comes from. A source that is None is not asked; `gaps` say why if that is worth a word."""

    documents: DocumentCounts
    runs: RunRecords
    objects: ObjectCounts | None = None
    jobs: JobSource | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """What the profile says, as far as the figures depend on it."""

    profile: str
    bucket: str | None
    prefix: str | None
    image_timeout_seconds: float = 60.0
