"""A server started for a block ends with the block, and with the program, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsctl.errors import UnavailableError
from opsctl.lab.attached import serve_announced, serve_attached
from opsctl.lab.liveness import read_birth

TELL_PID = "import os, sys, time; open(sys.argv[1] + '.new', 'w').write(str(os.getpid())); "
TELL_PID += "os.rename(sys.argv[1] + '.new', sys.argv[1]); time.sleep(600)"
# The "port" that it announces is its process id.
SERVER = (sys.executable, "-c", TELL_PID, "{port_file}")


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    with serve_announced("s", SERVER, folder=tmp_path) as pid:
        assert read_birth(pid)
    assert read_birth(pid) is None


def test_it_ends_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), serve_announced("s", SERVER, folder=tmp_path) as pid:
        raise ZeroDivisionError
    assert read_birth(pid) is None


def test_it_ends_when_the_program_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from opsctl.lab.attached import serve_announced\n"
        "with serve_announced('s', tuple(sys.argv[2:]), folder=Path(sys.argv[1])) as pid:\n"
        "    print(pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), *SERVER], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    assert read_birth(pid)
    starter.kill()
    starter.communicate()
    deadline = time.monotonic() + 120
    while read_birth(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert read_birth(pid) is None


def test_a_server_that_ends_by_itself_says_why(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('port is taken')", "{port_file}")
    with (
        pytest.raises(UnavailableError, match=r"(?s)ended with code 1.*port is taken"),
        serve_announced("s", command, folder=tmp_path),
    ):
        pass


def test_a_server_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    # A machine may be too busy to let it come as far as telling its process id.
    for seconds in (1.0, 10.0, 60.0):
        with (
            pytest.raises(UnavailableError, match="not ready"),
            serve_announced("s", (sys.executable, "-c", TELL_PID, str(told)), folder=tmp_path, ready_seconds=seconds),
        ):
            pass
        if told.exists():
            break
    assert read_birth(int(told.read_text())) is None


def test_the_guard_ends_with_the_code_of_the_server(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import os; print(os.environ['WORD']); raise SystemExit(7)")
    with serve_attached(command, log_file=tmp_path / "log", environment={"WORD": "hello"}) as guard:
        assert guard.wait(120) == 7
    assert (tmp_path / "log").read_text() == "hello\n"
    assert "WORD" not in os.environ
