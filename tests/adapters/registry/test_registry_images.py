from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from opsctl.adapters.registry.client import Patience, RegistryClient
from opsctl.adapters.registry.images import RegistryImages
from opsctl.errors import DataError, NotFoundError
from opsctl.image.models import Descriptor
from tests.adapters.registry.registry_server import OCI_INDEX, OCI_MANIFEST, Registry, write_descriptor
from tests.adapters.registry.stopped_clock import GivenLogins

SLSA = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
IN_TOTO = "application/vnd.in-toto+json"


def config(architecture: str = "amd64", **more: Any) -> dict[str, Any]:
    return {
        "os": "linux",
        "architecture": architecture,
        "config": {"Cmd": ["node", "dist/main.js"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64]},
        "history": [{"created_by": "COPY . ."}, {"created_by": "CMD", "empty_layer": True}],
        **more,
    }


def images(registry: Registry) -> RegistryImages:
    return RegistryImages(RegistryClient(GivenLogins(), patience=Patience(idle_seconds=60)), budget_bytes=1 << 20)


def reference(registry: Registry, version: str = ":1") -> str:
    return f"{registry.name}/p/r/app{version}"


def layer(registry: Registry) -> Descriptor:
    return registry.add_blob(b"layer", "application/vnd.oci.image.layer.v1.tar+gzip")


def attest(registry: Registry, image: Descriptor, statement: Any, annotations: dict[str, str]) -> dict[str, Any]:
    """An attestation manifest; the entry of the index that names it."""
    blob = registry.add_blob(json.dumps(statement).encode(), IN_TOTO, **annotations)
    return write_descriptor(
        registry.add_image({"os": "unknown", "architecture": "unknown"}, (blob,)),
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image.digest,
        },
    )


def entry(image: Descriptor, architecture: str) -> dict[str, Any]:
    return write_descriptor(image, platform={"os": "linux", "architecture": architecture})


def add_index(registry: Registry, *entries: dict[str, Any]) -> Descriptor:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}
    return registry.add_manifest(body, "1", media_type=OCI_INDEX)


async def test_a_plain_image_takes_two_requests(registry: Registry) -> None:
    stored = registry.add_image(config(), (layer(registry),), "1")
    found = await images(registry).describe(reference(registry))
    assert (found.digest, found.index_digest, found.platform, found.platforms) == (
        stored.digest,
        None,
        "linux/amd64",
        (),
    )
    assert found.repository == f"{registry.name}/p/r/app"
    assert found.config["config"]["Cmd"] == ["node", "dist/main.js"]
    assert [(each.number, each.created_by) for each in found.layers] == [(0, "COPY . .")]
    assert found.provenance is None
    assert len(registry.requests) == 2


