"""The Job of the first incident on a cluster in memory, for tests of restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from opsctl.errors import (
    OpsctlError,
)
from opsctl.migration.kubernetes.kept_manifest import DiskKeeper
from opsctl.migration.kubernetes.models import Writer
from opsctl.migration.kubernetes.restart.carry_out import RestartPorts, run_restart
from opsctl.migration.kubernetes.restart.models import (
    RestartReport,
    RestartWishes,
)
from opsctl.migration.kubernetes.restart.plan import plan_restart
from tests.fakes.clock import EPOCH, FakeClock
from tests.fakes.cluster import FakeCluster, FakeWorkLog
from tests.migration.kubernetes.old_job import KEY, old_job

LONG_AGO = EPOCH - timedelta(hours=1)
OLD_POD = "car-image-migration-6zf4p"


class Scene:
    """The Job of the first incident, hung: one pod, 95 documents, nothing for an hour."""

    def __init__(self, folder: Path, job: dict[str, Any] | None = None) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(self.clock)
        self.job = self.cluster.add(job or old_job())
        self.pod = self.cluster.add_pod(self.job, OLD_POD, phase="Running", startTime=LONG_AGO.isoformat())
        self.mended_at: float | None = None
        self.progress_after_seconds = 5.0
        self.writers: tuple[Writer, ...] = ()
        self.work = FakeWorkLog(self.clock, self._mark)
        self.cluster.on_pod = self._on_pod
        self.folder = folder
        self.ports = RestartPorts(self.cluster, self.work, DiskKeeper(folder), self.clock)
        self.stop = asyncio.Event()

    def _on_pod(self, _name: str) -> None:
        self.mended_at = self.clock.monotonic()

    def _mark(self, seconds: float) -> Mapping[str, Any]:
        moves = self.mended_at is not None and seconds - self.mended_at >= self.progress_after_seconds
        done = 97 if moves else 95
        return {"documents_processed": done, "last_progress_at": LONG_AGO, "writers": self.writers}

    async def restart(self, wait_seconds: float = 60.0, **wishes: Any) -> tuple[RestartReport, OpsctlError | None]:
        plan = await plan_restart(self.cluster, self.work, KEY, RestartWishes(**wishes), self.clock)
        return await run_restart(plan, self.ports, wait_seconds=wait_seconds, stop=self.stop)

    @property
    def kept(self) -> list[Path]:
        return sorted(self.folder.iterdir())


def fail(job: dict[str, Any]) -> None:
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job["status"] = {"conditions": [condition], "failed": 7}
