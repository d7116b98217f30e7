"""The local Google as a process of its own, and in the lab."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import urllib3

from opsctl.lab.environment import start_lab, stop_lab
from opsctl.lab.google.token_file import read_or_create_token
from opsctl.lab.state import LabState

EXECUTION = "o4o-api-migrations-h5x5h"
PATH = "/apis/run.googleapis.com/v1/namespaces/netureyoutube/executions"


def start(folder: Path, *words: str) -> tuple[subprocess.Popen[bytes], str]:
    """The process and its address."""
    port_file = folder / "port"
    command = [sys.executable, "-m", "opsctl.lab.google", "--port-file", str(port_file), *words]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not port_file.exists() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return child, f"http://127.0.0.1:{port_file.read_text().strip()}" if port_file.exists() else ""


def test_serves_the_incidents_until_it_is_told_to_end(tmp_path: Path) -> None:
    child, url = start(tmp_path, "--token-file", str(tmp_path / "token"), "--incident", EXECUTION)
    try:
        token = (tmp_path / "token").read_text().strip()
        answer = urllib3.request("GET", url + PATH, headers={"Authorization": f"Bearer {token}"}, retries=False)
        assert answer.status == 200
        assert [item["metadata"]["name"] for item in answer.json()["items"]] == [EXECUTION, "o4o-api-migrations-t8v2c"]
        assert urllib3.request("GET", url + PATH, retries=False).status == 401
    finally:
        child.send_signal(signal.SIGTERM)
        _, messages = child.communicate(timeout=120)
    assert (child.returncode, messages) == (0, b"")


def test_unknown_incident_is_refused(tmp_path: Path) -> None:
    child, url = start(tmp_path, "--incident", "no-such-incident")
    _, messages = child.communicate(timeout=120)
    assert (child.returncode, url) == (2, "")
    assert b"no-such-incident" in messages


def test_token_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = read_or_create_token(tmp_path / "token")
    assert first.startswith("ya29.")
    assert read_or_create_token(tmp_path / "token") == first
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


@pytest.mark.slow
def test_lab_starts_it_and_writes_where_it_is(tmp_path: Path) -> None:
    state = LabState(tmp_path / "lab")
    lab = start_lab(state)
    try:
        section = tomllib.loads(lab.config_file.read_text(encoding="utf-8"))["profiles"]["lab"]["cloudrun"]
        assert (section["project"], section["region"]) == ("netureyoutube", "asia-northeast3")
        endpoints = {value for key, value in section.items() if key.endswith("endpoint")}
        assert endpoints == {lab.google_url}
        token = (state.folder / section["access_token"]["file"]).read_text().strip()
        answer = urllib3.request(
            "GET", f"{lab.google_url}{PATH}/{EXECUTION}", headers={"Authorization": f"Bearer {token}"}, retries=False
        )
        assert answer.status == 200
    finally:
        stopped = stop_lab(state)
    assert "google" in [status.server.name for status in stopped]
