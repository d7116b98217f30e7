"""Every part of the evidence, whatever its service does; and none of them takes the others with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from opsctl.diagnosis.access import find_access_needs
from opsctl.diagnosis.collect import Known, collect
from opsctl.diagnosis.evidence_file import read_evidence, write_evidence
from opsctl.diagnosis.evidence_reading import parse_execution_name
from opsctl.diagnosis.facts.derive import derive_facts
from opsctl.diagnosis.models import Evidence, Section, SectionStatus
from opsctl.diagnosis.ports import Commit, CommitRange
from opsctl.diagnosis.prepare import mask_evidence
from opsctl.diagnosis.rank import rank_causes
from opsctl.diagnosis.rules import load_rules
from opsctl.errors import AccessDeniedError, DataError, NotFoundError, UnavailableError
from opsctl.lab.incidents import INCIDENTS
from tests.diagnosis.collectors.live import NOW, PATIENT, QUICK, collect_from, incident
from tests.fakes.google import FakeGoogle
from tests.fakes.virtual_time import run_virtual

# Section -> what its collector asks first.
ASKED = {
    "tasks": ("list_tasks",),
    "job": ("get_job",),
    "logs": ("read",),
    "baseline": ("list_executions",),
    "service_account": ("get_service_account", "get_project_policy"),
    "secrets": ("get_version",),
    "cloudsql": ("get_instance",),
    "apis": ("get_states",),
    "image": ("describe",),
    "commits": ("list_commits",),
}
ERRORS = {
    "denied": (AccessDeniedError("Permission 'x.y.z' denied", permission="x.y.z"), SectionStatus.DENIED),
    "not found": (NotFoundError("There is no such thing"), SectionStatus.NOT_FOUND),
    "switched off": (AccessDeniedError("API has not been used", code="api-disabled"), SectionStatus.ERROR),
    "away": (UnavailableError("503"), SectionStatus.ERROR),
    "broken": (DataError("not JSON"), SectionStatus.ERROR),
    "unforeseen": (KeyError("secret-value"), SectionStatus.ERROR),
    "slow": (None, SectionStatus.ERROR),
}
# What does not exist is an answer: the item says so, and the section was seen.
ITEMS = ("secrets", "cloudsql")


def with_checkout(google: FakeGoogle) -> FakeGoogle:
    commits = (Commit("4ca11e480" + "0" * 31, "subject", "2026-01-12T01:00:00Z", ("Dockerfile",)),)
    google.commits = {("9b1d77c02", "4ca11e480"): CommitRange("/repo", "9b1d77c02", "4ca11e480", commits)}
    google.commits[None, "4ca11e480"] = CommitRange("/repo", "", "4ca11e480", commits)
    return google


@pytest.mark.parametrize("section", ASKED)
def test_what_can_be_read_is_seen(section: str) -> None:
    document, google = incident()
    evidence = collect_from(with_checkout(google), document)
    assert evidence.section(section).status.has_data


@pytest.mark.parametrize("fault", ERRORS)
@pytest.mark.parametrize("section", ASKED)
def test_a_fault_of_one_service_is_told_and_harms_no_other(section: str, fault: str) -> None:
    document, google = incident()
    error, status = ERRORS[fault]
    google = with_checkout(google)
    google.faults = dict.fromkeys(ASKED[section], error)
    evidence = collect_from(google, document, settings=QUICK if fault == "slow" else PATIENT)
    found = evidence.section(section)
    if section in ITEMS and fault == "not found":
        assert found.status is SectionStatus.OK
        assert found.data is not None
        assert all(item["state"] == "NOT_FOUND" for items in found.data.values() for item in items)
    else:
        assert found.status is status
        assert found.reason
        assert "secret-value" not in found.reason
    others = set(ASKED) - {section} - (set() if section not in ("image", "baseline") else {"commits"})
    assert all(evidence.section(other).status.has_data for other in others)


def test_an_image_is_described_and_looked_into_although_the_log_is_slow() -> None:
    document, google = incident()
    google.faults = {"read": None}
    evidence = collect_from(google, document, settings=QUICK)
    assert evidence.section("logs").status is SectionStatus.ERROR
    assert evidence.section("image").status is SectionStatus.OK


class TestEmpty:
    """Asked and answered: nothing there."""

    def test_no_tasks(self) -> None:
        document, google = incident()
        google.tasks = {}
        assert collect_from(google, document).section("tasks").status is SectionStatus.NO_DATA

    def test_tasks_come_in_the_order_of_their_index_and_those_that_came_stay(self) -> None:
        document, google = incident()
        google.tasks[document["executionName"]] = [{"name": "c", "index": 2}, {"name": "a"}, {"name": "b", "index": 1}]
        found = collect_from(google, document).section("tasks")
        assert found.data is not None
        assert [task["name"] for task in found.data["tasks"]] == ["a", "b", "c"]
        google.faults = {"list_more_tasks": UnavailableError("503")}
        found = collect_from(google, document).section("tasks")
        assert (found.status, found.reason) == (SectionStatus.PARTIAL, "only 1 tasks were read: 503")
        google.faults = {"list_more_tasks": None}
        found = collect_from(google, document, settings=QUICK).section("tasks")
        assert (found.status, found.reason) == (
            SectionStatus.PARTIAL,
            "only 1 tasks were read: no answer within 0.2 s",
        )

    def test_no_success_before(self) -> None:
        document, google = incident()
        google.executions = {document["executionName"]: google.executions[document["executionName"]]}
        found = collect_from(google, document).section("baseline")
        assert (found.status, found.reason) == (
            SectionStatus.NO_DATA,
            "none of the 0 executions before this one succeeded",
        )

    def test_no_lines(self) -> None:
        document, google = incident()
        google.entries = []
        found = collect_from(google, document).section("logs")
        assert found.status is SectionStatus.NO_DATA

    def test_no_references_is_nothing_to_ask(self) -> None:
        document, google = incident()
        template = google.executions[document["executionName"]]["template"]
        template["volumes"] = []
        template["containers"][0]["env"] = []
        evidence = collect_from(google, document)
        assert evidence.section("secrets").status is SectionStatus.SKIPPED
        assert evidence.section("cloudsql").status is SectionStatus.SKIPPED
        assert {"get_version", "get_instance"}.isdisjoint(google.asked)

    def test_an_account_without_any_role_of_its_own(self) -> None:
        document, google = incident()
        google.policy["bindings"] = []
        found = collect_from(google, document).section("service_account")
        assert found.data is not None
        assert found.data["projectRoles"] == []
        assert "not evaluated" in str(found.reason)


@pytest.mark.parametrize("name", INCIDENTS)
def test_a_replay_finds_what_was_found_live(name: str, tmp_path: Path) -> None:
    document, google = incident(name)
    live = mask_evidence(collect_from(google, document)).evidence
    write_evidence(tmp_path / "saved.json", live)
    replayed = mask_evidence(read_evidence(tmp_path / "saved.json")).evidence
    assert findings(live) == findings(replayed)
    assert read_evidence(tmp_path / "saved.json").section("service_account") == live.section("service_account")


def findings(evidence: Evidence) -> list[tuple[str, float]]:
    ranking = rank_causes(load_rules(), derive_facts(evidence))
    return [(found.rule.cause, found.probability) for found in ranking.findings]


def test_without_the_execution_the_template_comes_from_its_audit_record() -> None:
    document, google = incident()
    google.executions.clear()
    google.jobs.clear()
    evidence = collect_from(google, document)
    assert evidence.section("execution").status is SectionStatus.NOT_FOUND
    assert evidence.section("image").status.has_data
    assert evidence.section("cloudsql").status.has_data


def test_nothing_at_all_is_an_answer_too() -> None:
    document, _ = incident()
    nobody = FakeGoogle(faults=dict.fromkeys([name for names in ASKED.values() for name in names], DataError("?")))
    name = parse_execution_name(document["executionName"])
    known = Known(name, Section(SectionStatus.DENIED, "Permission 'run.executions.get' denied"))
    evidence = run_virtual(lambda: collect(known, nobody.sources(), lambda: NOW, QUICK))
    assert not any(section.status.has_data for section in evidence.sections.values())


def test_a_cancelled_collection_ends_at_once() -> None:
    document, google = incident()
    google.faults = {"read": None, "get_job": None}
    name = parse_execution_name(document["executionName"])

    async def cancel() -> None:
        task = asyncio.create_task(collect(Known(name, Section(SectionStatus.SKIPPED)), google.sources(), lambda: NOW))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


class TestAccess:
    """What would have given what is missing."""

    def test_each_refusal_has_its_command(self) -> None:
        document, google = incident()
        refused = AccessDeniedError("Permission denied", permission="logging.logEntries.list")
        google.faults = {"read": refused, "get_job": AccessDeniedError("no", permission="run.jobs.get")}
        evidence = collect_from(google, document)
        needs = find_access_needs(evidence, derive_facts(evidence))
        assert [(need.sections, need.role) for need in needs] == [
            (("job",), "roles/run.viewer"),
            (("logs",), "roles/logging.viewer"),
        ]
        assert needs[1].command == (
            "gcloud projects add-iam-policy-binding netureyoutube --member=user:EMAIL --role=roles/logging.viewer"
            " --condition=None"
        )

    def test_an_api_that_is_off_is_switched_on_instead(self) -> None:
        document, google = incident()
        text = "Cloud SQL Admin API has not been used in project 1 before or it is disabled."
        google.faults = {"get_instance": AccessDeniedError(text, code="api-disabled")}
        evidence = collect_from(google, document)
        (need,) = find_access_needs(evidence, derive_facts(evidence))
        assert need.role is None
        assert need.command == "gcloud services enable sqladmin.googleapis.com --project=1"

    def test_nothing_is_missing_when_everything_was_seen(self) -> None:
        document, google = incident()
        evidence = collect_from(google, document)
        assert find_access_needs(evidence, derive_facts(evidence)) == ()


def test_a_limit_for_the_whole_command_leaves_time_for_a_report() -> None:
    limits = PATIENT.within(10)
    assert limits.logs_seconds + limits.image_seconds + limits.commits_seconds < 10
    assert limits.section_seconds < 10
    assert PATIENT.within(None) == PATIENT
    assert PATIENT.within(100_000) == PATIENT
