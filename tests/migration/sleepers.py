"""Processes of a world that are stopped, suspended or paused, and wake up."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from opsctl.migration.models import Selection
from opsctl.migration.ports import Services
from opsctl.migration.report import MigrationReport
from opsctl.migration.shards import ShardChoice
from opsctl.migration.start import migrate_images
from tests.fakes.clock import FakeClock
from tests.fakes.wire import Wire
from tests.fakes.world import World

T = TypeVar("T")


@dataclass(slots=True)
class SleepyWire(Wire):
    """Its process sleeps while `awake` is cleared: what it has sent arrives when it wakes up, before anything else."""

    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, name: str, effect: Callable[[], T]) -> T:
        if self.awake.is_set():
            # Zero arguments would need the class that `slots=True` has replaced.
            return await Wire.call(self, name, effect)
        await self.awake.wait()
        self.calls.append(name)
        return effect()


@dataclass(slots=True)
class PausedClock(FakeClock):
    """The clock of a virtual machine that was paused: no clock of it has noticed."""

    paused_at: float | None = None
    missed_seconds: float = 0.0

    def monotonic(self) -> float:
        seconds = asyncio.get_running_loop().time()
        return (seconds if self.paused_at is None else self.paused_at) - self.missed_seconds

    def resume(self) -> None:
        assert self.paused_at is not None
        self.missed_seconds += asyncio.get_running_loop().time() - self.paused_at
        self.paused_at = None


@dataclass(slots=True)
class Sleeper:
    """One process of a world, with connections and clocks of its own."""

    world: World
    shard: ShardChoice | None
    wire: SleepyWire = field(default_factory=SleepyWire)
    clock: PausedClock = field(default_factory=PausedClock)
    knows_the_time: bool = True
    asleep: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, selection: Selection | None = None) -> asyncio.Task[MigrationReport]:
        self.wire.awake.set()
        stores = [copy.copy(store) for store in (self.world.documents, self.world.images, self.world.objects)]
        for store in (*stores, runs := copy.copy(self.world.runs)):
            for name in ("_wire", "wire", "_clock", "clock"):
                if hasattr(store, name):
                    setattr(store, name, self.clock if "clock" in name else self.wire)
        documents, images, objects = stores
        services = Services(documents, images, objects, runs, self.clock)  # type: ignore[arg-type]
        return asyncio.create_task(
            migrate_images(
                self.world.settings(selection),
                services,
                owner_id="sleeper",
                stop=asyncio.Event(),
                on_progress=lambda _moment: None,
                shard=self.shard,
            )
        )

    def fall_asleep(self) -> None:
        self.wire.awake.clear()
        self.asleep.set()
        if not self.knows_the_time:
            self.clock.paused_at = self.clock.monotonic() + self.clock.missed_seconds

    def doze_before(self, name: str) -> None:
        """Fall asleep with the next call of this name on its way."""

        async def doze() -> None:
            self.fall_asleep()
            await self.wire.awake.wait()

        self.wire.before(name, doze)

    def wake_up(self) -> None:
        if not self.knows_the_time:
            self.clock.resume()
        self.wire.awake.set()
