"""Port-forwards, against a stand-in for the API server that forwards to a listener of the test."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from opsctl.adapters.kube.client import KubeClient
from opsctl.adapters.kube.forward import PROTOCOL, open_forward
from opsctl.adapters.kube.forward_target import ForwardTarget, Kind, PodPort, find_pod
from opsctl.errors import AccessDeniedError, ConfigError, NotFoundError, UnavailableError
from tests.adapters.kube.api_server import ApiServer, api_server, client_of, refusal

TARGET = ForwardTarget("n", "mongodb-0", 27017)


def pod(name: str = "mongodb-0", *, phase: str = "Running", ready: bool = True, **metadata: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    spec = {"containers": [{"name": "main", "ports": [{"name": "mongo", "containerPort": 27018}]}]}
    return {
        "metadata": {"name": name, **metadata},
        "spec": spec,
        "status": {"phase": phase, "conditions": conditions},
    }


@dataclass
class Cluster:
    """`objects` by path; lines lead to the port `target`. `refusals` are given to the next handshakes. Nobody may get
    what is of the kinds `denied`."""

    objects: dict[str, Any]
    target: int = 0
    refusals: list[int] = field(default_factory=list)
    denied: frozenset[str] = frozenset()
    complaint: bytes = b""
    lines: list[web.WebSocketResponse] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    ended: asyncio.Queue[int] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/portforward"):
            return self._object(request.path)
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        self.ports.append(request.query["ports"])
        self.paths.append(request.path)
        line = web.WebSocketResponse(protocols=(PROTOCOL,))
        await line.prepare(request)
        self.lines.append(line)
        port = int(request.query["ports"]).to_bytes(2, "little")
        await line.send_bytes(b"\0" + port)
        await line.send_bytes(b"\1" + port)
        if self.complaint:
            await line.send_bytes(b"\1" + self.complaint)
            return line
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        back = asyncio.create_task(self._send_back(reader, line))
        async for message in line:
            if message.type is WSMsgType.BINARY and message.data[0] == 0:
                writer.write(message.data[1:])
        back.cancel()
        writer.close()
        await self.ended.put(self.lines.index(line))
        return line

    async def _send_back(self, reader: asyncio.StreamReader, line: web.WebSocketResponse) -> None:
        while piece := await reader.read(65536):
            await line.send_bytes(b"\0" + piece)
        await line.close()

    def _object(self, path: str) -> web.Response:
        kind = path.split("/")[5]
        if kind in self.denied and path.count("/") == 6:
            cannot = f'User "u" cannot get resource "{kind}" in API group "" in the namespace "n"'
            return web.json_response({"kind": "Status", "reason": "Forbidden", "message": cannot}, status=403)
        if path not in self.objects:
            status = {"kind": "Status", "reason": "NotFound", "message": f"{path} not found"}
            return web.json_response(status, status=404)
        return web.json_response(self.objects[path])


@asynccontextmanager
async def cluster_with(objects: dict[str, Any]) -> AsyncIterator[tuple[Cluster, KubeClient]]:
    """The port of the pod repeats, in capitals, what it gets."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece.upper())
            await writer.drain()
        writer.close()

    cluster = Cluster(objects)
    async with AsyncExitStack() as stack:
        echo = await asyncio.start_server(shout, "127.0.0.1", 0)
        stack.callback(echo.close)
        cluster.target = echo.sockets[0].getsockname()[1]
        server: ApiServer = await stack.enter_async_context(api_server(cluster.answer))
        client = await stack.enter_async_context(client_of(server.access()))
        yield cluster, client


async def skip(_: float) -> None:
    """Not waiting."""


POD = {"/api/v1/namespaces/n/pods/mongodb-0": pod()}


async def test_bytes_go_both_ways_on_several_connections() -> None:
    async with cluster_with(POD) as (cluster, client), open_forward(client, TARGET, sleep=skip) as port:
        first, second = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        second[1].write(b"two")
        assert await second[0].readexactly(3) == b"TWO"
        large = bytes(range(97, 123)) * 40_000
        first[1].write(large)
        assert await first[0].readexactly(len(large)) == large.upper()
    # One more than connections: it is tried before the port is told.
    assert cluster.ports == ["27017"] * 3


async def test_what_ends_at_one_side_ends_at_the_other() -> None:
    async with cluster_with(POD) as (cluster, client), open_forward(client, TARGET, sleep=skip) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"X"
        writer.close()
        async with asyncio.timeout(60):
            while await cluster.ended.get() != 1:
                pass
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"X"
        await cluster.lines[2].close()
        assert await reader.read() == b""


async def test_after_a_drop_the_next_connection_gets_a_new_line() -> None:
    async with cluster_with(POD) as (cluster, client), open_forward(client, TARGET, sleep=skip) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"X"
        transport = cluster.lines[1]._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()
        assert await reader.read() == b""
        # 404: the pod was there when it was looked for.
        cluster.refusals = [503, 404, 500]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"y")
        assert await reader.readexactly(1) == b"Y"


