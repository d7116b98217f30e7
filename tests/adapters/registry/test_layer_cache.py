from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsctl.adapters.registry.layer_cache import DiskLayerCache, default_cache_folder


def digest(name: str) -> str:
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def stored(folder: Path, name: str) -> Path:
    return folder / digest(name).removeprefix("sha256:")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(index=st.binary(max_size=2000))
def test_what_was_stored_comes_back(tmp_path: Path, index: bytes) -> None:
    cache = DiskLayerCache(tmp_path / "layers")
    cache.store(digest("a"), index)
    assert DiskLayerCache(tmp_path / "layers").load(digest("a")) == index
    assert cache.load(digest("b")) is None


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "layers"
    DiskLayerCache(folder).store(digest("a"), b"index")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(stored(folder, "a").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [stored(folder, "a").name]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign", "longer"])
def test_a_damaged_file_is_nothing_and_goes(tmp_path: Path, damage: str) -> None:
    cache = DiskLayerCache(tmp_path)
    cache.store(digest("a"), b"index of a layer")
    path = stored(tmp_path, "a")
    content = path.read_bytes()
    path.write_bytes(
        {
            "cut": content[:-1],
            "flipped": content[:-1] + b"R",
            "empty": b"",
            "foreign": b"#!/bin/sh\nexit 1\n",
            "longer": content + b"\n",
        }[damage]
    )
    assert cache.load(digest("a")) is None
    assert not path.exists()
    cache.store(digest("a"), b"new")
    assert cache.load(digest("a")) == b"new"


def test_what_others_can_write_is_not_believed(tmp_path: Path) -> None:
    cache = DiskLayerCache(tmp_path / "layers")
    cache.store(digest("a"), b"index")
    stored(tmp_path / "layers", "a").chmod(0o666)
    assert cache.load(digest("a")) is None
    stored(tmp_path / "layers", "a").chmod(0o600)
    assert cache.load(digest("a")) == b"index"
    (tmp_path / "layers").chmod(0o777)
    assert cache.load(digest("a")) is None
    cache.store(digest("b"), b"index")
    assert not stored(tmp_path / "layers", "b").exists()


def test_links_pipes_and_folders_are_nothing(tmp_path: Path) -> None:
    cache = DiskLayerCache(tmp_path / "layers")
    cache.store(digest("a"), b"index")
    stored(tmp_path / "layers", "link").symlink_to(stored(tmp_path / "layers", "a"))
    os.mkfifo(stored(tmp_path / "layers", "pipe"))
    stored(tmp_path / "layers", "folder").mkdir()
    assert [cache.load(digest(name)) for name in ("link", "pipe", "folder")] == [None, None, None]


@pytest.mark.parametrize("wrong", ["", "sha256:", "sha256:../../etc/passwd", "sha512:" + "0" * 128, "md5:x", "/etc"])
def test_what_is_no_digest_is_no_path(tmp_path: Path, wrong: str) -> None:
    cache = DiskLayerCache(tmp_path / "layers")
    cache.store(wrong, b"index")
    assert cache.load(wrong) is None
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = DiskLayerCache(tmp_path, max_bytes=1000)
    for age, name in enumerate(("new", "middle", "old")):
        cache.store(digest(name), b"x" * 200)
        os.utime(stored(tmp_path, name), (1_700_000_000 - age, 1_700_000_000 - age))
    assert cache.load(digest("old")) is not None
    cache.store(digest("last"), b"x" * 200)
    assert {path.name for path in tmp_path.iterdir()} == {
        stored(tmp_path, name).name for name in ("new", "old", "last")
    }


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = DiskLayerCache(tmp_path, max_bytes=100)
    cache.store(digest("a"), b"x" * 100)
    assert list(tmp_path.iterdir()) == []


def test_strangers_in_the_folder_stay_and_old_halves_go(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x" * 5000)
    half = tmp_path / "x.partial"
    half.write_text("half")
    os.utime(half, (1_700_000_000, 1_700_000_000))
    (tmp_path / "y.partial").write_text("being written")
    DiskLayerCache(tmp_path, max_bytes=1000).store(digest("a"), b"index")
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "y.partial", stored(tmp_path, "a").name}


@pytest.mark.parametrize("place", ["file", "missing/parent/file"])
def test_a_cache_that_cannot_be_written_is_only_slow(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing/parent").write_text("in the way")
    cache = DiskLayerCache(tmp_path / place)
    cache.store(digest("a"), b"index")
    assert cache.load(digest("a")) is None


def test_processes_share_a_folder(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        wrong = sum(processes.map(use_cache, [(str(tmp_path), seed) for seed in range(3)]))
    assert wrong == 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3000
    assert not list(tmp_path.glob("*.partial"))


def use_cache(given: tuple[str, int]) -> int:
    """Stores and loads the same few layers as the others do; how often something else came back."""
    folder, seed = given
    cache = DiskLayerCache(Path(folder), max_bytes=3000)
    wrong = 0
    for step in range(150):
        name = f"layer {(step * 7 + seed * 3) % 12}"
        cache.store(digest(name), name.encode() * 40)
        wrong += cache.load(digest(name)) not in (None, name.encode() * 40)
    return wrong


def test_the_folder_is_the_users_own() -> None:
    assert default_cache_folder().parts[-2:] == ("opsctl", "layers")
