"""What is around every answer of the local Google: sign-in, faults, the record of calls."""

from __future__ import annotations

import json
import socket

import pytest
import urllib3

from opsctl.lab.google.faults import Action, Fault, Faults, fault_from_json
from opsctl.lab.google.server import RunningGoogle
from tests.lab.google.calling import JOB, Caller, calling, shop

PATH = f"/v2/{JOB}/executions/migrate-00000"


@pytest.mark.parametrize(("token", "reason"), [("", "missing required"), ("ya29.other", "invalid authentication")])
def test_only_the_token_of_the_lab_opens_the_door(token: str, reason: str) -> None:
    with calling(token=token) as caller:
        status, error = caller.refused(PATH)
    assert (status, error["status"]) == (401, "UNAUTHENTICATED")
    assert reason in error["message"]


@pytest.mark.parametrize(
    ("action", "status", "name", "words"),
    [
        (Action.DENY, 403, "PERMISSION_DENIED", "Permission 'run.executions.get' denied"),
        (Action.DENY_OR_ABSENT, 403, "PERMISSION_DENIED", "(or resource may not exist)."),
        (Action.UNAUTHENTICATED, 401, "UNAUTHENTICATED", "invalid authentication credentials"),
        (Action.API_DISABLED, 403, "PERMISSION_DENIED", "has not been used in project 123456789012 before"),
        (Action.NOT_FOUND, 404, "NOT_FOUND", "not found"),
        (Action.THROTTLE, 429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
        (Action.STATUS, 503, "UNAVAILABLE", "currently unavailable"),
    ],
)
def test_faults_that_are_errors(action: Action, status: int, name: str, words: str) -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(action, api="run", times=1))
        answer, error = caller.refused(PATH)
        assert (answer, error["status"]) == (status, name)
        assert words in error["message"]
        assert caller.get(PATH)["failedCount"] == 1
        assert [call.status for call in caller.cloud.calls] == [status, 200]


def test_error_may_say_when_to_come_back() -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(Action.THROTTLE, retry_after=3))
        headers = {"Authorization": f"Bearer {caller.token}"}
        answer = caller.http.request("GET", caller.google.url + PATH, headers=headers, retries=False)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")


def test_disabled_api_names_itself() -> None:
    world = shop(executions=1)
    world.projects["shop"].enabled_apis.discard("run.googleapis.com")
    with calling(world) as caller:
        _, error = caller.refused(PATH)
    detail = error["details"][0]
    assert (detail["reason"], detail["metadata"]["service"]) == ("SERVICE_DISABLED", "run.googleapis.com")


@pytest.mark.parametrize("action", [Action.CUT, Action.RESET])
def test_connection_ends_early(action: Action) -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(action, times=1))
        with pytest.raises(urllib3.exceptions.HTTPError):
            caller.get(PATH)
        assert caller.get(PATH)["failedCount"] == 1


def test_no_answer_at_all() -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(Action.HANG))
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            caller.http.request("GET", caller.google.url + PATH, retries=False, timeout=0.2)


def test_answers_that_are_not_what_they_seem() -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(Action.GARBAGE, times=1))
        with pytest.raises(json.JSONDecodeError):
            caller.get(PATH)
        caller.cloud.faults.add(Fault(Action.EMPTY, times=1))
        assert caller.get(PATH) == {}
        caller.cloud.faults.add(Fault(Action.DRIP, times=1, seconds=0.0))
        assert caller.get(PATH)["failedCount"] == 1


def test_late_answer_is_the_right_one() -> None:
    with calling(shop(executions=1)) as caller:
        caller.cloud.faults.add(Fault(Action.DELAY, seconds=0.2, times=1))
        assert caller.get(PATH)["failedCount"] == 1
        assert caller.cloud.calls[-1].seconds >= 0.2


