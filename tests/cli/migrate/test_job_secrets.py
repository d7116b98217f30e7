"""Secrets of a Job in plain text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.cli.migrate.job_secrets import find_job_secrets
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


@pytest.mark.parametrize(("label", "is_known"), [("PRIVATE KEY", True), ("CERTIFICATE", False)])
def test_a_certificate_is_no_secret(label: str, is_known: bool) -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    content = f"-----BEGIN {label}-----\n{line}\n-----END {label}-----\n"
    found = find_job_secrets(job_with(env=[{"name": "TLS_CONTENT", "value": content}]))
    assert (line in found) is is_known


KEYS = ("spec", "template", "containers", "env", "name", "value", "args", "command")
ODD = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(ODD)
def test_anything_may_be_odd(document: Any) -> None:
    job = document if isinstance(document, dict) else {"spec": document}
    for each in (job, {"spec": {"template": {"spec": document}}}):
        assert all(find_job_secrets(each))
