"""Restarts on a cluster in memory, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsctl.errors import (
    AccessDeniedError,
    BusyError,
    DataError,
    NotFoundError,
    OpsctlError,
    UnavailableError,
    UsageError,
)
from opsctl.migration.kubernetes.job_copy import copy_for_creation
from opsctl.migration.kubernetes.kept_manifest import DiskKeeper
from opsctl.migration.kubernetes.models import Writer
from opsctl.migration.kubernetes.restart import RestartPorts, describe_plan, run_restart
from opsctl.migration.kubernetes.restart_models import (
    RestartOutcome,
    RestartReport,
    RestartWishes,
    Step,
    StepKind,
    StepState,
    WhyNot,
)
from opsctl.migration.kubernetes.restart_plan import plan_restart
from opsctl.migration.kubernetes.trouble import Trouble
from tests.fakes.clock import EPOCH, FakeClock
from tests.fakes.cluster import FakeCluster, FakeWorkLog
from tests.migration.kubernetes.old_job import KEY, UID, old_job

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


async def test_a_failed_job_is_created_again_with_the_same_specification(scene: Scene) -> None:
    _fail(scene.job)
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
    _fail(scene.job)
    scene.cluster.denied.add(right)
    with pytest.raises(AccessDeniedError) as caught:
        await scene.restart()
    assert caught.value.permission is not None
    assert caught.value.permission.startswith(f"{right}.batch")
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == UID
    assert scene.kept == []


async def test_a_specification_that_the_server_refuses_now_is_not_deleted(scene: Scene) -> None:
    _fail(scene.job)
    scene.cluster.failing["create --dry-run jobs"] = DataError("denied by policy", code="invalid")
    with pytest.raises(DataError, match="denied by policy"):
        await scene.restart()
    assert scene.cluster.job(KEY.namespace, KEY.name)["metadata"]["uid"] == UID


@pytest.mark.parametrize(
    "failure", [UnavailableError("timed out"), AccessDeniedError("quota", permission="create jobs")]
)
async def test_a_job_that_cannot_be_created_again_is_on_disk(scene: Scene, failure: OpsctlError) -> None:
    _fail(scene.job)
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
    _fail(scene.job)
    scene.cluster.failing["delete jobs"] = UnavailableError("reset")
    report, error = await scene.restart()
    assert isinstance(error, UnavailableError)
    assert (report.outcome, len(scene.kept)) == (RestartOutcome.INCOMPLETE, 1)


async def test_a_job_that_does_not_end_is_not_created_beside_itself(scene: Scene) -> None:
    _fail(scene.job)
    scene.cluster.gone_after = 10_000
    report, error = await scene.restart()
    assert error is not None
    assert error.code == "not-gone"
    assert not [call for call in scene.cluster.calls if call.startswith("create jobs")]
    assert report.kept_manifest is not None


async def test_being_asked_to_stop_does_not_leave_the_job_deleted(scene: Scene) -> None:
    _fail(scene.job)
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
    _fail(scene.job)
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
    _fail(scene.job)
    scene.cluster.failing["create jobs"] = UnavailableError("reset")
    report, error = await scene.restart()
    assert (error, report.outcome, scene.kept) == (None, RestartOutcome.MENDED, [])


async def test_a_creation_whose_answer_was_lost_is_not_taken_for_somebody_elses(scene: Scene) -> None:
    _fail(scene.job)
    scene.cluster.lost_answers.add("create jobs")
    report, error = await scene.restart()
    assert (error, report.outcome, scene.kept) == (None, RestartOutcome.MENDED, [])


@pytest.mark.parametrize("is_lost", [False, True])
async def test_what_somebody_else_creates_in_between_is_left_alone(scene: Scene, is_lost: bool) -> None:
    _fail(scene.job)
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


async def test_records_that_are_away_do_not_stop_what_is_asked_for(scene: Scene) -> None:
    scene.work.errors = [UnavailableError("Mongo is away")] * 1000
    with pytest.raises(UnavailableError, match=r"cannot be told: Mongo is away"):
        await scene.restart()
    report, error = await scene.restart(pods=(OLD_POD,))
    assert (error, report.outcome) == (None, RestartOutcome.NOT_CONFIRMED)
    assert (report.why_not, report.unknown_because) == (WhyNot.UNKNOWN, "Mongo is away")
    assert OLD_POD not in scene.cluster.pods()


async def test_what_is_wrong_for_certain_is_mended_without_records(scene: Scene) -> None:
    _fail(scene.job)
    scene.work.errors = [UnavailableError("Mongo is away")] * 2
    report, error = await scene.restart()
    assert (error, report.outcome, report.unknown_because) == (None, RestartOutcome.MENDED, None)


async def test_what_the_old_pod_finishes_while_it_ends_is_no_progress(scene: Scene) -> None:
    """It was slow, not hung: two documents were recorded between the plan and its end."""
    scene.progress_after_seconds = 0
    scene.cluster.on_pod = scene._on_pod
    report, _ = await scene.restart()
    assert (report.outcome, report.why_not) == (RestartOutcome.NOT_CONFIRMED, WhyNot.NO_PROGRESS)


async def test_only_a_new_pods_own_work_is_its_progress(scene: Scene) -> None:
    """Of two shards one hung; the other goes on all the time."""
    scene.job["spec"]["parallelism"] = 2
    scene.cluster.add_pod(scene.job, "busy", phase="Running", startTime=LONG_AGO.isoformat())
    new: list[str] = []
    scene.cluster.on_pod = new.append

    def mark(seconds: float) -> Mapping[str, Any]:
        writers = [Writer("busy", True, EPOCH, 1, 500 + int(seconds))]
        if not new:
            writers.append(Writer(OLD_POD, False, LONG_AGO, 0, 70))
        elif seconds < 20:
            writers.append(Writer(new[0], True, EPOCH, 0, 70))  # it counts its share first
        else:
            writers.append(Writer(new[0], True, EPOCH, 0, int(seconds) - 20))
        done = {"documents_processed": 95 + int(seconds), "images_finished": 570 + int(seconds)}
        return {**done, "last_progress_at": EPOCH, "state": "running", "writers": tuple(writers)}

    scene.work.at = mark
    report, _ = await scene.restart()
    assert [(found.trouble, found.pod) for found in report.findings] == [(Trouble.SILENT, OLD_POD)]
    assert report.outcome is RestartOutcome.MENDED
    assert scene.clock.monotonic() > 20
    assert "busy" in scene.cluster.pods()


async def test_a_run_that_was_over_before_proves_nothing(scene: Scene) -> None:
    scene.work.at = lambda _seconds: {"documents_processed": 95, "state": "complete"}
    report, _ = await scene.restart(recreate=True)
    assert report.outcome is RestartOutcome.NOT_CONFIRMED


async def test_a_pod_that_ends_well_has_done_its_part(scene: Scene) -> None:
    scene.progress_after_seconds = 10_000
    scene.cluster.pod_status = lambda: {"phase": "Succeeded"}
    scene.job["spec"]["parallelism"] = 1
    report, _ = await scene.restart()
    assert (report.outcome, report.steps[-1].detail) == (RestartOutcome.MENDED, "Succeeded")


async def test_a_suspended_job_is_not_waited_for(scene: Scene) -> None:
    scene.job["spec"]["suspend"] = True
    report, _ = await scene.restart(recreate=True)
    assert (report.outcome, report.why_not) == (RestartOutcome.NOT_CONFIRMED, WhyNot.JOB_SUSPENDED)
    assert [found.trouble for found in report.obstacles] == [Trouble.JOB_SUSPENDED]
    assert scene.clock.monotonic() < 10


async def test_a_new_pod_that_does_not_start_is_explained_by_its_events(scene: Scene) -> None:
    def explain(name: str) -> None:
        event = {"kind": "Event", "metadata": {"namespace": KEY.namespace, "name": "e"}, "type": "Warning"}
        about = {"uid": f"uid-of-{name}", "name": name}
        scene.cluster.add({**event, "involvedObject": about, "reason": "FailedMount", "message": "no such volume"})

    scene.cluster.on_pod = explain
    scene.cluster.pod_status = lambda: {"phase": "Pending"}
    report, _ = await scene.restart()
    assert [(found.trouble, found.detail) for found in report.obstacles] == [
        (Trouble.NOT_STARTED, "FailedMount: no such volume")
    ]


async def test_without_progress_it_says_so_and_why(scene: Scene) -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    scene.cluster.pod_status = lambda: {
        "phase": "Pending",
        "containerStatuses": [{"name": "migrate", "state": {"waiting": waiting}}],
    }
    report, error = await scene.restart()
    assert (error, report.outcome) == (None, RestartOutcome.NOT_CONFIRMED)
    assert [(found.trouble, found.detail) for found in report.obstacles] == [
        (Trouble.IMAGE, "ImagePullBackOff: no such image")
    ]
    assert report.why_not is WhyNot.NO_POD


async def test_progress_of_somebody_else_is_no_progress_of_the_new_pod(scene: Scene) -> None:
    scene.writers = (Writer("laptop", True, EPOCH, None),)
    with pytest.raises(BusyError, match="laptop"):
        await scene.restart()
    report, _ = await scene.restart(despite_writers=True)
    assert report.outcome is RestartOutcome.NOT_CONFIRMED
    assert report.other_writers == scene.writers


async def test_a_server_that_is_away_for_a_moment_is_asked_again(scene: Scene) -> None:
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    scene.cluster.failing["list pods"] = UnavailableError("reset")
    report, error = await run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop)
    assert (error, report.outcome) == (None, RestartOutcome.MENDED)


async def test_a_pod_that_was_replaced_meanwhile_is_not_deleted_again(scene: Scene) -> None:
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    scene.pod["metadata"]["uid"] = "another"
    report, error = await run_restart(plan, scene.ports, wait_seconds=60, stop=scene.stop)
    assert error is None
    assert report.steps[0].state is StepState.DONE
    assert OLD_POD in scene.cluster.pods()


async def test_the_last_failure_that_the_job_allows_is_not_spent_on_a_deletion(scene: Scene) -> None:
    scene.job["status"]["failed"] = 6
    plan = await plan_restart(scene.cluster, scene.work, KEY, RestartWishes(), scene.clock)
    assert StepKind.CREATE_JOB in [step.kind for step in plan.steps]


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


def _fail(job: dict[str, Any]) -> None:
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job["status"] = {"conditions": [condition], "failed": 7}
