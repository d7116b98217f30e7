"""`opsctl migrate restart` as far as it only looks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from opsctl.cli.app import ROOT
from opsctl.cli.migrate.manifest_folder import manifest_folder
from tests.adapters.kube.job_documents import (
    EVENTS_PATH,
    JOB_PATH,
    NAME,
    NAMESPACE,
    PODS_PATH,
    job_document,
    job_settings,
    pod_document,
)
from tests.cli.processes import Ended, make_process, run_words
from tests.status.api_server import TOKEN, ApiServer, Refused, forbidden, serve_api

pytestmark = pytest.mark.parametrize("mongo_uri", ["embedded"], indirect=True)
POD = f"{NAME}-00000"


@dataclass(slots=True)
class Site:
    """One document of two done, an hour ago, and a Job with one pod that has run for longer."""

    settings: dict[str, str]
    api: ApiServer

    def call(self, *words: str, stdin: str = "", is_terminal: bool = False, **settings: str) -> Ended:
        process = make_process(environ={**self.settings, **settings}, stdin=stdin, is_terminal=is_terminal)
        ended = run_words(["migrate", "restart", *words], process, ROOT)
        assert TOKEN not in ended.stdout + ended.stderr
        return ended

    def read(self, *words: str, **settings: str) -> tuple[int, dict[str, Any]]:
        ended = self.call(*words, "-o", "json", stdin="", is_terminal=False, **settings)
        document: dict[str, Any] = json.loads(ended.stdout)
        return ended.exit_code, document


@pytest.fixture
def site(mongo_uri: str, tmp_path: Path) -> Iterator[Site]:
    database = f"opsctl-{uuid.uuid4().hex[:12]}"
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    done = {"original_url": "u", "image_type": "basic", "bucket": "b", "key": "images/cars/0/x/basic/0.jpg"}
    entry = {**done, "uploaded_at": datetime.now(UTC) - timedelta(hours=1)}
    client[database]["cars"].insert_many([{"_id": 0, "s3_images_metadata": [entry]}, {"_id": 1, "main_image": "u"}])
    with serve_api() as api:
        api.answers = {
            JOB_PATH: job_document(),
            PODS_PATH: {"items": [pod_document()]},
            EVENTS_PATH: {"items": []},
        }
        yield Site(job_settings(mongo_uri, database, api.write_kubeconfig(tmp_path)), api)
    client.drop_database(database)
    client.close()


def test_what_would_be_done_and_why(site: Site) -> None:
    code, document = site.read("--dry-run")
    data = document["data"]
    assert (code, document["status"], data["outcome"], data["documentsBefore"]) == (0, "ok", "planned", 1)
    assert [(found["pod"], found["trouble"]) for found in data["findings"]] == [(POD, "no-progress")]
    assert [step["step"]["kind"] for step in data["steps"]] == ["delete-pod", "wait-pod", "wait-progress"]


def test_the_profile_and_the_job_are_named_first(site: Site) -> None:
    ended = site.call("--dry-run")
    assert ended.stderr == f"Profile default, Job {NAMESPACE}/{NAME}\n"
    assert "nothing was finished for too long" in ended.stdout
    assert site.call("--dry-run", "-q").stderr == ""


def test_a_hang_is_a_matter_of_patience(site: Site) -> None:
    code, document = site.read("--patience", "7200")
    assert (code, document["data"]["outcome"], document["data"]["findings"]) == (0, "nothing-to-do", [])
    assert site.call("--patience", "5").exit_code == 2


def test_what_a_restart_does_not_mend_is_a_finding(site: Site) -> None:
    waits = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    status = [{"name": "migration", "restartCount": 0, "state": waits}]
    site.api.answers[PODS_PATH] = {"items": [pod_document(phase="Pending", containerStatuses=status)]}
    code, document = site.read("--yes")
    assert (code, document["status"], document["data"]["outcome"]) == (3, "findings", "no-remedy")
    assert "Correct the image" in site.call("--yes").stdout


def test_the_question_says_what_it_is_about_and_a_no_changes_nothing(site: Site) -> None:
    ended = site.call(stdin="n\n", is_terminal=True)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"{POD}: nothing was finished for too long, since" in ended.stderr
    assert f"Delete {POD}?" in ended.stderr
    assert "Nothing was changed." in ended.stderr


def test_a_question_about_what_has_changed_meanwhile_is_asked_again(site: Site) -> None:
    documents = iter([pod_document(), pod_document(1), pod_document(1)])
    site.api.answers = _Changing(site.api.answers, documents)
    ended = site.call(stdin="y\nn\n", is_terminal=True)
    assert (ended.exit_code, ended.stderr.count("[y/N]")) == (2, 2)
    assert f"Delete {NAME}-00001?" in ended.stderr.split("That is no longer how it is.")[1]


def test_where_records_cannot_be_asked_only_what_is_named_is_done(site: Site) -> None:
    nowhere = {"OPSCTL_MONGO_FORWARD": f"{NAMESPACE}/mongodb-0:27017"}
    code, document = site.read("--yes", **nowhere)
    assert (code, document["errors"][0]["code"]) == (7, "not-found")
    assert "cannot be told" in document["errors"][0]["message"]
    assert "--pod NAME" in document["errors"][0]["hint"]
    code, document = site.read("--dry-run", "--pod", POD, **nowhere)
    assert (code, document["data"]["outcome"]) == (0, "planned")
    assert document["data"]["unknownBecause"]


def test_what_is_not_there_and_what_is_not_allowed(site: Site) -> None:
    assert site.read("--dry-run", "--pod", "no-such-pod")[0] == 7
    site.api.answers[PODS_PATH] = forbidden("list", "pods", "", NAMESPACE)
    code, document = site.read("--dry-run")
    assert (code, "list pods in namespace" in document["errors"][0]["message"]) == (6, True)
    site.api.answers[JOB_PATH] = Refused(404, "NotFound", f'jobs.batch "{NAME}" not found')
    assert site.read("--dry-run")[0] == 7


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("output", ["table", "markdown"])
def test_every_format_in_both_languages(site: Site, language: str, output: str) -> None:
    ended = site.call("--dry-run", "-o", output, "--lang", language)
    assert ended.exit_code == 0
    assert POD in ended.stdout
    assert "opsctl migrate restart" in ended.stdout


def test_where_a_manifest_is_kept(mongo_uri: str) -> None:
    assert mongo_uri
    assert manifest_folder({"OPSCTL_STATE_DIR": "/var/lib/x"}) == Path("/var/lib/x/jobs")
    assert manifest_folder({}).parts[-2:] == ("opsctl", "jobs")


class _Changing(dict[str, Any]):
    """Answers in which the pod is another one with each look."""

    def __init__(self, answers: Any, pods: Iterator[dict[str, Any]]) -> None:
        super().__init__(answers)
        self._pods = pods

    def get(self, path: str, default: Any = None) -> Any:
        return {"items": [next(self._pods)]} if path == PODS_PATH else super().get(path, default)
