"""Secrets of a Job in plain text."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.migrate.job_secrets import JobSecrets, find_job_secrets, find_secret_names, find_secret_values
from opsctl.errors import AccessDeniedError, UnavailableError
from tests.fakes.cluster import FakeCluster
from tests.migration.kubernetes.old_job import old_job


def job_with(**container: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def test_the_old_jobs_password_is_one_and_its_ordinary_words_are_not() -> None:
    assert find_job_secrets(old_job()) == {"hunter2"}


def test_names_forms_and_arguments_tell() -> None:
    job = job_with(
        env=[
            {"name": "AWS_SECRET_ACCESS_KEY", "value": "abcd/efg+hij1234567890abcdefghijABCDEFG"},
            {"name": "DB_PASSWORD", "value": "my pass word"},
            {"name": "DATABASE_URL", "value": "postgres://u:p%40ss@h/db"},
            {"name": "MODE", "value": "production"},
        ],
        args=["--token=ghp_abcdefghijklmnopqrstuvwxyz0123456789"],
    )
    assert find_job_secrets(job) >= {
        "abcd/efg+hij1234567890abcdefghijABCDEFG",
        "my pass word",
        "p%40ss",
        "p@ss",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    }
    assert not {"production", "u", "h"} & find_job_secrets(job)


@pytest.mark.parametrize(
    "words",
    [
        ["tool", "--mongo-password", "hunter3xyz", "--user", "bob"],
        ["sh", "-c", "tool --user bob --password 'hunter3xyz' --verbose"],
    ],
)
def test_a_password_behind_its_flag(words: list[str]) -> None:
    assert find_job_secrets(job_with(args=words)) == {"hunter3xyz"}
    assert find_job_secrets(job_with(command=words)) == {"hunter3xyz"}


@pytest.mark.parametrize("value", ["true", "$(OTHER)", "/run/secrets/db", "none", ""])
def test_what_stands_for_no_password_is_not_masked_in_every_line(value: str) -> None:
    job = job_with(env=[{"name": "DB_PASSWORD", "value": value}], args=["--password", value, "--token", "--debug"])
    assert find_job_secrets(job) == frozenset()


def test_a_key_of_several_lines_is_known_line_by_line() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    key = f"-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n"
    found = find_job_secrets(job_with(env=[{"name": "SERVICE_ACCOUNT_PRIVATE_KEY", "value": key}]))
    assert line in found
    assert "-----END PRIVATE KEY-----" not in found


@pytest.mark.parametrize(
    "job", [{}, {"spec": None}, {"spec": {"template": {"spec": {"containers": [None, {"env": 3}]}}}}]
)
def test_anything_may_be_missing(job: dict[str, Any]) -> None:
    assert find_job_secrets(job) == frozenset()


def secret(name: str = "db", **values: str) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "n"}, "data": data}


def test_secrets_are_found_wherever_a_pod_takes_them_from() -> None:
    job = job_with(
        env=[
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "value"}}},
            {"name": "AGAIN", "valueFrom": {"secretKeyRef": {"name": "db", "key": "value"}}},
            {"name": "REGION", "valueFrom": {"configMapKeyRef": {"name": "no-secret", "key": "region"}}},
        ],
        envFrom=[{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "no-secret"}}],
    )
    spec = job["spec"]["template"]["spec"]
    spec["initContainers"] = [{"envFrom": [{"secretRef": {"name": "first"}}]}]
    spec["volumes"] = [
        {"name": "a", "secret": {"secretName": "files"}},
        {"name": "b", "projected": {"sources": [{"secret": {"name": "part"}}, {"configMap": {"name": "no-secret"}}]}},
    ]
    assert find_secret_names(job) == {
        "db": {"value": {"DB_PASSWORD", "AGAIN"}},
        "all": {},
        "first": {},
        "files": {},
        "part": {},
    }


def test_what_of_a_secret_is_one_is_told_by_its_names_and_its_form() -> None:
    found = find_secret_values(
        secret(
            value="pass word\n",
            host="mongo.example",
            username="admin",
            password="hunter2",
            url="mongodb://app:p%40ss@mongo.example/db",
            blob="a1B2c3D4e5F6g7H8i9J0",
        ),
        {"value": {"DB_PASSWORD"}},
    )
    assert found == {"pass word", "hunter2", "p%40ss", "p@ss", "a1B2c3D4e5F6g7H8i9J0"}
    assert find_secret_values({"data": {"password": "%%%", "token": "/w==", "key": 3}}, {}) == frozenset()


def test_a_key_of_several_lines_in_a_secret_is_known_line_by_line() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    for label, is_known in (("PRIVATE KEY", True), ("CERTIFICATE", False)):
        content = f"-----BEGIN {label}-----\n{line}\n-----END {label}-----\n"
        assert (line in find_secret_values(secret(**{"tls.pem": content}), {})) is is_known


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(("spec", "template", "containers", "env", "envFrom", "valueFrom", "secretKeyRef", "name", "volumes",
                     "data", "secretRef", "args", "key", "secret", "projected", "sources")), inner)))  # fmt: skip
def test_anything_may_be_odd(document: Any) -> None:
    job = document if isinstance(document, dict) else {"spec": document}
    wrapped = {"spec": {"template": {"spec": document}}}
    for each in (job, wrapped):
        assert all(find_job_secrets(each))
        assert all(find_secret_names(each))
        find_secret_values(each, {})


class Learned:
    """What was learned and what was told, on a cluster in memory."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.texts: set[str] = set()
        self.refusals: list[AccessDeniedError] = []
        self.secrets = JobSecrets(self.cluster, "n", self.learn, self.refusals.append)

    def learn(self, texts: Iterable[str]) -> None:
        self.texts |= set(texts)


JOB = job_with(
    envFrom=[{"secretRef": {"name": "db"}}, {"secretRef": {"name": "not-there"}}], args=["--password", "plain-1"]
)


async def test_each_reading_adds_what_a_secret_holds_then() -> None:
    learned = Learned()
    learned.cluster.add(secret(password="hunter2"))
    await learned.secrets.read(JOB)
    learned.cluster.add(secret(password="hunter3"))
    await learned.secrets.read(JOB)
    assert learned.texts == {"plain-1", "hunter2", "hunter3"}
    assert learned.refusals == []


async def test_a_refusal_is_told_once_and_an_outage_is_raised() -> None:
    learned = Learned()
    learned.cluster.add(secret(password="hunter2"))
    learned.cluster.denied.add("get secrets")
    await learned.secrets.read(JOB)
    await learned.secrets.read(JOB)
    assert [error.permission for error in learned.refusals] == ["get secrets"]
    assert learned.texts == {"plain-1"}
    learned.cluster.denied.clear()
    learned.cluster.broken["get secrets"] = UnavailableError("down")
    with pytest.raises(UnavailableError):
        await learned.secrets.read(JOB)
    learned.cluster.broken.clear()
    await learned.secrets.read(JOB)
    assert learned.texts == {"plain-1", "hunter2"}
