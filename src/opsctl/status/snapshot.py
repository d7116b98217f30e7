"""Asks all sources at once, each within its own time: the one place of `status` that starts tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from opsctl.errors import OpsctlError, UnavailableError
from opsctl.status.answers import DocumentSet, Gap, ImageTally, JobAnswer, ObjectPage, ObjectTally, RunRecord, Snapshot
from opsctl.status.gaps import gap_of, silence_of
from opsctl.status.ports import Clock, DocumentCounts, JobSource, ObjectCounts, StatusSources

T = TypeVar("T")

LISTING_PARTS = 32
PAGES_BEFORE_PARTS = 3
"""A listing this long is cut into parts that are read side by side; a shorter one is not worth their requests."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long each source may take, in seconds; None is no limit."""

    connect_seconds: float | None = 10.0
    sign_in_seconds: float | None = 5.0
    record_seconds: float | None = 0.8
    documents_seconds: float | None = 1.0
    images_seconds: float | None = 1.0
    objects_seconds: float | None = 1.2
    job_seconds: float | None = 1.5
    walk_always: bool = False


DEFAULT_BUDGET = Budget()
RECOUNT_BUDGET = Budget(
    record_seconds=10.0,
    documents_seconds=None,
    images_seconds=None,
    objects_seconds=None,
    job_seconds=10.0,
    walk_always=True,
)


async def take_snapshot(sources: StatusSources, clock: Clock, budget: Budget = DEFAULT_BUDGET) -> Snapshot:
    """Ask everything. A source that fails becomes a gap, except for the collection itself.

    Raises UnavailableError, AccessDeniedError or NotFoundError when Mongo does not answer or has no such collection.
    """
    taken_at = clock.now()
    try:
        async with asyncio.TaskGroup() as group:
            mongo = group.create_task(_ask_mongo(sources, budget, taken_at))
            objects = group.create_task(_list_objects(sources, budget.objects_seconds))
            job = group.create_task(_ask_job(sources.jobs, budget))
    except BaseExceptionGroup as errors:
        raise _first_known(errors) from errors
    listing, job_answer = objects.result(), job.result()
    return replace(
        mongo.result(),
        objects=listing.tally,
        job=job_answer.job if isinstance(job_answer, JobAnswer) else None,
        gaps=(*sources.gaps, *mongo.result().gaps, *_list_gaps(listing.gap), *_list_gaps(job_answer)),
    )


def _list_gaps(answer: JobAnswer | Gap | None) -> tuple[Gap, ...]:
    if isinstance(answer, JobAnswer):
        return answer.gaps
    return () if answer is None else (answer,)


# -- Mongo


async def _ask_mongo(sources: StatusSources, budget: Budget, now: datetime) -> Snapshot:
    documents, seconds = sources.documents, budget.documents_seconds
    try:
        async with asyncio.timeout(budget.connect_seconds):
            await documents.check()
    except TimeoutError:
        raise _mongo_hangs(budget.connect_seconds) from None
    async with asyncio.TaskGroup() as group:
        run = group.create_task(_ask("run_record", sources.runs.latest(), budget.record_seconds))
        counts = {which: group.create_task(_within(documents.count(which, seconds), seconds)) for which in DocumentSet}
        estimate = group.create_task(_within(documents.estimate_total(), seconds))
        images = group.create_task(_count_images(documents, run, budget, now))
        last_upload = group.create_task(_find_last_upload(documents, run, budget))
        foreign = group.create_task(_find_foreign_writer(documents, run, budget, now))
    total = counts[DocumentSet.ALL].result()
    if total is None and estimate.result() is None:
        raise _mongo_hangs(seconds)
    answer = run.result()
    return Snapshot(
        taken_at=now,
        documents=total,
        documents_estimate=estimate.result(),
        processed=counts[DocumentSet.PROCESSED].result(),
        partial=counts[DocumentSet.PARTIAL].result(),
        run=answer if isinstance(answer, RunRecord) else None,
        images=images.result(),
        last_upload_at=last_upload.result(),
        has_foreign_writer=bool(foreign.result()),
        gaps=(answer,) if isinstance(answer, Gap) else (),
    )


RunTask = asyncio.Task[RunRecord | Gap | None]


async def _count_images(documents: DocumentCounts, run: RunTask, budget: Budget, now: datetime) -> ImageTally | None:
    """Walk through the documents unless a live run counts along."""
    record = await run
    if isinstance(record, RunRecord) and record.is_live(now) and record.plan and not budget.walk_always:
        return None
    walk = documents.count_images(budget.images_seconds)
    return await _within(walk, budget.images_seconds) or ImageTally(is_complete=False)


async def _find_last_upload(documents: DocumentCounts, run: RunTask, budget: Budget) -> datetime | None:
    if await run is not None:
        return None
    seconds = budget.documents_seconds
    return await _within(documents.find_last_upload(seconds), seconds)


