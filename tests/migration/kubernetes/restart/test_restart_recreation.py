"""A Job that is deleted and created again is never lost, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsctl.errors import (
    AccessDeniedError,
    DataError,
    OpsctlError,
    UnavailableError,
)
from opsctl.migration.kubernetes.job_copy import copy_for_creation
from opsctl.migration.kubernetes.kept_manifest import DiskKeeper
from opsctl.migration.kubernetes.models import Kind
from opsctl.migration.kubernetes.ports import JsonObject
from opsctl.migration.kubernetes.restart.carry_out import run_restart
from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartWishes,
    Step,
    StepKind,
    StepState,
    WhyNot,
)
from opsctl.migration.kubernetes.restart.plan import plan_restart
from opsctl.migration.kubernetes.restart.recreation import check_name
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.old_job import KEY, UID, old_job
from tests.migration.kubernetes.restart.scene import Scene, fail


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_failed_job_is_created_again_with_the_same_specification(scene: Scene) -> None:
    fail(scene.job)
    before = copy_for_creation(scene.job)
    scene.cluster.gone_after = 3
    report, error = await scene.restart()
    assert (error, report.outcome) == (None, RestartOutcome.MENDED)
    after = scene.cluster.job(KEY.namespace, KEY.name)
    assert after["metadata"]["uid"] != UID
    assert copy_for_creation(after) == before
    assert scene.kept == []
    writes = [call for call in scene.cluster.calls if call.split()[0] in ("create", "delete")]
    assert writes == [
        "create --dry-run jobs car-image-migration-opsctl-check",
        f"delete jobs {KEY.name}",
        f"create jobs {KEY.name}",
    ]


@pytest.mark.parametrize("right", ["create jobs", "delete jobs"])
async def test_without_the_right_to_create_or_delete_nothing_is_changed(scene: Scene, right: str) -> None:
    fail(scene.job)
    scene.cluster.denied.add(right)
    with pytest.raises(AccessDeniedError) as caught:
        await scene.restart()
    assert caught.value.permission is not None
    assert caught.value.permission.startswith(f"{right}.batch")
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == UID
    assert scene.kept == []


async def test_a_specification_that_the_server_refuses_now_is_not_deleted(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.failing["create --dry-run jobs"] = DataError("denied by policy", code="invalid")
    with pytest.raises(DataError, match="denied by policy"):
        await scene.restart()
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == UID


@pytest.mark.parametrize(
    "failure", [UnavailableError("timed out"), AccessDeniedError("quota", permission="create jobs")]
)
async def test_a_job_that_cannot_be_created_again_is_on_disk(scene: Scene, failure: OpsctlError) -> None:
    fail(scene.job)
    wanted = copy_for_creation(scene.job)
    scene.cluster.broken["create jobs"] = failure
    report, error = await scene.restart()
    (path,) = scene.kept
    assert json.loads(path.read_text()) == wanted
    assert path.stat().st_mode & 0o077 == 0
    assert report.outcome is RestartOutcome.INCOMPLETE
    assert report.kept_manifest == str(path)
    assert type(error) is type(failure)
    assert error is not None
    assert error.hint is not None
    assert f"kubectl create -f {path}" in error.hint
    assert [result.state for result in report.steps][-3:] == [StepState.FAILED, StepState.SKIPPED, StepState.SKIPPED]


async def test_a_deletion_without_an_answer_keeps_the_manifest(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.failing["delete jobs"] = UnavailableError("reset")
    report, error = await scene.restart()
    assert isinstance(error, UnavailableError)
    assert (report.outcome, len(scene.kept)) == (RestartOutcome.INCOMPLETE, 1)


async def test_a_job_that_does_not_end_is_not_created_beside_itself(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.gone_after = 10_000
    report, error = await scene.restart()
    assert error is not None
    assert error.code == "not-gone"
    assert not [call for call in scene.cluster.calls if call.startswith("create jobs")]
    assert report.kept_manifest is not None


async def test_being_asked_to_stop_does_not_leave_the_job_deleted(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.gone_after = 3
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)

    def stop_at_deletion(step: Any) -> None:
        if step.kind is StepKind.DELETE_JOB:
            scene.stop.set()

    report, error = await run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop, on_step=stop_at_deletion)
    assert error is None
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] != UID
    states = {result.step.kind: result.state for result in report.steps}
    assert states[StepKind.CREATE_JOB] is StepState.DONE
    assert states[StepKind.WAIT_POD] is StepState.SKIPPED
    assert (report.outcome, report.why_not) == (RestartOutcome.NOT_CONFIRMED, WhyNot.STOPPED)


async def test_time_that_runs_out_in_between_does_not_hide_the_manifest(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.gone_after = 10_000
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    is_deleted = asyncio.Event()

    def note(step: Step) -> None:
        if step.kind is StepKind.WAIT_GONE:
            is_deleted.set()

    working = asyncio.ensure_future(run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop, on_step=note))
    await is_deleted.wait()
    await asyncio.sleep(5)
    working.cancel()
    report, error = await working
    (path,) = scene.kept
    assert (report.outcome, report.kept_manifest) == (RestartOutcome.INCOMPLETE, str(path))
    assert error is not None
    assert (error.code, str(path) in str(error.hint)) == ("not-created", True)


async def test_a_server_that_comes_back_gets_the_job_again(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.failing["create jobs"] = UnavailableError("reset")
    report, error = await scene.restart()
    assert (error, report.outcome, scene.kept) == (None, RestartOutcome.MENDED, [])


async def test_a_creation_whose_answer_was_lost_is_not_taken_for_somebody_elses(scene: Scene) -> None:
    fail(scene.job)
    scene.cluster.lost_answers.add("create jobs")
    report, error = await scene.restart()
    assert (error, report.outcome, scene.kept) == (None, RestartOutcome.MENDED, [])


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_somebody_else_creates_in_between_is_left_alone(scene: Scene, is_lost: bool) -> None:
    fail(scene.job)
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    other = old_job()
    other["metadata"]["uid"] = "other"
    other["spec"]["parallelism"] = 5

    def intrude(step: Step) -> None:
        if step.kind is StepKind.CREATE_JOB:
            scene.cluster.add(other)
            if is_lost:
                scene.cluster.failing["create jobs"] = UnavailableError("reset")

    report, error = await run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop, on_step=intrude)
    assert error is not None
    assert error.code == "recreated"
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == "other"
    assert report.kept_manifest == str(scene.kept[0])


async def test_a_job_whose_deletion_would_not_end_is_not_deleted(scene: Scene) -> None:
    scene.pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "reason": "NodeStatusUnknown"}]
    with pytest.raises(DataError, match="would not end"):
        await scene.restart(recreate=True)
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == UID


async def test_the_last_failure_that_the_job_allows_is_not_spent_on_a_deletion(scene: Scene) -> None:
    scene.job["status"]["failed"] = 6
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    assert StepKind.CREATE_JOB in [step.kind for step in plan.steps]


def test_an_older_manifest_is_never_written_over(tmp_path: Path) -> None:
    keeper = DiskKeeper(tmp_path / "kept")
    first, second = keeper.keep(KEY, {"a": 1}), keeper.keep(KEY, {"a": 2})
    assert first != second
    assert json.loads(Path(first).read_text()) == {"a": 1}
    keeper.discard(first)
    keeper.discard(first)
    assert not Path(first).exists()


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be kept"):
        DiskKeeper(tmp_path / "file").keep(KEY, {})


class ForgetfulCluster(FakeCluster):
    """Refuses to tell of the Job while it is being deleted: `refusals` times."""

    refusals = 0

    async def get(self, kind: Kind, namespace: str, name: str) -> JsonObject:
        is_between = any(call.startswith("delete jobs") for call in self.calls)
        if is_between and self.refusals:
            self.refusals -= 1
            raise AccessDeniedError("the token has expired")
        return await FakeCluster.get(self, kind, namespace, name)


@pytest.mark.parametrize("refusals", [1, 1000])
async def test_a_token_that_runs_out_in_between_loses_no_job(scene: Scene, refusals: int) -> None:
    fail(scene.job)
    cluster = ForgetfulCluster(scene.clock, scene.cluster.objects, gone_after=1, on_pod=scene.cluster.on_pod)
    cluster.refusals = refusals
    plan = await plan_restart(cluster, scene.work, KEY, RestartWishes(), scene.clock)
    ports = replace(scene.ports, cluster=cluster)
    report, error = await run_restart(plan, ports, wait_seconds=60.0, stop=scene.stop)
    if refusals == 1:
        assert (error, report.outcome) == (None, RestartOutcome.MENDED)
        return
    assert isinstance(error, AccessDeniedError)
    assert "whether Job" in error.message
    assert str(scene.kept[0]) in (error.hint or "")


def test_the_name_of_the_check_leaves_room_for_an_index() -> None:
    name = check_name({"metadata": {"name": "a" * 61}})["metadata"]["name"]
    assert len(f"{name}-99999") <= 63
