"""`opsctl config check` asks all services at the same time: one that hangs keeps nobody waiting."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from opsctl.cli.app import ROOT
from tests.cli.processes import make_process, run_words
from tests.servers.launch import embedded_mongo
from tests.servers.proxy import tcp_proxy

# Only ever waited for in full when a test fails: the machine may be busy.
_WAIT_SECONDS = 120.0
# Longer than any busy machine takes: one after the other, Mongo would be given up only then.
_PATIENCE = "directConnection=true&serverSelectionTimeoutMS=120000&connectTimeoutMS=120000"


def environment(mongo_port: int, s3_port: int) -> Mapping[str, str]:
    return {
        "OPSCTL_MONGO_URI": f"mongodb://127.0.0.1:{mongo_port}/?{_PATIENCE}",
        "OPSCTL_MONGO_DATABASE": "d",
        "OPSCTL_MONGO_COLLECTION": "c",
        "OPSCTL_S3_BUCKET": "b",
        "OPSCTL_S3_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
        "OPSCTL_S3_REGION": "us-east-1",
        "OPSCTL_S3_ACCESS_KEY_ID": "a",
        "OPSCTL_S3_SECRET_ACCESS_KEY": "b",
    }


def test_a_service_that_hangs_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    """Mongo does not answer until S3 has been asked."""
    with (
        embedded_mongo() as uri,
        tcp_proxy(int(uri.rpartition(":")[2].partition("/")[0])) as line,
        socket.create_server(("127.0.0.1", 0)) as s3,
    ):
        line.hold()

        def answer_then() -> None:
            connection, _ = s3.accept()
            line.restore()
            connection.close()
            s3.close()

        thread = threading.Thread(target=answer_then, daemon=True)
        thread.start()
        environ = environment(line.port, s3.getsockname()[1])
        ended = run_words(["config", "check", "-o", "json"], make_process(tmp_path, environ=environ), ROOT)
    checks = {item["name"]: item for item in json.loads(ended.stdout)["data"]["checks"]}
    # The collection is not there: an answer of Mongo.
    assert checks["mongo"]["state"] == "not_found", checks["mongo"]
    assert checks["s3"]["state"] == "unavailable"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_being_interrupted_ends_it_while_all_services_hang(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """All have been asked, none has answered or will."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPSCTL_", "KUBE"))}
        environ = {**kept, **environment(*(server.getsockname()[1] for server in servers)), "HOME": str(tmp_path)}
        child = subprocess.Popen(
            [sys.executable, "-m", "opsctl", "config", "check"],
            env=environ,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(child.kill)
        for server in servers:
            server.settimeout(_WAIT_SECONDS)
            stack.enter_context(server.accept()[0])
        child.send_signal(number)
        stdout, stderr = child.communicate(timeout=_WAIT_SECONDS)
    assert (child.returncode, stdout) == (code, "")
    assert "Traceback" not in stderr
