"""The image is built by a real builder, holds what it should and nothing else, and runs as a pod runs it.

Not root, a root that cannot be written, an empty /tmp, process 1. Only the base image is a stand-in: no test can fetch
the official one.
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from opsctl import __version__
from opsctl.cli.app import ROOT as COMMANDS
from opsctl.migration.kubernetes.manifest.pod_template import USER
from tests.cli.processes import make_process, run_words
from tests.container.built_image import NAME, ROOT, BuiltImage, ContainedSite, build_image, process_one
from tests.container.locks import read_lock
from tests.end_to_end.conftest import Site, open_place, read_answer, serve_image_host, wait_until
from tests.end_to_end.gate import Gate, gate_before
from tests.servers.crane import crane_registry, find_crane
from tests.servers.launch import embedded_mongo, lab_s3

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("container")]

PACKAGES = "opt/opsctl/lib/python3.*/site-packages"
_LOADED = """
import sys
from pathlib import Path
import opsctl.cli.migrate.images, opsctl.cli.status, opsctl.adapters.mongodb, opsctl.adapters.s3, opsctl.migration.run
files = [module.__spec__ for module in list(sys.modules.values()) if getattr(module, "__spec__", None)]
print(*(spec.origin for spec in files if spec.cached and not Path(spec.cached).exists()))
"""


@pytest.fixture(scope="module")
def image() -> Iterator[BuiltImage]:
    with build_image() as built:
        yield built


@pytest.fixture
def gate() -> Iterator[Gate]:
    with serve_image_host("--latency-seconds", "0.1") as base_url, gate_before(base_url) as opened:
        yield opened


@pytest.fixture
def site(image: BuiltImage, gate: Gate) -> Iterator[ContainedSite]:
    """The lab's servers, an image host behind a gate, and the image."""
    with (
        embedded_mongo() as mongo_uri,
        lab_s3() as target,
        open_place(mongo_uri, target, gate.base_url) as opened,
    ):
        patient = opened.with_settings(OPSCTL_IMAGES_TIMEOUT_SECONDS="300")
        given = {each.name: getattr(patient, each.name) for each in fields(Site)}
        yield ContainedSite(**given, image=image)


def test_a_container_is_started_as_the_manifest_and_kubernetes_expect(image: BuiltImage) -> None:
    config = image.config
    assert config["User"] == f"{USER}:{USER}"
    assert (config["Entrypoint"], config["Cmd"]) == (["opsctl"], ["--help"])
    assert (config["StopSignal"], config["WorkingDir"]) == ("SIGTERM", "/tmp")
    assert image.environment["HOME"] == "/tmp"
    assert config["Labels"]["org.opencontainers.image.revision"] == "0123abc"
    assert not [name for name in image.environment if name.startswith("PIP_") and name != "PIP_CERT"]


