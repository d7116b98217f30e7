"""What Google's own tools make of the local Cloud Logging."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import logging as cloud_logging

from tests.lab.google.logging_world import PROJECT, LoggingClient, audit_record, line, logging_of, world

STRUCTURED = line("j", "21.500", severity="ERROR", jsonPayload={"message": "failed", "code": 42.0})
del STRUCTURED["textPayload"]
ENTRIES = (
    line("a", "20.000000001", "Starting migrations"),
    line("b", "21", "Error: connect ENOENT", log="run.googleapis.com%2Fstderr"),
    STRUCTURED,
    line("s", "22", "Container called exit(1).", log="run.googleapis.com%2Fvarlog%2Fsystem", severity="WARNING"),
    audit_record("r", "42"),
    line("x", "20", "of another execution", labels={"run.googleapis.com/execution_name": "migrations-other"}),
)
EXECUTION = 'labels."run.googleapis.com/execution_name"="migrations-h5x5h"'


async def test_the_client_library_reads_pages_with_all_kinds_of_payloads() -> None:
    """Over REST: gRPC is another surface."""

    def read(url: str, token: str) -> list[tuple[str, object, object]]:
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        credentials.token = token
        client = cloud_logging.Client(  # type: ignore[no-untyped-call]
            project=PROJECT, credentials=credentials, client_options={"api_endpoint": url}, _use_grpc=False
        )
        # Anonymous credentials put no token into a request.
        client._http.headers["Authorization"] = f"Bearer {token}"
        entries = client.list_entries(  # type: ignore[no-untyped-call]
            filter_=f'{EXECUTION} AND timestamp>="2026-01-12T00:00:00Z"', order_by="timestamp asc", page_size=2
        )
        return [(entry.insert_id, entry.payload, entry.severity) for entry in entries]

    async with logging_of(world(*ENTRIES)) as client:
        entries = await asyncio.to_thread(read, client.url, client.cloud.token)

    assert [insert_id for insert_id, _, _ in entries] == ["a", "b", "j", "s", "r"]
    assert entries[2][1:] == ({"message": "failed", "code": 42}, "ERROR")
    record = entries[4][1]
    assert isinstance(record, dict)
    assert record["methodName"] == "/Jobs.RunJob"


async def gcloud(client: LoggingClient, folder: Path, *arguments: str) -> str:
    """What gcloud prints; the test is skipped without it."""
    found = shutil.which("gcloud")
    if found is None:
        pytest.skip("gcloud is not installed")
    token = folder / "token"
    token.write_text(client.cloud.token)
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING": f"{client.url}/",
        "TERM": "dumb",
    }
    process = await asyncio.create_subprocess_exec(
        found, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 300)
    return output.decode() if process.returncode == 0 else errors.decode()


@pytest.mark.servers
async def test_gcloud_reads_the_log_of_an_execution(tmp_path: Path) -> None:
    async with logging_of(world(*ENTRIES)) as client:
        answer = await gcloud(
            client, tmp_path, "logging", "read", EXECUTION, "--order=asc", "--format=json", "--limit=10"
        )
        entries = json.loads(answer)

    assert entries == list(ENTRIES[:5])


@pytest.mark.servers
async def test_gcloud_reads_the_log_of_a_job(tmp_path: Path) -> None:
    entries = [entry for entry in ENTRIES if "textPayload" in entry]
    async with logging_of(world(*entries)) as client:
        answer = await gcloud(
            client,
            tmp_path,
            *("run", "jobs", "logs", "read", "migrations", "--region=asia-northeast3"),
            '--log-filter=timestamp>="2026-01-12T00:00:00Z"',
        )

    assert answer.splitlines() == [
        "2026-01-12 02:00:20 of another execution",
        "2026-01-12 02:00:20 Starting migrations",
        "2026-01-12 02:00:21 Error: connect ENOENT",
    ]


@pytest.mark.servers
async def test_gcloud_shows_why_a_filter_is_refused(tmp_path: Path) -> None:
    async with logging_of(world(*ENTRIES)) as client:
        answer = await gcloud(client, tmp_path, "logging", "read", "timestamp>=2026-01-12T00:00:00Z", "--format=json")

    assert answer.startswith(
        "ERROR: (gcloud.logging.read) INVALID_ARGUMENT: Unparseable filter: syntax error at line 1"
    )
    assert "column 25, token ':'" in answer
