"""All fakes of a migration together, and starts of it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field

from opsctl.migration.models import ImageMapping, KeyLayout, Selection, Settings, TransferLimits
from opsctl.migration.ports import Services
from opsctl.migration.report import MigrationReport, Progress
from opsctl.migration.shards import ShardChoice
from opsctl.migration.start import migrate_images, plan_only
from opsctl.migration.verify import VerifyReport, verify
from tests.fakes.clock import FakeClock
from tests.fakes.documents import FakeDocuments
from tests.fakes.images import FakeImages
from tests.fakes.objects import FakeObjects
from tests.fakes.runs import FakeRuns
from tests.fakes.wire import CrashPoint, Wire

MAPPING = ImageMapping(base_url="https://cdn.example.com/")
LAYOUT = KeyLayout(bucket="pictures", prefix="images", collection="vehicles", region="us-east-1")
LIMITS = TransferLimits(workers=4, per_host_rate=0.0, outage_seconds=60.0, drain_seconds=5.0)


@dataclass(slots=True)
class World:
    """A collection, a bucket, image hosts and run records; to be made inside a running virtual loop."""

    limits: TransferLimits = LIMITS
    layout: KeyLayout = LAYOUT
    mapping: ImageMapping = MAPPING
    largest_bytes: int = 16 * 1024 * 1024
    wire: Wire = field(default_factory=Wire)
    clock: FakeClock = field(default_factory=FakeClock)
    documents: FakeDocuments = field(init=False)
    objects: FakeObjects = field(init=False)
    images: FakeImages = field(init=False)
    runs: FakeRuns = field(init=False)
    progress: list[Progress] = field(default_factory=list)
    _owners: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.documents = FakeDocuments(self.mapping, self.wire, largest_bytes=self.largest_bytes)
        self.objects = FakeObjects(self.wire, self.clock)
        self.images = FakeImages(self.wire, self.clock)
        self.runs = FakeRuns(self.wire)

    @property
    def services(self) -> Services:
        return Services(self.documents, self.images, self.objects, self.runs, self.clock)

    def settings(self, selection: Selection | None = None) -> Settings:
        return Settings(self.mapping, self.layout, self.limits, selection or Selection())

    async def start(
        self,
        selection: Selection | None = None,
        *,
        stop: asyncio.Event | None = None,
        crash: CrashPoint | None = None,
        shard: ShardChoice | None = None,
    ) -> MigrationReport:
        """One start of `migrate images`, as a process of its own would make it."""
        self.wire.crash_at(crash)
        return await migrate_images(
            self.settings(selection),
            self.services,
            owner_id=f"owner-{next(self._owners)}",
            stop=stop or asyncio.Event(),
            on_progress=self.progress.append,
            shard=shard,
        )

    async def plan(self, selection: Selection | None = None) -> MigrationReport:
        """`migrate images --dry-run`."""
        return await plan_only(
            self.settings(selection), self.services, stop=asyncio.Event(), on_progress=self.progress.append
        )

    async def verify(self) -> VerifyReport:
        return await verify(
            self.documents,
            self.objects,
            mapping=self.mapping,
            layout=self.layout,
            clock=self.clock,
            on_progress=lambda _documents, _objects: None,
        )
