"""`opsctl config check` asks all services at the same time: one that hangs keeps nobody waiting."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

from opsctl.cli.app import ROOT
from tests.cli.processes import make_process, run_words
from tests.servers.launch import embedded_mongo
from tests.servers.proxy import tcp_proxy

# Longer than any busy machine takes: one after the other, Mongo would be given up only then.
_PATIENCE = "directConnection=true&serverSelectionTimeoutMS=120000&connectTimeoutMS=120000"


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
        environ = {
            "OPSCTL_MONGO_URI": f"mongodb://127.0.0.1:{line.port}/?{_PATIENCE}",
            "OPSCTL_MONGO_DATABASE": "d",
            "OPSCTL_MONGO_COLLECTION": "c",
            "OPSCTL_S3_BUCKET": "b",
            "OPSCTL_S3_ENDPOINT_URL": f"http://127.0.0.1:{s3.getsockname()[1]}",
            "OPSCTL_S3_REGION": "us-east-1",
            "OPSCTL_S3_ACCESS_KEY_ID": "a",
            "OPSCTL_S3_SECRET_ACCESS_KEY": "b",
        }
        ended = run_words(["config", "check", "-o", "json"], make_process(tmp_path, environ=environ), ROOT)
    checks = {item["name"]: item for item in json.loads(ended.stdout)["data"]["checks"]}
    # The collection is not there: an answer of Mongo.
    assert checks["mongo"]["state"] == "not_found", checks["mongo"]
    assert checks["s3"]["state"] == "unavailable"
