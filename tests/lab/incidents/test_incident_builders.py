"""The builders: conditions, attempts, audit records, log entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from opsctl.lab.incidents import endings
from opsctl.lab.incidents.endings import Ending
from opsctl.lab.incidents.run import JobSpec, Project, Run, TaskResult, execution, from_secret, job, plain, tasks
from opsctl.lab.incidents.times import in_words, rfc3339
from opsctl.lab.incidents.transcript import Transcript
from opsctl.lab.incidents.v1_execution import v1_execution

SPEC = JobSpec(
    Project("p-1", "42", "europe-west4"),
    "load",
    "europe-west4-docker.pkg.dev/p-1/r/load:7",
    env=(plain("MODE", "all"), from_secret("KEY", "load-key", "3")),
    cloudsql=("p-1:europe-west4:main",),
)
RUN = Run(SPEC, "abc12", "load 7", datetime(2026, 1, 1, tzinfo=UTC), 5.0, 65.5, endings.exited(3), retried=1)


def condition(resource: Any, kind: str) -> Any:
    return next(item for item in resource["conditions"] if item["type"] == kind)


@pytest.mark.parametrize(
    ("seconds", "words"), [(15.95, "15.95s"), (63.6, "1m3.6s"), (120, "2m0s"), (0.5, "0.5s"), (1507.8, "25m7.8s")]
)
def test_durations_are_written_as_cloud_run_writes_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_times_are_utc_with_microseconds() -> None:
    assert rfc3339(datetime(2026, 1, 1, tzinfo=UTC), -0.25) == "2025-12-31T23:59:59.750000Z"


@pytest.mark.parametrize(
    ("ending", "message", "attempt"),
    [
        (
            endings.exited(3),
            "Task load-abc12-task0 failed with exit code: 3 and message: The container exited with an error.",
            {"status": {"code": 10, "message": "The container exited with an error."}, "exitCode": 3},
        ),
        (
            endings.out_of_memory(),
            "Task load-abc12-task0 failed with exit code: 0 and message: The configured memory limit was reached.",
            {"status": {"code": 10, "message": "The configured memory limit was reached."}, "termSignal": 9},
        ),
        (
            endings.timed_out(),
            "Task load-abc12-task0 failed with exit code: 0 and message: The configured timeout was reached.",
            {"status": {"code": 4, "message": "The configured timeout was reached."}},
        ),
        (endings.completed("1m5.5s"), "Execution completed successfully in 1m5.5s.", {"status": {}, "exitCode": 0}),
    ],
)
def test_how_it_ended_stands_in_the_execution_and_in_the_task(ending: Ending, message: str, attempt: Any) -> None:
    run = replace(RUN, ending=ending)
    assert condition(execution(run), "Completed")["message"] == message
    assert tasks(run)["tasks"][0]["lastAttemptResult"] == attempt


def test_a_run_that_never_started_has_no_start_and_names_what_was_missing() -> None:
    ending = endings.never_started("Image 'x' not found.", "CONTAINER_MISSING", "ContainerReady")
    resource = execution(replace(RUN, starts=None, ending=ending))
    assert "startTime" not in resource
    assert condition(resource, "ContainerReady")["reason"] == "CONTAINER_MISSING"
    assert condition(resource, "Started")["state"] == "CONDITION_PENDING"


def test_a_run_that_goes_on_has_no_end() -> None:
    run = replace(RUN, ends=None, ending=endings.still_running())
    resource = execution(run)
    assert resource["reconciling"] is True
    assert "completionTime" not in resource
    assert resource["runningCount"] == 1
    assert "lastAttemptResult" not in tasks(run)["tasks"][0]
    now = job(run, created=run.at(-9), updated=run.at(-5), executions=1)["latestCreatedExecution"]
    assert now == {"name": run.name, "createTime": run.at(0), "completionStatus": "EXECUTION_RUNNING"}


def test_the_execution_has_a_digest_and_the_job_a_tag() -> None:
    now = job(RUN, created=RUN.at(-9), updated=RUN.at(-5), executions=3)
    assert now["template"]["template"]["containers"][0]["image"].endswith("/load:7")
    assert execution(RUN)["template"]["containers"][0]["image"].endswith(f"/load@{RUN.digest}")
    assert now["template"]["template"]["serviceAccount"] == "42-compute@developer.gserviceaccount.com"


def test_several_tasks_end_each_in_their_own_way() -> None:
    results = (TaskResult(0, 5, 9, attempt={"status": {}, "exitCode": 0}), TaskResult(1, 5, None))
    first, second = tasks(RUN, results)["tasks"]
    assert first["conditions"] == [{"type": "Completed", "state": "CONDITION_SUCCEEDED"}]
    assert "completionTime" not in second


def test_the_v1_shape_says_the_same() -> None:
    resource = execution(RUN)
    v1 = v1_execution(RUN, resource)
    assert v1["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "MODE", "value": "all"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "load-key", "key": "3"}}},
    ]
    assert v1["spec"]["template"]["spec"]["timeoutSeconds"] == "600"
    assert v1["metadata"]["annotations"]["run.googleapis.com/cloudsql-instances"] == "p-1:europe-west4:main"
    verdict = condition(v1["status"], "Completed")
    assert (verdict["status"], verdict["reason"]) == ("False", "NonZeroExitCode")


def test_a_transcript_is_in_order_whatever_the_order_of_writing() -> None:
    log = Transcript(RUN).attempt(1, 30.0).err("second").exit(3)
    log.attempt(0, 6.0).out("first").record("ERROR", "oh", code=7).system("ERROR", "Memory limit exceeded").killed(9)
    log.ended(execution(RUN))
    entries = log.entries()
    assert [entry["timestamp"] for entry in entries] == sorted(entry["timestamp"] for entry in entries)
    first, structured, memory, signal, second, called, record = entries
    assert first["textPayload"] == "first"
    assert "severity" not in first
    assert structured["jsonPayload"] == {"message": "oh", "code": 7}
    assert memory["labels"]["container_name"] == "load-1"
    assert signal["textPayload"] == "Container terminated on signal 9."
    assert second["labels"]["run.googleapis.com/task_attempt"] == "1"
    assert second["labels"]["instanceId"] != first["labels"]["instanceId"]
    assert called["textPayload"] == "Container called exit(3)."
    assert record["protoPayload"]["status"] == {
        "code": 10,
        "message": "Execution load-abc12 has failed to complete, 0/1 tasks were a success.",
    }
    assert record["labels"] == {"run.googleapis.com/execution_name": "load-abc12"}


def test_the_record_counts_the_tasks() -> None:
    run = replace(RUN, spec=replace(SPEC, task_count=20))
    log = Transcript(run).ended(execution(run, {"succeededCount": 18, "failedCount": 2}))
    assert "18/20 tasks" in log.entries()[0]["protoPayload"]["status"]["message"]


def test_the_filter_asks_for_the_time_of_the_execution() -> None:
    lines = Transcript(RUN).section()["filter"].splitlines()
    assert 'labels."run.googleapis.com/execution_name"="load-abc12"' in lines
    assert 'timestamp>="2025-12-31T23:59:00.000000Z"' in lines
    assert 'timestamp<="2026-01-01T00:11:05.500000Z"' in lines
