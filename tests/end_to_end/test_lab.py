"""The lab on this machine: up, up again, down, down again, and nothing is left running."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.lab.demo import Demo
from opsctl.lab.environment import BUCKET, open_collection, s3_client, start_lab, stop_lab
from opsctl.lab.liveness import read_birth
from opsctl.lab.sample_data import build_sample
from opsctl.lab.sample_peculiar import CANARY
from opsctl.lab.state import LabState


@pytest.fixture
def lab_environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A state folder of one's own; whatever runs there at the end is stopped."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPSCTL_")}
    environment = {**inherited, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    yield environment
    call(environment, "lab", "down", "-q")


@pytest.mark.slow
def test_up_and_down(lab_environment: dict[str, str]) -> None:
    up = read(lab_environment, "lab", "up")
    addresses = [server["address"] for server in up["servers"]]
    pids = [server["pid"] for server in up["servers"]]
    assert [server["name"] for server in up["servers"]] == ["mongo", "s3", "images", "google"]
    assert (up["isNew"], up["isHalfDone"]) == (True, False)
    assert all(listens(address) for address in addresses)
    assert Path(up["configFile"]).stat().st_mode & 0o077 == 0

    status = read(lab_environment, "status", "--recount", "--profile", "lab")
    assert (status["state"], status["documents"]["total"]) == ("not_started", 475)

    again = read(lab_environment, "lab", "up")
    assert (again["isNew"], [server["pid"] for server in again["servers"]]) == (False, pids)
    half = read(lab_environment, "lab", "up", "--half-done")
    assert (half["isHalfDone"], [server["pid"] for server in half["servers"]]) == (True, pids)
    taken_over = read(lab_environment, "status", "--recount", "--profile", "lab")
    assert (taken_over["documents"]["processed"], taken_over["runId"]) == (95, None)

    down = read(lab_environment, "lab", "down")
    assert sorted(down["stopped"]) == ["google", "images", "mongo", "s3"]
    assert [pid for pid in pids if read_birth(pid) is not None] == []
    assert not any(listens(address) for address in addresses)
    assert not Path(up["configFile"]).exists()
    assert read(lab_environment, "lab", "down") == {"stopped": []}


def test_a_small_demonstration(tmp_path: Path) -> None:
    """All steps of `lab run` with the peculiar documents alone; the command itself takes half a minute."""
    state = LabState(tmp_path / "lab")
    shown: list[str] = []
    lab = start_lab(state)
    try:
        sample = build_sample(lab.base_url, 72)
        with open_collection(lab) as (_, collection):
            collection.insert_many(sample.documents)
        s3_client(lab).create_bucket(Bucket=BUCKET)
        with (tmp_path / "reports").open("w") as reports:
            report = Demo(lab, sample, options=["--no-color"], output=reports, show=shown.append).run()
        check_saved_files(state, tmp_path / "reports")
    finally:
        stopped = stop_lab(state)
    assert report.is_as_expected
    assert (report.documents, report.originals_unchanged, report.differences) == (72, True, 0)
    assert "$ opsctl migrate images --yes --profile lab" in shown
    assert [status.server.name for status in stopped] == ["mongo", "s3", "images", "google"]
    assert stop_lab(state) == ()


@pytest.mark.servers
def test_the_demonstration_is_one_json_document(lab_environment: dict[str, str]) -> None:
    done = call(lab_environment, "lab", "run", "-o", "json")
    assert done.returncode == 0, done.stderr
    envelope = json.loads(done.stdout)
    report = envelope["data"]
    assert (envelope["status"], envelope["exitCode"]) == ("ok", 0)
    assert (report["state"], report["documents"], report["differences"]) == ("complete_with_failures", 475, 0)
    assert report["originalsUnchanged"] is True
    assert report["imagesStored"] == report["expectedStored"]
    assert report["failedByClass"] == report["expectedFailedByClass"]
    assert {step["exitCode"] for step in report["steps"]} <= {0, 4}
    assert read(lab_environment, "lab", "down") == {"stopped": []}


def check_saved_files(state: LabState, reports: Path) -> None:
    """Neither the reports nor the servers' logs hold a password, a key or the secret of an address."""
    keys = [state.folder / name for name in ("mongo-password", "s3-secret-key", "google-token")]
    secrets = [CANARY, *(path.read_text().strip() for path in keys if path.exists())]
    logs = sorted(state.folder.glob("*.log"))
    assert len(secrets) > 1
    assert [log.stem for log in logs] == ["google", "images", "mongo", "s3"]
    for path in (reports, *logs):
        text = path.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], path


def read(environment: dict[str, str], *words: str) -> dict[str, Any]:
    """The `data` of a command that must end with 0 or with gaps."""
    done = call(environment, *words, "-q", "-o", "json")
    assert done.returncode in (0, 3, 4), done.stderr + done.stdout
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def call(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opsctl", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
