"""Listing and reading files, also against a folder that was really unpacked."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from opsctl.errors import DataError, NotFoundError
from opsctl.image.listing import list_files, read_file
from opsctl.image.models import FileKind
from tests.image.layers import MemoryCache, build_image, file, folder, hardlink, symlink, tar
from tests.image.unpacked import compare_with_folder

PLENTY = 1 << 30
TREE = [
    folder("app", 0o750),
    file("app/run", b"#!/bin/sh\n", 0o4755),
    file("app/한글 이름.txt", b"abc"),
    symlink("app/link", "../etc/x"),
    hardlink("same", "app/run")._replace(mode=0o4755),
    folder("empty", 0o1777),
]
IMAGE = build_image([file("etc/x", b"12345"), file("etc/y")], TREE, [folder("etc"), file("etc/.wh.y")])


def unpack(root: Path, archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(root, filter="fully_trusted")


def test_a_listing_agrees_with_an_unpacked_folder(tmp_path: Path) -> None:
    unpack(tmp_path, tar([folder("etc"), file("etc/x", b"12345")]))
    unpack(tmp_path, tar(TREE))
    listing = list_files(*IMAGE, budget_bytes=PLENTY)
    assert listing.is_complete
    assert compare_with_folder(listing, tmp_path) == []


def test_the_comparison_sees_every_difference(tmp_path: Path) -> None:
    unpack(tmp_path, tar([file("etc/x", b"1"), file("etc/y"), file("app", b"f"), symlink("same", "app")]))
    text = "\n".join(compare_with_folder(list_files(*IMAGE, budget_bytes=PLENTY), tmp_path))
    for expected in (
        "/etc/y: only unpacked",
        "/empty: only listed",
        "/etc/x: 1 bytes",
        "/app: a file, listed as folder",
    ):
        assert expected in text


def test_children_only() -> None:
    listing = list_files(*IMAGE, "/", budget_bytes=PLENTY, is_recursive=False)
    assert [entry.path for entry in listing.entries] == ["/app", "/empty", "/etc", "/same"]
    same = listing.entries[-1]
    assert (same.kind, same.size_bytes, same.mode, same.link_target) == (FileKind.HARDLINK, 10, 0o4755, "/app/run")


def test_below_a_linked_folder_names_are_as_asked_for() -> None:
    image = build_image([file("srv/v1/x"), symlink("now", "srv/v1")])
    listing = list_files(*image, "/now/", budget_bytes=PLENTY)
    assert [entry.path for entry in listing.entries] == ["/now", "/now/x"]


def test_a_single_file_and_a_symlink_to_nothing_are_listed() -> None:
    assert [entry.path for entry in list_files(*IMAGE, "/app/run", budget_bytes=PLENTY).entries] == ["/app/run"]
    image = build_image([symlink("a", "gone")])
    assert [entry.link_target for entry in list_files(*image, "/a", budget_bytes=PLENTY).entries] == ["gone"]


def test_what_is_absent_names_the_layer_that_removed_it_and_what_is_near() -> None:
    with pytest.raises(NotFoundError, match="layer 2 removed it") as failure:
        list_files(*IMAGE, "/etc/y", budget_bytes=PLENTY)
    assert failure.value.code == "no-such-path"
    with pytest.raises(NotFoundError) as failure:
        list_files(*IMAGE, "/app/rum", budget_bytes=PLENTY)
    assert failure.value.hint == "There is /app/run."


def test_past_the_budget_a_listing_is_incomplete() -> None:
    budget_bytes = sum(layer.blob.size_bytes for layer in IMAGE[0].layers[1:])
    listing = list_files(*IMAGE, budget_bytes=budget_bytes)
    assert not listing.is_complete
    assert "layer 0" in (listing.undecided or "")
    assert "/app/run" in {entry.path for entry in listing.entries}
    with pytest.raises(DataError) as failure:
        list_files(*IMAGE, "/nowhere", budget_bytes=budget_bytes)
    assert failure.value.code == "download-limit"


def test_an_opaque_folder_stops_the_reading() -> None:
    image = build_image([file("app/old")], [folder("app"), file("app/.wh..wh..opq"), file("app/new")])
    listing = list_files(*image, "/app", budget_bytes=PLENTY)
    assert [entry.path for entry in listing.entries] == ["/app", "/app/new"]
    assert (listing.is_complete, listing.layers_read) == (True, 1)


def test_reads_a_file_through_links_and_from_below_the_cache() -> None:
    cache = MemoryCache()
    for layers_cached in (0, 3):
        read = read_file(*IMAGE, "/app/link", budget_bytes=PLENTY, max_bytes=100, cache=cache)
        assert (read.content, read.entry.path, read.is_cut) == (b"12345", "/etc/x", False)
        assert read.layers_cached == layers_cached
    assert read_file(*IMAGE, "/same", budget_bytes=PLENTY, max_bytes=100).content == b"#!/bin/sh\n"


def test_a_long_file_is_cut() -> None:
    read = read_file(*IMAGE, "/etc/x", budget_bytes=PLENTY, max_bytes=2)
    assert (read.content, read.is_cut, read.entry.size_bytes) == (b"12", True, 5)


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(DataError, match="folder") as failure:
        read_file(*IMAGE, "/app", budget_bytes=PLENTY, max_bytes=9)
    assert failure.value.code == "not-a-file"
    with pytest.raises(NotFoundError, match="leads to /gone"):
        read_file(*build_image([symlink("a", "gone")]), "/a", budget_bytes=PLENTY, max_bytes=9)
    with pytest.raises(DataError, match="loop"):
        read_file(*build_image([symlink("a", "a")]), "/a", budget_bytes=PLENTY, max_bytes=9)
    with pytest.raises(DataError) as failure:
        read_file(*IMAGE, "/etc/x", budget_bytes=10, max_bytes=9)
    assert failure.value.code == "download-limit"
