"""Whose run it is: starts, take-overs, races, and a process that wakes up too late."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from opsctl.errors import BusyError
from opsctl.migration.lease import acquire
from opsctl.migration.models import Counters, RunState, Selection
from opsctl.migration.run_record import LEASE_SECONDS, Heartbeat, Owner, ProcessIdentity, RunRecord, current_process
from tests.fakes.clock import FakeClock
from tests.fakes.runs import FakeRuns
from tests.fakes.wire import Wire

HERE = current_process()
ELSEWHERE = ProcessIdentity("node-7", "other-boot", "pid:[1]", 17, "4711")


class Office:
    """Run records and a clock, with what all starts have in common."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wire = Wire()
        self.runs = FakeRuns(self.wire)

    async def acquire(
        self, owner_id: str, *, selection: Selection | None = None, process: ProcessIdentity = ELSEWHERE
    ) -> tuple[RunRecord, Owner]:
        return await acquire(
            self.runs,
            selection=selection or Selection(),
            bucket="pictures",
            prefix="images",
            collection="vehicles",
            process=process,
            owner_id=owner_id,
            clock=self.clock,
        )

    async def keep_beating(self, run_id: str, owner: Owner) -> None:
        for sequence in range(1, 1000):
            assert await self.runs.beat(run_id, owner, Heartbeat(sequence, self.clock.now(), Counters()))
            await self.clock.sleep(5)