async def test_an_index_leads_to_the_platform_of_cloud_run_and_its_provenance(registry: Registry) -> None:
    arm = registry.add_image(config("arm64"), (layer(registry),))
    amd = registry.add_image(config("amd64"), (layer(registry),))
    statement = {"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {"invocation": {}}}
    index = add_index(
        registry,
        entry(arm, "arm64"),
        entry(amd, "amd64"),
        attest(registry, arm, {"predicateType": "https://slsa.dev/provenance/v0.2", "wrong": True}, SLSA),
        attest(registry, amd, statement, SLSA),
    )
    found = await images(registry).describe(reference(registry), with_provenance=True)
    assert (found.digest, found.index_digest) == (amd.digest, index.digest)
    assert found.platforms == ("linux/arm64", "linux/amd64")
    assert found.provenance == statement
    assert len(registry.requests) == 5


@pytest.mark.parametrize(
    ("statement", "annotations"),
    [
        ({"predicateType": "https://spdx.dev/Document"}, {"in-toto.io/predicate-type": "https://spdx.dev/Document"}),
        ({"predicateType": "https://spdx.dev/Document"}, SLSA),
        (["no object"], SLSA),
        ({"predicateType": "https://slsa.dev/provenance/v1"}, {}),
    ],
)
async def test_what_is_attested_otherwise_is_no_provenance(
    registry: Registry, statement: Any, annotations: dict[str, str]
) -> None:
    amd = registry.add_image(config(), (layer(registry),))
    add_index(registry, entry(amd, "amd64"), attest(registry, amd, statement, annotations))
    found = await images(registry).describe(reference(registry), with_provenance=True)
    assert (found.digest, found.provenance) == (amd.digest, None)


async def test_a_provenance_that_is_gone_is_no_failure(registry: Registry) -> None:
    amd = registry.add_image(config(), (layer(registry),))
    named = attest(registry, amd, {}, SLSA)
    add_index(registry, entry(amd, "amd64"), named)
    del registry.manifests[named["digest"]]
    assert (await images(registry).describe(reference(registry), with_provenance=True)).provenance is None


async def test_an_image_for_another_platform_alone_is_described_as_what_it_is(registry: Registry) -> None:
    arm = registry.add_image(config("arm64"), (layer(registry),))
    add_index(registry, attest(registry, arm, {}, SLSA), entry(arm, "arm64"))
    found = await images(registry).describe(reference(registry))
    assert (found.digest, found.platform, found.platforms) == (arm.digest, "linux/arm64", ("linux/arm64",))
    assert found.config["architecture"] == "arm64"


async def test_an_index_without_images_is_told(registry: Registry) -> None:
    add_index(registry)
    with pytest.raises(DataError) as raised:
        await images(registry).describe(reference(registry))
    assert raised.value.code == "image-platform"


async def test_an_index_of_indexes_is_refused(registry: Registry) -> None:
    inner = registry.add_manifest({"schemaVersion": 2, "manifests": []}, media_type=OCI_INDEX)
    add_index(registry, entry(inner, "amd64"))
    with pytest.raises(DataError, match="another index"):
        await images(registry).describe(reference(registry))


async def test_a_digest_names_the_same_image_after_its_tag_has_moved(registry: Registry) -> None:
    old = registry.add_image(config(created="2026-01-01T00:00:00Z"), (layer(registry),), "1")
    new = registry.add_image(config(created="2026-01-02T00:00:00Z"), (layer(registry),), "1")
    assert (await images(registry).describe(reference(registry))).digest == new.digest
    assert (await images(registry).describe(reference(registry, f"@{old.digest}"))).digest == old.digest
    assert (await images(registry).describe(reference(registry, f":1@{old.digest}"))).digest == old.digest


async def test_a_config_with_another_digest_is_refused(registry: Registry) -> None:
    registry.add_image(config(), (layer(registry),), "1")
    for digest, content in registry.blobs.items():
        registry.blobs[digest] = content.replace(b"amd64", b"arm64")
    with pytest.raises(DataError) as raised:
        await images(registry).describe(reference(registry))
    assert raised.value.code == "digest-mismatch"


async def test_a_missing_image_is_told(registry: Registry) -> None:
    with pytest.raises(NotFoundError) as raised:
        await images(registry).describe(reference(registry))
    assert raised.value.code == "image-not-found"


async def test_what_is_no_manifest_is_told(registry: Registry) -> None:
    registry.add_manifest(b"<html>", "1", media_type=OCI_MANIFEST)
    with pytest.raises(DataError) as raised:
        await images(registry).describe(reference(registry))
    assert raised.value.code == "manifest-unreadable"


async def test_cancelling_ends_the_thread(registry: Registry) -> None:
    registry.falls_silent = threading.Event()
    registry.add_image(config(), (layer(registry),), "1")
    task = asyncio.create_task(images(registry).describe(reference(registry)))
    while not registry.requests:  # noqa: ASYNC110  # another thread adds to them
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # As asyncio.run does at its end: this waits for the threads.
    await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), 120)
    assert not registry.falls_silent.is_set()
