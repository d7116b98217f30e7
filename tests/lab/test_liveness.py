"""The moment of birth: steady for one process, different for any two, gone with the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from opsctl.lab.liveness import birth_from_ps, read_birth


@pytest.fixture
def child() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


@pytest.mark.parametrize("read", [read_birth, birth_from_ps])
def test_steady_while_it_runs_and_gone_afterwards(
    child: subprocess.Popen[bytes], read: Callable[[int], str | None]
) -> None:
    birth = read(child.pid)
    assert birth
    assert read(child.pid) == birth
    child.kill()
    child.communicate()
    assert read(child.pid) is None


@pytest.mark.parametrize("read", [read_birth, birth_from_ps])
def test_a_process_that_ended_but_was_not_collected_is_gone(
    child: subprocess.Popen[bytes], read: Callable[[int], str | None]
) -> None:
    child.kill()
    # Waits for the end and leaves the process uncollected.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert read(child.pid) is None
    child.communicate()
    assert child.returncode == -signal.SIGKILL


def test_two_processes_are_told_apart(child: subprocess.Popen[bytes]) -> None:
    assert read_birth(child.pid) != read_birth(os.getpid())
    child.communicate(b"\n")


def test_language_and_time_zone_do_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = birth_from_ps(os.getpid())
    monkeypatch.setenv("TZ", "Asia/Seoul")
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert birth_from_ps(os.getpid()) == before
