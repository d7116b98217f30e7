"""Every practice incident is a valid evidence file that makes sense in itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import run_v2
from google.cloud.logging_v2 import entries as _audit_records  # noqa: F401  a payload of type Any needs its class
from google.cloud.logging_v2.types import LogEntry

from opsctl.diagnosis.rules import CAUSES, CONTROLS
from opsctl.lab.incidents import INCIDENTS, Incident
from tests.lab.incidents.evidence_shape import SECTIONS, STATUSES, facts_without_value, problems, resolve

ALL = list(INCIDENTS.values())
SECRET_NAME = re.compile(r"PASSWORD|TOKEN|SALT|KEY|DSN|SECRET")
# User info of a URL, unless it is masked.
OPEN_USER_INFO = re.compile(r"://(?!\*\*\*)[^/\s@]+@")


def name_of(incident: Incident) -> str:
    return incident.name


def data_of(evidence: Any, section: str) -> Any:
    return evidence["sections"][section].get("data")


def executions_of(evidence: Any) -> Iterator[Any]:
    yield data_of(evidence, "execution")
    if data_of(evidence, "baseline"):
        yield data_of(evidence, "baseline")["execution"]


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_it_has_the_documented_shape(incident: Incident) -> None:
    evidence = incident.evidence()
    assert problems(evidence) == []
    assert facts_without_value(evidence) == []
    for fact in (data_of(evidence, "value_facts") or {"facts": []})["facts"]:
        value = resolve(data_of(evidence, fact["section"]), fact["pointer"])
        assert ("***" in value) == (fact["token"] is not None)
        assert fact["token"] is None or fact["token"] in value
        assert "***" in value or fact["length"] == len(value)


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_google_s_own_classes_know_every_field(incident: Incident) -> None:
    """Reading refuses fields and enum values that do not exist."""
    evidence = incident.evidence()
    for execution in executions_of(evidence):
        read = run_v2.Execution.from_json(json.dumps(execution), ignore_unknown_fields=False)
        assert read.name == execution["name"]
    for task in (data_of(evidence, "tasks") or {"tasks": []})["tasks"]:
        assert run_v2.Task.from_json(json.dumps(task), ignore_unknown_fields=False).index == task["index"]
    if data_of(evidence, "job"):
        job = run_v2.Job.from_json(json.dumps(data_of(evidence, "job")), ignore_unknown_fields=False)
        assert job.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED
    for entry in (data_of(evidence, "logs") or {"entries": []})["entries"]:
        read_entry = LogEntry.from_json(json.dumps(entry), ignore_unknown_fields=False)
        assert read_entry.insert_id == entry["insertId"]


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_its_times_follow_each_other(incident: Incident) -> None:
    evidence = incident.evidence()
    for execution in executions_of(evidence):
        moments = [execution.get(key) for key in ("createTime", "startTime", "completionTime")]
        known = [moment for moment in moments if moment]
        assert known == sorted(known)
    execution = data_of(evidence, "execution")
    last = execution.get("completionTime", evidence["collectedAt"])
    begun = execution.get("startTime", execution["createTime"])
    assert last <= evidence["collectedAt"]
    for entry in (data_of(evidence, "logs") or {"entries": []})["entries"]:
        assert entry["timestamp"] < entry["receiveTimestamp"] <= evidence["collectedAt"]
        if entry["labels"]["run.googleapis.com/execution_name"] != execution["name"].rpartition("/")[2]:
            continue
        if "run.googleapis.com/task_index" in entry["labels"]:
            assert begun <= entry["timestamp"] <= last, entry
    if data_of(evidence, "baseline"):
        assert data_of(evidence, "baseline")["execution"]["completionTime"] < execution["createTime"]


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_its_parts_speak_of_one_execution(incident: Incident) -> None:
    evidence = incident.evidence()
    execution = data_of(evidence, "execution")
    assert execution["name"] == evidence["executionName"]
    assert execution["job"] == execution["name"].split("/")[5]
    name = execution["name"].rpartition("/")[2]
    for task in (data_of(evidence, "tasks") or {"tasks": []})["tasks"]:
        assert task["name"] == f"{execution['name']}/tasks/{name}-task{task['index']}"
        assert task["retried"] <= execution["template"]["maxRetries"]
    counted = [execution.get(f"{what}Count", 0) for what in ("succeeded", "failed", "cancelled", "running")]
    assert sum(counted) == execution["taskCount"]
    if data_of(evidence, "image"):
        assert data_of(evidence, "image")["reference"] == execution["template"]["containers"][0]["image"]
    named = {
        variable["valueSource"]["secretKeyRef"]["secret"]
        for variable in execution["template"]["containers"][0]["env"]
        if "valueSource" in variable
    }
    if data_of(evidence, "secrets"):
        assert {secret["name"] for secret in data_of(evidence, "secrets")["secrets"]} == named
    if data_of(evidence, "service_account"):
        assert data_of(evidence, "service_account")["email"] == execution["template"]["serviceAccount"]


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_the_attempts_in_the_log_are_those_of_the_tasks(incident: Incident) -> None:
    evidence = incident.evidence()
    entries = (data_of(evidence, "logs") or {"entries": []})["entries"]
    name = evidence["executionName"].rpartition("/")[2]
    seen = {
        (int(entry["labels"]["run.googleapis.com/task_index"]), int(entry["labels"]["run.googleapis.com/task_attempt"]))
        for entry in entries
        if entry["labels"]["run.googleapis.com/execution_name"] == name
        and "run.googleapis.com/task_index" in entry["labels"]
    }
    listed = (data_of(evidence, "tasks") or {"tasks": []})["tasks"]
    expected = {(task["index"], attempt) for task in listed for attempt in range(task["retried"] + 1)}
    assert seen in (expected, set())


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_it_holds_no_secret(incident: Incident) -> None:
    evidence = incident.evidence()
    containers = [execution["template"]["containers"][0] for execution in executions_of(evidence)]
    for variable in (variable for container in containers for variable in container["env"]):
        if SECRET_NAME.search(variable["name"]):
            assert "valueSource" in variable or variable["value"].startswith("***"), variable
    written = json.dumps(evidence, ensure_ascii=False)
    assert not OPEN_USER_INFO.search(written)
    assert "-----BEGIN" not in written


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_it_is_the_same_each_time_and_each_time_its_own(incident: Incident) -> None:
    first = incident.evidence()
    before = json.dumps(first)
    spoil(first)
    assert json.dumps(first) != before
    assert json.dumps(incident.evidence()) == before


def spoil(value: Any) -> None:
    """Changes every object and every list."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        spoil(inner)
    if isinstance(value, dict):
        value["spoilt"] = True
    elif isinstance(value, list):
        value.append("spoilt")


