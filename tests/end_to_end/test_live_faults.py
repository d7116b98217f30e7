"""What can be wrong with a live diagnosis, one by one, by the real command line: what it ends with and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.diagnosis.models import JsonObject
from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.faults import Action
from opsctl.lab.google.logging_large import write_large_log
from opsctl.lab.google.registry_behaviour import RegistryBehaviour
from opsctl.lab.google.server import Manners, serve_in_thread
from opsctl.lab.google.world import Project
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from opsctl.lab.incidents import INCIDENTS
from tests.cli.processes import Ended
from tests.end_to_end.live_google import FIRST, LiveGoogle, live_google, place_of, reasons, statuses

NAME = INCIDENTS[FIRST].evidence()["executionName"]
JOB = NAME.rpartition("/executions/")[0]
PROJECT, REGION = "netureyoutube", "asia-northeast3"
IN_PROJECT = ("--project", PROJECT)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[LiveGoogle]:
    with live_google(tmp_path, FIRST) as running:
        yield running


def execution_of(google: LiveGoogle) -> dict[str, Any]:
    return google.cloud.world.executions[NAME]


def look(google: LiveGoogle, *words: str) -> Ended:
    return google.run("cloudrun", "diagnose", *words)


class TestNames:
    """Wrong ones, and right ones in other words."""

    def test_the_wrong_region_names_the_right_one(self, google: LiveGoogle) -> None:
        ended = look(google, FIRST, *IN_PROJECT, "--region", "us-central1")
        assert ended.exit_code == 7
        assert f"It is in {REGION}: --region {REGION}" in ended.stderr

    def test_a_job_that_is_nearly_right(self, google: LiveGoogle) -> None:
        ended = look(google, "--job", "o4o-api-migration", "--latest-failed", *IN_PROJECT)
        assert ended.exit_code == 7
        assert "Did you mean o4o-api-migrations?" in ended.stderr

    def test_a_project_that_may_not_exist_is_undecided_without_a_region_too(self, google: LiveGoogle) -> None:
        ended = look(google, FIRST, "--project", "other")
        assert ended.exit_code == 6
        assert "or resource may not exist" in ended.stderr
        assert "Is it the right project?" in ended.stderr

    def test_a_project_by_its_number(self, google: LiveGoogle, tmp_path: Path) -> None:
        number = google.cloud.world.projects[PROJECT].number
        google.cloud.world.says_number = True
        ended = look(google, FIRST, "--project", number, "--region", REGION, "-o", "json")
        assert ended.stdout == look(google, FIRST, *place_of(FIRST), "-o", "json").stdout
        assert json.loads(ended.stdout)["data"]["execution"]["project"] == PROJECT

    def test_without_a_project(self, google: LiveGoogle) -> None:
        ended = look(google, FIRST)
        assert ended.exit_code == 2
        assert "--project" in ended.stderr


class TestThrottling:
    """429, for a while and for ever."""

    def test_what_passes_is_not_seen(self, google: LiveGoogle) -> None:
        google.fail(Action.THROTTLE, "run", times=2)
        google.fail(Action.THROTTLE, "secretmanager", times=1)
        found = statuses(google.report())
        assert {found[name] for name in ("job", "tasks", "secrets")} == {"ok"}

    @pytest.mark.slow
    def test_as_long_as_the_service_asks_for(self, google: LiveGoogle) -> None:
        google.fail(Action.STATUS, "run", r"/jobs/[^/]+$", status=429, retry_after=2, times=1)
        assert statuses(google.report())["job"] == "ok"
        job = [call for call in google.cloud.calls if call.path.partition("?")[0].endswith(JOB)]
        assert [call.status for call in job] == [429, 200]

    def test_longer_than_anybody_waits(self, google: LiveGoogle) -> None:
        google.fail(Action.STATUS, "run", r"/jobs/[^/]+$", status=429, retry_after=3600, message="Quota exceeded")
        report = google.report()
        assert (statuses(report)["job"], reasons(report)["job"]) == ("error", "run.googleapis.com: Quota exceeded")

    @pytest.mark.slow
    @pytest.mark.parametrize("service", ["secretmanager", "registry"])
    def test_for_ever(self, google: LiveGoogle, service: str) -> None:
        google.fail(Action.STATUS, service, status=429, message="Quota exceeded")
        section = {"secretmanager": "secrets", "registry": "image"}[service]
        report = google.report()
        assert statuses(report)[section] == "error"
        assert report["access"] == []


class TestCredentials:
    """Tokens that run out in the middle."""

    @pytest.mark.parametrize(
        ("service", "section"), [("secretmanager", "secrets"), ("logging", "logs"), ("registry", "image")]
    )
    def test_no_role_is_asked_for(self, google: LiveGoogle, service: str, section: str) -> None:
        google.fail(Action.UNAUTHENTICATED, service)
        report = google.report()
        assert statuses(report)[section] == "error"
        assert "gcloud auth" in reasons(report)[section]
        assert report["access"] == []

    def test_a_perimeter_is_no_missing_role(self, google: LiveGoogle) -> None:
        message = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x1"
        google.fail(Action.STATUS, "secretmanager", status=403, message=message)
        report = google.report()
        assert statuses(report)["secrets"] == "denied"
        assert "perimeter" in reasons(report)["secrets"]
        assert report["access"] == []


class TestOtherProjects:
    """What belongs to another project is asked for there, and granted there."""

    def test_secrets_instances_and_images(self, google: LiveGoogle) -> None:
        world = google.cloud.world
        other = Project("vault", "99")
        other.denied_permissions |= {"secretmanager.versions.get", "cloudsql.instances.get"}
        world.projects["vault"] = other
        (container,) = execution_of(google)["template"]["containers"]
        for variable in container["env"]:
            if "valueSource" in variable:
                variable["valueSource"]["secretKeyRef"]["secret"] = "projects/vault/secrets/a"
        execution_of(google)["template"]["volumes"] = [
            {"name": "sql", "cloudSqlInstance": {"instances": ["vault:us-central1:db"]}}
        ]
        report = google.report()
        commands = [need["command"] for need in report["access"]]
        roles = {command.split("--role=")[1].split()[0] for command in commands if "binding vault " in command}
        assert roles == {"roles/secretmanager.viewer", "roles/cloudsql.viewer"}

    def test_an_api_is_switched_on_where_the_requests_are_charged(self, google: LiveGoogle) -> None:
        google.fail(Action.API_DISABLED, "iam")
        (need,) = google.report()["access"]
        assert need["command"] == "gcloud services enable iam.googleapis.com --project=481936277105"


class TestTime:
    """Now is not then."""

    def test_an_execution_that_still_runs(self, google: LiveGoogle) -> None:
        execution = execution_of(google)
        del execution["completionTime"]
        execution |= {"failedCount": 0, "runningCount": 1}
        execution["conditions"] = [{"type": "Completed", "state": "CONDITION_RECONCILING"}]
        google.cloud.world.tasks[NAME] = [
            {
                "name": f"{NAME}/tasks/{FIRST}-task0",
                "conditions": execution["conditions"],
                "startTime": "2026-01-12T02:00:10Z",
            }
        ]
        world = google.cloud.world
        world.entries = [entry for entry in world.entries if "system_event" not in entry["logName"]]
        ended = google.diagnose(FIRST, "-o", "json")
        assert ended.exit_code == 0
        report = json.loads(ended.stdout)["data"]
        assert report["execution"]["outcome"] == "running"
        assert "still ran" in reasons(report)["logs"]

    def test_older_than_the_log_is_kept(self, google: LiveGoogle) -> None:
        google.cloud.world.projects[PROJECT].log_retention_days = 5
        report = google.report()
        assert statuses(report)["logs"] == "partial"
        assert "can have chosen less" in reasons(report)["logs"]
        world = google.cloud.world
        world.entries = [entry for entry in world.entries if "cloudaudit" not in entry["logName"]]
        report = google.report()
        assert statuses(report)["logs"] == "no_data"
        assert "can have chosen less" in reasons(report)["logs"]
        assert report["execution"]["outcome"] == "failed"

    def test_an_exclusion_filter_is_named(self, google: LiveGoogle) -> None:
        google.cloud.world.projects[PROJECT].exclusions = [
            {"name": "no-stdout", "filter": 'logName:"run.googleapis.com"'}
        ]
        assert "a log exclusion filter may hide lines: no-stdout" in reasons(google.report())["logs"]

    def test_a_job_that_was_deleted_since(self, google: LiveGoogle) -> None:
        del google.cloud.world.jobs[JOB]
        report = google.report()
        assert statuses(report)["job"] == "not_found"
        assert report["findings"][0]["cause"] == "image-file-missing"

    def test_a_job_that_was_edited_since_does_not_change_what_ran(self, google: LiveGoogle) -> None:
        before = google.report()
        job = google.cloud.world.jobs[JOB]
        job |= {"generation": "99", "updateTime": "2026-01-20T00:00:00Z"}
        job["template"]["template"]["containers"][0] |= {"image": "gcr.io/other/app:1", "args": ["other.js"]}
        after = google.report()
        assert after["findings"][0] == before["findings"][0]
        assert after["execution"] == before["execution"]

    def test_an_image_that_was_deleted_since(self, google: LiveGoogle) -> None:
        for content in google.cloud.world.images.values():
            content.manifests.clear()
        report = google.report()
        assert statuses(report)["image"] == "not_found"
        assert "no such image" in reasons(report)["image"]
        assert report["findings"][0]["cause"] == "image-file-missing"

    def test_a_tag_may_have_moved(self, google: LiveGoogle) -> None:
        (container,) = execution_of(google)["template"]["containers"]
        container["image"] = container["image"].partition("@")[0] + ":latest"
        report = google.report()
        assert statuses(report)["image"] == "partial"
        assert "may have moved" in reasons(report)["image"]


class TestImages:
    """Registries that give out less, or other bytes, than they should."""

    @pytest.mark.parametrize(
        ("behaviour", "word"),
        [
            (RegistryBehaviour(damages_manifests=True), "digest"),
            (RegistryBehaviour(damages_blobs=True), "digest"),
            pytest.param(RegistryBehaviour(cut_after_bytes=100), "connection was lost", marks=pytest.mark.slow),
        ],
        ids=["manifest", "layer", "truncated"],
    )
    def test_damaged_content_is_refused_and_told(self, tmp_path: Path, behaviour: RegistryBehaviour, word: str) -> None:
        with serve_in_thread(cloud_of_incidents([FIRST]), manners=Manners(registry=behaviour)) as running:
            report = LiveGoogle(running, tmp_path).report()
        assert statuses(report)["image"] == "error"
        assert word in reasons(report)["image"], reasons(report)["image"]
        others = {name: status for name, status in statuses(report).items() if name not in ("image", "commits")}
        assert set(others.values()) <= {"ok", "partial", "skipped"}

    def test_no_such_repository(self, google: LiveGoogle) -> None:
        google.cloud.world.images.clear()
        report = google.report()
        assert statuses(report)["image"] == "not_found"


class TestSize:
    """Much of everything."""

    def test_twenty_tasks_of_three_attempts(self, google: LiveGoogle, tmp_path: Path) -> None:
        execution = execution_of(google)
        execution |= {"taskCount": 20, "failedCount": 20, "parallelism": 20}
        (task,) = google.cloud.world.tasks[NAME]
        google.cloud.world.tasks[NAME] = [
            {**task, "name": f"{NAME}/tasks/{FIRST}-task{index}", "index": index, "retried": 2, "maxRetries": 2}
            for index in reversed(range(20))
        ]
        lines = [entry for entry in google.cloud.world.entries if entry["labels"].get("run.googleapis.com/task_index")]
        google.cloud.world.entries = [
            attempt_of(entry, task_index, attempt)
            for entry in lines
            for task_index in range(20)
            for attempt in range(3)
        ]
        google.fail(Action.SHORT_PAGE, "run", "/tasks", size=7)
        saved = tmp_path / "saved.json"
        report = google.report(FIRST, "--save-evidence", str(saved))
        assert report["findings"][0]["cause"] == "image-file-missing"
        sections = json.loads(saved.read_text(encoding="utf-8"))["sections"]
        assert [task.get("index", 0) for task in sections["tasks"]["data"]["tasks"]] == list(range(20))
        labels = [entry["labels"] for entry in sections["logs"]["data"]["entries"]]
        seen = {(each["run.googleapis.com/task_index"], each["run.googleapis.com/task_attempt"]) for each in labels}
        assert seen == {(str(task_index), str(attempt)) for task_index in range(20) for attempt in range(3)}
        assert len(labels) == 60 * len(lines)

    @pytest.mark.slow
    def test_a_hundred_thousand_lines(self, google: LiveGoogle, tmp_path: Path) -> None:
        execution = execution_of(google)
        begin_ns = parse_time(execution["startTime"]) or 0
        google.cloud.world.entries += write_large_log(
            project=PROJECT, location=REGION, job=JOB.rpartition("/")[2], execution=FIRST, lines=100_000,
            begin_ns=begin_ns, every_ns=100_000,
        )  # fmt: skip
        google.cloud.calls.clear()
        report = google.report()
        assert report["findings"][0]["cause"] == "image-file-missing"
        assert "its begin and its end were read" in reasons(report)["logs"]
        reads = [call for call in google.cloud.calls if call.path.startswith("/v2/entries:list")]
        assert len(reads) < 60
        assert {call.status for call in reads} == {200}

    def test_a_page_that_breaks_off_is_read_again_and_no_line_is_told_twice(
        self, google: LiveGoogle, tmp_path: Path
    ) -> None:
        whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
        google.report(FIRST, "--save-evidence", str(whole))
        google.fail(Action.SHORT_PAGE, "logging", size=5, times=2)
        google.fail(Action.CUT, "logging", times=2)
        google.report(FIRST, "--save-evidence", str(broken))
        assert ids_of(broken) == ids_of(whole)
        assert len(ids_of(whole)) > 10


def attempt_of(entry: JsonObject, task: int, attempt: int) -> dict[str, Any]:
    labels = {
        **entry["labels"],
        "run.googleapis.com/task_index": str(task),
        "run.googleapis.com/task_attempt": str(attempt),
    }
    return {**entry, "labels": labels, "insertId": f"{entry['insertId']}-{task}-{attempt}"}


def ids_of(saved: Path) -> list[str]:
    entries = json.loads(saved.read_text(encoding="utf-8"))["sections"]["logs"]["data"]["entries"]
    return [entry["insertId"] for entry in entries]


@pytest.mark.slow
def test_a_verdict_that_does_not_come_leaves_what_is_known_of_the_account(google: LiveGoogle) -> None:
    google.cloud.world.projects[PROJECT].enabled_apis.add("policytroubleshooter.googleapis.com")
    google.fail(Action.HANG, "policytroubleshooter")
    report = google.report()
    assert statuses(report)["service_account"] == "partial"
    assert "not evaluated" in reasons(report)["service_account"]
