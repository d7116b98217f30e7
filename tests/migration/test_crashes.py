"""A run that dies at any call to any service, before or after the service did it, loses and repeats nothing."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from opsctl.migration.keys import HASH_DIGITS
from opsctl.migration.models import Download, RunState
from opsctl.migration.plan import plan_document, result_fields
from opsctl.migration.run_record import LEASE_SECONDS
from tests.fakes.images import GONE, LATER, jpeg
from tests.fakes.virtual_time import run_virtual
from tests.fakes.wire import CrashError, CrashPoint
from tests.fakes.world import LIMITS, World

HOST = "https://img.example.com"
FLAKY = f"{HOST}/flaky.jpg"
MISSING = f"{HOST}/missing.jpg"
TWICE = f"{HOST}/a0.jpg"


def make_world() -> World:
    """Six documents: every shape, one image that is gone, one that only the second run gets, one of the old Job."""
    world = World(limits=replace(LIMITS, workers=2, retry_base_seconds=0.1))
    documents = world.documents
    documents.insert(
        id="a",
        vehicle_name="현대 투싼",
        main_image=TWICE,
        exterior_images=[f"{HOST}/a1.jpg", None, f"{HOST}/a1.jpg"],
        color_images=[{"color_name": "흰색", "image_url": f"{HOST}/a2.jpg", "hex": "#fff"}, TWICE],
        views=7,
    )
    documents.insert(id="a-1", vehicle_name="기아 모닝", main_image=f"{HOST}/b0.jpg", image_url=MISSING)
    documents.insert(id="b", vehicle_name="기아 레이", main_image=FLAKY, image_url=f"{HOST}/c0.jpg")
    documents.insert(id="c", vehicle_name="제네시스", interior_images=[f"{HOST}/d{n}.jpg" for n in range(3)])
    documents.insert(id="d", vehicle_name="no images")
    documents.insert(id="e", vehicle_name="bad", main_image="javascript:alert(1)", image_url=f"{HOST}/e0.jpg")
    world.images.answers[MISSING] = [GONE]
    world.images.answers[FLAKY] = [LATER, LATER, LATER, Download(jpeg(FLAKY))]
    return world


async def start_until_crash(world: World, point: CrashPoint | None) -> bool:
    """One process; True when it died."""
    try:
        await world.start(crash=point)
    except CrashError:
        return True
    except BaseExceptionGroup as errors:
        if errors.subgroup(CrashError) is None:
            raise
        return True
    return False


def check_nothing_false(world: World) -> None:
    """Whatever a document says at this moment is true."""
    for row in world.documents.rows:
        for entry in row.stored:
            found = world.objects.stored[entry.key]
            assert (found.sha256, len(found.body)) == (entry.sha256, entry.size_bytes)
            assert found.body == jpeg(entry.original_url)
        if row.is_processed:
            planned = {image.ref for image in plan_document(row.original, world.mapping).images}
            final = {failure.ref for failure in row.failed if failure.failure_class.is_final}
            assert planned == {entry.ref for entry in row.stored} | final
            urls = {entry.ref: entry.s3_url for entry in row.stored}
            assert row.results == result_fields(row.original, world.mapping, urls)


async def check_end(world: World, originals: list[dict[str, object]]) -> None:
    """All that can be stored is, once, and nothing else; the originals are what they were."""
    check_nothing_false(world)
    assert world.documents.originals == originals
    assert [row.original["_id"] for row in world.documents.rows if not row.is_processed] == []
    failed = {failure.ref.url for row in world.documents.rows for failure in row.failed}
    assert failed == {MISSING, "javascript:alert(1)"}
    entries = [entry for row in world.documents.rows for entry in row.stored]
    assert len(entries) == 11
    assert sorted(entry.key for entry in entries) == sorted(world.objects.stored)
    report = await world.verify()
    assert (report.difference_count, report.documents_verified, report.objects) == (0, 6, 11)
    assert world.runs.newest.state is RunState.COMPLETE_WITH_FAILURES
    assert world.runs.newest.in_flight == ()


async def finish(world: World) -> None:
    """Start again until nothing is left, as an operator or a scheduler would."""
    for _ in range(3):
        report = await world.start()
        if report.open_documents == 0:
            return
    raise AssertionError("three more starts did not finish it")


def count_calls() -> int:
    async def work() -> int:
        world = make_world()
        await world.start()
        return len(world.wire.calls)

    return int(run_virtual(work))


CALLS = count_calls()


def test_the_run_without_a_crash() -> None:
    async def work() -> None:
        world = make_world()
        originals = world.documents.originals
        report = await world.start()
        assert (report.state, report.open_documents) == (RunState.STOPPED, 1)
        check_nothing_false(world)
        await finish(world)
        await check_end(world, originals)

    run_virtual(work)


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_a_crash_at_every_call(after_effect: bool) -> None:
    async def work(number: int) -> None:
        world = make_world()
        originals = world.documents.originals
        assert await start_until_crash(world, CrashPoint(number, after_effect))
        check_nothing_false(world)
        there = Counter(key.rpartition("/")[2][:HASH_DIGITS] for key in world.objects.stored)
        seconds = world.clock.monotonic()
        requests = len(world.images.requests)
        await finish(world)
        await check_end(world, originals)
        assert world.clock.monotonic() - seconds < 4 * LEASE_SECONDS
        for request in world.images.requests[requests:]:
            places = 2 if request.url == TWICE else 1
            assert there[hash_of(request.url)] < places, f"{request.url} is in the bucket and was fetched again"

    assert CALLS > 40
    for number in range(1, CALLS + 1):
        run_virtual(partial(work, number))


def test_many_crashes_in_a_row() -> None:
    async def work(seed: int) -> None:
        dice = random.Random(seed)
        world = make_world()
        originals = world.documents.originals
        for _ in range(8):
            point = CrashPoint(dice.randint(1, CALLS), dice.random() < 0.5)
            await start_until_crash(world, point)
            check_nothing_false(world)
        await finish(world)
        await check_end(world, originals)

    for seed in range(40):
        run_virtual(partial(work, seed))


def hash_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:HASH_DIGITS]
