"""Background servers: started once, found again, stopped by who they are and never by number alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsctl.errors import BusyError, DataError, UnavailableError
from opsctl.lab.processes import (
    ServerSpec,
    Stopped,
    inspect_all,
    is_alive,
    lock_lab,
    start_all,
    start_server,
    stop_all,
    stop_server,
)
from opsctl.lab.state import LabState, RunningServer, locate_lab, read_servers, record_server

LISTEN = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print("listening", os.environ.get("OPSCTL_TEST_WORD", ""), flush=True)
with open(sys.argv[1] + ".tmp", "w") as file:
    file.write(str(listener.getsockname()[1]))
os.replace(sys.argv[1] + ".tmp", sys.argv[1])
listener.accept()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LISTEN
SILENT = "import time; time.sleep(600)"
FAILING = "import sys\nfor number in range(40): print('line', number)\nsys.exit('no such luck')"


def spec(name: str, program: str = LISTEN, **more: object) -> ServerSpec:
    return replace(ServerSpec(name, (sys.executable, "-c", program, "{port_file}")), **more)  # type: ignore[arg-type]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[LabState]:
    lab = LabState(tmp_path / "lab")
    yield lab
    for server in read_servers(lab):
        if is_alive(server):
            os.kill(server.pid, signal.SIGKILL)
        assert wait_until_gone(server)


def test_up_status_down(state: LabState) -> None:
    servers = start_all([spec("one"), spec("two", environment={"OPSCTL_TEST_WORD": "hello"})], state)
    assert [server.name for server in servers] == ["one", "two"]
    assert all(server.port for server in servers)
    assert [(status.server, status.alive) for status in inspect_all(state)] == [(one, True) for one in servers]
    assert servers[1].log_file.read_text() == "listening hello\n"
    assert stop_all(state) == ((servers[1], Stopped.ENDED), (servers[0], Stopped.ENDED))
    assert not any(is_alive(server) for server in servers)
    assert inspect_all(state) == ()
    assert sorted(path.name for path in state.folder.iterdir()) == ["lab.lock", "one.log", "two.log"]


def test_servers_are_detached(state: LabState) -> None:
    (server,) = start_all([spec("one")], state)
    assert os.getsid(server.pid) == server.pid != os.getsid(0)


def test_up_twice_starts_nothing_new(state: LabState) -> None:
    first = start_all([spec("one")], state)
    both = start_all([spec("one"), spec("two")], state)
    assert both[0] == first[0]
    assert [status.alive for status in inspect_all(state)] == [True, True]


def test_up_replaces_what_died(state: LabState) -> None:
    one, two = start_all([spec("one"), spec("two")], state)
    os.kill(one.pid, signal.SIGKILL)
    assert wait_until_gone(one)
    assert [status.alive for status in inspect_all(state)] == [False, True]
    again, same = start_all([spec("one"), spec("two")], state)
    assert again.pid != one.pid
    assert same == two
    assert [status.server.name for status in inspect_all(state) if status.alive] == ["two", "one"]


def test_down_without_up_is_no_error(state: LabState) -> None:
    assert stop_all(state) == ()
    assert not state.folder.exists()


def test_down_twice(state: LabState) -> None:
    start_all([spec("one")], state)
    assert len(stop_all(state)) == 1
    assert stop_all(state) == ()


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(state: LabState) -> None:
    with pytest.raises(UnavailableError) as caught:
        start_all([spec("one", FAILING)], state)
    assert "ended with code 1" in caught.value.message
    assert "no such luck" in caught.value.message
    assert "line 39" in caught.value.message
    assert "line 20" not in caught.value.message
    assert str(state.log_file("one")) in (caught.value.hint or "")
    assert read_servers(state) == ()


def test_a_server_that_is_never_ready_is_stopped(state: LabState) -> None:
    with pytest.raises(UnavailableError, match=r"not ready within 0\.2 s"):
        start_all([spec("one", SILENT, ready_seconds=0.2)], state)
    assert read_servers(state) == ()


def test_a_program_that_is_not_there(state: LabState) -> None:
    with pytest.raises(UnavailableError, match="cannot be started"):
        start_all([ServerSpec("one", ("/no/such/program", "{port_file}"))], state)
    assert read_servers(state) == ()


def test_when_one_fails_those_started_before_it_are_stopped_and_others_stay(state: LabState) -> None:
    (old,) = start_all([spec("old")], state)
    with pytest.raises(UnavailableError):
        start_all([spec("old"), spec("new"), spec("bad", FAILING)], state)
    assert [status.server for status in inspect_all(state)] == [old]
    assert is_alive(old)


def test_a_half_started_server_is_cleaned_up(state: LabState) -> None:
    """Whoever started it was killed before the server had announced its port."""
    (server,) = start_all([spec("one")], state)
    record_server(state, replace(server, port=None))
    (again,) = start_all([spec("one")], state)
    assert again.pid != server.pid
    assert not is_alive(server)


def test_down_ends_a_half_started_server(state: LabState) -> None:
    (server,) = start_all([spec("one")], state)
    record_server(state, replace(server, port=None))
    ((_, outcome),) = stop_all(state)
    assert outcome is Stopped.ENDED
    assert not is_alive(server)


def test_a_stale_port_file_is_not_believed(state: LabState) -> None:
    state.folder.mkdir()
    state.port_file("one").write_text("1\n")
    (server,) = start_all([spec("one")], state)
    assert server.port != 1


def test_a_deaf_server_is_killed(state: LabState) -> None:
    (server,) = start_all([spec("one", DEAF)], state)
    assert stop_all(state, grace_seconds=0.1) == ((server, Stopped.KILLED),)
    assert not is_alive(server)


def test_a_process_id_that_went_to_someone_else_is_never_signalled(state: LabState) -> None:
    """The bystander is a living process whose id stands in the file, with another moment of birth."""
    bystander = subprocess.Popen([sys.executable, "-c", SILENT])
    try:
        state.folder.mkdir()
        stale = RunningServer("one", bystander.pid, "another-boot/12345", 4711, state.log_file("one"))
        record_server(state, stale)
        assert [status.alive for status in inspect_all(state)] == [False]
        assert stop_all(state) == ((stale, Stopped.ALREADY_GONE),)
        assert bystander.poll() is None
        record_server(state, stale)
        (fresh,) = start_all([spec("one")], state)
        assert fresh.pid != bystander.pid
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_dead_process_that_no_one_collected_counts_as_gone(state: LabState) -> None:
    (server,) = start_all([spec("one")], state)
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until_gone(server)
    assert stop_server(server, state) is Stopped.ALREADY_GONE


def test_the_lock_is_taken_once(state: LabState) -> None:
    with lock_lab(state):
        with pytest.raises(BusyError):
            start_all([spec("one")], state)
        with pytest.raises(BusyError):
            stop_all(state)
    assert len(start_all([spec("one")], state)) == 1


def test_the_lock_is_not_inherited_by_the_servers(state: LabState) -> None:
    start_all([spec("one")], state)
    with lock_lab(state):
        pass


def test_the_lock_goes_with_its_process(state: LabState) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from opsctl.lab.processes import lock_lab; from opsctl.lab.state import LabState\n"
        "with lock_lab(LabState(Path(sys.argv[1]))): print('taken', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(state.folder)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"taken\n"
        with pytest.raises(BusyError), lock_lab(state):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with lock_lab(state):
        pass


def test_a_file_that_is_not_ours_is_not_guessed_at(state: LabState) -> None:
    state.folder.mkdir()
    for content in ("", "[]", "{}", '{"schema": "other/v9", "servers": []}', '{"schema": "opsctl.lab-state/v1"}'):
        state.servers_file.write_text(content)
        with pytest.raises(DataError):
            stop_all(state)
    state.servers_file.unlink()


def test_start_server_alone(state: LabState) -> None:
    with lock_lab(state):
        server = start_server(spec("one"), state)
        assert start_server(spec("one"), state) == server
        assert stop_server(server, state) is Stopped.ENDED


def test_the_users_state_folder_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate_lab().folder.is_relative_to(tmp_path)
    assert locate_lab().folder.name == "lab"
    assert locate_lab(tmp_path / "mine").folder == tmp_path / "mine"


def wait_until_gone(server: RunningServer) -> bool:
    deadline = time.monotonic() + 120
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(server)
