"""A small world with a log, and a client for its Cloud Logging."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.logging_quota import ReadQuota
from opsctl.lab.google.logging_surface import add_logging
from opsctl.lab.google.world import Project, World

Json = dict[str, Any]
PROJECT = "netureyoutube"
NOW = datetime(2026, 1, 12, 2, 10, tzinfo=UTC)
RESOURCE = {"project_id": PROJECT, "job_name": "migrations", "location": "asia-northeast3"}
EXECUTION_LABEL = "run.googleapis.com/execution_name"


def line(
    insert_id: str, time: str, text: str = "line", *, log: str = "run.googleapis.com%2Fstdout", **more: Any
) -> Json:
    """An entry of 12 January 2026, 02:00; `time` is the seconds of that minute, `22.000000001`."""
    return {
        "insertId": insert_id,
        "timestamp": f"2026-01-12T02:00:{time}Z",
        "receiveTimestamp": f"2026-01-12T02:00:{time}Z",
        "logName": f"projects/{PROJECT}/logs/{log}",
        "resource": {"type": "cloud_run_job", "labels": dict(RESOURCE)},
        "labels": {EXECUTION_LABEL: "migrations-h5x5h"},
        "textPayload": text,
        **more,
    }


def audit_record(insert_id: str, time: str) -> Json:
    """The record at the end of an execution."""
    record = line(insert_id, time, log="cloudaudit.googleapis.com%2Fsystem_event", severity="ERROR")
    del record["textPayload"]
    record["protoPayload"] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "run.googleapis.com",
        "methodName": "/Jobs.RunJob",
        "resourceName": f"namespaces/{PROJECT}/executions/migrations-h5x5h",
        "status": {"code": 10, "message": "Execution migrations-h5x5h has failed to complete."},
        "response": {"kind": "Execution", "metadata": {"name": "migrations-h5x5h"}, "status": {"failedCount": 1.0}},
    }
    return record


def world(*entries: Json, now: datetime = NOW) -> World:
    """One project with these entries; its clock stands still."""
    return World(projects={PROJECT: Project(PROJECT, "481936277105")}, entries=list(entries), now=lambda: now)


@asynccontextmanager
async def logging_of(made: World, *, quota: ReadQuota | None = None) -> AsyncIterator[LoggingClient]:
    """Cloud Logging of a world, on a port of its own."""
    cloud = Cloud(made, token="t0k3n")
    application = web.Application()
    add_logging(application, cloud, quota or ReadQuota(None))
    async with TestClient(TestServer(application)) as client:
        yield LoggingClient(client, cloud)


class LoggingClient:
    """Asks the way REST clients do."""

    def __init__(self, client: TestClient[web.Request, web.Application], cloud: Cloud) -> None:
        self._client = client
        self.cloud = cloud
        self.url = f"http://{client.host}:{client.port}"

    async def ask(self, **body: Any) -> tuple[int, Json]:
        """POST entries:list, of the project unless `resourceNames` says otherwise."""
        return await self.post({"resourceNames": [f"projects/{PROJECT}"], **body})

    async def post(self, body: Any) -> tuple[int, Json]:
        """Status and answer to any body."""
        headers = {"Authorization": f"Bearer {self.cloud.token}"}
        async with self._client.post("/v2/entries:list", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, Json]:
        """Status and answer to GET."""
        headers = {"Authorization": f"Bearer {self.cloud.token}"}
        async with self._client.get(path, headers=headers) as response:
            return response.status, await response.json()

    async def ids(self, **body: Any) -> list[str]:
        """The insert ids of an answer."""
        status, answer = await self.ask(**body)
        assert status == 200, answer
        return [entry["insertId"] for entry in answer.get("entries", [])]

    async def refusal(self, **body: Any) -> tuple[int, str, str]:
        """Code, status and message of an error."""
        code, answer = await self.ask(**body)
        error = answer["error"]
        assert error["code"] == code
        return code, error["status"], error["message"]
