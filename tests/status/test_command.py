"""`opsctl status` as it is called, on the lab's servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from opsctl.cli.app import ROOT
from opsctl.lab.half_done import Target, half_done_by_old_job, write_half_done
from opsctl.lab.sample_data import build_sample
from tests.cli.processes import Ended, make_process, run_words
from tests.contract.s3_clients import boto3_client
from tests.servers.launch import S3Target, embedded_mongo, refusing_port

COLLECTION = "danawa_vehicle_data"
LAB_SERVERS = pytest.mark.parametrize(("mongo_uri", "s3_target"), [("embedded", "lab")], indirect=True)
pytestmark = LAB_SERVERS


@dataclass(frozen=True, slots=True)
class Site:
    """A database and a bucket of one's own, and the settings that lead there."""

    mongo_uri: str
    target: S3Target
    name: str
    collection: Any = field(repr=False)
    s3: Any = field(repr=False)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "OPSCTL_MONGO_URI": self.mongo_uri,
            "OPSCTL_MONGO_DATABASE": self.name,
            "OPSCTL_MONGO_COLLECTION": COLLECTION,
            "OPSCTL_S3_BUCKET": self.name,
            "OPSCTL_S3_REGION": self.target.region,
            "OPSCTL_S3_ENDPOINT_URL": self.target.endpoint_url,
            "OPSCTL_S3_ACCESS_KEY_ID": self.target.access_key_id,
            "OPSCTL_S3_SECRET_ACCESS_KEY": self.target.secret_access_key,
        }

    def call(self, *words: str, settings: Mapping[str, str] | None = None) -> Ended:
        """Run it in this process; an empty setting is as good as none. It is given all the time it takes: what it
        leaves out when a machine is too busy is told in `test_snapshot`."""
        environ = {**self.settings, **(settings or {})}
        return run_words(["status", "--recount", *words], make_process(environ=environ), ROOT)

    def call_as_usual(self) -> Ended:
        """Without anything, as people do."""
        return run_words(["status"], make_process(environ=self.settings), ROOT)

    def read(self, *words: str, settings: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Exit code and envelope."""
        ended = self.call(*words, "-o", "json", settings=settings)
        assert self.target.secret_access_key not in ended.stdout + ended.stderr
        envelope: dict[str, Any] = json.loads(ended.stdout)
        assert envelope["exitCode"] == ended.exit_code
        assert envelope["schema"] == "opsctl.status/v1"
        return ended.exit_code, envelope

    def insert_done(self, count: int = 1, **metadata: Any) -> None:
        """Documents with one image each, processed and stored."""
        for number in range(count):
            key = f"images/{COLLECTION}/{number}/x/basic/{number}.jpg"
            entry = {"original_url": f"u{number}", "image_type": "basic", "bucket": self.name, "key": key, **metadata}
            self.collection.insert_one({"_id": number, "main_image": f"u{number}", "s3_images_metadata": [entry]})
            self.s3.put_object(Bucket=self.name, Key=key, Body=b"x")


@pytest.fixture
def site(mongo_uri: str, s3_target: S3Target) -> Site:
    name = f"opsctl-{uuid.uuid4().hex[:12]}"
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    s3 = boto3_client(s3_target)
    s3.create_bucket(Bucket=name)
    return Site(mongo_uri, s3_target, name, client[name][COLLECTION], s3)


def test_the_old_jobs_95_of_475(site: Site) -> None:
    """44 minutes in, no run record: counts, objects, elapsed time, an ETA with its method, and nothing wrong."""
    now = datetime.now(UTC)
    sample = build_sample("http://127.0.0.1:8901")
    target = Target(bucket=site.name, endpoint_url=site.target.endpoint_url)
    half_done = half_done_by_old_job(sample, target, started_at=now - timedelta(minutes=44))
    site.collection.insert_many(sample.documents)
    write_half_done(site.collection, site.s3, half_done)

    # The process of `make_process` has a clock that stands still, so the real command is called.
    command = [sys.executable, "-m", "opsctl", "status", "--recount", "-o", "json"]
    environ = {**os.environ, **site.settings, "OPSCTL_IMAGES_BASE_URL": "http://127.0.0.1:8901/"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    data = json.loads(ended.stdout)["data"]
    assert data["state"] == "running"
    assert {name: data["documents"][name] for name in ("total", "processed", "partial", "remaining", "method")} == {
        "total": 475, "processed": 95, "partial": 0, "remaining": 380, "method": "exact",
    }  # fmt: skip
    stored = sum(len(fields["s3_images_metadata"]) for fields in half_done.updates.values())
    assert (data["images"]["planned"], data["images"]["stored"]) == (len(sample.images), stored)
    bodies = [len(kept.body) for kept in (*half_done.objects, *half_done.orphans)]
    assert (data["objects"]["count"], data["objects"]["bytes"]) == (len(bodies), sum(bodies))
    assert data["objects"]["method"] == "exact"
    assert datetime.fromisoformat(data["objects"]["newestAt"]) >= now - timedelta(seconds=2)
    assert 43 * 60 < data["elapsedSeconds"] < 50 * 60
    assert data["eta"]["basis"] == "upload_times"
    left_hours = (datetime.fromisoformat(data["eta"]["p50"]) - now).total_seconds() / 3600
    assert 2 < left_hours < 4
    assert data["eta"]["p10"] < data["eta"]["p50"] < data["eta"]["p90"]
    assert 100 < data["rate"]["documentsPerHour"] < 150
    assert (data["contradictions"], data["gaps"], data["runId"], data["job"]) == ([], [], None, None)

    checked = subprocess.run([*command, "--check"], env=environ, capture_output=True, text=True, check=False)
    assert checked.returncode == 8
    assert json.loads(checked.stdout)["status"] == "ok"


def test_not_started_complete_and_stalled(site: Site) -> None:
    site.collection.insert_one({"_id": "open", "main_image": "u"})
    code, envelope = site.read()
    assert (code, envelope["data"]["state"]) == (0, "not_started")
    assert site.read("--check")[0] == 8
    site.collection.delete_one({"_id": "open"})
    site.insert_done(2, uploaded_at=datetime(2020, 1, 1, tzinfo=UTC))
    code, envelope = site.read("--check")
    assert (code, envelope["data"]["state"], envelope["status"]) == (0, "complete", "ok")
    site.collection.insert_one({"_id": "open", "main_image": "u"})
    without_s3 = dict.fromkeys((name for name in site.settings if name.startswith("OPSCTL_S3_")), "")
    code, envelope = site.read(settings=without_s3)
    assert (code, envelope["data"]["state"], envelope["status"]) == (3, "stalled", "findings")
    assert site.call("--exit-zero", settings=without_s3).exit_code == 0


def test_s3_away_is_a_gap_not_a_failed_command(site: Site) -> None:
    site.insert_done(2)
    with refusing_port() as port:
        away = {"OPSCTL_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        code, envelope = site.read(settings=away)
        shown = site.call(settings=away).stdout
    data = envelope["data"]
    assert (code, envelope["status"], envelope["errors"]) == (4, "partial", [])
    assert [(gap["source"], gap["state"]) for gap in data["gaps"]] in ([("s3", "unavailable")], [("s3", "timeout")])
    assert (data["documents"]["processed"], data["state"], data["objects"]["count"]) == (2, "complete", None)
    assert "S3" in shown


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"OPSCTL_S3_BUCKET": "no-such-bucket"}, "not_found"),
        ({"OPSCTL_S3_SECRET_ACCESS_KEY": "wr0ng"}, "denied"),
    ],
)
def test_s3_that_refuses_is_a_gap_with_its_reason(site: Site, change: dict[str, str], state: str) -> None:
    site.insert_done()
    code, envelope = site.read(settings=change)
    assert (code, [gap["state"] for gap in envelope["data"]["gaps"]]) == (4, [state])


def test_what_is_not_configured_is_said(site: Site) -> None:
    site.insert_done()
    settings = dict.fromkeys((name for name in site.settings if name.startswith("OPSCTL_S3_")), "")
    code, envelope = site.read(settings=settings)
    gaps = {(gap["source"], gap["state"]) for gap in envelope["data"]["gaps"]}
    assert (code, gaps) == (4, {("s3", "not_configured")})


def test_a_collection_that_does_not_exist(site: Site) -> None:
    code, envelope = site.read()
    assert (code, envelope["status"], envelope["data"], envelope["errors"][0]["code"]) == (
        7,
        "error",
        None,
        "not-found",
    )


def test_mongo_that_refuses_the_password(site: Site) -> None:
    with embedded_mongo("reader", "right") as uri:
        address = uri.removeprefix("mongodb://")
        wrong = {"OPSCTL_MONGO_URI": f"mongodb://reader:wr0ng-s3cret@{address}&authSource=admin"}
        ended = site.call(settings=wrong)
    assert (ended.exit_code, ended.stdout) == (6, "")
    assert "wr0ng" not in ended.stderr


def test_mongo_away(site: Site) -> None:
    with refusing_port() as port:
        nowhere = f"mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=200"
        ended = site.call("--timeout", "1", settings={"OPSCTL_MONGO_URI": nowhere})
    assert (ended.exit_code, ended.stdout) == (5, "")


def test_watch_ends_when_it_is_complete(site: Site) -> None:
    site.insert_done(2, uploaded_at=datetime(2020, 1, 1, tzinfo=UTC))
    ended = site.call("--watch", "-o", "ndjson")
    assert ended.exit_code == 0
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["schema"], line["data"]["state"]) for line in lines] == [("opsctl.status/v1", "complete")]
    assert site.call("-o", "ndjson").stdout.count("\n") == 1


def test_watch_shows_change_and_ends_with_130_on_ctrl_c(site: Site) -> None:
    site.collection.insert_one({"_id": "open", "main_image": "u"})
    command = [sys.executable, "-m", "opsctl", "status", "--recount", "--watch", "--interval", "0.1", "-o", "ndjson"]
    environ = {**os.environ, **site.settings}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["data"]["documents"]["total"] == 1
        site.collection.insert_one({"_id": "another", "main_image": "u"})
        while json.loads(child.stdout.readline())["data"]["documents"]["total"] == 1:
            pass
        child.send_signal(signal.SIGINT)
        rest, errors = child.communicate(timeout=120)
    assert child.returncode == 130, errors
    *further, last = [json.loads(line) for line in rest.splitlines()]
    assert all(line["data"]["documents"]["total"] == 2 for line in further)
    assert (last["status"], last["exitCode"], last["errors"][0]["code"]) == ("partial", 130, "interrupted")
    assert "Traceback" not in errors


def test_watch_cannot_be_one_document(site: Site) -> None:
    site.insert_done()
    ended = site.call("--watch", "-o", "json")
    assert ended.exit_code == 2
    assert json.loads(ended.stdout)["errors"][0]["code"] == "usage"


@pytest.mark.parametrize("output", ["table", "json", "yaml", "markdown"])
def test_nothing_of_a_document_can_act_on_the_terminal(site: Site, output: str) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[red]"
    site.insert_done(1, vehicle_name=hostile)
    site.collection.database["opsctl_runs"].insert_one(
        {
            "_id": f"{hostile}-1", "collection": COLLECTION, "sequence": 1, "state": "stopped", "state_reason": hostile,
            "bucket": hostile, "prefix": hostile, "created_at": datetime.now(UTC), "started_at": datetime.now(UTC),
            "heartbeat_at": datetime.now(UTC), "throttle_reason": hostile,
            "shards": {"0": {"lease": {"owner": None, "epoch": 1, "renewals": 0}}},
        }
    )  # fmt: skip
    ended = site.call("-o", output)
    assert ended.exit_code == 3
    assert not {"\x1b", "\x07"} & set(ended.stdout + ended.stderr)


def test_recount_says_on_stderr_what_it_does(site: Site) -> None:
    site.insert_done(uploaded_at=datetime(2020, 1, 1, tzinfo=UTC))
    ended = site.call()
    assert ended.exit_code == 0
    assert "Counting every document" in ended.stderr
    assert "Counting" not in ended.stdout
    assert site.call("-q").stderr == ""


def test_without_a_recount_every_source_has_its_time(site: Site) -> None:
    site.insert_done(uploaded_at=datetime(2020, 1, 1, tzinfo=UTC))
    ended = site.call_as_usual()
    # 4: something took longer than that.
    assert (ended.exit_code in (0, 4), ended.stderr) == (True, "")
    assert ended.stdout.startswith("Image migration")
