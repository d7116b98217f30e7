"""What a restart would do, and the whole of it: on a cluster in memory, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsctl.errors import (
    NotFoundError,
    UsageError,
)
from opsctl.migration.kubernetes.restart.carry_out import describe_plan, run_restart
from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartWishes,
    StepKind,
    StepState,
)
from opsctl.migration.kubernetes.restart.plan import plan_restart
from opsctl.migration.kubernetes.trouble import Trouble
from tests.fakes.clock import EPOCH
from tests.migration.kubernetes.old_job import KEY, UID
from tests.migration.kubernetes.restart.scene import LONG_AGO, OLD_POD, Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_hung_pod_is_deleted_and_its_successor_makes_progress(scene: Scene) -> None:
    report, error = await scene.restart()
    assert error is None
    assert report.outcome is RestartOutcome.MENDED
    assert [found.trouble for found in report.findings] == [Trouble.NO_PROGRESS]
    assert [result.step.kind for result in report.steps] == [
        StepKind.DELETE_POD,
        StepKind.WAIT_POD,
        StepKind.WAIT_PROGRESS,
    ]
    assert (report.documents_before, report.documents_after) == (95, 97)
    assert report.new_pods == scene.cluster.pods() != (OLD_POD,)


async def test_a_dry_run_changes_nothing(scene: Scene) -> None:
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    report = describe_plan(plan, scene.clock)
    assert (report.outcome, report.documents_before) == (RestartOutcome.PLANNED, 95)
    assert {call.split()[0] for call in scene.cluster.calls} == {"get", "list"}


async def test_nothing_is_done_to_a_job_at_work(scene: Scene) -> None:
    scene.pod["status"]["startTime"] = EPOCH.isoformat()
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    assert describe_plan(plan, scene.clock).outcome is RestartOutcome.NOTHING_TO_DO
    assert plan.steps == ()


async def test_what_a_restart_does_not_mend_is_left_alone_and_said(scene: Scene) -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    scene.pod["status"] |= {"phase": "Pending", "conditions": [condition]}
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    report = describe_plan(plan, scene.clock)
    assert (report.outcome, plan.steps) == (RestartOutcome.NO_REMEDY, ())
    assert [found.detail for found in report.findings] == ["0/3 nodes are available"]


async def test_a_pod_that_was_replaced_meanwhile_is_not_deleted_again(scene: Scene) -> None:
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    scene.pod["metadata"]["uid"] = "another"
    report, error = await run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop)
    assert error is None
    assert report.steps[0].state is StepState.DONE
    assert OLD_POD in scene.cluster.pods()


async def test_what_the_person_asks_for_is_done(scene: Scene) -> None:
    scene.pod["status"]["startTime"] = EPOCH.isoformat()
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(pods=(OLD_POD,)), scene.clock)
    assert (plan.steps[0].kind, plan.steps[0].target) == (StepKind.DELETE_POD, OLD_POD)
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(recreate=True), scene.clock)
    assert [found.trouble for found in plan.findings] == [Trouble.REQUESTED]
    with pytest.raises(NotFoundError, match="has no pod 'nope'"):
        await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(pods=("nope",)), scene.clock)
    scene.pod["status"]["phase"] = "Failed"
    with pytest.raises(UsageError, match="has ended"):
        await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(pods=(OLD_POD,)), scene.clock)


async def test_pods_of_another_job_with_the_same_labels_are_not_ours(scene: Scene) -> None:
    other = scene.cluster.add_pod(scene.job, "intruder", phase="Running", startTime=LONG_AGO.isoformat())
    other["metadata"]["ownerReferences"] = [{"kind": "Job", "uid": "other", "controller": True}]
    report, _ = await scene.restart()
    assert {found.pod for found in report.findings} == {OLD_POD}
    assert "intruder" in scene.cluster.pods()


async def test_a_job_without_pods_is_explained_by_its_events(scene: Scene) -> None:
    del scene.cluster.objects["pods", KEY.namespace, OLD_POD]
    event = {"kind": "Event", "metadata": {"namespace": KEY.namespace, "name": "e"}, "type": "Warning"}
    scene.cluster.add({**event, "involvedObject": {"uid": UID}, "reason": "FailedCreate", "message": "quota"})
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    assert [found.detail for found in plan.findings] == ["FailedCreate: quota"]
    scene.cluster.denied.add("list events")
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    assert [found.detail for found in plan.findings] == [None]
