"""Images made by tools that others wrote, each for one thing that layers do.

A recipe fills `Kitchen` and returns the reference of the image that it pushed.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers.crane import Tools


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A folder to work in, the tools, and the `HOST:PORT` of the registry."""

    folder: Path
    tools: Tools
    registry: str

    def reference(self, name: str) -> str:
        """Where the image of a recipe goes."""
        return f"{self.registry}/real/{name}:1"

    def push(self, name: str, *options: str, source: str | None = None) -> str:
        """Copies an image to the registry with skopeo; without `source` the OCI layout `name`."""
        self.tools.run(
            "skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", *options,
            source or f"oci:{self.folder / name}:1", f"docker://{self.reference(name)}",
        )  # fmt: skip
        return self.reference(name)

    def decompress(self, name: str) -> str:
        """The OCI layout `name` without compression, as skopeo names a source."""
        plain = f"dir:{self.folder / name}-plain"
        self.tools.run(
            "skopeo", "--insecure-policy", "copy", "--quiet", "--dest-decompress", f"oci:{self.folder / name}:1", plain
        )
        return plain

    def build(self, name: str, *steps: Callable[[Path], None]) -> None:
        """An OCI layout with one layer for each step: umoci unpacks, the step changes files, umoci packs the change."""
        image = f"{self.folder / name}:1"
        self.tools.run("umoci", "init", "--layout", str(self.folder / name))
        self.tools.run("umoci", "new", "--image", image)
        for number, step in enumerate(steps):
            bundle = self.folder / f"{name}-bundle-{number}"
            self.tools.run("umoci", "unpack", *rootless(), "--image", image, str(bundle))
            step(bundle / "rootfs")
            self.tools.run(
                "umoci", "repack", "--image", image, "--history.created_by", f"RUN step {number}", str(bundle)
            )
            shutil.rmtree(bundle)

    def append(
        self, name: str, *steps: Callable[[Path], None], tar: tuple[str, ...] = (), platform: str = "linux/amd64"
    ) -> str:
        """One layer for each step from GNU tar, whiteouts named by hand; crane joins and pushes them."""
        archives = []
        for number, step in enumerate(steps):
            root = self.folder / f"{name}-layer-{number}"
            root.mkdir()
            step(root)
            archives.append(self.folder / f"{name}-{number}.tar")
            self.tools.run("tar", *tar, "-cf", str(archives[-1]), "-C", str(root), ".")
        files = [word for archive in archives for word in ("-f", str(archive))]
        reference = self.reference(name)
        self.tools.run("crane", "append", "--oci-empty-base", *files, "-t", reference)
        self.tools.run("crane", "mutate", "--set-platform", platform, reference, "-t", reference)
        return reference


def rootless() -> tuple[str, ...]:
    """umoci's option where this is not root."""
    return () if os.geteuid() == 0 else ("--rootless",)


def fill(root: Path) -> None:
    """A small program, with folders, links and odd modes."""
    for name in (
        "app/dist/main.js",
        "app/dist/lib/a.js",
        "app/dist/lib/b.js",
        "app/package.json",
        "etc/passwd",
        "bin/sh",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}\n" * 20)
    (root / "empty").mkdir()
    (root / "bin/sh").chmod(0o755)


def whiteouts(kitchen: Kitchen) -> str:
    """Files and folders removed by a later layer, one made again."""

    def remove(root: Path) -> None:
        (root / "app/dist/lib/a.js").unlink()
        (root / "empty").rmdir()
        shutil.rmtree(root / "etc")

    def make_again(root: Path) -> None:
        (root / "app/dist/lib/a.js").write_text("again")
        (root / "app/dist/lib/b.js").unlink()

    kitchen.build("whiteouts", fill, remove, make_again)
    return kitchen.push("whiteouts")