def test_the_image_holds_the_locked_dependencies_and_this_checkout(image: BuiltImage) -> None:
    (packages,) = image.root.glob(PACKAGES)
    installed = {_name(path.name.split("-")[0]) for path in packages.glob("*.dist-info")}
    lock = read_lock("requirements-runtime.lock")
    locked = {_name(name) for name, each in lock.items() if not each.marker}
    marked = {_name(name) for name, each in lock.items() if each.marker}
    assert locked | {"opsctl"} <= installed <= locked | marked | {"opsctl"}
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "src/opsctl"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    expected = {name.removeprefix("src/") for name in tracked.stdout.split("\0") if name and (ROOT / name).exists()}
    own = packages / "opsctl"
    held = {str(path.relative_to(packages)) for path in own.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert expected <= held
    # Files that are not committed yet may be there as well, but of no other kind.
    assert {Path(name).suffix for name in held} == {Path(name).suffix for name in expected}


def test_nothing_is_in_the_image_that_only_makes_images(image: BuiltImage) -> None:
    found = [path for name in ("pip", "hatchling", "ensurepip", "moto", "pytest") for path in image.root.rglob(name)]
    assert not found
    assert not (image.root / "build").exists()
    assert not [
        path for name in ("tests", "benchmarks", "docs", ".git") for path in image.root.glob(f"opt/opsctl/{name}")
    ]


def test_everything_is_compiled_whatever_the_times_of_files_are(image: BuiltImage) -> None:
    (packages,) = image.root.glob(PACKAGES)
    for source in (packages / "opsctl").rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{_tag(image)}.pyc"
        # PEP 552: flags 1 are a hash that is not checked.
        assert compiled.read_bytes()[4:8] == b"\x01\0\0\0", source
    missing = image.run("python", "-c", _LOADED)
    assert (missing.returncode, missing.stdout.strip()) == (0, ""), missing.stdout + missing.stderr


def test_its_user_can_write_nothing_but_scratch_folders(image: BuiltImage) -> None:
    open_to_all = {
        str(path.relative_to(image.root))
        for path in image.root.rglob("*")
        if not path.is_symlink() and path.is_dir() and path.stat().st_mode & stat.S_IWOTH
    }
    assert open_to_all == {"tmp", "var/tmp"}
    owned = [path for path in image.root.rglob("*") if path.lstat().st_uid == USER or path.lstat().st_gid == USER]
    assert not owned
    denied = image.run("touch", "/opt/opsctl/new")
    assert "Read-only file system" in denied.stderr


@pytest.mark.parametrize("words", [["--version"], ["migrate", "images", "--help"], ["config", "show"]])
def test_short_commands_leave_nothing_behind(image: BuiltImage, words: list[str]) -> None:
    done = image.run("sh", "-c", 'opsctl "$@"; code=$?; find /tmp -type f >&2; exit $code', "sh", *words)
    assert (done.returncode, done.stderr) == (0, "")
    if words == ["--version"]:
        assert __version__ in done.stdout


def test_a_whole_migration_runs_in_it(site: ContainedSite) -> None:
    paths = site.seed_wide(3, 8)
    originals = site.originals()
    answer = site.call("migrate", "images", "--yes", "-o", "json")
    assert answer.exit_code == 0, answer.stdout + answer.stderr
    assert answer.data["state"] == "complete"
    assert len(site.objects()) == site.recorded_keys().total() == len(paths)
    assert site.originals() == originals
    verified = site.call("migrate", "verify", "-o", "json")
    assert verified.exit_code == 0, verified.stdout + verified.stderr


def test_process_one_gets_sigterm_and_finishes_what_is_in_flight(site: ContainedSite, gate: Gate) -> None:
    slow = site.with_settings(OPSCTL_IMAGES_PER_HOST_CONCURRENCY="2")
    paths = slow.seed_wide(10, 20)
    gate.close_after(30)
    child = slow.start("migrate", "images", "--yes", "-o", "json")
    wait_until(lambda: gate.is_reached() and len(slow.objects()) > 4, child)
    os.kill(process_one(child), signal.SIGTERM)
    # Nothing comes back before the signal has come.
    gate.open()
    answer = read_answer(child)
    assert answer.exit_code == 143, answer.stderr
    assert answer.data["state"] == slow.run_record()["state"] == "stopped"
    assert 0 < len(slow.objects()) < len(paths)
    again = site.with_settings(OPSCTL_IMAGES_PER_HOST_CONCURRENCY="64").call("migrate", "images", "--yes", "-o", "json")
    assert again.exit_code == 0, again.stderr
    assert len(site.objects()) == len(paths)


def test_opsctl_reads_its_own_image_from_a_registry(image: BuiltImage, tmp_path: Path) -> None:
    crane = find_crane()
    if crane is None:
        pytest.skip("crane is not built: run tests/servers/build.sh crane")
    with crane_registry(crane) as place:
        name = f"{place}/{NAME.partition('/')[2]}"
        image.push(name)
        listed = read_image(tmp_path, "ls", name, "/opt/opsctl/bin")
        assert "/opt/opsctl/bin/opsctl" in {entry["path"] for entry in listed["entries"]}
        assert read_image(tmp_path, "config", name)["entrypoint"] == ["opsctl"]


def read_image(folder: Path, *words: str) -> dict[str, Any]:
    """`opsctl cloudrun image`, in this process."""
    environ = {"HOME": str(folder), "OPSCTL_CACHE_DIR": str(folder / "cache")}
    ended = run_words(["cloudrun", "image", *words, "-o", "json"], make_process(folder, environ=environ), COMMANDS)
    assert ended.exit_code == 0, ended.stderr
    data: dict[str, Any] = json.loads(ended.stdout)["data"]
    return data


def _tag(image: BuiltImage) -> str:
    (packages,) = image.root.glob(PACKAGES)
    return packages.parent.name.replace("python", "cpython-").replace(".", "")


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
