"""What a task template refers to."""

from __future__ import annotations

from typing import Any

import pytest

from opsctl.diagnosis.collectors.references import References, SecretReference, read_references
from opsctl.diagnosis.facts.model import TemplateSource
from opsctl.diagnosis.facts.shape import ExecutionShape, read_shape

INSTANCE = "shop:asia-northeast3:orders"


def read(template: dict[str, Any]) -> References:
    found = read_references(read_shape({"template": template}, TemplateSource.EXECUTION), "shop")
    assert found is not None
    return found


def container(*env: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"image": "img", "env": list(env), **fields}


def test_nothing_is_known_without_a_template() -> None:
    assert read_references(ExecutionShape(), "shop") is None


def test_secrets_of_variables_and_volumes_each_once() -> None:
    template = {
        "containers": [
            container(
                {"name": "A", "valueSource": {"secretKeyRef": {"secret": "a", "version": "latest"}}},
                {"name": "B", "valueSource": {"secretKeyRef": {"secret": "projects/other/secrets/b", "version": "3"}}},
                {"name": "C", "value": "plain"},
            )
        ],
        "volumes": [
            {"name": "v", "secret": {"secret": "a", "items": [{"path": "x", "version": "latest"}]}},
            {"name": "w", "secret": {"secret": "c"}},
        ],
    }
    assert read(template).secrets == (
        SecretReference("projects/shop/secrets/a", "a", "latest"),
        SecretReference("projects/other/secrets/b", "projects/other/secrets/b", "3"),
        SecretReference("projects/shop/secrets/c", "c", "latest"),
    )


@pytest.mark.parametrize(
    ("value", "is_named"),
    [
        (f"/cloudsql/{INSTANCE}", True),
        (f"postgresql://u:p@/d?host=/cloudsql/{INSTANCE}", True),
        (INSTANCE, True),
        (f"jdbc:postgresql:///d?cloudSqlInstance={INSTANCE}&socketFactory=x", True),
        (f"example.com:{INSTANCE}", False),
        ("a:b:c", False),
        ("12:30:45", False),
        ("", False),
    ],
)
def test_instances_that_values_name(value: str, *, is_named: bool) -> None:
    found = read({"containers": [container({"name": "DB", "value": value})]}).sql_instances
    assert (INSTANCE in found) is is_named


def test_a_value_and_a_volume_of_the_same_instance_are_one() -> None:
    template = {
        "containers": [container({"name": "DB_HOST", "value": f"/cloudsql/{INSTANCE}"})],
        "volumes": [{"name": "sql", "cloudSqlInstance": {"instances": [INSTANCE]}}],
    }
    assert read(template).sql_instances == (INSTANCE,)


def test_the_container_that_waits_for_the_others_does_the_work() -> None:
    template = {
        "containers": [
            container(name="proxy", command=["/proxy"]),
            {"name": "main", "image": "main", "args": ["go"], "dependsOn": ["proxy"], "workingDir": "/srv"},
        ],
        "serviceAccount": "sa@shop.iam.gserviceaccount.com",
    }
    found = read(template)
    assert (found.image, found.args, found.working_folder) == ("main", ("go",), "/srv")
    assert found.service_account == "sa@shop.iam.gserviceaccount.com"
