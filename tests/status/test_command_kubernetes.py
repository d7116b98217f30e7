"""`opsctl status` and `opsctl config check` with a cluster behind them."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from opsctl.cli.app import ROOT
from tests.adapters.kube.job_documents import (
    EVENTS_PATH,
    JOB_PATH,
    JOBS_PATH,
    NAME,
    NAMESPACE,
    PODS_PATH,
    job_document,
    job_settings,
    pod_document,
)
from tests.cli.processes import Ended, make_process, run_words
from tests.status.api_server import TOKEN, ApiServer, Refused, forbidden, serve_api

LOG_PATH = f"{PODS_PATH}/{NAME}-00000/log"
pytestmark = pytest.mark.parametrize("mongo_uri", ["embedded"], indirect=True)


@dataclass(slots=True)
class Site:
    """A collection with one document of three done, long ago, and a Job with one pod."""

    settings: dict[str, str]
    api: ApiServer

    def call(self, *words: str, **settings: str) -> Ended:
        environ = {**self.settings, **settings}
        ended = run_words(list(words), make_process(environ=environ), ROOT)
        assert TOKEN not in ended.stdout + ended.stderr
        return ended

    def status(self, *words: str, **settings: str) -> Ended:
        """It is given all the time it takes: what is left out when a machine is too busy is told in `test_snapshot`."""
        return self.call("status", "--recount", *words, **settings)

    def read(self, **settings: str) -> tuple[int, dict[str, Any]]:
        ended = self.status("-o", "json", **settings)
        data: dict[str, Any] = json.loads(ended.stdout)["data"]
        data["gaps"] = [gap for gap in data["gaps"] if gap["source"] == "kubernetes"]
        return ended.exit_code, data


@pytest.fixture
def site(mongo_uri: str, tmp_path: Path) -> Iterator[Site]:
    database = f"opsctl-{uuid.uuid4().hex[:12]}"
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    cars = client[database]["cars"]
    done = {"original_url": "u", "image_type": "basic", "bucket": "b", "key": "images/cars/0/x/basic/0.jpg"}
    entry = {**done, "uploaded_at": datetime(2020, 1, 1, tzinfo=UTC)}
    cars.insert_many([{"_id": number, "main_image": "u"} for number in range(3)])
    cars.update_one({"_id": 0}, {"$set": {"s3_images_metadata": [entry]}})
    with serve_api() as api:
        api.answers = {
            JOB_PATH: job_document(),
            JOBS_PATH: {"items": [job_document()]},
            PODS_PATH: {"items": [pod_document()]},
            EVENTS_PATH: {"items": []},
            LOG_PATH: "2025-12-23T06:25:56.123456789Z stored 95 of 475\n",
        }
        yield Site(job_settings(mongo_uri, database, api.write_kubeconfig(tmp_path)), api)
    client.drop_database(database)


def test_the_job_beside_the_counts(site: Site) -> None:
    _, data = site.read()
    job = data["job"]
    assert (job["name"], job["namespace"], job["active"], data["gaps"]) == (NAME, NAMESPACE, 1, [])
    (pod,) = job["pods"]
    assert (pod["phase"], pod["lastLineAt"]) == ("Running", "2025-12-23T06:25:56.123456+00:00")
    assert data["documents"]["processed"] == 1
    assert f"{NAMESPACE}/{NAME}" in site.status().stdout


def test_why_nothing_moves(site: Site) -> None:
    killed = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2025-12-23T06:00:00Z"}}
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}}
    status = [{"name": "migration", "restartCount": 6, "state": waits, "lastState": killed}]
    site.api.answers[PODS_PATH] = {"items": [pod_document(containerStatuses=status)]}
    code, data = site.read()
    assert (code, data["state"], data["stateCode"]) == (3, "stalled", "no-recent-upload")
    assert [problem["code"] for problem in data["problems"]] == ["pod-out-of-memory"]
    assert "OOMKilled" in site.status().stdout


def test_a_job_that_says_complete_while_documents_are_open(site: Site) -> None:
    done = {"type": "Complete", "status": "True", "lastTransitionTime": "2025-12-23T06:00:00Z"}
    site.api.answers[JOB_PATH] = job_document(active=0, succeeded=1, conditions=[done])
    code, data = site.read()
    assert (code, data["state"]) == (3, "contradictory")
    assert [remark["code"] for remark in data["contradictions"]] == ["job-complete-but-open"]


@pytest.mark.parametrize(
    ("path", "right"),
    [
        (JOB_PATH, ("get", "jobs", "batch")),
        (PODS_PATH, ("list", "pods", "")),
        (LOG_PATH, ("get", "pods/log", "")),
        (JOBS_PATH, ("list", "jobs", "batch")),
    ],
)
def test_a_right_that_is_missing_is_named(site: Site, path: str, right: tuple[str, str, str]) -> None:
    site.api.answers[path] = forbidden(*right, NAMESPACE)
    _, data = site.read()
    (gap,) = data["gaps"]
    verb, resource, group = right
    assert gap["state"] == "denied"
    assert f"{verb} {resource}{'.' + group if group else ''} in namespace {NAMESPACE}" in gap["reason"]
    assert data["documents"]["processed"] == 1
    assert (data["job"] is None) == (path == JOB_PATH)


def test_a_job_that_is_not_there(site: Site) -> None:
    site.api.answers[JOB_PATH] = Refused(404, "NotFound", f'jobs.batch "{NAME}" not found')
    _, data = site.read()
    assert [(gap["state"], NAME in gap["reason"]) for gap in data["gaps"]] == [("not_found", True)]
    assert (data["job"], data["documents"]["processed"]) == (None, 1)


def test_a_cluster_that_is_away_or_not_known(site: Site, tmp_path: Path) -> None:
    missing = site.read(OPSCTL_KUBERNETES_KUBECONFIG=str(tmp_path / "missing"))[1]
    assert [gap["state"] for gap in missing["gaps"]] == ["misconfigured"]
    wrong = site.read(OPSCTL_KUBERNETES_CONTEXT="prod")[1]
    assert [gap["state"] for gap in wrong["gaps"]] == ["misconfigured"]
    assert "prod" in wrong["gaps"][0]["reason"]
    assert wrong["documents"]["processed"] == 1


def test_what_is_not_configured_costs_no_start(site: Site) -> None:
    """A bucket needs Amazon's SDK, which takes as long to load as all the rest."""
    look = "import json, sys; from opsctl.cli.boundary import run; from opsctl.cli.process import Process\n"
    look += "run(['status', '--recount', '-o', 'json'], Process.current())\n"
    look += "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", look], env=site.settings, capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout)["data"]["job"]["name"] == NAME
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}
    assert {"pymongo", "aiohttp"} <= loaded
    assert loaded & {"boto3", "botocore", "obstore", "google", "rich"} == set()


def test_config_check_tries_the_job(site: Site) -> None:
    found = site.call("config", "check", "-o", "json")
    checks = {item["name"]: item for item in json.loads(found.stdout)["data"]["checks"]}
    assert checks["kubernetes"]["state"] == "ok"
    assert found.exit_code == 0
    site.api.answers[PODS_PATH] = forbidden("list", "pods", "", NAMESPACE)
    refused = site.call("config", "check", "-o", "json")
    assert refused.exit_code == 6
    assert "list pods" in json.loads(refused.stdout)["errors"][0]["message"]