def opaque(kitchen: Kitchen) -> str:
    """A folder that hides all that was below it."""
    kitchen.build("opaque", fill)
    new = kitchen.folder / "opaque-new"
    new.mkdir()
    (new / "only.js").write_text("only")
    image = f"{kitchen.folder / 'opaque'}:1"
    kitchen.tools.run("umoci", "insert", *rootless(), "--opaque", "--image", image, str(new), "/app/dist")
    return kitchen.push("opaque")


def opaque_by_hand(kitchen: Kitchen) -> str:
    """The marker comes after the files of its folder, in the order of the archive."""

    def hide(root: Path) -> None:
        (root / "app/dist").mkdir(parents=True)
        (root / "app/dist/-first.js").write_text("x")
        (root / "app/dist/zz.js").write_text("x")
        (root / "app/dist/.wh..wh..opq").touch()
        (root / ".wh.etc").touch()

    return kitchen.append("opaque-by-hand", fill, hide, tar=("--sort=name",))


def hard_links(kitchen: Kitchen) -> str:
    """Names of one file, in one layer and over two; the first name is removed later."""

    def link(root: Path) -> None:
        fill(root)
        os.link(root / "app/dist/main.js", root / "app/linked.js")
        os.link(root / "app/dist/main.js", root / "zz-last.js")

    def more(root: Path) -> None:
        os.link(root / "app/package.json", root / "app/package-2.json")
        (root / "app/dist/main.js").unlink()

    kitchen.build("hard-links", link, more)
    return kitchen.push("hard-links")


def symlinks(kitchen: Kitchen) -> str:
    """Relative, absolute, dangling, looping, and folders that became links."""

    def link(root: Path) -> None:
        fill(root)
        (root / "current").symlink_to("app/dist")
        (root / "absolute").symlink_to("/app/package.json")
        (root / "dangling").symlink_to("../../nowhere")
        (root / "loop-a").symlink_to("loop-b")
        (root / "loop-b").symlink_to("loop-a")

    def replace(root: Path) -> None:
        shutil.rmtree(root / "app/dist")
        (root / "app/dist").symlink_to("../etc")
        (root / "dangling").unlink()
        (root / "dangling").mkdir()

    kitchen.build("symlinks", link, replace)
    return kitchen.push("symlinks")


def zstd(kitchen: Kitchen) -> str:
    """Layers compressed with zstd. skopeo compresses only what is not compressed yet."""
    kitchen.build("zstd", fill, lambda root: (root / "etc/passwd").unlink())
    return kitchen.push("zstd", "--dest-compress-format", "zstd", source=kitchen.decompress("zstd"))


def schema_2(kitchen: Kitchen) -> str:
    """Docker's own media types."""
    kitchen.build("schema-2", fill, lambda root: (root / "etc/passwd").unlink())
    return kitchen.push("schema-2", "--format", "v2s2")


def plain_tar(kitchen: Kitchen) -> str:
    """Layers that are not compressed."""
    kitchen.build("compressed", fill, lambda root: (root / "etc/passwd").unlink())
    layout = kitchen.folder / "plain-tar"
    kitchen.tools.run(
        "skopeo", "--insecure-policy", "copy", "--quiet", "--dest-oci-accept-uncompressed-layers",
        kitchen.decompress("compressed"), f"oci:{layout}:1",
    )  # fmt: skip
    kitchen.tools.run("crane", "push", str(layout), kitchen.reference("plain-tar"))
    return kitchen.reference("plain-tar")


def several_platforms(kitchen: Kitchen) -> str:
    """An index; the image for arm64 comes first and has other files."""
    amd = kitchen.append("amd", fill)
    arm = kitchen.append("arm", lambda root: (root / "arm-only").touch(), platform="linux/arm64")
    reference = kitchen.reference("several-platforms")
    kitchen.tools.run("crane", "index", "append", "-m", arm, "-m", amd, "-t", reference)
    return reference