async def test_it_does_not_try_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    async with cluster_with(POD) as (cluster, client), open_forward(client, TARGET, sleep=skip) as port:
        cluster.refusals = [500] * 10
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                reader, _ = await asyncio.open_connection("127.0.0.1", port)
                assert await reader.read() == b""
        assert cluster.refusals == []
    assert [record.getMessage() for record in caplog.records] == [
        "Port-forward to n/pod/mongodb-0:27017: the node of the pod answered 500"
    ]


async def test_the_pods_side_says_why_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    async with cluster_with(POD) as (cluster, client), open_forward(client, TARGET, sleep=skip) as port:
        cluster.complaint = b"connect: connection refused"
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                reader, _ = await asyncio.open_connection("127.0.0.1", port)
                assert await reader.read() == b""
    told = "Port-forward to n/pod/mongodb-0:27017: the node of the pod says: connect: connection refused"
    assert [record.getMessage() for record in caplog.records] == [told]


async def test_a_port_that_nobody_answers_is_told_at_once() -> None:
    async with cluster_with(POD) as (cluster, client):
        cluster.complaint = b"connect: connection refused"
        with pytest.raises(UnavailableError, match="connect: connection refused") as raised:
            await open_forward(client, TARGET, sleep=skip).__aenter__()
    assert raised.value.hint == "Does anything listen on port 27017 of the pod?"


async def test_open_connections_end_with_the_forward() -> None:
    async with cluster_with(POD) as (_, client):
        async with open_forward(client, TARGET, sleep=skip) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            await reader.readexactly(1)
        assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_whoever_connects_while_it_ends_leaves_no_line_behind() -> None:
    async with cluster_with(POD) as (cluster, client):
        for _ in range(20):
            async with open_forward(client, TARGET, sleep=skip) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        await client.close()
        async with asyncio.timeout(60):
            for _ in cluster.lines:
                await cluster.ended.get()
        assert [line.closed for line in cluster.lines] == [True] * len(cluster.lines)
        assert client.connection._session is None


async def test_a_missing_right_is_told_before_anything_connects() -> None:
    async with cluster_with(POD) as (cluster, client):
        cluster.refusals = [403]
        with pytest.raises(AccessDeniedError) as raised:
            await open_forward(client, TARGET, sleep=skip).__aenter__()
    assert raised.value.permission == "get pods/portforward in namespace n"
    assert raised.value.hint is not None
    assert 'verbs: ["get", "create"]' in raised.value.hint


SERVICE = "/api/v1/namespaces/n/services/mongodb"
PODS = "/api/v1/namespaces/n/pods"


def service(port: int = 27017, target: int | str | None = None, **spec: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"port": port}
    rows = [{"port": port, "protocol": "UDP"}, row if target is None else {**row, "targetPort": target}]
    return {"spec": {"selector": {"app": "db"}, "ports": rows, **spec}}


@pytest.mark.parametrize(("target", "expected"), [(None, 27017), (0, 27017), (27019, 27019), ("mongo", 27018)])
async def test_a_service_is_one_of_its_ready_pods(target: int | str | None, expected: int) -> None:
    pods = [pod("a", ready=False), pod("b", deletionTimestamp="2026-01-01T00:00:00Z"), pod("c")]
    objects = {SERVICE: service(target=target), PODS: {"items": pods}}
    async with cluster_with(objects) as (_, client):
        assert await find_pod(client, ForwardTarget("n", "mongodb", 27017)) == PodPort("c", expected, "service")


async def test_a_service_without_an_address_leads_to_the_port_as_it_is() -> None:
    objects = {SERVICE: service(target="mongo", clusterIP="None"), PODS: {"items": [pod("a")]}}
    async with cluster_with(objects) as (_, client):
        assert (await find_pod(client, ForwardTarget("n", "mongodb", 27017))).port == 27017


BOTH = {f"{PODS}/mongodb": pod("mongodb"), SERVICE: service(), PODS: {"items": [pod("other")]}}


@pytest.mark.parametrize(
    ("text", "missing", "found"),
    [
        ("n/mongodb:27017", set(), "mongodb"),
        ("n/pod/mongodb:27017", set(), "mongodb"),
        ("n/service/mongodb:27017", set(), "other"),
        ("n/svc/mongodb:27017", set(), "other"),
        # A right that the other kind would need is not needed.
        ("n/mongodb:27017", {"services"}, "mongodb"),
        ("n/pod/mongodb:27017", {"services"}, "mongodb"),
        ("n/mongodb:27017", {"pods"}, "other"),
        ("n/service/mongodb:27017", {"pods"}, "other"),
    ],
)
async def test_a_name_of_both_is_the_pod_unless_it_says_so(text: str, missing: set[str], found: str) -> None:
    async with cluster_with(BOTH) as (cluster, client):
        cluster.denied = frozenset(missing)
        assert (await find_pod(client, ForwardTarget.parse(text))).pod == found


