"""A live diagnosis that is not to go on: Ctrl-C, SIGTERM and `--timeout` win over every service that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsctl.config import CLOUDRUN_ENDPOINTS
from opsctl.lab.google.faults import Action, Fault, Faults
from tests.end_to_end.live_google import FIRST, LiveGoogle, live_google, place_of

# Less than any limit that would end it without the signal: 10 s for a program of git's, 20 s for a service. The command
# itself takes well under a second; how long a busy machine takes is not what is tested.
END_SECONDS = 8.0
SERVICE_END_SECONDS = 16.0
# Only ever waited for in full when a test fails.
_GIVE_UP_SECONDS = 180.0
# Service -> what hangs; the path is waited for, so that the command is in the middle of it.
HANGING = {
    "run": ("run", rf"executions/{FIRST}(\?|$)"),
    "tasks": ("run", "/tasks"),
    "logs": ("logging", "entries:list"),
    "secrets": ("secretmanager", "versions"),
    "manifest": ("registry", "/manifests/"),
    "layers": ("registry", "/blobs/"),
    "token": ("registry", "/token"),
}


class CountedFaults(Faults):
    """Counts the calls that went wrong."""

    taken = 0

    def take(self, api: str, method: str, path: str) -> Fault | None:
        fault = super().take(api, method, path)
        self.taken += fault is not None
        return fault


@pytest.fixture
def google(tmp_path: Path) -> Iterator[LiveGoogle]:
    with live_google(tmp_path, FIRST) as running:
        running.cloud.faults = CountedFaults()
        yield running


@contextmanager
def started(google: LiveGoogle, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    settings = {f"OPSCTL_CLOUDRUN_{name.upper()}": google.running.url for name in CLOUDRUN_ENDPOINTS}
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPSCTL_", "CLOUDSDK_", "GOOGLE_"))
        },
        **settings,
        "HOME": str(google.folder),
        "XDG_CONFIG_HOME": str(google.folder / "no-config"),
        "OPSCTL_CACHE_DIR": str(google.folder / "cache"),
        "OPSCTL_CLOUDRUN_ACCESS_TOKEN": google.cloud.token,
        **environ,
    }
    command = [sys.executable, "-m", "opsctl", "cloudrun", "diagnose", FIRST, *place_of(FIRST), *words]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def wait_for_calls(google: LiveGoogle, count: int = 1) -> None:
    """Until so many calls hang."""
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    faults = google.cloud.faults
    assert isinstance(faults, CountedFaults)
    while faults.taken < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def end(child: subprocess.Popen[str], number: int) -> tuple[float, str, str]:
    began = time.monotonic()
    child.send_signal(number)
    stdout, stderr = child.communicate(timeout=_GIVE_UP_SECONDS)
    return time.monotonic() - began, stdout, stderr


@pytest.mark.parametrize("service", HANGING)
def test_ctrl_c_ends_it_whatever_hangs(google: LiveGoogle, service: str) -> None:
    google.fail(Action.HANG, *HANGING[service])
    with started(google) as child:
        wait_for_calls(google)
        seconds, stdout, stderr = end(child, signal.SIGINT)
        assert child.returncode == 130, stderr
    assert seconds < SERVICE_END_SECONDS
    assert stdout == ""
    assert "Traceback" not in stderr


def test_sigterm_ends_it_too(google: LiveGoogle) -> None:
    google.fail(Action.HANG, "logging")
    with started(google) as child:
        wait_for_calls(google)
        seconds, _, stderr = end(child, signal.SIGTERM)
        assert child.returncode == 143, stderr
    assert seconds < SERVICE_END_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("service", ["", "logging", "registry"])
def test_the_time_is_limited_whatever_hangs(google: LiveGoogle, service: str) -> None:
    """Where the execution itself cannot be read there is nothing to report; else a report about the rest comes out,
    unless the machine is too slow even for that."""
    google.fail(Action.HANG, service)
    faults = google.cloud.faults
    assert isinstance(faults, CountedFaults)
    with started(google, "--timeout", "2") as child:
        # The time runs from the start of the program, which may take all of it: then nothing hangs.
        while faults.taken == 0 and child.poll() is None:
            time.sleep(0.01)
        began = time.monotonic()
        _, stderr = child.communicate(timeout=_GIVE_UP_SECONDS)
        seconds = time.monotonic() - began
        assert child.returncode in ((3, 5) if service else (5,)), stderr
    assert seconds < 2 + END_SECONDS
    assert ("--timeout" in stderr) is (child.returncode == 5)


@pytest.mark.parametrize("way_out", [signal.SIGINT, signal.SIGTERM])
def test_a_gcloud_that_hangs_does_not_stay_behind(google: LiveGoogle, way_out: signal.Signals) -> None:
    """The login is asked for by starting gcloud, which asks a server of its own."""
    bin_folder, config = google.folder / "bin", google.folder / "gcloud"
    for folder in (bin_folder, config / "configurations"):
        folder.mkdir(parents=True)
    (config / "configurations" / "config_default").write_text("[core]\naccount = a@example.com\n", encoding="utf-8")
    pid = google.folder / "pid"
    program = bin_folder / "gcloud"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}.new\nmv {pid}.new {pid}\nsleep 600\n", encoding="utf-8")
    program.chmod(0o755)
    paths = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "CLOUDSDK_CONFIG": str(config), "NO_GCE_CHECK": "true"}
    with started(google, OPSCTL_CLOUDRUN_ACCESS_TOKEN="", **paths) as child:
        wait_for_file(pid)
        seconds, _, stderr = end(child, way_out)
        assert child.returncode == 128 + way_out, stderr
    assert seconds < END_SECONDS
    wait_until_gone(pid)


def wait_for_file(file: Path) -> None:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_until_gone(pid_file: Path) -> None:
    """It has been killed, and ends once it gets its turn; by itself it would stay much longer than this waits."""
    pid, deadline = int(pid_file.read_text(encoding="utf-8")), time.monotonic() + _GIVE_UP_SECONDS
    while is_running(pid):
        assert time.monotonic() < deadline, "it has stayed behind"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether the process is there and more than an entry that nobody has read yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_git_that_hangs_does_not_stay_behind(google: LiveGoogle) -> None:
    bin_folder, checkout, pid = google.folder / "bin", google.folder / "checkout", google.folder / "pid"
    bin_folder.mkdir()
    checkout.mkdir()
    program = bin_folder / "git"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}.new\nmv {pid}.new {pid}\nsleep 600\n", encoding="utf-8")
    program.chmod(0o755)
    with started(google, "--repo", str(checkout), PATH=f"{bin_folder}:{os.environ['PATH']}") as child:
        wait_for_file(pid)
        seconds, _, stderr = end(child, signal.SIGINT)
        assert child.returncode == 130, stderr
    assert seconds < END_SECONDS
    wait_until_gone(pid)
