"""A collection that several processes work on, and what must hold at the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from bson import ObjectId
from hypothesis import strategies as st

from opsctl.migration.models import RunState
from opsctl.migration.report import MigrationReport
from opsctl.migration.shards import ShardChoice
from tests.fakes.world import LIMITS, World

HOST = "https://img.example.com"
IDS = st.one_of(
    st.integers(-50, 50),
    st.text("abz가", max_size=3),
    st.integers(1, 200).map(lambda number: ObjectId(f"{number:024x}")),
)
MANY: dict[object, int] = {f"d{n:02d}": 1 + n % 3 for n in range(12)}


def make_world(images: dict[object, int], **limits: object) -> World:
    """A collection of documents with as many images each."""
    world = World(limits=replace(LIMITS, workers=3, **limits))  # type: ignore[arg-type]
    for number, (identifier, count) in enumerate(images.items()):
        urls = [f"{HOST}/{number}-{n}.jpg" for n in range(count)]
        world.documents.insert(id=identifier, vehicle_name=f"car {number}", exterior_images=urls)
    return world


async def check_all_done(world: World, images: dict[object, int], *, fetched_once: bool = True) -> None:
    """Nothing is lost, stored twice or falsely done, and the record says what happened."""
    assert all(row.is_processed for row in world.documents.rows)
    entries = [entry for row in world.documents.rows for entry in row.stored]
    assert len(entries) == sum(images.values())
    assert sorted(entry.key for entry in entries) == sorted(world.objects.stored)
    report = await world.verify()
    assert (report.difference_count, report.objects) == (0, len(entries))
    if fetched_once:
        assert set(Counter(request.url for request in world.images.requests).values()) <= {1}
    record = world.runs.newest
    assert record.state is RunState.COMPLETE
    assert record.plan is not None
    done = record.counters
    assert record.plan.documents == len(images)
    assert record.plan.images_stored + done.images_stored == record.plan.images == len(entries)
    if record.shard_count is not None:
        assert sum(shard.counters.images_stored for shard in record.shards) == done.images_stored
    assert all(lease.owner is None for lease in record.leases)
    assert not any(shard.in_flight for shard in record.shards)


async def begin(world: World, *choices: ShardChoice | None) -> list[asyncio.Task[MigrationReport]]:
    """Processes that work for a while."""
    world.images.seconds_per_image = 30.0
    tasks = [asyncio.create_task(world.start(shard=choice)) for choice in choices]
    await world.clock.sleep(3.0)
    assert not any(task.done() for task in tasks)
    return tasks


async def kill(tasks: list[asyncio.Task[MigrationReport]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
