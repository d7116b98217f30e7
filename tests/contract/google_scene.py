"""One small Google Cloud, told twice: for the fake in memory, and for the local Google behind the adapters."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.world import Project, Secret
from opsctl.lab.google.world_of_incidents import cloud_of_incidents
from opsctl.lab.incidents import INCIDENTS
from tests.fakes.google import FakeGoogle

Json = dict[str, Any]
INCIDENT = "o4o-api-migrations-h5x5h"
EXECUTION: str = INCIDENTS[INCIDENT].evidence()["executionName"]
JOB = EXECUTION.rpartition("/executions/")[0]
LOCATION = JOB.rpartition("/jobs/")[0]
PROJECT, NUMBER = "netureyoutube", "481936277105"
ACCOUNT = f"{NUMBER}-compute@developer.gserviceaccount.com"
REGISTRY = "asia-northeast3-docker.pkg.dev"
REPOSITORY = f"{REGISTRY}/{PROJECT}/o4o-api/api-server"
ENABLED, DISABLED = "run.googleapis.com", "policytroubleshooter.googleapis.com"
# A file of the image, a text, and what is not in it.
PRESENT, TEXT, ABSENT = "/app/dist/migrate.js", "/app/package.json", "/app/dist/database/migrations"


def build_cloud() -> Cloud:
    """The local Google."""
    cloud = cloud_of_incidents([INCIDENT])
    world, project = cloud.world, cloud.world.projects[PROJECT]
    newest = deepcopy(world.executions[EXECUTION])
    for number in range(4):
        name = f"{JOB}/executions/extra-{number}"
        world.executions[name] = {**newest, "name": name, "createTime": f"2026-01-13T0{number}:00:00Z"}
        world.tasks[name] = []
    task = world.tasks[EXECUTION][0]
    world.tasks[EXECUTION] = [
        {**task, "name": f"{EXECUTION}/tasks/{INCIDENT}-task{index}", "index": index} for index in range(3)
    ]
    project.exclusions = [{"name": "debug", "filter": "severity=DEBUG"}]
    project.enabled_apis.discard(DISABLED)
    project.secrets["disabled"] = Secret(
        "disabled", "2025-01-01T00:00:00Z", {1: {"state": "DISABLED", "createTime": "2025-01-01T00:00:00Z"}}
    )
    return cloud


def build_fake(cloud: Cloud) -> FakeGoogle:
    """The fake, with what the local Google has."""
    world, project = cloud.world, cloud.world.projects[PROJECT]
    return FakeGoogle(
        executions=deepcopy(world.executions),
        tasks=deepcopy(world.tasks),
        jobs=deepcopy(world.jobs),
        regions=project.regions,
        entries=sorted(deepcopy(world.entries), key=lambda entry: (entry["timestamp"], entry["insertId"])),
        exclusions=[{**item, "disabled": False} for item in project.exclusions],
        project_number=project.number,
        accounts=deepcopy(project.service_accounts),
        policy=deepcopy(project.policy),
        versions=dict(_versions(project)),
        instances={(project.id, name): body for name, body in project.sql_instances.items()},
        apis={DISABLED: "DISABLED"},
        images={image_of(cloud): ({}, _files())},
        docker_images={(REPOSITORY, image_of(cloud).partition("@")[2]): {"tags": ["latest"]}},
    )


def image_of(cloud: Cloud) -> str:
    """The image of the execution, by digest."""
    image: str = cloud.world.executions[EXECUTION]["template"]["containers"][0]["image"]
    return image


def _versions(project: Project) -> list[tuple[tuple[str, str], Json]]:
    found = []
    for secret in project.secrets.values():
        resource = f"projects/{project.id}/secrets/{secret.name}"
        for number, body in secret.versions.items():
            version = {"name": f"projects/{project.number}/secrets/{secret.name}/versions/{number}", **body}
            found.append(((resource, str(number)), version))
            if number == max(secret.versions):
                found.append(((resource, "latest"), version))
    return found


def _files() -> dict[str, str]:
    image = INCIDENTS[INCIDENT].evidence()["sections"]["image"]["data"]
    return {**{item["path"]: "" for item in image["files"]}, **image["texts"]}
