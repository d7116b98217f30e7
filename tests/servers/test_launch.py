"""Servers for the tests: missing ones are an error, running ones end with their block."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.servers.kube_cluster import kube_cluster
from tests.servers.launch import NotBuiltError, embedded_mongo, free_port, mongo_java_server, refusing_port, versitygw

BUILD_SCRIPT = Path(__file__).parent / "build.sh"


def test_a_server_that_is_not_built_is_an_error_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match=r"tests/servers/build\.sh mongo-java-server"), mongo_java_server(tmp_path):
        pass
    with pytest.raises(NotBuiltError, match=r"tests/servers/build\.sh versitygw"), versitygw(tmp_path):
        pass


def test_the_build_script_refuses_a_name_it_does_not_know() -> None:
    answer = subprocess.run(["sh", BUILD_SCRIPT, "mysql"], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (2, "build.sh: no such server: mysql\n")


def test_the_build_script_says_what_is_missing(tmp_path: Path) -> None:
    """The checkout is a copy without anything built, the machine one with neither Java nor Go."""
    script = tmp_path / "tests" / "servers" / "build.sh"
    (script.parent / "mongo").mkdir(parents=True)
    script.write_bytes(BUILD_SCRIPT.read_bytes())
    for name in ("pom.xml", "Main.java"):
        (script.parent / "mongo" / name).write_bytes((BUILD_SCRIPT.parent / "mongo" / name).read_bytes())
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "dirname", "mkdir", "rm"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (tools / name).symlink_to(found)
    for server, tool in (("mongo-java-server", "mvn"), ("versitygw", "go")):
        answer = subprocess.run(
            ["sh", script, server], capture_output=True, text=True, check=False, env={"PATH": str(tools)}
        )
        assert (answer.returncode, answer.stderr) == (1, f"build.sh: {tool} is needed to build {server}\n")


def test_a_server_ends_with_its_block() -> None:
    with embedded_mongo() as uri:
        port = int(uri.split(":")[2].split("/")[0])
        assert listens(port)
    assert not listens(port)


def test_a_free_port_is_free() -> None:
    assert not listens(free_port())


def test_a_refusing_port_refuses() -> None:
    with refusing_port() as port:
        assert not listens(port)
        with pytest.raises(OSError, match="in use"), socket.create_server(("127.0.0.1", port)):
            pass


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_cluster_that_is_not_built_skips_the_test_and_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"tests/servers/build\.sh kubetest"), kube_cluster(tmp_path):
        pass
