"""The images of the practice incidents, read from the local registry by the client of a diagnosis."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.docker_login import DockerLogins
from opsctl.adapters.registry.images import RegistryImages
from opsctl.image.models import Wanted
from opsctl.lab.google.cloud import Cloud
from opsctl.lab.google.image_build import image_of_evidence
from opsctl.lab.google.registry import add_registry
from opsctl.lab.google.registry_behaviour import Redirect, RegistryBehaviour
from opsctl.lab.google.world import Project, World
from opsctl.lab.incidents import INCIDENTS


@pytest.mark.parametrize("in_index", [False, True])
@pytest.mark.parametrize("name", ["o4o-api-migrations-h5x5h", "shop-migrate-z1y6h", "report-export-d3w9k"])
async def test_a_diagnosis_sees_what_the_evidence_says(name: str, in_index: bool, tmp_path: Path) -> None:
    evidence = INCIDENTS[name].evidence()
    section = evidence["sections"]["image"]["data"]
    image = image_of_evidence(evidence, in_index=in_index)
    assert image is not None
    repository = section["reference"].partition("@")[0]
    path = repository.partition("/")[2]
    project = path.partition("/")[0]
    cloud = Cloud(World(projects={project: Project(project, "1")}, images={path: image.content}))
    application = web.Application()
    add_registry(application, cloud, RegistryBehaviour(redirect=Redirect.ANOTHER_HOST, takes_google_token=False))
    wanted = Wanted(
        paths=frozenset({*(file["path"] for file in section["files"]), *section["absent"]}),
        texts=frozenset(section["texts"]),
    )
    async with TestServer(application) as server:
        client = RegistryClient(
            DockerLogins(environ={"DOCKER_CONFIG": str(tmp_path)}),
            google_token=lambda: cloud.token,
            google_endpoint=f"http://127.0.0.1:{server.port}",
        )
        images = RegistryImages(client, budget_bytes=10_000_000)
        described = await images.describe(f"{repository}@{image.digest}", with_provenance=True)
        found = await asyncio.wait_for(images.inspect(described, wanted), 120)

    assert described.digest == image.manifest_digest
    assert [layer.created_by for layer in described.layers] == [
        step["created_by"] for step in section["config"]["history"]
    ]
    assert (described.provenance is not None) is in_index
    layers = {entry.path: entry.layer for entry in found.files}
    assert {file["path"]: file["layer"] for file in section["files"]}.items() <= layers.items()
    assert found.absent == set(section["absent"])
    assert found.texts == section["texts"]
    assert cloud.violations == []
