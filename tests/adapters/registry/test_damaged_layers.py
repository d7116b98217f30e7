"""Layers that the registry gives out damaged: refused with their own word, never read as an absence."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.images import RegistryImages
from opsctl.adapters.registry.layer_cache import DiskLayerCache
from opsctl.errors import OpsctlError
from opsctl.image.models import Descriptor, ImageDescription, Wanted
from tests.adapters.registry.registry_server import Registry
from tests.adapters.registry.stopped_clock import GivenLogins, StoppedClock

GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WANTED = Wanted(paths=frozenset({"/app/main.js", "/app/other.js"}))


def pack(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2000
            archive.addfile(member, io.BytesIO(hashlib.sha512(name.encode()).digest() * 40))
    return packed.getvalue()


def add_image(registry: Registry, *archives: bytes, media_type: str = GZIP_LAYER) -> tuple[Descriptor, ...]:
    layers = tuple(registry.add_blob(gzip.compress(archive, mtime=0), media_type) for archive in archives)
    diff_ids = [f"sha256:{hashlib.sha256(archive).hexdigest()}" for archive in archives]
    config: dict[str, Any] = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    registry.add_image(config, layers, "1")
    return layers


def list_names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def describe(registry: Registry, cache: Path | None = None) -> tuple[RegistryImages, ImageDescription]:
    images = RegistryImages(
        RegistryClient(GivenLogins(), clock=StoppedClock()),
        budget_bytes=1 << 20,
        cache=None if cache is None else DiskLayerCache(cache),
    )
    return images, await images.describe(f"{registry.name}/p/r/app:1")


async def test_a_connection_that_breaks_within_a_layer_changes_nothing(registry: Registry) -> None:
    add_image(registry, pack("app/main.js"), pack("app/new.js"))
    images, image = await describe(registry)
    registry.cuts = [50, 60, None, 100]
    found = await images.inspect(image, WANTED)
    assert [entry.path for entry in found.files] == ["/app/main.js"]
    assert found.absent == {"/app/other.js"}
    assert found.undecided == {}
    assert found.bytes_read == image.size_bytes


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("truncated", "layer-truncated"),
        ("altered", "layer-digest"),
        ("longer", "layer-digest"),
        ("missing", "image-not-found"),
        ("foreign", "layer-unreadable"),
    ],
)
async def test_a_layer_that_cannot_be_read_is_refused_and_not_kept(
    registry: Registry, tmp_path: Path, damage: str, code: str
) -> None:
    media_type = GZIP_LAYER.replace("layer.v1", "layer.nondistributable.v1") if damage == "foreign" else GZIP_LAYER
    (layer,) = add_image(registry, pack("app/main.js"), media_type=media_type)
    content = registry.blobs[layer.digest]
    registry.blobs[layer.digest] = {
        "truncated": content[:-20],
        "altered": gzip.compress(pack("app/Main.js"), mtime=0),
        "longer": content + b"\0" * 100,
    }.get(damage, content)
    images, image = await describe(registry, tmp_path)
    if damage == "missing":
        del registry.blobs[layer.digest]
    with pytest.raises(OpsctlError) as raised:
        await images.inspect(image, WANTED)
    assert raised.value.code == code
    assert list_names(tmp_path) == []


async def test_what_is_past_the_budget_is_not_downloaded(registry: Registry) -> None:
    add_image(registry, pack("app/main.js"))
    client = RegistryClient(GivenLogins())
    images = RegistryImages(client, budget_bytes=10)
    image = await images.describe(f"{registry.name}/p/r/app:1")
    asked = len(registry.requests)
    found = await images.inspect(image, WANTED)
    assert set(found.undecided) == WANTED.paths
    assert found.bytes_read == 0
    assert len(registry.requests) == asked


async def test_a_layer_of_the_cache_is_not_downloaded(registry: Registry, tmp_path: Path) -> None:
    add_image(registry, pack("app/main.js"))
    images, image = await describe(registry, tmp_path)
    first = await images.inspect(image, WANTED)
    asked = len(registry.requests)
    second = await images.inspect(image, WANTED)
    assert (second.files, second.absent) == (first.files, first.absent)
    assert (second.layers_cached, second.bytes_read) == (1, 0)
    assert len(registry.requests) == asked