def test_pages_that_are_empty_or_short() -> None:
    with calling(shop(executions=5)) as caller:
        caller.cloud.faults.add(Fault(Action.EMPTY_PAGE, times=1))
        caller.cloud.faults.add(Fault(Action.SHORT_PAGE, size=2))
        sizes, token = [], "&"
        while token:
            page = caller.get(f"/v2/{JOB}/executions?{token}")
            sizes.append(len(page.get("executions", [])))
            token = f"pageToken={page['nextPageToken']}" if "nextPageToken" in page else ""
    assert sizes == [0, 2, 2, 1]


def test_rule_is_about_some_calls_only() -> None:
    fault = Fault(Action.STATUS, api="run", method="get", path=r"/tasks\?.*pageToken=.")
    assert fault.matches("run.googleapis.com", "GET", "/v2/x/tasks?pageSize=2&pageToken=abc")
    assert not fault.matches("run.googleapis.com", "GET", "/v2/x/tasks?pageToken=")
    assert not fault.matches("run.googleapis.com", "POST", "/v2/x/tasks?pageToken=a")
    assert not fault.matches("sqladmin.googleapis.com", "GET", "/v2/x/tasks?pageToken=a")


def test_oldest_rule_that_still_holds_wins() -> None:
    faults = Faults()
    first, second = Fault(Action.DENY, times=2), Fault(Action.NOT_FOUND)
    faults.add(first)
    faults.add(second)
    assert [faults.take("run", "GET", "/") for _ in range(4)] == [first, first, second, second]
    faults.clear()
    assert faults.take("run", "GET", "/") is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"action": "explode"},
        {"action": "deny", "colour": "red"},
        {"action": "deny", "times": "two"},
        {"action": "delay", "seconds": "long"},
    ],
)
def test_rules_that_are_none(document: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        fault_from_json(document)


def test_rules_from_outside_and_what_was_called() -> None:
    with calling(shop(executions=1)) as caller:
        assert caller.send("POST", "/_lab/faults", {"action": "not-found", "path": "migrate-00000"})[0] == 201
        assert caller.refused(PATH)[0] == 404
        assert caller.send("POST", "/_lab/faults", {"action": "deny", "path": "("})[0] == 400
        assert caller.send("DELETE", "/_lab/faults")[0] == 200
        assert caller.get(PATH)["failedCount"] == 1
        calls = caller.get("/_lab/calls")["calls"]
        assert [(call["api"], call["path"], call["status"]) for call in calls] == [
            ("run.googleapis.com", PATH, 404),
            ("run.googleapis.com", PATH, 200),
        ]
        caller.send("DELETE", "/_lab/calls")
        assert caller.get("/_lab/calls") == {"calls": []}


def test_request_line_in_absolute_form() -> None:
    """As a client sends it that takes the server for its proxy."""
    with calling(shop(executions=1)) as caller:
        body = _ask_through_proxy(caller, caller.google)
    assert body["metadata"]["name"] == "migrate-00000"


def _ask_through_proxy(caller: Caller, google: RunningGoogle) -> dict[str, dict[str, str]]:
    path = "/apis/run.googleapis.com/v1/namespaces/shop/executions/migrate-00000"
    lines = (
        f"GET http://asia-northeast3-run.test{path} HTTP/1.1",
        "Host: asia-northeast3-run.test",
        f"Authorization: Bearer {caller.token}",
        "Connection: close",
    )
    with socket.create_connection(("127.0.0.1", google.port), timeout=120) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    body: dict[str, dict[str, str]] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return body


def test_unknown_paths_are_recorded() -> None:
    with calling() as caller:
        assert caller.refused("/v9/nothing")[0] == 404
        assert caller.cloud.calls[-1].api == "unknown"


def test_answers_are_indented_and_compressed_as_asked() -> None:
    with calling(shop(executions=20)) as caller:
        url = f"{caller.google.url}/v2/{JOB}/executions"
        headers = {"Authorization": f"Bearer {caller.token}", "Accept-Encoding": "gzip"}
        small = caller.http.request("GET", f"{url}?prettyPrint=false", headers=headers)
        large = caller.http.request("GET", url, headers={"Authorization": f"Bearer {caller.token}"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert b"\n" not in small.data
    assert large.data.startswith(b'{\n  "executions"')
    assert json.loads(small.data) == json.loads(large.data)
