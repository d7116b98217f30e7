"""What opsctl lists of an image is, file by file, what crane exports and umoci unpacks."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.images import RegistryImages
from opsctl.adapters.registry.layer_cache import DiskLayerCache
from opsctl.image.models import FileKind, Wanted
from tests.adapters.registry.real_images import RECIPES, Kitchen, fill, gnu_sparse, opaque, opaque_by_hand, rootless
from tests.adapters.registry.stopped_clock import GivenLogins
from tests.adapters.registry.unpacked import read_entries, read_folder, read_tar
from tests.servers.crane import crane_registry, require_tools

pytestmark = pytest.mark.servers

# crane passes the marker of an opaque folder by.
NOT_FOR_CRANE = (opaque, opaque_by_hand)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    tools = require_tools()
    with crane_registry(tools.crane) as registry:
        yield Kitchen(tmp_path_factory.mktemp("kitchen"), tools, registry)


@pytest.fixture
def images(tmp_path: Path) -> RegistryImages:
    return RegistryImages(
        RegistryClient(GivenLogins()), budget_bytes=1 << 30, cache=DiskLayerCache(tmp_path / "layer-cache")
    )


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.__name__)
async def test_a_listing_is_what_other_tools_unpack(
    kitchen: Kitchen, images: RegistryImages, tmp_path: Path, recipe: Callable[[Kitchen], str]
) -> None:
    reference = recipe(kitchen)
    image = await images.describe(reference)
    listing = await images.list_files(image)
    assert listing.is_complete, listing.undecided
    assert listing.remarks == ()
    found = read_entries(listing.entries)
    assert len(found) == len([entry for entry in listing.entries if entry.path != "/"])

    assert found == unpack(kitchen, f"{reference.rpartition(':')[0]}@{image.digest}", tmp_path)
    if recipe not in NOT_FOR_CRANE:
        assert found == export(kitchen, reference, tmp_path)

    again = await images.list_files(image)
    assert (again.entries, again.layers_cached, again.bytes_read) == (listing.entries, len(image.layers), 0)


def unpack(kitchen: Kitchen, reference: str, folder: Path) -> dict[str, object]:
    """skopeo copies, umoci unpacks, this program walks."""
    tools = kitchen.tools
    # umoci of Debian knows no zstd.
    tools.run(
        "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--dest-decompress",
        f"docker://{reference}", f"dir:{folder / 'copy'}",
    )  # fmt: skip
    tools.run(
        "skopeo", "--insecure-policy", "copy", "--quiet", "--dest-oci-accept-uncompressed-layers", "--format", "oci",
        f"dir:{folder / 'copy'}", f"oci:{folder / 'layout'}:1",
    )  # fmt: skip
    tools.run("umoci", "unpack", *rootless(), "--image", f"{folder / 'layout'}:1", str(folder / "bundle"))
    return dict(read_folder(folder / "bundle" / "rootfs"))


def export(kitchen: Kitchen, reference: str, folder: Path) -> dict[str, object]:
    """crane joins the layers into one archive; what a later layer left out of a folder's parents is not in it."""
    kitchen.tools.run("crane", "export", "--platform", "linux/amd64", reference, str(folder / "export.tar"))
    return dict(read_tar(folder / "export.tar"))


async def test_a_sparse_file_of_gnu_tar_has_the_size_that_it_had(kitchen: Kitchen, images: RegistryImages) -> None:
    listing = await images.list_files(await images.describe(gnu_sparse(kitchen)))
    assert read_entries(listing.entries) == read_folder(kitchen.folder / "gnu-sparse-layer-0")


async def test_hard_links_name_the_file_that_they_share(kitchen: Kitchen, images: RegistryImages) -> None:
    def link(root: Path) -> None:
        fill(root)
        os.link(root / "app/dist/main.js", root / "zz.js")

    image = await images.describe(kitchen.append("linked", link))
    listing = await images.list_files(image)
    links = {entry.path: entry.link_target for entry in listing.entries if entry.kind is FileKind.HARDLINK}
    assert links in ({"/zz.js": "/app/dist/main.js"}, {"/app/dist/main.js": "/zz.js"})
    for path in ("/zz.js", "/app/dist/main.js"):
        content = await images.read_file(image, path, max_bytes=1 << 20)
        assert content.content == b"content of app/dist/main.js\n" * 20


async def test_texts_and_absent_paths_of_a_real_image(kitchen: Kitchen, images: RegistryImages, tmp_path: Path) -> None:
    def remove(root: Path) -> None:
        (root / "app/dist/main.js").unlink()
        (root / "app/current").symlink_to("dist")

    kitchen.build("looked-into", fill, remove)
    image = await images.describe(kitchen.push("looked-into"))
    found = await images.inspect(
        image,
        Wanted(
            paths=frozenset({"/app/dist/main.js", "/app/current/lib/a.js", "/nowhere"}),
            folders=frozenset({"/app/dist"}),
            texts=frozenset({"/app/package.json"}),
        ),
    )
    assert found.absent == {"/app/dist/main.js", "/nowhere"}
    assert found.removed == {"/app/dist/main.js": 1}
    assert found.undecided == {}
    assert found.texts == {"/app/package.json": "content of app/package.json\n" * 20}
    assert {"/app/dist/lib/a.js", "/app/dist/lib/b.js"} <= {entry.path for entry in found.files}
    assert [layer.created_by for layer in image.layers] == ["RUN step 0", "RUN step 1"]
    for path in (tmp_path / "layer-cache").iterdir():
        # The index is compressed: nothing is said by looking for a text in it as it stands.
        kept = path.read_bytes()
        assert b"content of" not in kept + unpack_index(kept)
        assert b"dist" in unpack_index(kept)


def unpack_index(stored: bytes) -> bytes:
    """What is compressed in a file of the cache, wherever it begins: the longest, for a hash may look like a start."""
    found = [b""]
    for start in range(len(stored)):
        with suppress(zlib.error):
            found.append(zlib.decompress(stored[start:]))
    return max(found, key=len)


async def test_a_question_that_the_top_layer_answers_reads_no_other(kitchen: Kitchen, images: RegistryImages) -> None:
    def first(root: Path) -> None:
        fill(root)
        (root / "random").write_bytes(os.urandom(4 << 20))

    image = await images.describe(kitchen.append("top", first, lambda root: (root / "entry.js").touch()))
    found = await images.inspect(image, Wanted(paths=frozenset({"/entry.js"})))
    assert [entry.path for entry in found.files] == ["/entry.js"]
    assert found.bytes_read == image.layers[1].blob.size_bytes < 10_000 < image.size_bytes
