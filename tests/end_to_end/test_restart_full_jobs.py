"""`opsctl migrate restart --recreate` keeps every field of a Job that the API server takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.conftest import EMBEDDED_ONLY, Site
from tests.end_to_end.restart_site import RestartSite, open_restart_site, without_server_fields
from tests.servers.kube_cluster import KubeCluster

pytestmark = pytest.mark.servers

Json = dict[str, Any]
JOBS: list[Json] = list(yaml.safe_load_all((Path(__file__).parent / "full_jobs.yaml").read_text(encoding="utf-8")))
_SPEC = "io.k8s.api.batch.v1.JobSpec"

NOT_SET = {
    "EphemeralContainer.*": "no template may have them",
    "PodSpec.ephemeralContainers": "no template may have them",
    "ManagedFieldsEntry.*": "the server's own",
    "OwnerReference.*": "of the Job itself: see the test with a CronJob; a template's is for nobody",
    **{
        f"ObjectMeta.{name}": "the server's own, or of no use in a template"
        for name in (
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generation",
            "managedFields",
            "namespace",
            "ownerReferences",
            "resourceVersion",
            "selfLink",
            "uid",
        )
    },
    "TypedObjectReference.namespace": "feature CrossNamespaceVolumeDataSource, off",
    "PersistentVolumeClaimSpec.volumeAttributesClassName": "feature VolumeAttributesClass, off",
    "ClusterTrustBundleProjection.*": "feature ClusterTrustBundleProjection, off",
    "VolumeProjection.clusterTrustBundle": "feature ClusterTrustBundleProjection, off",
    "ImageVolumeSource.*": "feature ImageVolume, off",
    "Volume.image": "feature ImageVolume, off",
    "Lifecycle.stopSignal": "feature ContainerStopSignals, off",
    "PodResourceClaim.*": "feature DynamicResourceAllocation, off",
    "PodSpec.resourceClaims": "feature DynamicResourceAllocation, off",
    "ResourceClaim.*": "feature DynamicResourceAllocation, off",
    "ResourceRequirements.claims": "feature DynamicResourceAllocation, off",
    "PodSpec.resources": "feature PodLevelResources, off",
}
"""Fields that no Job of these tests sets, and why."""


@pytest.fixture
def here(cluster: KubeCluster, plain_site: Site, tmp_path: Path) -> Iterator[RestartSite]:
    with open_restart_site(cluster, plain_site, tmp_path) as opened:
        yield opened


@EMBEDDED_ONLY
@pytest.mark.parametrize("document", JOBS, ids=[job["metadata"]["name"] for job in JOBS])
def test_the_specification_is_the_same_afterwards(here: RestartSite, document: Json) -> None:
    name = document["metadata"]["name"]
    before = here.create_job(document)
    assert not list(find_losses(document, before)), "the server has dropped something: the test would prove nothing"
    answer = here.restart("--recreate", "--yes", "-o", "json", OPSCTL_KUBERNETES_JOB=name)
    after = here.job(name)
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert without_server_fields(after) == without_server_fields(before)
    assert (answer.exit_code, answer.data["outcome"], answer.data["whyNot"]) == (3, "not-confirmed", "job-suspended")
    assert here.kept == []


def test_the_jobs_set_every_field_there_is(cluster: KubeCluster) -> None:
    schemas: Json = cluster.request("GET", "/openapi/v3/apis/batch/v1")["components"]["schemas"]
    every = set(list_fields(schemas))
    used = {field for job in JOBS for field in list_used(schemas, _SPEC, job["spec"])}
    excused = {field for field in every if field in NOT_SET or f"{field.partition('.')[0]}.*" in NOT_SET}
    assert every - used - excused == set()
    assert used & excused == set(), "these are set after all"
    stale = [name for name in NOT_SET if name not in every and not any(one.startswith(name[:-1]) for one in every)]
    assert not stale
    assert len(used) > 400


def list_fields(schemas: Json) -> Iterator[str]:
    """`JobSpec.suspend` and every other property that can be reached from a Job's specification."""
    seen: set[str] = set()
    open_kinds = [_SPEC]
    while open_kinds:
        kind = open_kinds.pop()
        if kind in seen:
            continue
        seen.add(kind)
        for name, schema in schemas[kind].get("properties", {}).items():
            yield f"{kind.rpartition('.')[2]}.{name}"
            inner = find_kind(schema)
            if inner is not None:
                open_kinds.append(inner)


def list_used(schemas: Json, kind: str, value: Mapping[str, Any]) -> Iterator[str]:
    """The properties that a value sets."""
    for name, item in value.items():
        yield f"{kind.rpartition('.')[2]}.{name}"
        inner = find_kind(schemas[kind]["properties"][name])
        if inner is not None and "properties" in schemas[inner]:
            for one in item if isinstance(item, list) else [item]:
                yield from list_used(schemas, inner, one)


def find_kind(schema: Json) -> str | None:
    """The kind that a schema is, or is a list of."""
    for part in (schema, *schema.get("allOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return find_kind(schema["items"]) if "items" in schema else None


def find_losses(wanted: Any, stored: Any, path: str = "") -> Iterator[str]:
    """Where `stored` has not what was asked for."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            if value != "" or name in stored:  # an empty text is left out by the server
                yield from find_losses(value, stored.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(stored, list) and len(wanted) == len(stored):
        for number, pair in enumerate(zip(wanted, stored, strict=True)):
            yield from find_losses(*pair, f"{path}[{number}]")
    elif wanted != stored:
        yield f"{path}: {wanted!r} became {stored!r}"