def dead_process() -> ProcessIdentity:
    """A process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return replace(HERE, pid=child.pid, started="1")


@contextmanager
def living_process() -> Iterator[ProcessIdentity]:
    """A process of this machine that lives as long as the block."""
    program = "from opsctl.migration.run_record import *; print(current_process().started, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        yield replace(HERE, pid=child.pid, started=child.stdout.readline().decode().strip())
        child.kill()


class TestStarts:
    async def test_the_first(self) -> None:
        office = Office()
        record, owner = await office.acquire("a")
        assert (record.run_id, record.sequence, record.starts, record.state) == ("vehicles-1", 1, 1, RunState.PLANNED)
        assert (record.lease.owner, record.lease.epoch, owner.epoch) == ("a", 1, 1)
        assert office.clock.monotonic() < 1.0

    async def test_an_unfinished_run_is_continued_with_the_next_epoch(self) -> None:
        office = Office()
        first, owner = await office.acquire("a")
        await office.runs.announce(first.run_id, owner, [1, 2])
        await office.runs.finish(first.run_id, owner, RunState.STOPPED, "stopped", office.clock.now())
        record, owner = await office.acquire("b")
        assert (record.run_id, record.starts, record.lease.epoch, owner.epoch) == ("vehicles-1", 2, 2, 2)
        assert (record.in_flight, record.state_reason, record.finished_at) == ((1, 2), None, None)
        assert office.clock.monotonic() < 1.0

    @pytest.mark.parametrize("state", [RunState.COMPLETE, RunState.COMPLETE_WITH_FAILURES])
    async def test_after_the_end_a_new_run_begins(self, state: RunState) -> None:
        office = Office()
        first, owner = await office.acquire("a")
        await office.runs.finish(first.run_id, owner, state, None, office.clock.now())
        record, owner = await office.acquire("b")
        assert (record.run_id, record.sequence, owner.epoch, record.in_flight) == ("vehicles-2", 2, 1, ())

    async def test_other_options_close_the_old_run_and_inherit_what_was_in_flight(self) -> None:
        office = Office()
        first, old = await office.acquire("a", process=dead_process())
        await office.runs.announce(first.run_id, old, ["x", "y"])
        record, _ = await office.acquire("b", selection=Selection(limit=3))
        closed = office.runs.records[first.run_id]
        assert (closed.state, closed.state_reason) == (RunState.STOPPED, "a run with other options took over")
        assert (record.run_id, record.selection, record.in_flight) == ("vehicles-2", Selection(limit=3), ("x", "y"))
        assert not await office.runs.beat(first.run_id, old, Heartbeat(1, office.clock.now(), Counters()))

    async def test_a_crash_between_closing_the_old_and_creating_the_new_run_forgets_nothing(self) -> None:
        office = Office()
        first, old = await office.acquire("a", process=dead_process())
        await office.runs.announce(first.run_id, old, ["x"])
        claimed = await office.runs.claim(first, Owner("b", 2, ELSEWHERE), office.clock.now())
        assert claimed is not None
        await office.runs.finish(first.run_id, Owner("b", 2, ELSEWHERE), RunState.STOPPED, "", office.clock.now())
        record, _ = await office.acquire("c", selection=Selection(limit=3))
        assert (record.run_id, record.in_flight) == ("vehicles-2", ("x",))


class TestTakingOver:
    async def test_a_dead_process_of_this_machine_at_once(self) -> None:
        office = Office()
        await office.acquire("a", process=dead_process())
        record, owner = await office.acquire("b", process=HERE)
        assert (record.starts, owner.epoch) == (2, 2)
        assert office.clock.monotonic() < 1.0

    async def test_a_process_number_that_is_somebody_elses_by_now(self) -> None:
        office = Office()
        await office.acquire("a", process=replace(HERE, started="1"))
        await office.acquire("b", process=HERE)
        assert office.clock.monotonic() < 1.0

    @pytest.mark.parametrize(
        "elsewhere",
        [replace(HERE, host="other"), replace(HERE, boot_id="other"), replace(HERE, namespace="other")],
        ids=["host", "boot", "namespace"],
    )
    async def test_the_dead_of_other_machines_boots_and_containers_are_waited_for(
        self, elsewhere: ProcessIdentity
    ) -> None:
        office = Office()
        await office.acquire("a", process=replace(elsewhere, pid=dead_process().pid, started="1"))
        await office.acquire("b", process=HERE)
        assert LEASE_SECONDS <= office.clock.monotonic() < LEASE_SECONDS + 2

    async def test_a_living_process_that_is_silent_for_a_lease(self) -> None:
        office = Office()
        await office.acquire("a", process=HERE)
        record, owner = await office.acquire("b", process=HERE)
        assert (record.lease.owner, owner.epoch) == ("b", 2)
        assert LEASE_SECONDS <= office.clock.monotonic() < LEASE_SECONDS + 2

    async def test_another_living_process_of_this_machine_is_busy_at_once_if_it_was_heard_of_lately(self) -> None:
        office = Office()
        with living_process() as other:
            await office.acquire("a", process=other)
            await office.clock.sleep(LEASE_SECONDS - 1)
            with pytest.raises(BusyError, match=f"run vehicles-1 is being worked on by process {other.pid}"):
                await office.acquire("b", process=HERE)
            assert office.clock.monotonic() < LEASE_SECONDS
            await office.clock.sleep(1)
            await office.acquire("b", process=HERE)
            assert 2 * LEASE_SECONDS <= office.clock.monotonic() < 2 * LEASE_SECONDS + 2

    async def test_one_that_renews_is_busy(self) -> None:
        office = Office()
        first, owner = await office.acquire("a")
        beating = asyncio.create_task(office.keep_beating(first.run_id, owner))
        await office.clock.sleep(1)
        with pytest.raises(BusyError, match="run vehicles-1 is being worked on by process 17 on node-7"):
            await office.acquire("b")
        beating.cancel()
        assert office.runs.newest.lease.owner == "a"

    async def test_one_that_gives_the_lease_back_meanwhile(self) -> None:
        office = Office()
        first, owner = await office.acquire("a")
        starting = asyncio.create_task(office.acquire("b"))
        await office.clock.sleep(4)
        await office.runs.finish(first.run_id, owner, RunState.STOPPED, None, office.clock.now())
        record, owner = await starting
        assert (record.run_id, owner.epoch) == ("vehicles-1", 2)
        assert office.clock.monotonic() < 7

    async def test_one_that_completes_meanwhile(self) -> None:
        office = Office()
        first, owner = await office.acquire("a")
        starting = asyncio.create_task(office.acquire("b"))
        await office.clock.sleep(4)
        await office.runs.finish(first.run_id, owner, RunState.COMPLETE, None, office.clock.now())
        record, _ = await starting
        assert record.run_id == "vehicles-2"


class TestRaces:
    async def test_of_two_that_create_one_wins(self) -> None:
        office = Office()
        results = await asyncio.gather(*map(self.start_and_beat, [office] * 2, "ab"), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["BusyError", "str"]
        assert list(office.runs.records) == ["vehicles-1"]

    async def test_of_eight_that_claim_one_wins(self) -> None:
        office = Office()
        await office.acquire("dead", process=dead_process())
        results = await asyncio.gather(*map(self.start_and_beat, [office] * 8, "abcdefgh"), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["BusyError"] * 7 + ["str"]
        winner = next(result for result in results if isinstance(result, str))
        assert (office.runs.newest.lease.owner, office.runs.newest.lease.epoch) == (winner, 2)

    async def start_and_beat(self, office: Office, owner_id: str) -> str:
        record, owner = await office.acquire(owner_id)
        for sequence in range(1, 8):
            assert await office.runs.beat(record.run_id, owner, Heartbeat(sequence, office.clock.now(), Counters()))
            await office.clock.sleep(5)
        return owner_id


class TestIdentity:
    def test_this_process_is_alive(self) -> None:
        assert not HERE.is_dead_here()
        assert HERE.is_alive_here()
        assert HERE.started

    def test_an_ended_one_is_dead(self) -> None:
        assert dead_process().is_dead_here()

    def test_one_that_has_ended_and_is_not_buried(self) -> None:
        program = "from opsctl.migration.run_record import *; print(current_process().started, flush=True); input()"
        child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        identity = replace(HERE, pid=child.pid, started=child.stdout.readline().decode().strip())
        assert not identity.is_dead_here()
        child.stdin.close()
        # Seen as ended by the system, still in its table because nobody has asked for its code.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert identity.is_dead_here()
        child.wait()
        child.stdout.close()

    def test_of_another_machine_nothing_is_known(self) -> None:
        assert not replace(dead_process(), host="elsewhere").is_dead_here()
