"""Servers for the tests, each on a loopback port that the system picks, each gone when its block ends.

    embedded_mongo, lab_s3            ours, the lab's: Python only
    mongo_java_server, versitygw      others wrote them: `tests/servers/build.sh` puts them into .build/

They end with the test program even when it is killed (see `opsctl.lab.attached`).
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from opsctl.errors import UnavailableError
from opsctl.lab.announcement import not_started
from opsctl.lab.attached import serve_announced, serve_attached
from opsctl.lab.s3_server import serve_s3

BUILD_FOLDER = Path(__file__).resolve().parents[2] / ".build"
# Only ever waited for in full when a test fails: the machine may be busy.
_READY_SECONDS = 180.0


class NotBuiltError(Exception):
    """A server that others wrote is asked for and not there. The tests fail then; they are not skipped."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not built: run tests/servers/build.sh {name}")


@dataclass(frozen=True, slots=True)
class S3Target:
    """An S3 to test against. `has_flat_keys` is False where keys become files and folders of the same names."""

    name: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    has_flat_keys: bool = True


@contextmanager
def embedded_mongo(user: str | None = None, password: str | None = None) -> Iterator[str]:
    """The lab's stand-in for MongoDB, empty. Yields a URI without credentials."""
    with tempfile.TemporaryDirectory(prefix="opsctl-test-mongo-") as name:
        command = [sys.executable, "-m", "opsctl.lab.mongo_wire", "--port", "0", "--port-file", "{port_file}"]
        if user is not None:
            password_file = Path(name) / "password"
            password_file.write_text(password or "", encoding="utf-8")
            command += ["--user", user, "--password-file", str(password_file)]
        with serve_announced("mongo", tuple(command), folder=Path(name), ready_seconds=_READY_SECONDS) as port:
            yield _mongo_uri(port)


@contextmanager
def mongo_java_server(build_folder: Path = BUILD_FOLDER, *, heap_megabytes: int = 512) -> Iterator[str]:
    """mongo-java-server in memory, empty. Yields its URI. It knows no users."""
    home = build_folder / "mongo-java-server"
    if not (home / "stamp").exists():
        raise NotBuiltError("mongo-java-server")
    # A bounded heap: several of these run beside each other in parallel tests.
    options = (
        f"-Xmx{heap_megabytes}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=4",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    )
    command = ("java", *options, "-classpath", f"{home}/classes:{home}/jars/*", "Main", "0", "{port_file}")
    with (
        tempfile.TemporaryDirectory(prefix="opsctl-test-mongo-") as name,
        serve_announced("mongo-java-server", command, folder=Path(name), ready_seconds=_READY_SECONDS) as port,
    ):
        yield _mongo_uri(port)


@contextmanager
def lab_s3(data_folder: Path | None = None) -> Iterator[S3Target]:
    """The lab's stand-in for S3, empty unless `data_folder` holds something."""
    with serve_s3(data_folder) as server:
        yield S3Target("lab", server.endpoint_url, server.access_key_id, server.secret_access_key, server.region)


@contextmanager
def versitygw(build_folder: Path = BUILD_FOLDER) -> Iterator[S3Target]:
    """Versity's S3 gateway over a fresh folder. It cannot pick a port itself: a taken one means another try."""
    program = build_folder / "bin" / "versitygw"
    if not program.exists():
        raise NotBuiltError("versitygw")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsctl-test-s3-")))
        target = S3Target("versitygw", "", "OPSCTLTESTKEY", "opsctl-test-secret", has_flat_keys=False)
        for attempt in range(5):
            try:
                port = stack.enter_context(_versitygw_on(free_port(), program, folder / str(attempt), target))
            except UnavailableError:
                if attempt == 4:
                    raise
            else:
                break
        yield S3Target(
            target.name,
            f"http://127.0.0.1:{port}",
            target.access_key_id,
            target.secret_access_key,
            has_flat_keys=target.has_flat_keys,
        )


@contextmanager
def _versitygw_on(port: int, program: Path, folder: Path, target: S3Target) -> Iterator[int]:
    users, objects, log_file = folder / "users", folder / "objects", folder / "log"
    users.mkdir(parents=True)
    objects.mkdir()
    # Without a folder for users an unknown key is answered with 404.
    command = (str(program), "--port", f"127.0.0.1:{port}", "--quiet", "--iam-dir", str(users), "posix", str(objects))
    keys = {"ROOT_ACCESS_KEY": target.access_key_id, "ROOT_SECRET_KEY": target.secret_access_key}
    with serve_attached(command, log_file=log_file, environment=keys) as guard:
        deadline = time.monotonic() + _READY_SECONDS
        while not _accepts(port):
            if guard.poll() is not None:
                raise not_started("versitygw", f"ended with code {guard.returncode}", log_file)
            if time.monotonic() > deadline:
                raise not_started("versitygw", f"was not ready within {_READY_SECONDS:g} s", log_file)
            time.sleep(0.02)
        # Someone else may have taken the port, and be the one who answers.
        if guard.poll() is not None:
            raise not_started("versitygw", f"ended with code {guard.returncode}", log_file)
        yield port


def given_mongo_uri() -> str | None:
    """A real MongoDB, when the person who runs the tests names one."""
    return os.environ.get("OPSCTL_TEST_MONGODB_URI") or None


def given_s3() -> S3Target | None:
    """A real S3, when the person who runs the tests names one."""
    endpoint_url = os.environ.get("OPSCTL_TEST_S3_ENDPOINT")
    if not endpoint_url:
        return None
    return S3Target(
        "given",
        endpoint_url,
        os.environ["OPSCTL_TEST_S3_ACCESS_KEY"],
        os.environ["OPSCTL_TEST_S3_SECRET_KEY"],
        os.environ.get("OPSCTL_TEST_S3_REGION", "us-east-1"),
    )


@contextmanager
def refusing_port() -> Iterator[int]:
    """A loopback port that refuses connections until the block ends: nobody else can take it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _mongo_uri(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?directConnection=true"
