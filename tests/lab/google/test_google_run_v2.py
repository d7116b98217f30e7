"""Cloud Run v2 as the local Google answers it: asked with the real client library and by hand."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.credentials import Credentials
from google.cloud import run_v2
from google.oauth2.credentials import Credentials as TokenCredentials

from tests.lab.google.calling import JOB, LOCATION, NUMBER, Caller, add_execution, calling, shop


def credentials(caller: Caller) -> Credentials:
    return TokenCredentials(token=caller.token)  # type: ignore[no-untyped-call]


def executions_client(caller: Caller) -> run_v2.ExecutionsClient:
    options = {"api_endpoint": caller.google.url}
    return run_v2.ExecutionsClient(transport="rest", client_options=options, credentials=credentials(caller))


def test_real_client_reads_an_execution() -> None:
    with calling(shop(executions=1)) as caller:
        execution = executions_client(caller).get_execution(name=f"{JOB}/executions/migrate-00000", timeout=120)
    assert execution.failed_count == 1
    assert execution.template.timeout.total_seconds() == 300
    assert run_v2.TaskTemplate.pb(execution.template).WhichOneof("retries") == "max_retries"
    assert execution.conditions[0].execution_reason == run_v2.Condition.ExecutionReason.NON_ZERO_EXIT_CODE


def test_real_client_pages_through_all_executions_newest_first() -> None:
    with calling(shop(executions=7)) as caller:
        request = run_v2.ListExecutionsRequest(parent=f"{LOCATION}/jobs/-", page_size=3)
        names = [
            execution.name for execution in executions_client(caller).list_executions(request=request, timeout=120)
        ]
        lists = [call for call in caller.cloud.calls if call.path.endswith("/executions")]
    assert [name.rpartition("-")[2] for name in names] == [f"{number:05}" for number in range(6, -1, -1)]
    assert len(lists) == 3


def test_real_client_reads_tasks_and_jobs() -> None:
    with calling(shop(executions=2)) as caller:
        options = {"api_endpoint": caller.google.url}
        tasks = run_v2.TasksClient(transport="rest", client_options=options, credentials=credentials(caller))
        found = list(tasks.list_tasks(parent=f"{JOB}/executions/migrate-00001", timeout=120))
        jobs = run_v2.JobsClient(transport="rest", client_options=options, credentials=credentials(caller))
        job = jobs.get_job(name=JOB, timeout=120)
    assert [task.last_attempt_result.exit_code for task in found] == [1]
    assert job.generation == 3
    assert job.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED


def test_real_client_sees_what_is_wrong() -> None:
    world = shop()
    world.projects["shop"].denied_permissions.add("run.executions.list")
    with calling(world) as caller:
        client = executions_client(caller)
        with pytest.raises(exceptions.NotFound):
            client.get_execution(name=f"{JOB}/executions/migrate-zzzzz", timeout=120)
        with pytest.raises(exceptions.Forbidden) as refused:
            client.list_executions(parent=JOB, timeout=120)
        with pytest.raises(exceptions.MethodNotImplemented):
            client.get_execution(name="projects/shop/locations/mars-north1/jobs/j/executions/e", timeout=120)
        with pytest.raises(exceptions.BadRequest):
            client.get_execution(name="projects/shop/locations/-/jobs/j/executions/e", timeout=120)
    assert refused.value.reason == "IAM_PERMISSION_DENIED"
    assert refused.value.metadata["permission"] == "run.executions.list"


def test_enums_are_names_or_numbers_as_asked() -> None:
    with calling(shop(executions=1)) as caller:
        path = f"/v2/{JOB}/executions/migrate-00000"
        assert caller.get(path)["conditions"][0]["state"] == "CONDITION_FAILED"
        numbers = caller.get(f"{path}?%24alt=json%3Benum-encoding%3Dint")
    assert numbers["conditions"][0]["state"] == 3
    assert numbers["conditions"][0]["executionReason"] == 2


def test_unknown_reason_is_answered_as_it_stands() -> None:
    world = shop()
    add_execution(world, "migrate-new01", "2026-01-12T02:00:00Z")["conditions"][0]["executionReason"] = "FROM_NEXT_YEAR"
    with calling(world) as caller:
        body = caller.get(f"/v2/{JOB}/executions/migrate-new01")
    assert body["conditions"][0]["executionReason"] == "FROM_NEXT_YEAR"


def test_project_may_be_named_by_its_number_in_question_and_answer() -> None:
    world = shop(executions=1)
    world.says_number = True
    with calling(world) as caller:
        path = f"/v2/projects/{NUMBER}/locations/asia-northeast3/jobs/migrate/executions/migrate-00000"
        assert caller.get(path)["name"] == path.removeprefix("/v2/")


def test_page_token_belongs_to_its_list() -> None:
    with calling(shop(executions=3)) as caller:
        token = caller.get(f"/v2/{JOB}/executions?pageSize=1")["nextPageToken"]
        assert len(caller.get(f"/v2/{JOB}/executions?pageToken={token}")["executions"]) == 2
        for path in (f"/v2/{LOCATION}/jobs?pageToken={token}", f"/v2/{JOB}/executions?pageToken=nonsense"):
            status, error = caller.refused(path)
            assert (status, error["status"]) == (400, "INVALID_ARGUMENT")
        assert caller.refused(f"/v2/{JOB}/executions?pageSize=-1")[0] == 400


def test_unknown_project_is_answered_like_a_missing_permission() -> None:
    with calling() as caller:
        status, error = caller.refused("/v2/projects/other/locations/asia-northeast3/jobs")
    assert status == 403
    assert error["message"].endswith("(or resource may not exist).")


def test_regions_of_a_project() -> None:
    world = shop()
    world.projects["shop"].regions = ("asia-northeast3", "us-central1")
    with calling(world) as caller:
        locations = caller.get("/v1/projects/shop/locations")["locations"]
    assert [location["locationId"] for location in locations] == ["asia-northeast3", "us-central1"]
