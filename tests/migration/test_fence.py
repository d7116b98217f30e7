"""Shutting late writers out of documents."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from opsctl.errors import UnavailableError
from opsctl.migration.fence import FENCED_AT_ONCE, Fence
from opsctl.migration.models import (
    DocumentUpdate,
    FailureClass,
    ImageFailure,
    ImageRef,
    RecordOutcome,
    SourceDocument,
)
from opsctl.migration.patience import Patience
from tests.fakes.world import World

URL = "https://img.example.com/1.jpg"


def make_fence(world: World) -> Fence:
    patience = Patience(world.limits.outage_seconds, world.clock, asyncio.Event())
    return Fence("vehicles-1", world.documents, patience, world.clock)


async def read(world: World, identifier: object) -> SourceDocument:
    document = await world.documents.read(identifier)
    assert document is not None
    return document


def finish(world: World, document: SourceDocument) -> DocumentUpdate:
    """What a process is about to write that has read the document."""
    return DocumentUpdate(document, "vehicles-1", {"s3_main_image": None}, (), (), world.clock.now())


async def test_what_was_read_before_the_fence_is_written_no_more() -> None:
    world = World()
    world.documents.insert(id="x", main_image=URL)
    late = finish(world, await read(world, "x"))
    assert await make_fence(world).raise_around(["x"]) == ("x",)
    assert await world.documents.record(late) is RecordOutcome.CONFLICT
    row = world.documents.row("x")
    assert (row.is_processed, row.stored, row.failed, row.run_id) == (False, (), (), "vehicles-1")
    assert await world.documents.record(finish(world, await read(world, "x"))) is RecordOutcome.RECORDED


async def test_what_is_known_of_an_open_document_stays() -> None:
    world = World()
    world.documents.insert(id="x", main_image=URL)
    failure = ImageFailure(ImageRef("basic", None, URL), FailureClass.LATER, "slow", 2, world.clock.now())
    world.documents.replace_row("x", run_id="vehicles-7", failed=(failure,), written_at=world.clock.now())
    await world.clock.sleep(1)
    await make_fence(world).raise_around(["x"])
    row = world.documents.row("x")
    assert (row.run_id, row.failed) == ("vehicles-7", (failure,))
    assert row.written_at == world.clock.now() - timedelta(milliseconds=1), "when it was sent"


async def test_a_clock_that_is_behind_shuts_as_well() -> None:
    world = World()
    world.documents.insert(id="x", main_image=URL)
    ahead = world.clock.now() + timedelta(hours=1)
    world.documents.replace_row("x", written_at=ahead)
    late = finish(world, await read(world, "x"))
    await make_fence(world).raise_around(["x"])
    assert world.documents.row("x").written_at == ahead + timedelta(milliseconds=1)
    assert await world.documents.record(late) is RecordOutcome.CONFLICT


async def test_the_processed_and_the_gone_are_left_alone() -> None:
    world = World()
    for identifier in ("done", "open"):
        world.documents.insert(id=identifier, main_image=URL)
    await world.documents.record(finish(world, await read(world, "done")))
    before = world.documents.row("done")
    assert await make_fence(world).raise_around(["done", "gone", "open"]) == ("open",)
    assert world.documents.row("done") == before


async def test_a_late_update_that_comes_first_is_what_there_is() -> None:
    world = World()
    world.documents.insert(id="x", main_image=URL)
    late = finish(world, await read(world, "x"))

    async def arrive() -> None:
        assert await world.documents.record(late) is RecordOutcome.RECORDED

    world.wire.before("documents.record", arrive)
    assert await make_fence(world).raise_around(["x"]) == ()
    assert world.documents.row("x").written_at == late.finished_at


async def test_many_are_shut_some_at_once() -> None:
    world = World()
    world.wire.latency_seconds = 1.0
    identifiers = list(range(3 * FENCED_AT_ONCE))
    for identifier in identifiers:
        world.documents.insert(id=identifier, main_image=URL)
    assert await make_fence(world).raise_around(identifiers) == tuple(identifiers)
    assert world.clock.monotonic() == pytest.approx(6.0, abs=0.1)


async def test_an_outage_is_waited_out_and_a_long_one_is_one_error() -> None:
    world = World()
    world.documents.insert(id="x", main_image=URL)
    world.documents.insert(id="y", main_image=URL)
    world.wire.down.add("documents")
    asyncio.get_running_loop().call_later(20.0, world.wire.down.discard, "documents")
    assert await make_fence(world).raise_around(["x", "y"]) == ("x", "y")
    world.wire.down.add("documents")
    with pytest.raises(UnavailableError):
        await make_fence(world).raise_around(["x", "y"])
