"""What layers unpack through links of lower ones, and hard links across layers: as umoci unpacks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from opsctl.adapters.registry.client import RegistryClient
from opsctl.adapters.registry.images import RegistryImages
from opsctl.image.models import FileKind
from tests.adapters.registry.real_images import Kitchen, rootless
from tests.adapters.registry.stopped_clock import GivenLogins
from tests.adapters.registry.unpacked import read_entries, read_folder
from tests.image.layers import Entry, file, folder, hardlink, symlink, tar
from tests.servers.crane import crane_registry, require_tools

pytestmark = pytest.mark.servers

BASE = [folder("usr"), folder("usr/lib"), file("usr/lib/base.so", b"base"), symlink("lib", "usr/lib")]
STACKS: dict[str, Sequence[Sequence[Entry]]] = {
    "through-a-link": [BASE, [file("lib/a.so", b"a")]],
    "through-a-link-beside-its-target": [BASE, [file("lib/a.so", b"a"), folder("usr/lib"), file("usr/lib/b.so", b"b")]],
    "through-two-links": [[*BASE, symlink("lib64", "lib")], [file("lib64/deep/a.so", b"a")]],
    "removed-through-a-link": [BASE, [file("lib/.wh.base.so")]],
    "emptied-through-a-link": [BASE, [file("lib/.wh..wh..opq"), file("lib/new.so", b"new")]],
    "removed-without-the-link": [BASE, [file("lib/a.so", b"a")], [folder("usr"), file("usr/lib/.wh.a.so")]],
    "link-becomes-folder": [BASE, [folder("lib"), file("lib/a.so", b"a")]],
    "file-before-its-folder": [BASE, [file("lib/a.so", b"a"), folder("lib"), file("lib/b.so", b"b")]],
    "link-that-lands-through-a-link": [[symlink("c", "/"), folder("d")], [symlink("c/b", "d"), file("b/x", b"x")]],
    "link-to-nowhere": [[symlink("data", "/var/data")], [file("data/x", b"x")]],
    "link-out-of-the-root": [[symlink("out", "../../../etc")], [file("out/x", b"x")]],
    "hard-link-to-a-lower-layer": [BASE, [hardlink("linked.so", "usr/lib/base.so")]],
    "hard-link-through-a-link": [BASE, [hardlink("linked.so", "lib/base.so")]],
    "hard-link-then-replaced": [BASE, [hardlink("linked.so", "usr/lib/base.so"), file("usr/lib/base.so", b"new one")]],
    "hard-link-to-a-symlink": [[folder("b"), symlink("b/a", ".."), file("x", b"x")], [hardlink("c", "b/a")]],
    "entry-twice": [[file("a", b"one"), file("b"), file("a", b"longer")]],
    "folder-in-place-of-a-link-of-the-layer": [[file("b/x", b"x")], [symlink("b", "elsewhere"), folder("b")]],
    "whiteout-and-again": [BASE, [file("usr/.wh.lib"), folder("usr/lib"), file("usr/lib/again.so", b"again")]],
    "dots-in-names": [[file("./a/./b/../c", b"c"), file("a//d", b"d"), file("/abs/e", b"e")]],
    "case": [[file("a/File", b"1"), file("a/file", b"22")], [file("a/.wh.File")]],
}  # fmt: skip


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    tools = require_tools()
    with crane_registry(tools.crane) as registry:
        yield Kitchen(tmp_path_factory.mktemp("kitchen"), tools, registry)


@pytest.mark.parametrize("name", STACKS)
async def test_links_lead_where_umoci_follows_them(kitchen: Kitchen, tmp_path: Path, name: str) -> None:
    files: list[str] = []
    for number, entries in enumerate(STACKS[name]):
        archive = tmp_path / f"{number}.tar"
        archive.write_bytes(tar(entries))
        files += ("-f", str(archive))
    reference = kitchen.reference(name)
    kitchen.tools.run("crane", "append", "--oci-empty-base", *files, "-t", reference)
    kitchen.tools.run("crane", "mutate", "--set-platform", "linux/amd64", reference, "-t", reference)
    images = RegistryImages(RegistryClient(GivenLogins()), budget_bytes=1 << 30)

    listing = await images.list_files(await images.describe(reference))

    layout = f"{tmp_path / 'layout'}:1"
    kitchen.tools.run(
        "skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", f"docker://{reference}", f"oci:{layout}"
    )
    kitchen.tools.run("umoci", "unpack", *rootless(), "--image", layout, str(tmp_path / "bundle"))
    assert listing.is_complete
    unpacked = read_folder(tmp_path / "bundle" / "rootfs")
    listed = read_entries(listing.entries)
    assert listed.keys() == unpacked.keys()
    # A hard link to a symlink is listed as what it is in its layer.
    links = {entry.path for entry in listing.entries if entry.kind is FileKind.HARDLINK}
    different = {path for path, thing in listed.items() if thing != unpacked[path]}
    assert different <= links
    assert all(unpacked[path].kind is FileKind.SYMLINK for path in different)
