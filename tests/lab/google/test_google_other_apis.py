"""Secret Manager, Cloud SQL Admin, Service Usage and Artifact Registry of the local Google."""

from __future__ import annotations

import json

import pytest

from opsctl.lab.google.image_build import RepositoryContent, StoredManifest
from opsctl.lab.google.world import Secret, World
from tests.lab.google.calling import NUMBER, PROJECT, calling, shop

SECRET = "/v1/projects/shop/secrets/db-password"
DIGEST = f"sha256:{'a' * 64}"
ENABLED = {"createTime": "2026-01-01T00:00:00Z", "state": "ENABLED"}
REPOSITORY = "/v1/projects/shop/locations/asia-northeast3/repositories/apps"


@pytest.fixture
def world() -> World:
    world = shop()
    project = world.projects[PROJECT]
    versions = {1: dict(ENABLED), 2: dict(ENABLED), 3: {"createTime": "2026-01-12T01:30:00Z", "state": "DISABLED"}}
    project.secrets["db-password"] = Secret("db-password", "2025-01-01T00:00:00Z", versions, {"stable": 2})
    project.sql_instances["main"] = {"name": "main", "state": "RUNNABLE", "settings": {"activationPolicy": "NEVER"}}
    body = json.dumps({"layers": [{"size": 100}, {"size": 20}]}).encode()
    manifest = StoredManifest("application/vnd.oci.image.manifest.v1+json", body)
    world.images["shop/apps/api/server"] = RepositoryContent({"latest": DIGEST}, {DIGEST: manifest}, {})
    world.upload_times[DIGEST] = "2026-01-12T01:50:00Z"
    return world


@pytest.mark.parametrize(("version", "number"), [("latest", 3), ("stable", 2), ("1", 1)])
def test_versions_are_found_by_number_alias_and_latest(world: World, version: str, number: int) -> None:
    with calling(world) as caller:
        found = caller.get(f"{SECRET}/versions/{version}")
    assert found["name"] == f"projects/{NUMBER}/secrets/db-password/versions/{number}"
    assert found["state"] == ("DISABLED" if number == 3 else "ENABLED")


def test_versions_are_listed_newest_first(world: World) -> None:
    with calling(world) as caller:
        first = caller.get(f"{SECRET}/versions?pageSize=2")
        second = caller.get(f"{SECRET}/versions?pageSize=2&pageToken={first['nextPageToken']}")
        assert caller.get("/v1/projects/shop/secrets")["secrets"][0]["versionAliases"] == {"stable": "2"}
    numbers = [version["name"].rpartition("/")[2] for version in (*first["versions"], *second["versions"])]
    assert numbers == ["3", "2", "1"]
    assert first["totalSize"] == 3


def test_what_is_not_there(world: World) -> None:
    with calling(world) as caller:
        absent = [caller.refused(f"{SECRET}/versions/{version}") for version in ("9", "fast")]
        absent.append(caller.refused("/v1/projects/shop/secrets/other/versions/latest"))
        absent.append(caller.refused("/sql/v1beta4/projects/shop/instances/other"))
        absent.append(caller.refused(f"{REPOSITORY}/dockerImages/api%2Fserver@sha256:0"))
        absent.append(caller.refused(f"{REPOSITORY}/packages/api%2Fserver/tags/old"))
        absent.append(caller.refused("/v1/projects/shop/locations/asia-northeast3/repositories/none"))
    assert [status for status, _ in absent] == [404] * 7
    assert absent[0][1]["message"] == f"Secret Version [projects/{NUMBER}/secrets/db-password/versions/9] not found."


def test_values_are_never_given_and_the_attempt_is_kept(world: World) -> None:
    with calling(world) as caller:
        assert caller.refused(f"{SECRET}/versions/latest:access")[0] == 500
        assert caller.cloud.violations == [f"the value of a secret was asked for: GET {SECRET}/versions/latest:access"]
        assert caller.get("/_lab/violations")["violations"] == caller.cloud.violations


def test_instance_that_its_owner_stopped_is_runnable(world: World) -> None:
    with calling(world) as caller:
        instance = caller.get("/sql/v1beta4/projects/shop/instances/main")
        assert caller.get("/sql/v1beta4/projects/shop/instances")["items"] == [instance]
    assert (instance["state"], instance["settings"]["activationPolicy"]) == ("RUNNABLE", "NEVER")


def test_cloud_sql_refuses_in_the_older_shape(world: World) -> None:
    project = world.projects[PROJECT]
    path = "/sql/v1beta4/projects/shop/instances/main"
    with calling(world) as caller:
        project.denied_permissions.add("cloudsql.instances.get")
        status, error = caller.refused(path)
        project.enabled_apis.discard("sqladmin.googleapis.com")
        _, disabled = caller.refused(path)
    assert (status, error["errors"][0]["reason"]) == (403, "notAuthorized")
    assert "status" not in error
    assert disabled["details"][0]["metadata"]["service"] == "sqladmin.googleapis.com"


def test_states_of_several_apis_in_one_call(world: World) -> None:
    world.projects[PROJECT].enabled_apis.discard("sqladmin.googleapis.com")
    names = [f"names=projects/shop/services/{name}.googleapis.com" for name in ("sqladmin", "run", "unheard-of")]
    with calling(world) as caller:
        services = caller.get(f"/v1/projects/shop/services:batchGet?{'&'.join(names)}")["services"]
        enabled = caller.get("/v1/projects/shop/services?filter=state:ENABLED")["services"]
        one = caller.get("/v1/projects/shop/services/run.googleapis.com")
        for bad in ("", "?names=projects/other/services/run.googleapis.com", f"?{'&'.join(names * 11)}"):
            assert caller.refused(f"/v1/projects/shop/services:batchGet{bad}")[0] == 400
        assert caller.refused("/v1/projects/shop/services?filter=name:run")[0] == 400
    assert [service["state"] for service in services] == ["DISABLED", "ENABLED", "DISABLED"]
    assert one in enabled
    assert not any(service["config"]["name"].startswith("sqladmin") for service in enabled)


def test_image_with_slashes_in_its_name(world: World) -> None:
    with calling(world) as caller:
        image = caller.get(f"{REPOSITORY}/dockerImages/api%2Fserver@{DIGEST}")
        assert caller.get(f"{REPOSITORY}/dockerImages")["dockerImages"] == [image]
        tag = caller.get(f"{REPOSITORY}/packages/api%2Fserver/tags/latest")
        assert caller.get(REPOSITORY)["format"] == "DOCKER"
    assert image["uri"] == f"asia-northeast3-docker.pkg.dev/shop/apps/api/server@{DIGEST}"
    assert image["name"].endswith(f"/dockerImages/api%2Fserver@{DIGEST}")
    assert (image["tags"], image["imageSizeBytes"], image["uploadTime"]) == (
        ["latest"],
        "120",
        "2026-01-12T01:50:00Z",
    )
    assert tag["version"].endswith(DIGEST)
