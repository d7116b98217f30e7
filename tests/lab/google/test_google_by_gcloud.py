"""The local Google through the real gcloud: what it prints is what happened."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.lab.google.server import RunningGoogle, serve_in_thread
from opsctl.lab.google.world_of_incidents import cloud_of_incidents

EXECUTION = "o4o-api-migrations-h5x5h"
ACCOUNT = "481936277105-compute@developer.gserviceaccount.com"

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed"),
]

Gcloud = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def google() -> Iterator[RunningGoogle]:
    with serve_in_thread(cloud_of_incidents()) as running:
        yield running


@pytest.fixture(scope="module")
def gcloud(google: RunningGoogle, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    environment = _environment(google, tmp_path_factory.mktemp("gcloud"))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["gcloud", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    return run


def _environment(google: RunningGoogle, folder: Path) -> dict[str, str]:
    """As an on-call engineer would set it. Cloud Run is asked through a proxy that is the server itself, because gcloud
    puts the region in front of the host."""
    token = folder / "token"
    token.write_text(google.cloud.token, encoding="ascii")
    services = ("CLOUDRESOURCEMANAGER", "IAM", "LOGGING", "SECRETMANAGER", "SERVICEUSAGE", "SQL", "ARTIFACTREGISTRY")
    inherited = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return {
        **inherited,
        "TERM": "dumb",
        "CLOUDSDK_CONFIG": str(folder),
        "CLOUDSDK_CORE_PROJECT": "netureyoutube",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
        "CLOUDSDK_RUN_REGION": "asia-northeast3",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "http://run.test/",
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(google.port),
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": f"{google.url}/" for name in services},
    }


def printed(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def answered(result: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(printed(result))


def test_describes_the_execution(gcloud: Gcloud) -> None:
    text = " ".join(printed(gcloud("run", "jobs", "executions", "describe", EXECUTION)).split())
    assert f"X Execution {EXECUTION} in region asia-northeast3" in text
    assert "1 task failed to complete" in text
    assert "Args: dist/migrate.js" in text
    assert "DB_PASSWORD o4o-db-password:latest" in text
    assert "SQL connections: netureyoutube:asia-northeast3:o4o-platform-db" in text
    assert "failed with exit code: 1 and message: The container exited with an error." in text


def test_lists_executions_newest_first(gcloud: Gcloud) -> None:
    command = ("run", "jobs", "executions", "list", "--job", "o4o-api-migrations")
    found = answered(gcloud(*command, "--format=json(metadata.name)"))
    names = [item["metadata"]["name"] for item in found]
    assert {EXECUTION, "o4o-api-migrations-d4m7s", "o4o-api-migrations-t8v2c"} <= set(names)
    rows = printed(gcloud(*command)).splitlines()
    assert any(row.startswith("X") and EXECUTION in row and "0 / 1" in row for row in rows)


def test_lists_tasks(gcloud: Gcloud) -> None:
    text = printed(gcloud("run", "jobs", "executions", "tasks", "list", "--execution", EXECUTION))
    assert f"Failed  {EXECUTION}-task0" in text


def test_describes_the_job(gcloud: Gcloud) -> None:
    text = " ".join(printed(gcloud("run", "jobs", "describe", "o4o-api-migrations")).split())
    assert "Job o4o-api-migrations in region asia-northeast3" in text
    assert "api-server:latest" in text


def test_reads_the_policy_the_account_and_the_services(gcloud: Gcloud) -> None:
    policy = answered(gcloud("projects", "get-iam-policy", "netureyoutube", "--format=json"))
    members = {binding["role"]: binding["members"] for binding in policy["bindings"]}
    assert f"serviceAccount:{ACCOUNT}" in members["roles/cloudsql.client"]
    account = answered(gcloud("iam", "service-accounts", "describe", ACCOUNT, "--format=json"))
    assert account["email"] == ACCOUNT
    assert "sqladmin.googleapis.com" in printed(gcloud("services", "list"))


def test_lists_versions_of_a_secret(gcloud: Gcloud) -> None:
    versions = answered(gcloud("secrets", "versions", "list", "o4o-db-password", "--format=json"))
    assert [version["name"].rpartition("/")[2] for version in versions][:3] == ["10", "9", "8"]
    latest = answered(gcloud("secrets", "versions", "describe", "latest", "--secret=o4o-db-password", "--format=json"))
    assert latest["state"] == "ENABLED"


def test_describes_the_instance(gcloud: Gcloud) -> None:
    instance = answered(gcloud("sql", "instances", "describe", "o4o-platform-db", "--format=json"))
    assert (instance["state"], instance["settings"]["activationPolicy"]) == ("RUNNABLE", "ALWAYS")


def test_reads_the_log(gcloud: Gcloud) -> None:
    wanted = (
        f'labels."run.googleapis.com/execution_name"="{EXECUTION}" AND timestamp>="2026-01-01T00:00:00Z" '
        'AND log_id("run.googleapis.com/stderr")'
    )
    entries = answered(gcloud("logging", "read", wanted, "--format=json", "--order=asc"))
    assert entries
    assert {entry["labels"]["run.googleapis.com/execution_name"] for entry in entries} == {EXECUTION}
    times = [entry["timestamp"] for entry in entries]
    assert times == sorted(times)


def test_says_what_is_not_there_and_what_is_not_allowed(gcloud: Gcloud) -> None:
    absent = gcloud("run", "jobs", "executions", "describe", "o4o-api-migrations-zzzzz")
    assert (absent.returncode, "Cannot find execution [o4o-api-migrations-zzzzz]" in absent.stderr) == (1, True)
    refused = gcloud("projects", "get-iam-policy", "jeju-orders")
    assert refused.returncode == 1
    assert "does not have permission" in refused.stderr


def test_job_that_is_run_and_waited_for_fails(gcloud: Gcloud, google: RunningGoogle) -> None:
    result = gcloud("run", "jobs", "execute", "o4o-api-migrations", "--wait")
    assert result.returncode == 1
    assert "The execution failed." in result.stderr
    begun = next(reversed(google.cloud.world.executions))
    assert begun.rpartition("/")[2] in result.stderr
    described = printed(gcloud("run", "jobs", "executions", "describe", begun.rpartition("/")[2]))
    assert "1 task failed to complete" in described


def test_nothing_was_asked_for_that_the_server_does_not_know(google: RunningGoogle) -> None:
    assert [call.path for call in google.cloud.calls if call.api == "unknown"] == []
    assert google.cloud.violations == []
