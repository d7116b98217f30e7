"""Cloud Run v1, in the words that gcloud reads; running a job again."""

from __future__ import annotations

from datetime import UTC, datetime

from opsctl.lab.google.knative import execution_v1, job_v1, task_v1
from opsctl.lab.google.replay import run_again, still_running
from opsctl.lab.google.world import Project, World
from opsctl.lab.google.world_of_incidents import world_of_incidents
from tests.lab.google.calling import JOB, calling, shop

NAMESPACE = "/apis/run.googleapis.com/v1/namespaces/shop"
INCIDENT = "o4o-api-migrations-h5x5h"
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def incident() -> tuple[World, Project, dict[str, object]]:
    world = world_of_incidents([INCIDENT])
    name = next(name for name in world.executions if name.endswith(INCIDENT))
    return world, world.projects["netureyoutube"], world.executions[name]


def test_execution_in_the_words_of_v1() -> None:
    _, project, execution = incident()
    body = execution_v1(execution, project)
    metadata, spec, status = body["metadata"], body["spec"]["template"]["spec"], body["status"]
    assert (body["kind"], metadata["name"], metadata["namespace"]) == ("Execution", INCIDENT, "481936277105")
    assert metadata["labels"]["run.googleapis.com/job"] == "o4o-api-migrations"
    database = "netureyoutube:asia-northeast3:o4o-platform-db"
    assert metadata["annotations"]["run.googleapis.com/cloudsql-instances"] == database
    password = next(item for item in spec["containers"][0]["env"] if item["name"] == "DB_PASSWORD")
    assert password["valueFrom"] == {"secretKeyRef": {"name": "o4o-db-password", "key": "latest"}}
    assert (spec["timeoutSeconds"], spec["maxRetries"]) == ("300", 1)
    assert (status["failedCount"], "succeededCount" in status) == (1, False)
    completed = status["conditions"][0]
    assert (completed["type"], completed["status"], completed["reason"]) == ("Completed", "False", "NonZeroExitCode")


def test_task_in_the_words_of_v1() -> None:
    world, project, execution = incident()
    body = task_v1(world.tasks[str(execution["name"])][0], execution, project)
    assert "index" not in body["status"]
    assert body["status"]["lastAttemptResult"]["exitCode"] == 1
    assert body["metadata"]["labels"]["run.googleapis.com/runningState"] == "Failed"
    unknown = {"name": "projects/p/locations/l/jobs/j/executions/e/tasks/t", "createTime": "2026-01-01T00:00:00Z"}
    bare = task_v1({**unknown, "lastAttemptResult": {}}, execution, project)
    assert bare["status"]["lastAttemptResult"] == {"status": {}}
    assert bare["metadata"]["labels"]["run.googleapis.com/runningState"] == "Running"


def test_job_in_the_words_of_v1() -> None:
    world, project, _ = incident()
    body = job_v1(next(iter(world.jobs.values())), project)
    inner = body["spec"]["template"]["spec"]["template"]["spec"]
    assert inner["containers"][0]["image"].endswith("/api-server:latest")
    assert body["status"]["conditions"][0] == {
        "type": "Ready",
        "status": "True",
        "lastTransitionTime": body["status"]["conditions"][0]["lastTransitionTime"],
    }
    assert body["status"]["latestCreatedExecution"]["completionStatus"] == "EXECUTION_FAILED"


def test_vpc_becomes_annotations() -> None:
    _, project, execution = incident()
    template = {**dict(execution["template"]), "vpcAccess": {"connector": "c", "egress": "ALL_TRAFFIC"}}  # type: ignore[call-overload]
    notes = execution_v1({**execution, "template": template}, project)["metadata"]["annotations"]
    assert notes["run.googleapis.com/vpc-access-connector"] == "c"
    assert notes["run.googleapis.com/vpc-access-egress"] == "all-traffic"


def test_lists_have_metadata_pages_and_selectors() -> None:
    with calling(shop(executions=3)) as caller:
        first = caller.get(f"{NAMESPACE}/executions?labelSelector=run.googleapis.com%2Fjob+%3D+migrate&limit=2")
        rest = caller.get(f"{NAMESPACE}/executions?limit=2&continue={first['metadata']['continue']}")
        none = caller.get(f"{NAMESPACE}/executions?labelSelector=run.googleapis.com/job=other")
        tasks = caller.get(f"{NAMESPACE}/tasks?labelSelector=run.googleapis.com/execution=migrate-00001")
        assert caller.refused(f"{NAMESPACE}/executions?labelSelector=run.googleapis.com/job!=x")[0] == 400
        assert caller.refused(f"{NAMESPACE}/executions/none")[0] == 404
    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert none == {**none, "items": [], "metadata": {"continue": ""}}
    assert [task["metadata"]["name"] for task in tasks["items"]] == ["migrate-00001-task0"]


def test_job_that_is_run_fails_again_after_a_while() -> None:
    world = shop(executions=1)
    with calling(world) as caller:
        status, begun = caller.send("POST", f"{NAMESPACE}/jobs/migrate:run", {})
        name = begun["metadata"]["name"]
        verdicts = [caller.get(f"{NAMESPACE}/executions/{name}")["status"]["conditions"][0]["status"] for _ in range(3)]
        assert caller.refused(f"{NAMESPACE}/jobs/other:run", "POST", {})[0] == 404
    assert status == 200
    assert name.startswith("migrate-")
    assert verdicts == ["Unknown", "Unknown", "False"]
    assert world.jobs[JOB]["latestCreatedExecution"]["name"].endswith(name)


def test_run_again_moves_everything_to_now() -> None:
    world, _, execution = incident()
    world.now = lambda: NOW
    job = str(execution["name"]).partition("/executions/")[0]
    before = len(world.entries)
    again = run_again(world, job, suffix="again")
    assert again is not None
    assert again["name"].endswith("/o4o-api-migrations-again")
    entries = world.entries[before:]
    assert len(entries) == before
    assert all(entry["labels"]["run.googleapis.com/execution_name"].endswith("-again") for entry in entries)
    assert INCIDENT not in str(entries) + str(world.tasks[again["name"]])
    last = max(str(entry.get("receiveTimestamp", entry["timestamp"])) for entry in entries)
    assert last.startswith("2026-05-01T12:00:00") or again["completionTime"].startswith("2026-05-01T12:00:00")
    assert again["createTime"] < again["completionTime"] <= "2026-05-01T12:00:00.000000Z"
    assert again["uid"] != execution["uid"]


def test_job_that_never_ran_cannot_be_repeated() -> None:
    assert run_again(shop(), JOB) is None


def test_execution_at_its_start() -> None:
    _, _, execution = incident()
    body = still_running(execution)
    assert body["runningCount"] == 1
    assert not {"completionTime", "failedCount"} & set(body)