async def _find_foreign_writer(documents: DocumentCounts, run: RunTask, budget: Budget, now: datetime) -> bool | None:
    record = await run
    if not isinstance(record, RunRecord) or not record.is_live(now):
        return None
    seconds = budget.documents_seconds
    return await _within(documents.has_foreign_writer(record.started_at, seconds), seconds)


# -- S3


@dataclass(slots=True)
class _Listing:
    """What has been listed so far: kept when the time runs out or the service fails on the way."""

    tally: ObjectTally | None = None
    gap: Gap | None = None
    _parts: list[ObjectTally] = field(default_factory=list)

    async def read(self, objects: ObjectCounts, after: str | None, until: str | None, pages: int | None = None) -> bool:
        """Read one part; False when there may be more of it behind the given number of pages."""
        position = len(self._parts)
        self._parts.append(ObjectTally())
        async with aclosing(objects.pages(after, until)) as listing:
            number = 0
            async for page in listing:
                self._parts[position] = self._parts[position].plus(page)
                number += 1
                if number == pages:
                    return False
        return True

    @property
    def last_key(self) -> str | None:
        return self._parts[0].last_key

    def add_up(self, *, is_complete: bool) -> None:
        total = ObjectTally()
        for part in self._parts:
            if part.last_key is not None:
                total = total.plus(_as_page(part))
        if is_complete or total.count:
            self.tally = replace(total, is_complete=is_complete)


async def _list_objects(sources: StatusSources, seconds: float | None) -> _Listing:
    listing = _Listing()
    if sources.objects is None:
        return listing
    is_complete = False
    try:
        async with asyncio.timeout(seconds):
            await _read_all(listing, sources.objects, sources.documents)
        is_complete = True
    except TimeoutError:
        listing.gap = silence_of("s3", seconds)
    except OpsctlError as error:
        listing.gap = gap_of("s3", error)
    except BaseExceptionGroup as errors:
        known = _first_known(errors)
        if not isinstance(known, OpsctlError):
            raise
        listing.gap = gap_of("s3", known)
    listing.add_up(is_complete=is_complete)
    if listing.tally is not None and listing.gap is not None and listing.gap.state == "timeout":
        listing.gap = None  # a long listing is no fault: the lower bound says what it is
    return listing


async def _read_all(listing: _Listing, objects: ObjectCounts, documents: DocumentCounts) -> None:
    if await listing.read(objects, None, None, PAGES_BEFORE_PARTS):
        return
    reached = listing.last_key or ""
    cuts = [cut for cut in await _find_cuts(documents) if cut > reached]
    bounds = [reached, *cuts]
    async with asyncio.TaskGroup() as group:
        for after, until in zip(bounds, [*cuts, None], strict=True):
            group.create_task(listing.read(objects, after, until))


async def _find_cuts(documents: DocumentCounts) -> Sequence[str]:
    """Where documents stand close together, cuts do as well: parts of about the same length."""
    try:
        segments = sorted(set(await documents.sample_segments(LISTING_PARTS * 8)))
    except OpsctlError:
        return ()  # one long part then; if Mongo is gone, the documents' own question says so
    step = max(1, len(segments) // LISTING_PARTS)
    return segments[::step][:LISTING_PARTS]


def _as_page(part: ObjectTally) -> ObjectPage:
    """One part, to be added to the whole."""
    return ObjectPage(part.count, part.size_bytes, part.oldest_at, part.newest_at, part.last_key or "")


# -- asking


async def _ask_job(jobs: JobSource | None, budget: Budget) -> JobAnswer | Gap | None:
    """Signing in may take a program of the cloud's a while: that has its own time."""
    if jobs is None:
        return None
    failed = await _ask("kubernetes", jobs.connect(), budget.sign_in_seconds)
    if isinstance(failed, Gap):
        return failed
    # The source keeps to its budget by itself, and then answers with what it has.
    seconds = budget.job_seconds
    return await _ask("kubernetes", jobs.read(seconds), None if seconds is None else seconds + 0.3)


async def _ask(source: str, question: Awaitable[T], seconds: float | None) -> T | Gap:
    """The answer, or the gap that is in its place."""
    try:
        async with asyncio.timeout(seconds):
            return await question
    except TimeoutError:
        return silence_of(source, seconds)
    except OpsctlError as error:
        return gap_of(source, error)


async def _within(question: Awaitable[T], seconds: float | None) -> T | None:
    """The answer, or None when the time does not suffice. A little is added for the way there and back."""
    try:
        async with asyncio.timeout(None if seconds is None else seconds + 0.3):
            return await question
    except TimeoutError:
        return None


def _mongo_hangs(seconds: float | None) -> UnavailableError:
    return UnavailableError(
        f"Mongo did not answer within {seconds or 0:g} s",
        hint="try again later, or find out what it is waiting for: opsctl config check",
    )


def _first_known(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one of ours if there is one, else the first."""
    found: BaseException = errors.subgroup(OpsctlError) or errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
