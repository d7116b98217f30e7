"""The whole way: from an id, over the wire, to a report; and the same again from what was saved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT
from opsctl.lab.google.faults import Action
from opsctl.lab.incidents import INCIDENTS
from tests.cli.processes import make_process, run_words
from tests.end_to_end.live_google import FIRST, LiveGoogle, live_google, place_of, reasons, statuses

# A variant of another incident: the same execution, seen with fewer permissions.
LIVE = [name for name in INCIDENTS if not name.endswith("-logs-denied")]
# Section -> the API that it comes from, and where in it.
CALLS = {
    "tasks": ("run", "/tasks"),
    "job": ("run", r"/jobs/[^/]+$"),
    "baseline": ("run", r"/executions\?"),
    "logs": ("logging", "entries:list"),
    "service_account": ("iam", "serviceAccounts"),
    "secrets": ("secretmanager", "versions"),
    "cloudsql": ("sqladmin", "instances"),
    "apis": ("serviceusage", "services"),
    "image": ("registry", "/manifests/"),
}


@pytest.fixture
def google(tmp_path: Path) -> Iterator[LiveGoogle]:
    with live_google(tmp_path, FIRST) as running:
        yield running


@pytest.fixture(scope="module")
def every_incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGoogle]:
    with live_google(tmp_path_factory.mktemp("google")) as running:
        yield running


@pytest.mark.parametrize("name", LIVE)
def test_the_replay_of_a_live_diagnosis_is_equal_to_the_byte(
    every_incident: LiveGoogle, name: str, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.json.gz"
    live = every_incident.diagnose(name, "-o", "json", "--save-evidence", str(saved))
    replay = run_words(
        ["cloudrun", "diagnose", "--from-evidence", str(saved), "-o", "json"], make_process(tmp_path), ROOT
    )
    assert (live.exit_code, live.stdout) == (replay.exit_code, replay.stdout), live.stderr
    findings = json.loads(live.stdout)["data"]["findings"]
    assert findings[0]["cause"] in (INCIDENTS[name].cause, *INCIDENTS[name].acceptable)


@pytest.mark.parametrize("output", ["table", "markdown"])
def test_people_read_the_same_as_well(every_incident: LiveGoogle, output: str, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    live = every_incident.diagnose(FIRST, "-o", output, "--save-evidence", str(saved))
    words = ["cloudrun", "diagnose", "--from-evidence", str(saved), "-o", output]
    assert live.stdout == run_words(words, make_process(tmp_path), ROOT).stdout


class TestStatuses:
    """What each collector says of each answer of its service."""

    def test_everything_allowed(self, google: LiveGoogle) -> None:
        found = statuses(google.report())
        # Policy Troubleshooter is off there, and roles that stand on the project are not the whole truth.
        assert {name: found[name] for name in CALLS} == dict.fromkeys(CALLS, "ok") | {"service_account": "partial"}
        assert found["commits"] == "skipped"

    @pytest.mark.parametrize("section", CALLS)
    def test_denied(self, google: LiveGoogle, section: str) -> None:
        if section == "image":
            google.cloud.world.denied_permissions.add("artifactregistry.repositories.downloadArtifacts")
        else:
            google.fail(Action.DENY, *CALLS[section])
        if section == "service_account":
            google.fail(Action.DENY, "cloudresourcemanager")
            google.fail(Action.DENY, "policytroubleshooter")
        report = google.report()
        assert statuses(report)[section] == "denied"
        named = [need for need in report["access"] if section in need["sections"]]
        assert len(named) == 1
        assert "add-iam-policy-binding netureyoutube --member=" in named[0]["command"]

    @pytest.mark.parametrize("section", [name for name in CALLS if name not in ("image", "service_account")])
    def test_not_found(self, google: LiveGoogle, section: str) -> None:
        google.fail(Action.NOT_FOUND, *CALLS[section])
        items = ("secrets", "cloudsql")
        assert statuses(google.report())[section] == ("ok" if section in items else "not_found")

    @pytest.mark.parametrize("section", [name for name in CALLS if name not in ("image", "service_account")])
    def test_empty(self, google: LiveGoogle, section: str) -> None:
        google.fail(Action.EMPTY, *CALLS[section])
        assert statuses(google.report())[section] == "no_data"

    @pytest.mark.slow
    @pytest.mark.parametrize("action", [Action.GARBAGE, Action.CUT, Action.RESET])
    @pytest.mark.parametrize("section", [name for name in CALLS if name != "image"])
    def test_broken(self, google: LiveGoogle, section: str, action: Action) -> None:
        google.fail(action, *CALLS[section])
        if section == "service_account":
            google.fail(action, "cloudresourcemanager")
        report = google.report()
        assert statuses(report)[section] == "error"
        assert reasons(report)[section]
        others = set(CALLS) - {section}
        assert {statuses(report)[other] for other in others} <= {"ok", "partial"}

    @pytest.mark.parametrize("section", ["tasks", "secrets"])
    def test_slow_is_only_slow(self, google: LiveGoogle, section: str) -> None:
        google.fail(Action.DELAY, *CALLS[section], seconds=0.3)
        assert statuses(google.report())[section] == "ok"

    def test_an_image_whose_registry_refuses_everybody(self, google: LiveGoogle) -> None:
        google.fail(Action.DENY, "registry", "/manifests/")
        report = google.report()
        assert statuses(report)["image"] == "denied"
        assert [need["permissions"] for need in report["access"]] == [
            ["artifactregistry.repositories.downloadArtifacts"]
        ]

    def test_switched_off(self, google: LiveGoogle) -> None:
        google.fail(Action.API_DISABLED, "sqladmin")
        report = google.report()
        assert statuses(report)["cloudsql"] == "error"
        (need,) = report["access"]
        assert need["command"] == "gcloud services enable sqladmin.googleapis.com --project=481936277105"

    def test_an_outage_that_passes_is_not_seen(self, google: LiveGoogle) -> None:
        google.fail(Action.STATUS, "run", r"/jobs/[^/]+$", status=503, times=1)
        google.fail(Action.RESET, "secretmanager", times=1)
        found = statuses(google.report())
        assert (found["job"], found["secrets"]) == ("ok", "ok")


class TestErrors:
    """What ends the command, and with which code."""

    def test_without_credentials(self, google: LiveGoogle, tmp_path: Path) -> None:
        hidden = {
            "OPSCTL_CLOUDRUN_ACCESS_TOKEN": "",
            "CLOUDSDK_CONFIG": str(tmp_path / "no-gcloud"),
            "GCE_METADATA_HOST": "127.0.0.1:9",
            "PATH": str(tmp_path),
        }
        ended = google.diagnose(FIRST, environ=hidden)
        assert ended.exit_code == 6
        assert "gcloud auth login" in ended.stderr

    def test_with_a_token_that_has_expired(self, google: LiveGoogle) -> None:
        ended = google.diagnose(FIRST, environ={"OPSCTL_CLOUDRUN_ACCESS_TOKEN": "ya29.old"})
        assert ended.exit_code == 6
        assert "ya29" not in ended.stderr

    def test_an_id_that_is_nearly_right(self, google: LiveGoogle) -> None:
        ended = google.run("cloudrun", "diagnose", "o4o-api-migrations-h5x5j", *place_of(FIRST))
        assert ended.exit_code == 7
        assert FIRST in ended.stderr

    def test_the_wrong_project_is_undecided(self, google: LiveGoogle) -> None:
        ended = google.run("cloudrun", "diagnose", FIRST, "--project", "other", "--region", "asia-northeast3")
        assert ended.exit_code == 6
        assert "or it does not exist" in ended.stderr

    def test_the_region_is_found(self, google: LiveGoogle) -> None:
        ended = google.run("cloudrun", "diagnose", FIRST, "--project", "netureyoutube", "-o", "json")
        assert ended.exit_code == 3
        assert json.loads(ended.stdout)["data"]["execution"]["region"] == "asia-northeast3"

    def test_the_latest_failure_of_a_job(self, google: LiveGoogle) -> None:
        words = ("--job", "o4o-api-migrations", "--latest-failed", *place_of(FIRST), "-o", "json")
        ended = google.run("cloudrun", "diagnose", *words)
        assert json.loads(ended.stdout)["data"]["execution"]["execution"] == FIRST

    def test_a_console_url(self, google: LiveGoogle) -> None:
        url = (
            "https://console.cloud.google.com/run/jobs/executions/details/asia-northeast3/"
            f"{FIRST}/tasks?project=netureyoutube"
        )
        assert google.run("cloudrun", "diagnose", url).exit_code == 3

    def test_the_execution_may_not_be_read_and_its_log_may(self, google: LiveGoogle) -> None:
        google.fail(Action.DENY, "run")
        report = google.report()
        assert statuses(report)["execution"] == "denied"
        assert report["execution"]["outcome"] == "failed"
        assert report["findings"][0]["cause"] == "image-file-missing"

    def test_a_deleted_execution_lives_on_in_its_log(self, google: LiveGoogle) -> None:
        google.fail(Action.NOT_FOUND, "run", f"executions/{FIRST}")
        google.cloud.world.executions.pop(INCIDENTS[FIRST].evidence()["executionName"])
        report = google.report()
        assert statuses(report)["execution"] == "not_found"
        assert report["findings"][0]["cause"] == "image-file-missing"

    def test_nothing_may_be_read(self, google: LiveGoogle) -> None:
        google.fail(Action.DENY, "")
        ended = google.diagnose(FIRST)
        assert ended.exit_code == 6
        assert "run.executions.get" in ended.stderr
        assert ended.stdout == ""

    @pytest.mark.slow
    def test_google_is_away(self, google: LiveGoogle) -> None:
        google.fail(Action.STATUS, "", status=503)
        assert google.diagnose(FIRST).exit_code == 5


def test_few_calls_are_made(google: LiveGoogle) -> None:
    google.cloud.calls.clear()
    google.report()
    reads = [call for call in google.cloud.calls if call.path.startswith("/v2/entries:list")]
    assert len(reads) == 1
    assert len(google.cloud.calls) <= 30


@pytest.mark.slow
def test_a_limit_of_time_still_gives_a_report(google: LiveGoogle) -> None:
    """Within the shorter of these times a busy machine may not get to a report; a service is given up by itself only
    after a longer one."""
    google.fail(Action.HANG, "logging")
    for seconds in ("8", "18"):
        ended = google.diagnose(FIRST, "-o", "json", "--timeout", seconds)
        if ended.exit_code == 3:
            break
    assert ended.exit_code == 3
    assert statuses(json.loads(ended.stdout)["data"])["logs"] == "error"
