"""Identity, secrets, databases, image, job and commits as facts."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.facts.model import Facts
from opsctl.diagnosis.facts.reading import as_count, parse_size
from tests.diagnosis.runs import NAME, facts_of, to_evidence


def facts(**sections: Any) -> Facts:
    return facts_of(to_evidence(sections, (), ()))


def test_identity() -> None:
    access = [
        {"permission": "a", "resource": "r", "verdict": "GRANTED"},
        {"permission": "b", "resource": "r", "verdict": "NOT_GRANTED"},
        {"permission": "c", "resource": "r", "verdict": "DENIED"},
        {"permission": "d", "resource": "r", "verdict": "UNKNOWN_INFO_DENIED"},
        {"permission": "e"},
    ]
    found = facts(service_account={"email": "job@p", "disabled": True, "projectRoles": [], "access": access}).identity
    assert (found.email, found.is_disabled, found.roles) == ("job@p", True, frozenset())
    # What the troubleshooter could not see is no answer.
    assert [(check.permission, check.is_granted) for check in found.access] == [("a", True), ("b", False), ("c", False)]
    assert found.access[1].pointer.pointer == "/access/1"


@pytest.mark.parametrize("roles", [None, "roles/x", {"a": 1}])
def test_roles_that_were_not_read_are_not_known(roles: Any) -> None:
    assert facts(service_account={"email": "job@p", "projectRoles": roles}).identity.roles is None


def test_secrets_and_databases() -> None:
    found = facts(
        secrets={"secrets": [{"name": "pw", "version": "latest", "resolvedVersion": "7", "state": "DISABLED"}]},
        cloudsql={"instances": [{"connectionName": "p:r:i", "state": "RUNNABLE", "activationPolicy": "NEVER"}]},
    )
    assert [(s.name, s.version, s.resolved_version, s.state) for s in found.secrets] == [
        ("pw", "latest", "7", "DISABLED")
    ]
    assert [(i.connection_name, i.activation_policy, i.ip_types) for i in found.cloudsql] == [("p:r:i", "NEVER", ())]


def test_an_image_as_far_as_it_was_looked_at() -> None:
    image = {
        "digest": "sha256:1",
        "config": {
            "architecture": "arm64",
            "os": "linux",
            "config": {"Cmd": ["node"], "Env": ["A=1=2"], "WorkingDir": "/app"},
        },
        "files": [{"path": "/app/dist/migrate.js", "mode": "0644"}, {"path": "/app/empty/"}, {"mode": "0"}],
        "absent": ["/app/dist/database/migrations/", "/"],
        "texts": {"/app/package.json": "{}", "/x": 1},
    }
    found = facts(image=image).image
    assert (found.architecture, found.command, found.env_names, found.working_folder) == (
        "arm64", ("node",), frozenset({"A"}), "/app",
    )  # fmt: skip
    assert found.has("/app/dist/migrate.js") is True
    assert found.has("/app/dist") is True
    assert found.has("/app/dist/database/migrations/1.js") is False
    assert found.has("/usr/bin/node") is None
    assert found.texts == {"/app/package.json": "{}"}
    assert facts(image={**image, "complete": True}).image.has("/usr/bin/node") is False


def test_a_job_in_both_shapes() -> None:
    v2 = {"updateTime": "2026-01-02T00:00:00Z", "generation": "4", "template": {"template": {
        "volumes": [{"cloudSqlInstance": {"instances": ["p:r:i"]}}]}}}  # fmt: skip
    v1 = {"spec": {"template": {"metadata": {"annotations": {"run.googleapis.com/cloudsql-instances": "p:r:i"}},
          "spec": {"template": {"spec": {"containers": []}}}}}}  # fmt: skip
    execution = {"name": NAME, "createTime": "2026-01-01T00:00:00Z"}
    found = facts(job=v2, execution=execution).job
    assert (found.generation, found.was_changed_after, found.cloudsql_instances) == (4, True, ("p:r:i",))
    assert facts(job=v1).job.cloudsql_instances == ("p:r:i",)
    assert facts(job={}).job.cloudsql_instances is None


def test_commits() -> None:
    (found,) = facts(commits={"commits": [{"id": "abcdef0123", "subject": "s", "files": ["a", 1]}]}).commits
    assert (found.id, found.files, found.pointer.excerpt) == ("abcdef0123", ("a",), "abcdef012 s")


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 3), ("3", 3), ("-3", -3), (True, None), ("", None), ("--3", None), ("²", None), ("٣", None), (1.5, None),
     ("9" * 5_000, None), (None, None), ([], None)],
)  # fmt: skip
def test_counts(value: Any, count: int | None) -> None:
    assert as_count(value) == count


@pytest.mark.parametrize(
    ("text", "size"),
    [("512Mi", 536870912), ("1Gi", 1 << 30), ("1G", 10**9), ("1.5Gi", 3 << 29), ("100", 100), ("1e3", 1000),
     ("nan", None), ("inf", None), ("infGi", None), ("Mi", None), ("", None), (512, None)],
)  # fmt: skip
def test_sizes(text: Any, size: int | None) -> None:
    assert parse_size(text) == size
