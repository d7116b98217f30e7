"""Writing one document: tries, conflicts and the lease that is asked for."""

from __future__ import annotations

import asyncio

import pytest

from opsctl.errors import BusyError
from opsctl.migration.document_writer import DocumentWriter
from opsctl.migration.models import DocumentUpdate
from opsctl.migration.patience import Patience
from opsctl.migration.pulse import Pulse
from opsctl.migration.run_record import LEASE_SECONDS
from opsctl.migration.tally import Tally
from opsctl.migration.transfer import TransferFigures
from tests.contract.run_store import A, B, make_record
from tests.fakes.world import World


class Desk:
    """A writer on a world with one document, `x`."""

    def __init__(self, *, retry_failed: bool = False) -> None:
        self.world = World()
        self.world.documents.insert(id="x", main_image="https://img.example.com/1.jpg")
        self.world.runs.records["vehicles-1"] = make_record()
        self.tally = Tally(TransferFigures(), retry_failed)
        patience = Patience(self.world.limits.outage_seconds, self.world.clock, asyncio.Event())
        runs = self.world.runs
        self.writer = DocumentWriter(
            documents=self.world.documents,
            pulse=Pulse("vehicles-1", A, runs, self.world.clock, patience, self.tally.snapshot, lambda: None),
            patience=patience,
            tally=self.tally,
            note_failure=lambda identifier, reason: runs.note_document_failure("vehicles-1", A, identifier, reason),
            retry_failed=retry_failed,
        )

    async def read(self) -> DocumentUpdate:
        """What is to be written."""
        document = await self.world.documents.read("x")
        assert document is not None
        return DocumentUpdate(document, "vehicles-1", {"s3_main_image": None}, (), (), self.world.clock.now())

    async def be_taken_over(self) -> None:
        assert await self.world.runs.claim(self.world.runs.newest, B, self.world.clock.now())


async def test_a_write_is_counted() -> None:
    desk = Desk()
    assert await desk.writer.write(await desk.read()) is None
    assert (desk.tally.counters.documents_complete, desk.world.documents.row("x").is_processed) == (1, True)
    assert "runs.beat" not in desk.world.wire.calls, "a fresh lease costs nothing"


async def test_one_that_is_tried_again_asks_for_the_lease_again() -> None:
    desk = Desk()
    update = await desk.read()
    desk.world.wire.down.add("documents")
    writing = asyncio.create_task(desk.writer.write(update))
    await desk.be_taken_over()
    await asyncio.sleep(LEASE_SECONDS)
    desk.world.wire.down.clear()
    with pytest.raises(BusyError):
        await writing
    assert not desk.world.documents.row("x").is_processed


async def test_a_conflict_is_given_back_under_a_lease_that_was_confirmed_after_the_reading() -> None:
    desk = Desk()
    update = await desk.read()
    desk.world.documents.change("x", main_image=None)
    current = await desk.writer.write(update)
    assert current is not None
    assert current.original["main_image"] is None
    assert desk.world.wire.calls[-2:] == ["documents.read", "runs.beat"]
    assert desk.tally.counters.conflicts == 1


async def test_a_conflict_after_a_taking_over_ends_the_run() -> None:
    desk = Desk()
    update = await desk.read()
    desk.world.documents.change("x", main_image=None)
    await desk.be_taken_over()
    with pytest.raises(BusyError):
        await desk.writer.write(update)


@pytest.mark.parametrize("retry_failed", [False, True])
async def test_what_somebody_else_has_done_is_done(retry_failed: bool) -> None:
    desk = Desk(retry_failed=retry_failed)
    update = await desk.read()
    desk.world.documents.replace_row("x", is_processed=True)
    assert (await desk.writer.write(update) is None) is not retry_failed
    assert (desk.tally.counters.conflicts, desk.tally.counters.documents_complete) == (1, 0)


async def test_an_answer_that_was_lost_is_no_conflict() -> None:
    desk = Desk()
    desk.world.wire.lose_answers("documents.record")
    assert await desk.writer.write(await desk.read()) is None
    assert (desk.tally.counters.conflicts, desk.tally.counters.documents_complete) == (0, 1)