@pytest.mark.parametrize(
    ("objects", "missing", "text", "words", "right"),
    [
        ({}, {"pods"}, "n/mongodb:1", "there is no Service mongodb, and whether there is such a pod", "pods"),
        ({}, {"services"}, "n/mongodb:1", "there is no pod mongodb, and whether there is such a Service", "services"),
        ({}, {"pods", "services"}, "n/mongodb:1", "whether mongodb is a pod or a Service", "pods"),
        (BOTH, {"pods"}, "n/pod/mongodb:1", "does not let u get pods", "pods"),
        (BOTH, {"services"}, "n/service/mongodb:1", "does not let u get services", "services"),
    ],
)
async def test_what_may_not_be_looked_for_is_told_with_its_right(
    objects: dict[str, Any], missing: set[str], text: str, words: str, right: str
) -> None:
    async with cluster_with(objects) as (cluster, client):
        cluster.denied = frozenset(missing)
        with pytest.raises(AccessDeniedError, match=words) as raised:
            await find_pod(client, ForwardTarget.parse(text))
    assert raised.value.permission == f"get {right} in namespace n"
    assert f'resources: ["{right}"], verbs: ["get"]' in (raised.value.hint or "")


async def test_credentials_that_are_refused_are_not_a_missing_pod() -> None:
    async with api_server(refusal(401, "Unauthorized")) as server, client_of(server.access()) as client:
        with pytest.raises(AccessDeniedError, match="does not accept the credentials"):
            await find_pod(client, ForwardTarget("n", "mongodb", 27017))
    assert [request.path for request in server.requests] == [f"{PODS}/mongodb"]


async def test_what_was_a_pod_does_not_become_a_service_while_it_is_away() -> None:
    target = ForwardTarget("n", "mongodb", 27017)
    async with cluster_with(dict(BOTH)) as (cluster, client), open_forward(client, target, sleep=skip) as port:
        del cluster.objects[f"{PODS}/mongodb"]
        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        cluster.objects[f"{PODS}/mongodb"] = pod("mongodb")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"X"
    assert cluster.paths == [f"{PODS}/mongodb/portforward"] * 2


@pytest.mark.parametrize(
    ("objects", "error", "words"),
    [
        ({}, NotFoundError, "there is no pod and no Service mongodb in namespace n"),
        ({SERVICE: {"spec": {}}}, ConfigError, "selects no pods"),
        ({SERVICE: service(), "/api/v1/namespaces/n/pods": {"items": []}}, UnavailableError, "no pod of the Service"),
        ({SERVICE: service(1), PODS: {"items": [pod()]}}, ConfigError, "has no port 27017"),
        (
            {SERVICE: service(target="web"), PODS: {"items": [pod()]}},
            ConfigError,
            "pod mongodb-0 has none of that name",
        ),
        ({"/api/v1/namespaces/n/pods/mongodb": pod(phase="Pending")}, UnavailableError, "the pod is pending"),
        ({"/api/v1/namespaces/n/pods/mongodb": pod(deletionTimestamp="x")}, UnavailableError, "the pod is ending"),
    ],
)
async def test_nothing_to_forward_to(objects: dict[str, Any], error: type[Exception], words: str) -> None:
    async with cluster_with(objects) as (_, client):
        with pytest.raises(error, match=words):
            await find_pod(client, ForwardTarget("n", "mongodb", 27017))


@pytest.mark.parametrize(("kind", "what"), [("pod", "no pod mongodb"), ("service", "no Service mongodb")])
async def test_what_is_named_with_its_kind_and_not_there(kind: Kind, what: str) -> None:
    async with cluster_with({}) as (_, client):
        with pytest.raises(NotFoundError, match=f"there is {what} in namespace n") as raised:
            await find_pod(client, ForwardTarget("n", "mongodb", 27017, kind))
    assert raised.value.hint == "What is there: kubectl --context test get pods,services --namespace n"


@pytest.mark.parametrize("text", ["n/p", "n/p:0", "n/p:70000", "p:1", "n/a/b:1", "N/p:1", "n/job/p:1", "n/pod/a/b:1"])
def test_targets_that_cannot_be(text: str) -> None:
    with pytest.raises(ConfigError, match="must look like"):
        ForwardTarget.parse(text)
    assert str(ForwardTarget.parse("n/p.q:1")) == "n/p.q:1"
    assert str(ForwardTarget.parse("n/svc/p:1")) == "n/service/p:1"
    assert ForwardTarget.parse("pod/pods:1") == ForwardTarget("pod", "pods", 1)
