"""What the migration asks of a cluster, as requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from opsctl.adapters.kube.cluster import KubeCluster
from opsctl.errors import DataError, NotFoundError
from opsctl.migration.kubernetes.models import Kind, LogRequest, Permission
from opsctl.migration.kubernetes.ports import Cluster
from tests.adapters.kube.api_server import Answer, ApiServer, api_server, client_of, json_answer, refusal, text_answer

JOBS = "/apis/batch/v1/namespaces/n/jobs"
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "n", "name": "j"}, "spec": {}}
LOG = LogRequest("n", "p", "m")


@asynccontextmanager
async def cluster_of(*answers: Answer) -> AsyncIterator[tuple[Cluster, ApiServer]]:
    async with api_server(*answers) as server, client_of(server.access()) as client:
        yield KubeCluster(client), server


@pytest.mark.parametrize(
    ("call", "method", "path", "query"),
    [
        (lambda c: c.get(Kind.JOB, "n", "j"), "GET", f"{JOBS}/j", {}),
        (lambda c: c.get(Kind.POD, "n", "a/../b"), "GET", "/api/v1/namespaces/n/pods/a%2F..%2Fb", {}),
        (lambda c: c.create(JOB), "POST", JOBS, {"fieldManager": "opsctl"}),
        (lambda c: c.create(JOB, dry_run=True), "POST", JOBS, {"fieldManager": "opsctl", "dryRun": "All"}),
        (lambda c: c.apply(JOB, dry_run=True), "PATCH", f"{JOBS}/j", {"fieldManager": "opsctl", "dryRun": "All"}),
        (lambda c: c.delete(Kind.JOB, "n", "j", uid="u"), "DELETE", f"{JOBS}/j", {}),
    ],
)
async def test_requests(
    call: Callable[[Cluster], Awaitable[object]], method: str, path: str, query: dict[str, str]
) -> None:
    async with cluster_of(json_answer({})) as (cluster, server):
        await call(cluster)
    (request,) = server.requests
    assert (request.method, request.rel_url.raw_path, dict(request.query)) == (method, path, query)


async def test_an_apply_says_that_it_is_one_and_sends_the_document() -> None:
    async with cluster_of(json_answer({})) as (cluster, server):
        await cluster.apply(JOB)
    assert server.requests[0].headers["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(server.bodies[0]) == JOB


OURS = 'Apply failed with 1 conflict: conflict with "opsctl" using batch/v1: .spec.parallelism'
THEIRS = 'Apply failed with 2 conflicts: conflicts with "opsctl" using batch/v1: .a, conflicts with "helm" using v1: .b'


async def test_a_conflict_with_what_was_created_here_is_none() -> None:
    async with cluster_of(refusal(409, "Conflict", OURS), json_answer({})) as (cluster, server):
        await cluster.apply(JOB, dry_run=True)
    assert [request.query.get("force") for request in server.requests] == [None, "true"]
    assert server.requests[1].query["dryRun"] == "All"


@pytest.mark.parametrize(
    "message", [THEIRS, OURS + ", " * 400 + 'conflict with "helm"', "the object has been modified"]
)
async def test_what_another_tool_looks_after_is_left_to_it(message: str) -> None:
    async with cluster_of(refusal(409, "Conflict", message), json_answer({})) as (cluster, server):
        with pytest.raises(DataError) as raised:
            await cluster.apply(JOB)
    assert raised.value.code == "conflict"
    assert len(server.requests) == 1


@pytest.mark.parametrize(("kind", "policy"), [(Kind.JOB, "Foreground"), (Kind.POD, None)])
async def test_only_the_object_that_was_looked_at_is_deleted(kind: Kind, policy: str | None) -> None:
    async with cluster_of(json_answer({})) as (cluster, server):
        await cluster.delete(kind, "n", "j", uid="u-1")
    body = json.loads(server.bodies[0])
    assert body["preconditions"] == {"uid": "u-1"}
    assert body.get("propagationPolicy") == policy


async def test_one_that_was_replaced_counts_as_gone_and_another_refusal_does_not() -> None:
    async with cluster_of(refusal(409, "Conflict", "Precondition failed: UID in precondition")) as (cluster, _):
        with pytest.raises(NotFoundError, match="Pod n/p has been replaced"):
            await cluster.delete(Kind.POD, "n", "p", uid="u")
    async with cluster_of(refusal(422, "Invalid", "no")) as (cluster, _):
        with pytest.raises(DataError):
            await cluster.delete(Kind.POD, "n", "p", uid="u")


async def test_a_list_with_selectors() -> None:
    async with cluster_of(json_answer({"items": [{"a": 1}]})) as (cluster, server):
        items = [item async for item in cluster.list(Kind.EVENT, "n", labels="a=b", fields="type=Warning")]
    assert items == [{"a": 1}]
    query = dict(server.requests[0].query)
    assert (query["labelSelector"], query["fieldSelector"]) == ("a=b", "type=Warning")


@pytest.mark.parametrize(
    ("changes", "query"),
    [
        ({}, {}),
        ({"is_previous": True, "tail_lines": 0}, {"previous": "true", "tailLines": "0"}),
        ({"follow": True}, {"follow": "true"}),
        (
            {"since": datetime(2025, 12, 23, 14, 42, 0, 900, timezone(timedelta(hours=9)))},
            {"sinceTime": "2025-12-23T05:42:00Z"},
        ),
    ],
)
async def test_lines_of_a_log(changes: dict[str, Any], query: dict[str, str]) -> None:
    async with cluster_of(text_answer("one\n\ntwo")) as (cluster, server):
        lines = [line async for line in cluster.log(LogRequest("n", "p", "m", **changes))]
    assert lines == [b"one", b"", b"two"]
    assert server.requests[0].path == "/api/v1/namespaces/n/pods/p/log"
    assert dict(server.requests[0].query) == {"container": "m", "timestamps": "true", **query}


@pytest.mark.parametrize(("status", "allowed"), [({"allowed": True}, True), ({"allowed": False}, False), (None, False)])
async def test_a_right_is_asked_for(status: object, allowed: bool) -> None:
    async with cluster_of(json_answer({"status": status})) as (cluster, server):
        assert await cluster.may(Permission("get", "", "pods/log", "n")) is allowed
    attributes = json.loads(server.bodies[0])["spec"]["resourceAttributes"]
    assert (attributes["resource"], attributes["subresource"], attributes["verb"]) == ("pods", "log", "get")
