"""Replacing a Job that cannot be changed: the old one on disk, then deleted, then the new one in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsctl.errors import DataError, OpsctlError, UnavailableError
from opsctl.migration.clock import Clock
from opsctl.migration.kubernetes.diff import compare
from opsctl.migration.kubernetes.job_copy import copy_for_creation
from opsctl.migration.kubernetes.job_pods import find_other_writers, find_pods, refuse_writers
from opsctl.migration.kubernetes.manifest.plan import PlannedObject
from opsctl.migration.kubernetes.models import JobKey, Kind
from opsctl.migration.kubernetes.ports import Cluster, JsonObject, WorkLog
from opsctl.migration.kubernetes.reading import read_job
from opsctl.migration.kubernetes.restart.recreation import ManifestKeeper, Recreation
from opsctl.migration.kubernetes.work_log import RECORDS_AWAY


@dataclass(slots=True)
class OldJobKeeper:
    """Keeps what the Job was, not what it will be: that can be made again. Implements
    `restart.recreation.ManifestKeeper`."""

    disk: ManifestKeeper
    old: JsonObject
    path: str | None = None

    def keep(self, key: JobKey, manifest: JsonObject) -> str:  # noqa: ARG002  the new one
        """Raises DataError."""
        self.path = self.disk.keep(key, copy_for_creation(self.old))
        return self.path

    def discard(self, path: str) -> None:
        """The new Job being there is no reason to forget the old one."""

    def forget(self) -> None:
        """Nothing was deleted."""
        if self.path is not None:
            self.disk.discard(self.path)
            self.path = None


async def check_writers(cluster: Cluster, work: WorkLog, item: PlannedObject) -> None:
    """Raises BusyError while a process that is no pod of the Job is at work, and UnavailableError when that cannot be
    told."""
    pods = await find_pods(cluster, read_job(item.live or {}))
    try:
        others = find_other_writers(pods, await work.look())
    except RECORDS_AWAY as error:
        raise UnavailableError(
            f"Whether somebody else works on the migration cannot be told: {error.message}. Nothing was changed.",
            hint="mend that first, or add --force",
        ) from error
    refuse_writers(others)


def plan_replacement(cluster: Cluster, keeper: OldJobKeeper, clock: Clock, item: PlannedObject) -> Recreation:
    """How to delete the Job that is there and create that of the document."""
    body: Mapping[str, Any] = item.document.body
    return Recreation(cluster, keeper, clock, read_job(item.live or {}), (), dict(body), lambda: None)


async def check_replacement(recreation: Recreation) -> None:
    """Ask the server whether the old Job may be deleted, and whether it would take the new one. Nothing is changed.
    Raises what it says."""
    recreation.pods = await find_pods(recreation.cluster, recreation.job)
    await recreation.check()


async def replace_job(recreation: Recreation, keeper: OldJobKeeper) -> None:
    """Once it has been deleted it is created, whoever asks to stop. Raises what the server says and how to go on."""
    await check_replacement(recreation)
    recreation.keep()
    try:
        await recreation.delete()
    except UnavailableError:
        raise  # an answer that is lost proves nothing
    except OpsctlError:
        keeper.forget()
        raise
    try:
        await recreation.wait_until_gone()
        await recreation.create()
    except asyncio.CancelledError:
        if not recreation.is_between:
            raise
        raise recreation.cut_off() from None
    except DataError as error:
        if error.code != "recreated" or not await _is_as_wanted(recreation):
            raise


async def _is_as_wanted(recreation: Recreation) -> bool:
    """Whether the Job that is there is the one of the manifest: the answer to our own creation may have been lost."""
    key = recreation.job.key
    try:
        return not compare(recreation.manifest, await recreation.cluster.get(Kind.JOB, key.namespace, key.name))
    except OpsctlError:
        return False
