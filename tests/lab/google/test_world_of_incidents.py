"""The world after the practice incidents: what their evidence was taken from can be asked for."""

from __future__ import annotations

import io
import json
import re
import tarfile
from typing import Any

import pytest
from google.cloud import run_v2

from opsctl.diagnosis.value_facts import TokenBook, take_value_facts
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.image_build import RepositoryContent
from opsctl.lab.google.planted_values import plant_values
from opsctl.lab.google.world_of_incidents import cloud_of_incidents, world_of_incidents
from opsctl.lab.incidents import INCIDENTS
from tests.lab.google.calling import calling

FIRST = "o4o-api-migrations-h5x5h"
O4O = "netureyoutube/o4o-api/api-server"


@pytest.fixture(scope="module")
def everything() -> Cloud:
    return cloud_of_incidents()


def names_in(world_part: dict[str, Any]) -> set[str]:
    return {name.rpartition("/")[2] for name in world_part}


def test_every_incident_happened(everything: Cloud) -> None:
    expected = {INCIDENTS[name].evidence()["executionName"] for name in INCIDENTS}
    assert expected <= set(everything.world.executions)


def test_resources_are_those_of_the_real_types(everything: Cloud) -> None:
    world = everything.world
    for kind, bodies in (
        (run_v2.Execution, world.executions.values()),
        (run_v2.Job, world.jobs.values()),
        (run_v2.Task, [task for tasks in world.tasks.values() for task in tasks]),
    ):
        for body in bodies:
            kind.from_json(json.dumps(body))


def test_siblings_do_not_hide_each_other(everything: Cloud) -> None:
    world = everything.world
    siblings = {name for name in INCIDENTS if name.startswith("o4o-") and not name.endswith("denied")}
    assert siblings <= names_in(world.executions)
    secret = world.projects["netureyoutube"].secrets["o4o-db-password"]
    assert {8, 9, 10} <= set(secret.versions)
    assert secret.versions[8]["createTime"] == "2026-01-12T01:30:12Z"
    latest = next(iter(job for job in world.jobs.values() if job["name"].endswith("/o4o-api-migrations")))
    assert latest["latestCreatedExecution"]["name"].endswith("-d4m7s")
    assert "logging.logEntries.list" not in world.projects["netureyoutube"].denied_permissions


def test_one_incident_alone_is_as_it_was_then() -> None:
    world = world_of_incidents([FIRST])
    project = world.projects["netureyoutube"]
    assert project.secrets["o4o-db-password"].resolve("latest") == 8
    assert names_in(world.executions) == {FIRST, "o4o-api-migrations-t8v2c"}
    with pytest.raises(KeyError):
        world_of_incidents(["no-such-incident"])


def test_images_are_real_and_named_by_their_digests(everything: Cloud) -> None:
    world = everything.world
    execution = next(body for name, body in world.executions.items() if name.endswith(FIRST))
    digest = execution["template"]["containers"][0]["image"].partition("@")[2]
    assert digest in world.images[O4O].manifests
    made_up = INCIDENTS[FIRST].evidence()["sections"]["image"]["data"]["digest"]
    assert made_up not in json.dumps([list(world.executions.values()), world.entries])
    newest = next(body for name, body in world.executions.items() if name.endswith("-d4m7s"))
    assert newest["template"]["containers"][0]["image"].endswith(world.images[O4O].tags["latest"])


def test_image_of_the_last_success_has_the_files_that_are_missing_now(everything: Cloud) -> None:
    world = everything.world
    files = {}
    for execution in ("-t8v2c", "-h5x5h"):
        body = next(body for name, body in world.executions.items() if name.endswith(execution))
        digest = body["template"]["containers"][0]["image"].partition("@")[2]
        files[execution] = files_of(world.images[O4O], digest)
        assert world.upload_times[digest] < body["createTime"] or execution == "-t8v2c"
    missing = "app/dist/database/migrations/1768100000000-AddForumCategories.js"
    assert missing in files["-t8v2c"]
    assert missing not in files["-h5x5h"]
    assert "app/dist/migrate.js" in files["-h5x5h"]


def files_of(content: RepositoryContent, digest: str) -> set[str]:
    """Every path in the layers of an image."""
    manifest = json.loads(content.manifests[digest].body)
    if "manifests" in manifest:
        return files_of(content, manifest["manifests"][0]["digest"])
    found: set[str] = set()
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(content.blobs[layer["digest"]]), mode="r:gz") as archive:
            found |= {name.removeprefix("./") for name in archive.getnames()}
    return found


def test_what_nobody_may_see_is_refused_here_too(everything: Cloud) -> None:
    denied = {name: project.denied_permissions for name, project in everything.world.projects.items()}
    assert "resourcemanager.projects.getIamPolicy" in denied["jeju-orders"]
    assert "secretmanager.versions.get" in denied["seorak-vehicles"]
    assert "cloudsql.instances.get" in denied["insadong-shop"]
    assert "artifactregistry.repositories.downloadArtifacts" in denied["yeouido-ci"]
    logs = world_of_incidents([f"{FIRST}-logs-denied"])
    assert "logging.logEntries.list" in logs.projects["netureyoutube"].denied_permissions


def test_what_was_gone_is_gone(everything: Cloud) -> None:
    world = everything.world
    assert "feed-import" not in names_in(world.jobs)
    assert world.projects["itaewon-feeds"].service_accounts == {}
    assert world.images["itaewon-feeds/feeds/importer"].manifests == {}


def test_second_page_of_tasks_cannot_be_read() -> None:
    cloud = cloud_of_incidents(["reindex-j8d5w"])
    name = next(name for name in cloud.world.executions if name.endswith("reindex-j8d5w"))
    with calling(cloud) as caller:
        first = caller.get(f"/v2/{name}/tasks")
        assert len(first["tasks"]) == 10
        assert caller.refused(f"/v2/{name}/tasks?pageToken={first['nextPageToken']}")[0] == 503
    assert len(cloud.world.tasks[name]) == 20


def test_instance_that_could_not_be_read() -> None:
    with calling(cloud_of_incidents(["schema-upgrade-v2x8q"])) as caller:
        assert caller.refused("/sql/v1beta4/projects/dongdaemun-api/instances/app")[0] == 503


def test_planted_values_have_the_traits_that_were_seen() -> None:
    for name in (FIRST, "schema-upgrade-v2x8q"):
        evidence = INCIDENTS[name].evidence()
        planted = plant_values(evidence)
        assert not re.search(r"\*\*\*\(s\d+\)", json.dumps(planted))
        tokens = TokenBook()
        for fact in evidence["sections"]["value_facts"]["data"]["facts"]:
            data = planted["sections"][fact["section"]]["data"]
            seen = {item.pointer: item for item in take_value_facts(fact["section"], data, tokens)}[fact["pointer"]]
            assert seen.length == fact["length"]
            assert set(fact["traits"]) <= set(seen.traits)
            assert (seen.token is None) == (fact["token"] is None)
    assert plant_values(INCIDENTS[FIRST].evidence()) == plant_values(INCIDENTS[FIRST].evidence())
