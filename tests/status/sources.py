"""Sources that answer as they are told: they implement the ports of `status`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from opsctl.errors import OpsctlError
from opsctl.status.answers import DocumentSet, Gap, ImageTally, JobAnswer, ObjectPage, RunRecord
from opsctl.status.job import Job
from opsctl.status.ports import StatusSources
from tests.status.values import NOW, tally

FOR_EVER = 1e6
PAGE = 10


@dataclass(frozen=True, slots=True)
class FixedClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True)
class FakeDocuments:
    """`delays` and `errors` are by method, the counts by the value of their set."""

    counts: Mapping[str, int] = field(default_factory=lambda: {"all": 475, "processed": 95, "partial": 0})
    estimate: int = 475
    images: ImageTally = field(default_factory=tally)
    last_upload_at: datetime | None = None
    foreign: bool = False
    segments: Sequence[str] = ()
    delays: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, OpsctlError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def check(self) -> None:
        await self._answer("check")

    async def count(self, which: DocumentSet, budget_seconds: float | None) -> int | None:
        del budget_seconds
        await self._answer(which.value)
        return self.counts[which.value]

    async def estimate_total(self) -> int:
        await self._answer("estimate_total")
        return self.estimate

    async def count_images(self, budget_seconds: float | None) -> ImageTally:
        del budget_seconds
        await self._answer("count_images")
        return self.images

    async def find_last_upload(self, budget_seconds: float | None) -> datetime | None:
        del budget_seconds
        await self._answer("find_last_upload")
        return self.last_upload_at

    async def has_foreign_writer(self, since: datetime, budget_seconds: float | None) -> bool:
        del since, budget_seconds
        await self._answer("has_foreign_writer")
        return self.foreign

    async def sample_segments(self, size: int) -> Sequence[str]:
        del size
        await self._answer("sample_segments")
        return self.segments

    async def _answer(self, method: str) -> None:
        self.asked.append(method)
        await asyncio.sleep(self.delays.get(method, 0.01))
        if method in self.errors:
            raise self.errors[method]


@dataclass(slots=True)
class FakeObjects:
    """Objects of ten bytes under `keys`, ten on a page; every page takes `delay_seconds`."""

    keys: Sequence[str] = ()
    delay_seconds: float = 0.01
    error: OpsctlError | None = None
    error_after_pages: int = 0
    ranges: list[tuple[str | None, str | None]] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    async def pages(self, after: str | None, until: str | None) -> AsyncGenerator[ObjectPage, None]:
        self.ranges.append((after, until))
        inside = [key for key in sorted(self.keys) if (after or "") < key and (until is None or key <= until)]
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            for number, start in enumerate(range(0, max(1, len(inside)), PAGE)):
                await asyncio.sleep(self.delay_seconds)
                if self.error is not None and number >= self.error_after_pages:
                    raise self.error
                page = inside[start : start + PAGE]
                if page:
                    yield ObjectPage(len(page), 10 * len(page), NOW, NOW, page[-1])
        finally:
            self._at_once -= 1


@dataclass(slots=True)
class FakeRuns:
    run: RunRecord | None = None
    delay_seconds: float = 0.01
    error: OpsctlError | None = None

    async def latest(self) -> RunRecord | None:
        await asyncio.sleep(self.delay_seconds)
        if self.error is not None:
            raise self.error
        return self.run


@dataclass(slots=True)
class FakeJobs:
    job: Job | None = None
    delay_seconds: float = 0.01
    error: OpsctlError | None = None
    connect_delay_seconds: float = 0.01
    connect_error: OpsctlError | None = None
    gaps: tuple[Gap, ...] = ()

    async def connect(self) -> None:
        await asyncio.sleep(self.connect_delay_seconds)
        if self.connect_error is not None:
            raise self.connect_error

    async def read(self, budget_seconds: float | None) -> JobAnswer:
        del budget_seconds
        await asyncio.sleep(self.delay_seconds)
        if self.error is not None or self.job is None:
            raise self.error or OpsctlError("no job was given")
        return JobAnswer(self.job, self.gaps)


def sources(
    documents: FakeDocuments | None = None,
    runs: FakeRuns | None = None,
    objects: FakeObjects | None = None,
    jobs: FakeJobs | None = None,
) -> StatusSources:
    return StatusSources(documents or FakeDocuments(), runs or FakeRuns(), objects or FakeObjects(["a/1"]), jobs)
