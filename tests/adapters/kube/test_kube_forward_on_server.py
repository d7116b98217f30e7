"""Port-forwards through a real API server and a simulated node, to listeners of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml
from pymongo import AsyncMongoClient

from opsctl.adapters.kube.client import open_kube
from opsctl.adapters.kube.forward import open_forward
from opsctl.adapters.kube.forward_target import ForwardTarget
from opsctl.errors import AccessDeniedError, NotFoundError, UnavailableError
from tests.servers.kube_cluster import KubeCluster
from tests.servers.launch import embedded_mongo, refusing_port
from tests.servers.proxy import tcp_proxy

pytestmark = pytest.mark.servers
_NAMESPACES = iter(range(1000))


@pytest.fixture
def namespace(cluster: KubeCluster) -> str:
    name = f"forward-{next(_NAMESPACES)}"
    cluster.create_namespace(name)
    return name


@asynccontextmanager
async def forwarded(kubeconfig: Path, target: ForwardTarget, context: str | None = None) -> AsyncIterator[int]:
    client = open_kube({}, kubeconfig=kubeconfig, context=context)
    try:
        async with open_forward(client, target) as port:
            yield port
    finally:
        await client.close()


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def exchange(port: int, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(content)
        async with asyncio.timeout(60):
            return await reader.readexactly(len(content))
    finally:
        writer.close()


async def test_bytes_of_many_connections_come_back_as_they_were(cluster: KubeCluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create_pod, namespace, "echo-0")
    async with echo() as echo_port:
        await asyncio.to_thread(cluster.forward_port, namespace, "echo-0", 7000, echo_port)
        async with forwarded(cluster.kubeconfig, ForwardTarget(namespace, "echo-0", 7000)) as port:
            contents = [bytes([number]) * 300_000 for number in range(10)]
            assert await asyncio.gather(*(exchange(port, content) for content in contents)) == contents


async def test_mongo_that_listens_nowhere_else_through_a_service_and_a_drop(
    cluster: KubeCluster, namespace: str, tmp_path: Path
) -> None:
    services = f"/api/v1/namespaces/{namespace}/services"
    service = {"selector": {"app": "db"}, "ports": [{"port": 27017, "targetPort": 27018}]}
    await asyncio.to_thread(cluster.request, "POST", services, {"metadata": {"name": "mongodb"}, "spec": service})
    await asyncio.to_thread(lambda: cluster.create_pod(namespace, "mongodb-0", labels={"app": "db"}))
    with embedded_mongo() as uri, tcp_proxy(cluster.port) as line:
        mongo_port = int(uri.split(":")[2].split("/")[0])
        await asyncio.to_thread(cluster.forward_port, namespace, "mongodb-0", 27018, mongo_port)
        kubeconfig = cluster.kubeconfig_through(line.port, tmp_path / "config")
        async with forwarded(kubeconfig, ForwardTarget(namespace, "mongodb", 27017)) as port:
            mongo = AsyncMongoClient[dict[str, object]](f"mongodb://127.0.0.1:{port}/?directConnection=true")
            try:
                await mongo.d.c.insert_many([{"_id": number, "text": "x" * 10_000} for number in range(500)])
                assert await mongo.d.c.count_documents({}) == 500
                await asyncio.to_thread(line.cut)
                # The driver reads once more by itself, over a new line.
                assert len([document["_id"] async for document in mongo.d.c.find()]) == 500
            finally:
                await mongo.close()


async def test_a_port_that_nobody_answers_is_told(cluster: KubeCluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create_pod, namespace, "silent")
    with refusing_port() as refused:
        await asyncio.to_thread(cluster.forward_port, namespace, "silent", 7000, refused)
        with pytest.raises(UnavailableError, match="refused"):
            await forwarded(cluster.kubeconfig, ForwardTarget(namespace, "silent", 7000)).__aenter__()


async def test_each_missing_right_is_named(cluster: KubeCluster, namespace: str) -> None:
    await asyncio.to_thread(cluster.create_pod, namespace, "echo-0")
    target = ForwardTarget(namespace, "echo-0", 7000)
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    forward = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
    async with echo() as echo_port:
        await asyncio.to_thread(cluster.forward_port, namespace, "echo-0", 7000, echo_port)
        for rules, missing in (((), "get pods"), ((pods,), "get pods/portforward"), ((pods, forward), None)):
            await asyncio.to_thread(cluster.grant, namespace, *rules)
            assert await missing_right(cluster, target) == missing


async def missing_right(cluster: KubeCluster, target: ForwardTarget) -> str | None:
    try:
        async with forwarded(cluster.kubeconfig, target, "user") as port:
            assert await exchange(port, b"hello") == b"hello"
    except AccessDeniedError as error:
        return (error.permission or "").removesuffix(f" in namespace {target.namespace}")
    return None


async def test_a_forward_is_opened_as_the_one_it_acts_for(cluster: KubeCluster, namespace: str, tmp_path: Path) -> None:
    """An administrator may do everything; whom the kubeconfig names may not."""
    await asyncio.to_thread(cluster.create_pod, namespace, "echo-0")
    tables = yaml.safe_load(cluster.kubeconfig.read_text())
    admin = next(row for row in tables["users"] if row["name"] == "admin")
    admin["user"].update({"as": "jane", "as-groups": ["dev"]})
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(yaml.safe_dump(tables))
    target = ForwardTarget(namespace, "echo-0", 7000)
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    forward = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
    async with echo() as echo_port:
        await asyncio.to_thread(cluster.forward_port, namespace, "echo-0", 7000, echo_port)
        await asyncio.to_thread(lambda: cluster.grant(namespace, pods, user="jane"))
        with pytest.raises(AccessDeniedError, match=f"does not let jane get pods/portforward in namespace {namespace}"):
            await forwarded(kubeconfig, target, "admin").__aenter__()
        await asyncio.to_thread(lambda: cluster.grant(namespace, pods, forward, user="jane"))
        async with forwarded(kubeconfig, target, "admin") as port:
            assert await exchange(port, b"hello") == b"hello"


async def test_a_name_of_a_pod_and_of_a_service_leads_where_it_says(cluster: KubeCluster, namespace: str) -> None:
    """Service `mongo-4` selects another pod than `mongo-4`. Rights for one of the two are enough for that one."""
    services = f"/api/v1/namespaces/{namespace}/services"
    spec = {"selector": {"app": "db"}, "ports": [{"port": 7000, "targetPort": 7001}]}
    await asyncio.to_thread(cluster.request, "POST", services, {"metadata": {"name": "mongo-4"}, "spec": spec})
    await asyncio.to_thread(lambda: cluster.create_pod(namespace, "behind", labels={"app": "db"}))
    async with answering(b"service") as behind, answering(b"the pod") as itself:
        await asyncio.to_thread(cluster.forward_port, namespace, "behind", 7001, behind)
        # There is no such pod yet: the name is that of the Service.
        assert await greeting(cluster, f"{namespace}/mongo-4:7000") == b"service"
        await asyncio.to_thread(cluster.create_pod, namespace, "mongo-4")
        await asyncio.to_thread(cluster.forward_port, namespace, "mongo-4", 7000, itself)
        for kind, expected in (("", b"the pod"), ("pod/", b"the pod"), ("service/", b"service")):
            assert await greeting(cluster, f"{namespace}/{kind}mongo-4:7000") == expected
        forward = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
        pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
        await asyncio.to_thread(cluster.grant, namespace, pods, forward)
        assert await greeting(cluster, f"{namespace}/mongo-4:7000", "user") == b"the pod"
        listed = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
        both = {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}
        await asyncio.to_thread(cluster.grant, namespace, listed, both, forward)
        for kind in ("", "service/"):
            assert await greeting(cluster, f"{namespace}/{kind}mongo-4:7000", "user") == b"service"


@asynccontextmanager
async def answering(words: bytes) -> AsyncIterator[int]:
    """Says the same to everybody who says something."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            writer.write(words)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def greeting(cluster: KubeCluster, target: str, context: str | None = None) -> bytes:
    async with forwarded(cluster.kubeconfig, ForwardTarget.parse(target), context) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"?")
        async with asyncio.timeout(60):
            said = await reader.readexactly(7)
        writer.close()
        return said


async def test_a_pod_that_is_not_there(cluster: KubeCluster, namespace: str) -> None:
    with pytest.raises(NotFoundError, match="there is no pod and no Service mongodb-9"):
        await forwarded(cluster.kubeconfig, ForwardTarget(namespace, "mongodb-9", 27017)).__aenter__()
