"""The heartbeat by itself: when it is due, what it counts, and that a stale lease is never written under."""

from __future__ import annotations

import asyncio

import pytest

from opsctl.errors import BusyError, UnavailableError
from opsctl.migration.models import Counters
from opsctl.migration.patience import Patience
from opsctl.migration.pulse import Pulse
from opsctl.migration.run_record import BUCKET_SECONDS, LEASE_SECONDS, RENEW_SECONDS, Owner
from tests.contract.run_store import A, B, make_record
from tests.fakes.clock import FakeClock
from tests.fakes.runs import FakeRuns
from tests.fakes.wire import Wire
from tests.fakes.world import LIMITS, World


class Heart:
    """A pulse, with a counter that the test turns."""

    def __init__(self, owner: Owner = A) -> None:
        self.clock = FakeClock()
        self.wire = Wire()
        self.runs = FakeRuns(self.wire)
        self.runs.records["vehicles-1"] = make_record()
        self.done = Counters()
        patience = Patience(60.0, self.clock, asyncio.Event())
        self.pulse = Pulse("vehicles-1", owner, self.runs, self.clock, patience, lambda: self.done, lambda: None)

    @property
    def beats(self) -> int:
        return self.wire.calls.count("runs.beat")

    def finish_images(self, count: int) -> None:
        self.done = self.done.plus(Counters(images_stored=count))


async def test_a_beat_is_due_after_five_seconds() -> None:
    heart = Heart()
    await heart.pulse.beat_if_due()
    assert heart.beats == 0
    await heart.clock.sleep(RENEW_SECONDS)
    await heart.pulse.beat_if_due()
    await heart.pulse.beat_if_due()
    assert (heart.beats, heart.runs.newest.lease.renewals) == (1, 1)


async def test_a_fresh_lease_is_held_without_a_question() -> None:
    heart = Heart()
    await heart.clock.sleep(LEASE_SECONDS - RENEW_SECONDS - 0.5)
    await heart.pulse.hold()
    assert heart.beats == 0


async def test_an_old_one_is_renewed_before_a_write_and_by_one_writer_only() -> None:
    heart = Heart()
    await heart.clock.sleep(LEASE_SECONDS)
    await asyncio.gather(*(heart.pulse.hold() for _ in range(16)))
    assert (heart.beats, heart.runs.newest.lease.renewals) == (1, 1)


@pytest.mark.parametrize("clock", ["suspended_seconds", "wall_ahead_seconds"])
async def test_a_sleep_that_only_one_clock_has_seen_makes_it_old(clock: str) -> None:
    heart = Heart()
    await heart.clock.sleep(1)
    setattr(heart.clock, clock, LEASE_SECONDS - RENEW_SECONDS - 2)
    await heart.pulse.hold()
    assert heart.beats == 0
    setattr(heart.clock, clock, LEASE_SECONDS)
    await heart.pulse.hold()
    await heart.pulse.hold()
    assert heart.beats == 1


async def test_a_time_of_day_that_is_set_back_makes_nothing_fresh() -> None:
    heart = Heart()
    heart.clock.wall_ahead_seconds = -3600.0
    await heart.clock.sleep(LEASE_SECONDS)
    await heart.pulse.hold()
    assert heart.beats == 1


async def test_one_that_is_somebody_elses_is_not_written_under() -> None:
    heart = Heart()
    await heart.clock.sleep(LEASE_SECONDS)
    assert await heart.runs.claim(heart.runs.newest, B, heart.clock.now())
    with pytest.raises(BusyError, match="taken over by another process"):
        await heart.pulse.hold()


async def test_a_beat_that_is_answered_late_makes_no_fresh_lease() -> None:
    heart = Heart()
    await heart.clock.sleep(RENEW_SECONDS)
    heart.wire.before("runs.beat", lambda: heart.clock.sleep(12))
    await heart.pulse.beat_if_due()
    assert heart.beats >= 2, "by the time of the answer the lease was old again"
    heart.wire.before("runs.beat", lambda: heart.clock.sleep(12))
    await heart.clock.sleep(LEASE_SECONDS)
    await heart.pulse.hold()
    assert heart.runs.newest.lease.renewals == heart.beats


async def test_what_is_done_while_an_answer_is_lost_is_in_the_next_beat() -> None:
    heart = Heart()
    heart.finish_images(3)
    heart.wire.lose_answers("runs.beat")
    with pytest.raises(UnavailableError):
        await heart.pulse.beat()
    heart.finish_images(4)
    await heart.pulse.beat()
    assert heart.runs.newest.counters.images_stored == 3, "the same beat again, counted once"
    await heart.pulse.beat(last=True)
    assert heart.runs.newest.counters.images_stored == 7


async def test_the_last_beat_follows_one_that_was_lost() -> None:
    heart = Heart()
    heart.pulse.start_buckets()
    heart.finish_images(3)
    heart.wire.lose_answers("runs.beat")
    with pytest.raises(UnavailableError):
        await heart.pulse.beat()
    heart.finish_images(4)
    await heart.clock.sleep(2)
    await heart.pulse.beat(last=True)
    record = heart.runs.newest
    assert (record.counters.images_stored, record.lease.renewals) == (7, 2)
    assert sum(bucket.images for bucket in record.buckets) == 7


async def test_a_bucket_is_closed_after_ten_seconds() -> None:
    heart = Heart()
    await heart.pulse.beat()
    heart.pulse.start_buckets()
    for _ in range(6):
        heart.finish_images(2)
        await heart.clock.sleep(RENEW_SECONDS)
        await heart.pulse.beat_if_due()
    buckets = heart.runs.newest.buckets
    assert [bucket.images for bucket in buckets] == [4, 4, 4]
    assert all(bucket.seconds >= BUCKET_SECONDS for bucket in buckets)


async def test_a_run_whose_beats_do_not_get_through_writes_no_document() -> None:
    world = World(limits=LIMITS)
    for number in range(4):
        world.documents.insert(id=number, main_image=f"https://img.example.com/{number}.jpg")
    world.images.seconds_per_image = 30.0
    late = asyncio.create_task(world.start())
    await asyncio.sleep(2)
    world.wire.before("runs.beat", lambda: asyncio.sleep(45))
    report = await world.start()
    assert (report.counters.documents_complete, report.counters.conflicts) == (4, 0)
    with pytest.raises(BusyError):
        await late
    assert world.wire.calls.count("documents.record") == 2 * 4, "each fenced and done; the late process has tried none"