def names(kitchen: Kitchen) -> str:
    """Names that are not ASCII, not UTF-8, long, or full of what shells dislike."""

    def write(root: Path) -> None:
        for name in ("마이그레이션/한글.js", "é/naïve", "a b/c\td", "new\nline", "-rf", "*?", "back\\slash", "x" * 255):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        deep = root / "/".join(["deep" * 10] * 8)
        deep.mkdir(parents=True)
        (deep / ("long" * 30)).write_text("deep")
        (root / "link-to-long").symlink_to("y" * 300)
        (root / os.fsdecode(b"bytes-\xff\xfe")).mkdir()

    return kitchen.append("names", write)


def gnu(kitchen: Kitchen) -> str:
    """GNU tar's own headers for long names."""

    def write(root: Path) -> None:
        fill(root)
        (root / ("n" * 120)).mkdir()
        (root / ("n" * 120) / ("m" * 120)).write_text("long name")
        (root / ("n" * 120) / "link").symlink_to("t" * 200)

    return kitchen.append("gnu", write, tar=("--format=gnu",))


def gnu_sparse(kitchen: Kitchen) -> str:
    """A sparse file in GNU tar's own form: umoci refuses it, crane gives it back empty. Not one of `RECIPES`."""

    def write(root: Path) -> None:
        fill(root)
        with (root / "sparse").open("wb") as file:
            for offset in range(0, 8 << 20, 1 << 20):
                file.seek(offset)
                file.write(b"data")

    return kitchen.append("gnu-sparse", write, tar=("--format=gnu", "--sparse"))


def pax(kitchen: Kitchen) -> str:
    """PAX headers for times, long names and sparse files."""

    def write(root: Path) -> None:
        fill(root)
        with (root / "sparse").open("wb") as file:
            file.seek(3 << 20)
            file.write(b"end")
        (root / ("n" * 120)).mkdir()
        (root / ("n" * 120) / "한글").write_text("pax")

    return kitchen.append("pax", write, tar=("--format=posix", "--sparse"))


def modes(kitchen: Kitchen) -> str:
    """Set-user-id, sticky and unreadable; a pipe, and devices where this is root."""

    def write(root: Path) -> None:
        fill(root)
        (root / "bin/su").write_text("su")
        (root / "bin/su").chmod(0o4755)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "etc/shadow").write_text("")
        (root / "etc/shadow").chmod(0o000)
        os.mkfifo(root / "pipe")
        if os.geteuid() == 0:
            os.mknod(root / "null", 0o020666, os.makedev(1, 3))
            os.mknod(root / "disk", 0o060660, os.makedev(8, 0))

    return kitchen.append("modes", write)


def kinds(kitchen: Kitchen) -> str:
    """What a later layer makes of a path: a folder of a file, a file of a folder, a folder again with other modes."""

    def replace(root: Path) -> None:
        (root / "app").mkdir(mode=0o700)
        (root / "app/package.json").mkdir()
        (root / "app/package.json/inside").write_text("x")
        (root / "app/dist").write_text("a file where a folder was")
        (root / "etc").symlink_to("bin")

    return kitchen.append("kinds", fill, replace)


def large(kitchen: Kitchen) -> str:
    """Thousands of real files, and one that does not compress."""
    source = Path(sysconfig.get_paths()["stdlib"])

    def write(root: Path) -> None:
        for name in ("asyncio", "email", "encodings", "json", "unittest", "xml", "idlelib", "lib2to3"):
            if (source / name).is_dir():
                shutil.copytree(source / name, root / "usr/lib/python3" / name, symlinks=True)
        (root / "random").write_bytes(os.urandom(24 << 20))

    def prune(root: Path) -> None:
        shutil.rmtree(root / "usr/lib/python3/json")
        for path in root.rglob("__pycache__"):
            shutil.rmtree(path)

    kitchen.build("large", write, prune)
    return kitchen.push("large")


RECIPES: tuple[Callable[[Kitchen], str], ...] = (
    whiteouts, opaque, opaque_by_hand, hard_links, symlinks, zstd, schema_2, plain_tar, several_platforms, names,
    gnu, pax, modes, kinds, large,
)  # fmt: skip
