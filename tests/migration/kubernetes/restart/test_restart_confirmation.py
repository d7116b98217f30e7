"""What counts as progress of new pods, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from opsctl.errors import (
    BusyError,
    UnavailableError,
)
from opsctl.migration.kubernetes.models import Writer
from opsctl.migration.kubernetes.restart.carry_out import run_restart
from opsctl.migration.kubernetes.restart.models import (
    RestartOutcome,
    RestartWishes,
    WhyNot,
)
from opsctl.migration.kubernetes.restart.plan import plan_restart
from opsctl.migration.kubernetes.trouble import Trouble
from tests.fakes.clock import EPOCH
from tests.migration.kubernetes.old_job import KEY
from tests.migration.kubernetes.restart.scene import LONG_AGO, OLD_POD, Scene, fail


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_records_that_are_away_do_not_stop_what_is_asked_for(scene: Scene) -> None:
    scene.work.errors = [UnavailableError("Mongo is away")] * 1000
    with pytest.raises(UnavailableError, match=r"cannot be told: Mongo is away"):
        await scene.restart()
    report, error = await scene.restart(pods=(OLD_POD,))
    assert (error, report.outcome) == (None, RestartOutcome.NOT_CONFIRMED)
    assert (report.why_not, report.unknown_because) == (WhyNot.UNKNOWN, "Mongo is away")
    assert OLD_POD not in scene.cluster.pods()


async def test_what_is_wrong_for_certain_is_mended_without_records(scene: Scene) -> None:
    fail(scene.job)
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
