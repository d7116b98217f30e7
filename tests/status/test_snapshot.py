"""All sources at once, each within its own time. Time is virtual: a second of waiting costs nothing and is exact."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opsctl.errors import AccessDeniedError, ConfigError, DataError, NotFoundError, OpsctlError, UnavailableError
from opsctl.status.answers import Gap, ImageTally, Snapshot
from opsctl.status.job import Job
from opsctl.status.ports import StatusSources
from opsctl.status.snapshot import DEFAULT_BUDGET, RECOUNT_BUDGET, Budget, take_snapshot
from tests.fakes.virtual_time import run_virtual
from tests.status.sources import FOR_EVER, FakeDocuments, FakeJobs, FakeObjects, FakeRuns, FixedClock, sources
from tests.status.values import ago, run, tally

KEYS = [f"{document:03}/{image}.jpg" for document in range(100) for image in range(3)]


def take(given: StatusSources, budget: Budget = DEFAULT_BUDGET) -> tuple[Snapshot, float]:
    """The snapshot, and how many (virtual) seconds it took."""

    async def work() -> Any:
        return await take_snapshot(given, FixedClock(), budget), asyncio.get_running_loop().time()

    taken: tuple[Snapshot, float] = run_virtual(work)
    return taken


def test_everything_that_answers_is_in_the_snapshot() -> None:
    job = Job("car-image-migration", "apc-backup-ns", 1, 0, 0, ago(2640))
    taken, seconds = take(sources(objects=FakeObjects(KEYS), jobs=FakeJobs(job)))
    assert (taken.documents, taken.processed, taken.partial) == (475, 95, 0)
    assert taken.images == tally()
    assert taken.objects is not None
    assert (taken.objects.count, taken.objects.size_bytes, taken.objects.is_complete) == (300, 3000, True)
    assert (taken.job, taken.run, taken.gaps) == (job, None, ())
    assert seconds < 0.5


def test_sources_are_asked_at_the_same_time() -> None:
    slow = FakeDocuments(delays=dict.fromkeys(["all", "processed", "partial", "estimate_total", "count_images"], 1.0))
    _, seconds = take(
        sources(slow, FakeRuns(delay_seconds=0.5), FakeObjects(["a/1"], 1.0), FakeJobs(delay_seconds=1.0))
    )
    assert seconds < 1.6


@pytest.mark.parametrize("source", ["documents", "images", "runs", "objects", "jobs"])
def test_a_source_that_hangs_delays_nothing_beyond_its_own_time(source: str) -> None:
    hanging = dict.fromkeys(["all", "processed", "partial"] if source == "documents" else ["count_images"], FOR_EVER)
    given = sources(
        FakeDocuments(delays=hanging if source in ("documents", "images") else {}),
        FakeRuns(delay_seconds=FOR_EVER if source == "runs" else 0.01),
        FakeObjects(["a/1"], FOR_EVER if source == "objects" else 0.01),
        FakeJobs(Job("j", "n", 1, 0, 0, None), FOR_EVER if source == "jobs" else 0.01),
    )
    taken, seconds = take(given)
    assert seconds < 2.0
    silent = {"runs": "run_record", "objects": "s3", "jobs": "kubernetes"}.get(source)
    assert [(gap.source, gap.state) for gap in taken.gaps] == ([(silent, "timeout")] if silent else [])
    if source == "documents":
        assert (taken.documents, taken.processed, taken.documents_estimate) == (None, None, 475)
    if source == "images":
        assert taken.images == ImageTally(is_complete=False)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UnavailableError("down"), "unavailable"),
        (AccessDeniedError("no"), "denied"),
        (NotFoundError("no bucket"), "not_found"),
        (DataError("what?"), "unreadable"),
        (ConfigError("no such context"), "misconfigured"),
        (OpsctlError("what is this?"), "unavailable"),
    ],
)
@pytest.mark.parametrize("source", ["s3", "run_record", "kubernetes"])
def test_a_source_that_fails_becomes_a_gap(source: str, error: OpsctlError, state: str) -> None:
    given = sources(
        runs=FakeRuns(error=error if source == "run_record" else None),
        objects=FakeObjects(["a/1"], error=error if source == "s3" else None),
        jobs=FakeJobs(error=error) if source == "kubernetes" else None,
    )
    taken, _ = take(given)
    assert taken.gaps == (Gap(source, state, error.message),)
    assert taken.documents == 475


def test_signing_in_may_take_longer_than_an_answer() -> None:
    given = Job("j", "n", 1, 0, 0, None)
    taken, seconds = take(sources(jobs=FakeJobs(given, connect_delay_seconds=4.0)))
    assert (taken.job, taken.gaps) == (given, ())
    assert 4.0 < seconds < 4.5
    taken, seconds = take(sources(jobs=FakeJobs(given, connect_delay_seconds=FOR_EVER)))
    assert (taken.job, [gap.state for gap in taken.gaps]) == (None, ["timeout"])
    assert seconds < 6.0


def test_a_cluster_that_cannot_be_signed_in_to_is_a_gap() -> None:
    given = FakeJobs(Job("j", "n", 1, 0, 0, None), connect_error=ConfigError("no such context"))
    taken, _ = take(sources(jobs=given))
    assert (taken.job, taken.gaps) == (None, (Gap("kubernetes", "misconfigured", "no such context"),))


def test_what_of_the_job_could_not_be_read_is_beside_it() -> None:
    given = Job("j", "n", 1, 0, 0, None, pods=None)
    missing = Gap("kubernetes", "denied", "pods cannot be listed")
    taken, _ = take(sources(jobs=FakeJobs(given, gaps=(missing,))))
    assert (taken.job, taken.gaps) == (given, (missing,))


def test_a_failure_in_the_middle_of_a_long_listing_is_a_gap_that_keeps_what_was_counted() -> None:
    documents = FakeDocuments(segments=[f"{document:03}" for document in range(100)])
    taken, _ = take(sources(documents, objects=FakeObjects(KEYS, error=UnavailableError("gone"), error_after_pages=2)))
    assert taken.objects is None or not taken.objects.is_complete
    taken, _ = take(sources(objects=FakeObjects(KEYS, error=UnavailableError("gone"), error_after_pages=5)))
    assert [gap.state for gap in taken.gaps] == ["unavailable"]
    assert taken.objects is not None
    assert (taken.objects.is_complete, taken.objects.count) == (False, 80)


@pytest.mark.parametrize("method", ["check", "all", "processed", "count_images"])
@pytest.mark.parametrize("error", [UnavailableError("down"), AccessDeniedError("no"), NotFoundError("no collection")])
def test_the_collection_itself_must_answer(method: str, error: OpsctlError) -> None:
    with pytest.raises(type(error)) as raised:
        take(sources(FakeDocuments(errors={method: error})))
    assert raised.value is error


def test_mongo_that_accepts_and_never_answers_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        take(sources(FakeDocuments(delays={"check": FOR_EVER})))
    silent = dict.fromkeys(["all", "processed", "partial", "estimate_total", "count_images"], FOR_EVER)
    with pytest.raises(UnavailableError):
        take(sources(FakeDocuments(delays=silent)))


def test_no_walk_while_a_run_counts_along() -> None:
    documents = FakeDocuments()
    taken, _ = take(sources(documents, FakeRuns(run())))
    assert taken.images is None
    assert "count_images" not in documents.asked
    assert "has_foreign_writer" in documents.asked


@pytest.mark.parametrize(
    "record",
    [run(heartbeat_at=ago(31)), run(is_process_gone=True), run(state="stopped"), run(state="complete"), run(plan=None)],
    ids=["silent", "process gone", "stopped", "complete", "not planned yet"],
)
def test_a_walk_when_nobody_counts_along(record: Any) -> None:
    assert take(sources(runs=FakeRuns(record)))[0].images == tally()


def test_recount_walks_in_any_case_and_has_all_the_time() -> None:
    documents = FakeDocuments(delays={"count_images": 500.0, "all": 300.0})
    taken, seconds = take(sources(documents, FakeRuns(run()), FakeObjects(KEYS, 10.0)), RECOUNT_BUDGET)
    assert taken.images == tally()
    assert taken.objects is not None
    assert (taken.objects.count, taken.objects.is_complete, taken.documents) == (300, True, 475)
    assert seconds == pytest.approx(500, abs=1)


def test_a_short_listing_is_read_in_one_go() -> None:
    objects = FakeObjects(KEYS[:20])
    take(sources(objects=objects))
    assert objects.ranges == [(None, None)]


def test_a_long_listing_is_read_in_parts_side_by_side() -> None:
    objects = FakeObjects(KEYS)
    documents = FakeDocuments(segments=[f"{document:03}" for document in range(0, 100, 3)])
    taken, _ = take(sources(documents, objects=objects))
    assert taken.objects is not None
    assert (taken.objects.count, taken.objects.size_bytes, taken.objects.is_complete) == (300, 3000, True)
    assert objects.most_at_once > 8
    parts = objects.ranges[1:]
    assert parts[0][0] == "009/2.jpg"
    assert [after for after, _ in parts[1:]] == [until for _, until in parts[:-1]]
    assert parts[-1][1] is None


@pytest.mark.parametrize(
    "segments",
    [[], ["000"], ["zzz"], ["050"] * 40, ["차", "ab-1", "ab", "5", "099/9"], [f"{number:03}" for number in range(200)]],
    ids=["none", "before the first", "behind the last", "all the same", "any text", "more than parts"],
)
def test_every_object_is_counted_once_wherever_the_listing_is_cut(segments: list[str]) -> None:
    keys = [*KEYS, "ab-1/1.jpg", "ab/1.jpg", "str-5f/1.jpg", "차/1.jpg"]
    taken, _ = take(sources(FakeDocuments(segments=segments), objects=FakeObjects(keys)))
    assert taken.objects is not None
    assert (taken.objects.count, taken.objects.is_complete) == (len(keys), True)


def test_a_listing_that_takes_too_long_gives_what_it_has_seen() -> None:
    taken, seconds = take(sources(objects=FakeObjects(KEYS, delay_seconds=0.35)))
    assert taken.objects is not None
    assert (taken.objects.count, taken.objects.is_complete) == (30, False)
    assert taken.gaps == ()
    assert seconds < 2.0


def test_what_is_not_configured_is_not_asked() -> None:
    gap = Gap("s3", "not_configured", "no section s3")
    taken, _ = take(StatusSources(FakeDocuments(), FakeRuns(), gaps=(gap,)))
    assert (taken.objects, taken.job, taken.gaps) == (None, None, (gap,))
