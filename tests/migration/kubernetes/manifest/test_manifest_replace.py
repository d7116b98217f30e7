"""Replacing a Job that cannot be changed, on a cluster in memory: the old one is never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsctl.errors import AccessDeniedError, BusyError, DataError, OpsctlError, UnavailableError
from opsctl.migration.kubernetes.kept_manifest import DiskKeeper
from opsctl.migration.kubernetes.manifest.documents import build_manifest
from opsctl.migration.kubernetes.manifest.models import ManifestSettings
from opsctl.migration.kubernetes.manifest.plan import PlannedObject, plan_apply
from opsctl.migration.kubernetes.manifest.replace import (
    OldJobKeeper,
    check_replacement,
    check_writers,
    plan_replacement,
    replace_job,
)
from opsctl.migration.kubernetes.models import Kind, Writer
from opsctl.migration.kubernetes.ports import JsonObject
from tests.fakes.cluster import FakeCluster, FakeWorkLog
from tests.migration.kubernetes.old_job import KEY, has_password, old_job

WANTED = ManifestSettings(KEY, "opsctl:1", 4, 2)


class WithDefaults(FakeCluster):
    """As a server does, writes into a Job what its author left out."""

    async def create(self, document: JsonObject, *, dry_run: bool = False) -> JsonObject:
        spec = {"suspend": False, "ttlSecondsAfterFinished": 60, **document["spec"]}
        return await FakeCluster.create(self, {**document, "spec": spec}, dry_run=dry_run)


async def scene(folder: Path, **of_the_cluster: Any) -> tuple[FakeCluster, PlannedObject, OldJobKeeper]:
    """The old Job with a pod, the new Job of the same name, and a folder for what was."""
    cluster = WithDefaults(**of_the_cluster)
    cluster.add_pod(cluster.add(old_job()), "old-pod")
    documents = tuple(document for document in build_manifest(WANTED) if document.kind is Kind.JOB)
    item = (await plan_apply(cluster, documents, has_password)).replaced
    assert item is not None
    return cluster, item, OldJobKeeper(DiskKeeper(folder), item.live or {})


async def replace_in(cluster: FakeCluster, item: PlannedObject, keeper: OldJobKeeper) -> None:
    await replace_job(plan_replacement(cluster, keeper, cluster.clock, item), keeper)


def kept(keeper: OldJobKeeper) -> Mapping[str, Any]:
    assert keeper.path is not None
    found: Mapping[str, Any] = json.loads(Path(keeper.path).read_text(encoding="utf-8"))
    return found


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_new_job_is_there_and_the_old_one_on_disk(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, gone_after=2)
    await replace_in(cluster, item, keeper)
    assert cluster.job(*_key())["spec"]["completions"] == 4
    assert kept(keeper)["spec"]["template"]["spec"]["containers"][0]["image"] == "python:3.11-slim"
    assert "old-pod" not in cluster.pods()


@pytest.mark.parametrize(
    "failing",
    [
        {"denied": {"create jobs"}},
        {"denied": {"delete jobs"}},
        {"failing": {"create --dry-run jobs": DataError("quota", code="invalid")}},
        {"failing": {"delete jobs": AccessDeniedError("no")}},
    ],
)
async def test_what_is_refused_before_the_deletion_leaves_everything_as_it_was(
    tmp_path: Path, failing: dict[str, Any]
) -> None:
    cluster, item, keeper = await scene(tmp_path, **failing)
    with pytest.raises(OpsctlError):
        await replace_in(cluster, item, keeper)
    assert cluster.job(*_key())["metadata"]["uid"] == old_job()["metadata"]["uid"]
    assert keeper.path is None
    assert not files_in(tmp_path)


async def test_a_deletion_whose_answer_is_lost_keeps_the_old_job_on_disk(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, failing={"delete jobs": UnavailableError("away")})
    with pytest.raises(UnavailableError, match="was deleted is not known") as raised:
        await replace_in(cluster, item, keeper)
    assert keeper.path is not None
    assert keeper.path in (raised.value.hint or "")


async def test_a_creation_that_fails_says_where_the_old_job_is(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, failing={"create jobs": DataError("quota", code="invalid")})
    with pytest.raises(OpsctlError) as raised:
        await replace_in(cluster, item, keeper)
    assert keeper.path is not None
    assert keeper.path in (raised.value.hint or "")
    assert kept(keeper)["metadata"]["name"] == KEY.name


async def test_a_creation_whose_answer_is_lost_is_ours_when_the_job_is_as_wanted(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, lost_answers={"create jobs"})
    await replace_in(cluster, item, keeper)
    assert cluster.job(*_key())["spec"]["completions"] == 4
    assert cluster.calls.count(f"create jobs {KEY.name}") == 2


async def test_a_job_that_another_one_created_is_told(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, gone_after=1000)
    recreation = plan_replacement(cluster, keeper, cluster.clock, item)
    again = old_job()
    again["metadata"] |= {"uid": "another"}
    recreation.on_poll = lambda: cluster.add(again)  # type: ignore[assignment]
    with pytest.raises(DataError, match="somebody else") as raised:
        await replace_job(recreation, keeper)
    assert raised.value.code == "recreated"
    assert kept(keeper)["metadata"]["name"] == KEY.name


async def test_whether_it_can_be_replaced_is_asked_without_changing_anything(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path)
    await check_replacement(plan_replacement(cluster, keeper, cluster.clock, item))
    cluster.failing["create --dry-run jobs"] = DataError("quota", code="invalid")
    with pytest.raises(DataError, match="quota"):
        await check_replacement(plan_replacement(cluster, keeper, cluster.clock, item))
    assert cluster.job(*_key())["metadata"]["uid"] == old_job()["metadata"]["uid"]
    assert not files_in(tmp_path)


async def test_cancelled_in_between_it_says_so(tmp_path: Path) -> None:
    cluster, item, keeper = await scene(tmp_path, gone_after=1000)
    recreation = plan_replacement(cluster, keeper, cluster.clock, item)
    task = asyncio.create_task(replace_job(recreation, keeper))
    recreation.on_poll = task.cancel  # type: ignore[assignment]
    with pytest.raises(UnavailableError) as raised:
        await task
    assert raised.value.code == "not-created"
    assert kept(keeper)["metadata"]["name"] == KEY.name


async def test_another_process_at_work_is_in_the_way_and_a_pod_of_the_job_is_not(tmp_path: Path) -> None:
    cluster, item, _ = await scene(tmp_path)
    now = cluster.clock.now()
    own = Writer("old-pod", is_alive=True, heartbeat_at=now)
    dead = Writer("laptop", is_alive=False, heartbeat_at=now - timedelta(hours=1))
    await check_writers(cluster, FakeWorkLog(cluster.clock, lambda _: {"writers": (own, dead)}), item)
    other = replace(dead, is_alive=True)
    with pytest.raises(BusyError, match="laptop"):
        await check_writers(cluster, FakeWorkLog(cluster.clock, lambda _: {"writers": (own, other)}), item)


async def test_records_that_cannot_be_read_are_no_permission(tmp_path: Path) -> None:
    cluster, item, _ = await scene(tmp_path)
    work = FakeWorkLog(cluster.clock, lambda _: {}, errors=[UnavailableError("Mongo is away")])
    with pytest.raises(UnavailableError, match="Mongo is away") as raised:
        await check_writers(cluster, work, item)
    assert "--force" in (raised.value.hint or "")


def _key() -> tuple[str, str]:
    return KEY.namespace, KEY.name
