"""The image as a real builder makes it of the Dockerfile, and a way to run it as a pod would: buildah and namespaces.

Needs Linux, root and buildah; without them the tests skip and say what is missing. The base image is a stand-in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.container.base_image import CERTIFICATES, find_python, write_base_folder
from tests.end_to_end.conftest import Site

ROOT = Path(__file__).resolve().parents[2]
NAME = "localhost/opsctl:test"
PYTHON = "3.13"
USER = 65532
# Only ever waited for in full when a test fails; parallel tests may build several at the same time.
_BUILD_SECONDS = 1800
_BASE = """\
FROM scratch
COPY . /
ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PIP_CERT={certificates}
"""
_UNREACHABLE = ("Failed to establish a new connection", "Temporary failure in name resolution", "Name or service not")
# A root that cannot be written, an empty /tmp, the devices of this machine; then process 1 becomes the image's.
_ENTER = """
set -e
root=$1; shift
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/tmp"
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """`root` is its file system, `config` what a container is to be started with."""

    store: tuple[str, ...]
    root: Path
    config: dict[str, Any]
    log: str

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self.config["Env"])

    def command_of(self, *words: str) -> tuple[str, ...]:
        """A command line that runs `words` as process 1 of a pod with a read-only root, as the image's user."""
        user, group = self.config["User"].split(":")
        become = (_tool("chroot"), f"--userspec={user}:{group}", "--groups=", str(self.root))
        apart = (_tool("unshare"), "--mount", "--pid", "--fork", "--kill-child=KILL")
        entered = (*apart, "/bin/sh", "-c", _ENTER, "sh", str(self.root), *become)
        return (*entered, "/bin/env", "-C", self.config["WorkingDir"], *words)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A program of the image, run to its end, with nothing of this machine's environment."""
        return subprocess.run(
            self.command_of(*words),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def push(self, place: str) -> None:
        """Into a registry."""
        _run_tool(*self.store, "push", "--tls-verify=false", "--format", "oci", NAME, f"docker://{place}")


@dataclass(frozen=True, slots=True)
class ContainedSite(Site):
    """A place whose commands run in the image, as its entry point."""

    image: BuiltImage = field(kw_only=True)

    @property
    def command(self) -> tuple[str, ...]:
        return self.image.command_of(*self.image.config["Entrypoint"])

    @property
    def environment(self) -> dict[str, str]:
        # mypy knows no zero-argument super() in classes with slots.
        given: Mapping[str, str] = Site.environment.fget(self)  # type: ignore[attr-defined]
        ours = {name: value for name, value in given.items() if name.startswith("OPSCTL_")}
        return {**self.image.environment, **ours}


def process_one(child: subprocess.Popen[str]) -> int:
    """The number outside of what is process 1 inside."""
    (number,) = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text(encoding="ascii").split()
    return int(number)


@contextmanager
def build_image() -> Iterator[BuiltImage]:
    """Builds the image of this checkout. Skips the test where that cannot be done."""
    prefix = _require()
    with tempfile.TemporaryDirectory(prefix="opsctl-test-image-") as name:
        folder = Path(name)
        base = folder / "base"
        base.mkdir()
        write_base_folder(prefix, base)
        (folder / "Dockerfile").write_text(_BASE.format(certificates=CERTIFICATES), encoding="utf-8")
        places = ("--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs")
        store = (_tool("buildah"), *places)
        try:
            _run_tool(
                *store, "build", "--isolation", "chroot", "-t", "base", "-f", str(folder / "Dockerfile"), str(base)
            )
            log = _build(store)
            container = _run_tool(*store, "from", "--pull-never", NAME).strip()
            root = Path(_run_tool(*store, "mount", container).strip())
            shown = json.loads(_run_tool(*store, "inspect", "--type", "image", NAME))
            yield BuiltImage(store, root, shown["OCIv1"]["config"], log)
        finally:
            # Layers may hold folders that only their owner's tools take away.
            subprocess.run([*store, "rm", "--all"], capture_output=True, check=False)
            subprocess.run([*store, "rmi", "--all", "--force"], capture_output=True, check=False)


def _require() -> Path:
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("the image is built by root only")
    missing = [name for name in ("buildah", "unshare", "chroot") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    prefix = find_python(PYTHON)
    if prefix is None:
        pytest.skip("no Python in a folder of its own, of which a base image could be made")
    return prefix


def _build(store: tuple[str, ...]) -> str:
    arguments = {"BASE_IMAGE": "localhost/base", "REVISION": "0123abc"}
    if "PIP_INDEX_URL" in os.environ:
        arguments["PIP_INDEX_URL"] = os.environ["PIP_INDEX_URL"]
    given = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    place = ("--isolation", "chroot", "--network", "host", "--pull-never")
    command = [*store, "build", *place, *given, "-t", NAME, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
    log = done.stdout + done.stderr
    if done.returncode != 0 and any(word in log for word in _UNREACHABLE):
        pytest.skip("no package index can be reached from here")
    assert done.returncode == 0, log[-4000:]
    return log


def _run_tool(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-2000:]}"
    return done.stdout


def _tool(name: str) -> str:
    return shutil.which(name) or name
