"""The ports of a live diagnosis: the fake, the adapters on the local Google, and Google's own clients as witnesses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud import logging as cloud_logging
from google.cloud import run_v2
from google.cloud.run_v2.services.executions.transports import ExecutionsRestTransport
from google.cloud.run_v2.services.jobs.transports import JobsRestTransport
from google.cloud.run_v2.services.tasks.transports import TasksRestTransport
from google.oauth2.credentials import Credentials as GoogleCredentials
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]

from opsctl.adapters.google_rest.accounts import GoogleAccounts
from opsctl.adapters.google_rest.artifacts import ArtifactRegistry
from opsctl.adapters.google_rest.cloud_logging import CloudLogging
from opsctl.adapters.google_rest.cloud_run import GoogleCloudRun
from opsctl.adapters.google_rest.credentials import Credentials
from opsctl.adapters.google_rest.endpoints import Endpoints
from opsctl.adapters.google_rest.secrets import SecretVersions
from opsctl.adapters.google_rest.services import ServiceUsage
from opsctl.adapters.google_rest.session import Api, GoogleSession
from opsctl.adapters.google_rest.sql import CloudSql
from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.docker_login import DockerLogins
from opsctl.adapters.registry.images import RegistryImages
from opsctl.diagnosis.ports import Sources
from opsctl.diagnosis.timestamps import parse_time
from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from tests.contract.google import GoogleContract, log_query
from tests.contract.google_scene import EXECUTION, JOB, PROJECT, build_cloud, build_fake, image_of

Json = dict[str, Any]


@pytest.fixture(scope="module")
def google() -> Iterator[RunningGoogle]:
    with serve_in_thread(build_cloud()) as running:
        yield running
        assert running.cloud.violations == []


@pytest.fixture
def image(google: RunningGoogle) -> str:
    return image_of(google.cloud)


@pytest.fixture
def adapters(google: RunningGoogle, tmp_path: Path) -> Iterator[Sources]:
    session = GoogleSession(Credentials(google.cloud.token, environment={}), Endpoints(dict.fromkeys(Api, google.url)))
    logins = DockerLogins({"HOME": str(tmp_path)})
    registry = RegistryClient(logins, google_token=session.access_token, google_endpoint=google.url)
    yield Sources(
        GoogleCloudRun(session),
        CloudLogging(session),
        GoogleAccounts(session),
        SecretVersions(session),
        CloudSql(session),
        ServiceUsage(session),
        ArtifactRegistry(session),
        RegistryImages(registry, budget_bytes=64 << 20),
    )
    session.close()


class TestFake(GoogleContract):
    @pytest.fixture
    def sources(self, google: RunningGoogle) -> Sources:
        return build_fake(google.cloud).sources()


class TestAdapters(GoogleContract):
    @pytest.fixture
    def sources(self, adapters: Sources) -> Sources:
        return adapters


class TestWitnesses:
    """Google's own clients read the same from the local Google, field by field."""

    async def test_of_cloud_run(self, google: RunningGoogle, adapters: Sources) -> None:
        keys: Json = {"host": f"127.0.0.1:{google.port}", "url_scheme": "http", "credentials": of_google(google)}
        executions = run_v2.ExecutionsClient(transport=ExecutionsRestTransport(**keys))
        witness = executions.get_execution(name=EXECUTION)
        assert_equal(dict(await adapters.run.get_execution(EXECUTION)), run_v2.Execution.pb(witness))
        job = run_v2.JobsClient(transport=JobsRestTransport(**keys)).get_job(name=JOB)
        assert_equal(dict(await adapters.run.get_job(JOB)), run_v2.Job.pb(job))
        listed = list(executions.list_executions(parent=JOB))
        page = await adapters.run.list_executions(JOB)
        assert [item["name"] for item in page.executions] == [item.name for item in listed]
        tasks = list(run_v2.TasksClient(transport=TasksRestTransport(**keys)).list_tasks(parent=EXECUTION))
        seen = [task async for task in adapters.run.list_tasks(EXECUTION)]
        assert len(seen) == len(tasks) == 3
        for ours, theirs in zip(seen, tasks, strict=True):
            assert_equal(dict(ours), run_v2.Task.pb(theirs))

    async def test_of_cloud_logging(self, google: RunningGoogle, adapters: Sources) -> None:
        client = cloud_logging.Client(  # type: ignore[no-untyped-call]
            project=PROJECT,
            credentials=of_google(google),
            client_options=ClientOptions(api_endpoint=google.url),
            _use_grpc=False,
        )
        theirs = list(client.list_entries(filter_=log_query().filter))  # type: ignore[no-untyped-call]
        ours = [entry async for page in adapters.logs.read(log_query()) for entry in page.entries]
        assert len(ours) > 10
        assert [entry["insertId"] for entry in ours] == [entry.insert_id for entry in theirs]
        for mine, witness in zip(ours, theirs, strict=True):
            assert mine["logName"] == witness.log_name
            assert mine.get("severity") == witness.severity
            assert mine["labels"] == witness.labels
            assert mine["resource"]["labels"] == witness.resource.labels
            payload = mine.get("textPayload") or mine.get("jsonPayload") or mine.get("protoPayload")
            assert payload == (dict(witness.payload) if isinstance(payload, dict) else witness.payload)
            moment = parse_time(mine["timestamp"]) or 0
            assert moment // 1_000 == round(witness.timestamp.timestamp() * 1_000_000)


def of_google(google: RunningGoogle) -> GoogleCredentials:
    return GoogleCredentials(token=google.cloud.token)  # type: ignore[no-untyped-call]


def assert_equal(ours: Json, witness: Message) -> None:
    """Google's type, read from our JSON, is what Google's client read: no field is missing, added or another."""
    assert json_format.ParseDict(dict(ours), type(witness)()) == witness
