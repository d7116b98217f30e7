"""Fixtures that run a test once for each server it should hold on.

Plain `pytest` runs the lab's own stand-ins. `pytest -m servers` runs what others wrote, and what the environment names:
`OPSCTL_TEST_MONGODB_URI`; `OPSCTL_TEST_S3_ENDPOINT` with `_ACCESS_KEY`, `_SECRET_KEY` and, if need be, `_REGION`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.servers.kube_cluster import KubeCluster, kube_cluster
from tests.servers.launch import (
    S3Target,
    embedded_mongo,
    given_mongo_uri,
    given_s3,
    lab_s3,
    mongo_java_server,
    versitygw,
)

_MONGO_SERVERS = ["embedded", pytest.param("mongo-java-server", marks=pytest.mark.servers)]
if given_mongo_uri():
    _MONGO_SERVERS.append(pytest.param("given", marks=pytest.mark.servers))

_S3_SERVERS = ["lab", pytest.param("versitygw", marks=pytest.mark.servers)]
if given_s3():
    _S3_SERVERS.append(pytest.param("given", marks=pytest.mark.servers))


@pytest.fixture(scope="session", params=_MONGO_SERVERS)
def mongo_uri(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URI of a MongoDB. It is shared by the session: use a database of your own."""
    servers: dict[str, AbstractContextManager[str]] = {
        "embedded": embedded_mongo(),
        "mongo-java-server": mongo_java_server(),
        "given": nullcontext(given_mongo_uri() or ""),
    }
    with servers[request.param] as uri:
        yield uri


@pytest.fixture(scope="session", params=_S3_SERVERS)
def s3_target(request: pytest.FixtureRequest) -> Iterator[S3Target]:
    """An S3. It is shared by the session: use a bucket, or a prefix, of your own."""
    given = given_s3()
    servers: dict[str, AbstractContextManager[S3Target]] = {"lab": lab_s3(), "versitygw": versitygw()}
    if given is not None:
        servers["given"] = nullcontext(given)
    with servers[request.param] as target:
        yield target


@pytest.fixture(scope="session")
def cluster() -> Iterator[KubeCluster]:
    """A Kubernetes. It is shared by the session: use a namespace of your own. Its tests are marked `servers`."""
    with kube_cluster() as running:
        yield running