@pytest.mark.parametrize("incident", ALL, ids=name_of)
def test_the_audit_record_says_what_the_execution_says(incident: Incident) -> None:
    evidence = incident.evidence()
    execution = data_of(evidence, "execution")
    entries = (data_of(evidence, "logs") or {"entries": []})["entries"]
    for entry in entries:
        if not entry["logName"].endswith("system_event"):
            continue
        response = entry["protoPayload"]["response"]
        assert response["metadata"]["name"] == execution["name"].rpartition("/")[2]
        assert response["status"].get("completionTime") == execution.get("completionTime")
        container, v2 = response["spec"]["template"]["spec"]["containers"][0], execution["template"]["containers"][0]
        assert container["image"] == v2["image"]
        assert [variable["name"] for variable in container["env"]] == [variable["name"] for variable in v2["env"]]
        verdict = next(item for item in response["status"]["conditions"] if item["type"] == "Completed")
        state = next(item for item in execution["conditions"] if item["type"] == "Completed")["state"]
        assert verdict["status"] == {"CONDITION_FAILED": "False", "CONDITION_SUCCEEDED": "True"}[state]


def test_there_are_enough_and_their_names_are_executions() -> None:
    assert len(ALL) >= 10
    for incident in ALL:
        assert incident.name.startswith(incident.evidence()["executionName"].rpartition("/")[2])
        assert {incident.cause, *incident.acceptable} <= {*CAUSES, *CONTROLS}
        assert incident.cause not in incident.acceptable
    assert set(CONTROLS) <= {incident.cause for incident in ALL}


def test_together_they_use_every_section_and_every_status() -> None:
    used = [(name, body["status"]) for item in ALL for name, body in item.evidence()["sections"].items()]
    assert {name for name, status in used if status in ("ok", "partial")} == set(SECTIONS)
    assert {status for _, status in used} == set(STATUSES)
    for section in ("job", "secrets", "cloudsql", "baseline", "commits", "image", "value_facts"):
        assert len([name for name, status in used if name == section and status in ("ok", "partial")]) >= 5


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("/schema", "opsctl.evidence/v2", "another format"),
        ("/executionName", "h5x5h", "no name of an execution"),
        ("/sections/logs/status", "fine", "status 'fine'"),
        ("/sections/image/data/digest", "sha256:1", "no digest"),
        ("/sections/secrets/data/secrets/0/value", "x", "value is not documented"),
        ("/sections/cloudsql/data/instances/0/state", 1, "1 is no text"),
        ("/sections/logs/data/entries/3/timestamp", "2030-01-01T00:00:00Z", "not in order"),
        ("/sections/commits/data/commits/0/time", "yesterday", "no time"),
        ("/sections/value_facts/data/facts/0/section", "jobs", "none of"),
    ],
)
def test_the_check_finds_what_is_wrong(place: str, value: object, told: str) -> None:
    evidence = INCIDENTS["o4o-api-migrations-h5x5h"].evidence()
    parent, _, key = place.rpartition("/")
    resolve(evidence, parent)[key] = value
    assert told in "\n".join(problems(evidence))


def test_the_check_finds_a_pointer_that_leads_nowhere() -> None:
    evidence = INCIDENTS["o4o-api-migrations-h5x5h"].evidence()
    evidence["sections"]["value_facts"]["data"]["facts"][0]["pointer"] = "/template/containers/0/env/99/value"
    assert facts_without_value(evidence) == ["execution/template/containers/0/env/99/value"]
