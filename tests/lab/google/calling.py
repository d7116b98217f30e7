"""Calls to a local Google, as any HTTP client makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world import Project, World

Json = dict[str, Any]

PROJECT = "shop"
NUMBER = "123456789012"
LOCATION = f"projects/{PROJECT}/locations/asia-northeast3"
JOB = f"{LOCATION}/jobs/migrate"


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one server with its token, or with `token` instead."""

    google: RunningGoogle
    http: urllib3.PoolManager
    token: str

    @property
    def cloud(self) -> Cloud:
        return self.google.cloud

    def send(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """Status and JSON."""
        content = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.http.request(
            method, self.google.url + path, body=content, headers=headers, retries=False, timeout=120.0, redirect=False
        )
        return answer.status, json.loads(answer.data)

    def get(self, path: str) -> Json:
        """The JSON of a call that succeeds."""
        status, body = self.send("GET", path)
        assert status == 200, body
        return body

    def refused(self, path: str, method: str = "GET", body: Json | None = None) -> tuple[int, Json]:
        """Status and error of a call that fails."""
        status, answer = self.send(method, path, body)
        return status, answer["error"]


@contextmanager
def calling(world: World | Cloud | None = None, *, token: str | None = None) -> Iterator[Caller]:
    """A server over a world, with a small shop in it unless another one is given."""
    with serve_in_thread(world if world is not None else shop()) as google, urllib3.PoolManager() as http:
        yield Caller(google, http, google.cloud.token if token is None else token)


def shop(executions: int = 0) -> World:
    """A project with a job and so many executions, each a minute after the one before; the last is the newest."""
    world = World()
    world.projects[PROJECT] = Project(PROJECT, NUMBER)
    world.jobs[JOB] = {
        "name": JOB,
        "generation": "3",
        "createTime": "2026-01-01T00:00:00Z",
        "template": {"taskCount": 1, "template": {"containers": [{"image": "shop/app:1"}], "maxRetries": 0}},
        "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
    }
    for number in range(executions):
        add_execution(world, f"migrate-{number:05}", f"2026-01-12T02:{number % 60:02}:00Z")
    return world


def add_execution(world: World, name: str, created: str) -> Json:
    """An execution of the job that failed, with one task."""
    body: Json = {
        "name": f"{JOB}/executions/{name}",
        "job": "migrate",
        "createTime": created,
        "completionTime": created,
        "taskCount": 1,
        "failedCount": 1,
        "template": {"containers": [{"image": "shop/app@sha256:1"}], "maxRetries": 0, "timeout": "300s"},
        "conditions": [
            {"type": "Completed", "state": "CONDITION_FAILED", "executionReason": "NON_ZERO_EXIT_CODE"},
        ],
    }
    world.executions[body["name"]] = body
    task = f"{body['name']}/tasks/{name}-task0"
    result = {"exitCode": 1, "status": {"code": 10, "message": "The container exited with an error."}}
    world.tasks[body["name"]] = [
        {"name": task, "job": "migrate", "execution": name, "createTime": created, "lastAttemptResult": result}
    ]
    return body
