"""Differences from the last success: real ones, and those that only look so."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.facts.model import BaselineFacts
from tests.diagnosis.facts.test_execution import V1
from tests.diagnosis.runs import NAME, facts_of, to_evidence

THEN, NOW = "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"


def container(**fields: Any) -> dict[str, Any]:
    return {"template": {"containers": [{"image": "i@sha256:1", **fields}]}}


def compare(then: Any, now: Any, **sections: Any) -> BaselineFacts:
    before = {"name": "e/orders-migrate-aaaaa", "createTime": THEN, "completionTime": THEN, **then}
    after = {"name": NAME, "createTime": NOW, **now}
    found = {"execution": after, "baseline": {"execution": before}, **sections}
    return facts_of(to_evidence(found, (), ())).baseline


def changes(then: Any, now: Any, **sections: Any) -> list[tuple[str, str, str | None, str | None]]:
    return [(c.what, c.name, c.before, c.after) for c in compare(then, now, **sections).changes or ()]


def test_without_a_success_there_is_nothing_to_compare() -> None:
    facts = facts_of(to_evidence({"execution": {"name": NAME, **container()}, "baseline": "no_data"}, (), ()))
    assert facts.baseline == BaselineFacts()


@pytest.mark.parametrize(("then", "now"), [({}, container()), (container(), {}), ({"template": {}}, container())])
def test_without_a_template_nothing_is_known(then: Any, now: Any) -> None:
    found = compare(then, now)
    assert found.changes is None
    assert found.execution == "orders-migrate-aaaaa"
    assert found.completed_ns is not None


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (container(), container(image="i@sha256:2"), ("image", "", "i@sha256:1", "i@sha256:2")),
        (container(image="i:1"), container(image="i:2"), ("image", "", "i:1", "i:2")),
        (container(command=["a"]), container(command=["b", "c"]), ("command", "", "a", "b c")),
        (container(args=["a"]), container(), ("args", "", "a", None)),
        (container(resources={"limits": {"memory": "1Gi"}}), container(resources={"limits": {"memory": "512Mi"}}),
         ("memory", "", "1073741824", "536870912")),
        (container(resources={"limits": {"cpu": "1"}}), container(resources={"limits": {"cpu": "2000m"}}),
         ("cpu", "", "1", "2000m")),
        (container(), container(env=[{"name": "A", "value": "1"}]), ("env-added", "A", None, "1")),
        (container(env=[{"name": "A", "value": "1"}]), container(), ("env-removed", "A", "1", None)),
        (container(env=[{"name": "A", "value": "1"}]), container(env=[{"name": "A", "value": "2"}]),
         ("env-changed", "A", "1", "2")),
        (container(env=[{"name": "A", "value": "1"}]),
         container(env=[{"name": "A", "valueSource": {"secretKeyRef": {"secret": "projects/1/secrets/s"}}}]),
         ("env-changed", "A", "1", "secret s:latest")),
    ],
)  # fmt: skip
def test_a_change(then: Any, now: Any, expected: tuple[str, str, str | None, str | None]) -> None:
    assert changes(then, now) == [expected]


def test_a_database_that_is_no_longer_attached() -> None:
    then, now = container(), container()
    then["template"]["volumes"] = [{"cloudSqlInstance": {"instances": ["p:r:i"]}}]
    now["template"]["timeout"] = "60s"
    assert changes(then, now) == [("timeout", "", None, "60.0"), ("cloudsql", "", "p:r:i", None)]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (container(image="i:1@sha256:7"), container(image="i:2@sha256:7")),  # another tag, the same content
        (container(resources={"limits": {"cpu": "1"}}), container(resources={"limits": {"cpu": "1000m"}})),
        (container(resources={"limits": {"memory": "1Gi"}}), container(resources={"limits": {"memory": "1024Mi"}})),
        # Of masked values without tokens nothing is known.
        (container(env=[{"name": "A", "value": "***"}]), container(env=[{"name": "A", "value": "1"}])),
        (container(env=[{"name": "A", "value": "a***"}]), container(env=[{"name": "A", "value": "b***"}])),
    ],
)
def test_what_is_no_change(then: Any, now: Any) -> None:
    assert changes(then, now) == []


@pytest.mark.parametrize(("token", "count"), [("same", 0), ("other", 1)])
def test_tokens_tell_masked_values_apart(token: str, count: int) -> None:
    env = container(env=[{"name": "A", "value": "***"}])
    facts = [
        {"section": "baseline", "pointer": "/execution/template/containers/0/env/0/value", "token": "same"},
        {"section": "execution", "pointer": "/template/containers/0/env/0/value", "token": token},
    ]
    assert len(changes(env, env, value_facts={"facts": facts})) == count


def test_a_secret_version_made_since() -> None:
    env = container(env=[{"name": "PW", "valueSource": {"secretKeyRef": {"secret": "pw"}}}])

    def versions(created: str, name: str = "projects/9/secrets/pw") -> list[tuple[str, str, str | None, str | None]]:
        secret = {"name": name, "version": "latest", "resolvedVersion": "7", "createTime": created}
        return changes(env, env, secrets={"secrets": [secret]})

    assert versions("2025-12-20T00:00:00Z") == [("secret-version", "pw", None, "7")]
    assert versions("2025-11-01T00:00:00Z") == []  # it was there then
    assert versions("2026-01-02T00:00:00Z") == []  # made after the run
    assert versions("2025-12-20T00:00:00Z", "projects/9/secrets/unused") == []


def test_places_are_those_of_the_file() -> None:
    then = container(env=[{"name": "GONE", "value": "1"}])
    found = compare(then, container()).changed("env-removed")
    assert found[0].pointer[:2] == ("baseline", "/execution/template/containers/0/env/0")


def test_a_success_in_the_shape_of_v1() -> None:
    template = V1["spec"]["template"]["spec"]  # type: ignore[index]
    env = [
        {"name": "DB_HOST", "value": "/cloudsql/shop:europe-west1:main"},
        {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "db-pw", "version": "4"}}},
    ]
    assert template["containers"][0]["image"] == "img@sha256:1"
    found = facts_of(
        to_evidence(
            {"execution": {"name": NAME, **container(image="img@sha256:1", env=env)}, "baseline": {"execution": V1}},
            (),
            (),
        )
    )
    changed = {change.what: (change.before, change.after) for change in found.baseline.changes or ()}
    assert changed["env-changed"] == ("secret db-pw:3", "secret db-pw:4")
    assert "image" not in changed
    assert found.baseline.execution == "orders-migrate-x7k2p"
