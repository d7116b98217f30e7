"""The server as a process: its port file, its signals, its exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

COMMAND = [sys.executable, "-m", "opsctl.lab.mongo_wire"]


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until the file is there; a process that ends first, or takes two minutes, fails the test."""
    for _ in range(6_000):
        if path.exists():
            return
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.02)
    pytest.fail(f"{path.name} was not written")


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process and its port."""
    port_file = folder / "port"
    process = subprocess.Popen([*COMMAND, "--port-file", str(port_file), *options], text=True, stderr=subprocess.PIPE)
    try:
        wait_for(port_file, process)
        yield process, int(port_file.read_text())
    finally:
        process.kill()
        process.communicate()
        port_file.unlink(missing_ok=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_keeps_the_data(tmp_path: Path, number: signal.Signals) -> None:
    snapshot = tmp_path / "mongo.snapshot"
    with started(tmp_path, "--port", "0", "--snapshot", str(snapshot)) as (process, port):
        with MongoClient[dict[str, Any]](port=port) as client:
            client.a.b.insert_one({"_id": 1})
        process.send_signal(number)
        assert process.wait(timeout=120) == 0
    with started(tmp_path, "--snapshot", str(snapshot)) as (_, port), MongoClient[dict[str, Any]](port=port) as client:
        assert client.a.b.find_one() == {"_id": 1}


def test_changes_reach_the_snapshot_while_it_runs(tmp_path: Path) -> None:
    snapshot = tmp_path / "mongo.snapshot"
    with started(tmp_path, "--snapshot", str(snapshot)) as (process, port):
        with MongoClient[dict[str, Any]](port=port) as client:
            client.a.b.insert_one({"_id": 1})
            wait_for(snapshot, process)
        process.kill()
        process.wait(timeout=120)
    with started(tmp_path, "--snapshot", str(snapshot)) as (_, port), MongoClient[dict[str, Any]](port=port) as client:
        assert client.a.b.find_one() == {"_id": 1}


def test_the_password_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("pa ss\n", encoding="utf-8")
    with started(tmp_path, "--user", "lab", "--password-file", str(secret)) as (_, port):
        with MongoClient[dict[str, Any]](port=port, username="lab", password="pa ss") as client:
            assert client.a.b.count_documents({}) == 0
        with MongoClient[dict[str, Any]](port=port) as client, pytest.raises(OperationFailure):
            client.a.b.find_one()


def test_a_damaged_snapshot_is_said_and_left_alone(tmp_path: Path) -> None:
    snapshot = tmp_path / "mongo.snapshot"
    snapshot.write_bytes(b"cut")
    ended = subprocess.run(
        [*COMMAND, "--port-file", str(tmp_path / "port"), "--snapshot", str(snapshot)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert "cut or damaged" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert snapshot.read_bytes() == b"cut"
    assert not (tmp_path / "port").exists()


@pytest.mark.parametrize("options", [["--user", "a"], ["--password-file", "x"]])
def test_half_a_login_is_a_usage_error(tmp_path: Path, options: list[str]) -> None:
    ended = subprocess.run(
        [*COMMAND, "--port-file", str(tmp_path / "port"), *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 2
    assert "belong together" in ended.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with started(tmp_path) as (_, port):
        ended = subprocess.run(
            [*COMMAND, "--port-file", str(tmp_path / "other"), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 1
    assert "cannot run" in ended.stderr
    assert "Traceback" not in ended.stderr
