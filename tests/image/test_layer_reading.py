"""Archives of layers: names in every format, hostile ones, bounds, and what the cache keeps."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsctl.errors import DataError
from opsctl.image.layer_build import IndexLimits
from opsctl.image.layer_index import LayerIndex
from opsctl.image.layer_reading import read_layer
from opsctl.image.layer_stream import LayerStream
from opsctl.image.models import Descriptor
from tests.image.layers import MEDIA_TYPES, Entry, digest_of, file, folder, hardlink, symlink, tar


def read(archive: bytes | Sequence[Entry], limits: IndexLimits | None = None, **texts: int) -> LayerIndex:
    return read_with_texts(archive, {}, limits)[0]


def read_with_texts(
    archive: bytes | Sequence[Entry], texts: dict[bytes, int], limits: IndexLimits | None = None
) -> tuple[LayerIndex, dict[bytes, bytes]]:
    content = archive if isinstance(archive, bytes) else tar(archive)
    blob = Descriptor(MEDIA_TYPES["plain"], digest_of(content), len(content))
    return read_layer(LayerStream(blob, iter([content])), texts, limits)


def kinds(index: LayerIndex, place: str = "") -> dict[str, str]:
    listed = index.list(place.encode())
    return {name.decode(errors="replace"): one.record.kind if one.record else "w" for name, one in listed.items()}


def patch(archive: bytes, offset: int, field: bytes) -> bytes:
    """Changes a field of the first header and mends the check sum."""
    header = bytearray(archive[:512])
    header[offset : offset + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + archive[512:]


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_links_of_every_format(tar_format: int) -> None:
    name = "/".join(["folder"] * 12) + "/" + "n" * 90
    link = "t" * (90 if tar_format == tarfile.USTAR_FORMAT else 300)
    index = read(tar([file(name, b"12345"), symlink("link", link)], tar_format))
    place, _, last = name.rpartition("/")
    record = index.find(place.encode(), last.encode()).record
    assert record is not None
    assert record.size_bytes == 5
    target = index.find(b"", b"link").record
    assert target is not None
    assert target.link == link.encode()


@pytest.mark.parametrize("name", ["./a/b", "a/b", "/a/b", "a//b", "a/./b", "./a/x/../b", "../a/b", "../../a/b", "a/b/"])
def test_a_name_is_a_path_inside_the_root(name: str) -> None:
    index = read([file(name)] if not name.endswith("/") else [folder(name)])
    assert kinds(index, "a") == {"b": "d" if name.endswith("/") else "f"}
    assert bool(index.remarks) == name.startswith("..")


def test_names_that_are_no_utf_8_are_kept() -> None:
    target = io.BytesIO()
    with tarfile.open(
        fileobj=target, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        archive.addfile(tarfile.TarInfo("bad-\udcff\udcfe"))
    assert read(target.getvalue()).find(b"", b"bad-\xff\xfe").record is not None


def test_a_folder_of_before_ustar_ends_with_a_slash() -> None:
    archive = patch(tar([folder("old")], tarfile.USTAR_FORMAT), 156, b"\0")
    assert kinds(read(archive)) in ({"old": "d"}, {"old": "f"})
    archive = patch(patch(tar([file("old2")], tarfile.USTAR_FORMAT), 156, b"\0"), 0, b"old/\0")
    assert kinds(read(archive)) == {"old": "d"}


def test_markers_are_no_entries() -> None:
    index = read([file("a/.wh.gone"), file("a/.wh..wh..opq"), file(".wh..wh.plnk/1"), file("a/.wh."), file("a/.wh...")])
    assert kinds(index) == {"a": "i"}
    assert kinds(index, "a") == {"gone": "w"}
    assert index.opaque == {b"a"}
    assert len(index.remarks) == 2


def test_of_two_entries_the_later_one_counts() -> None:
    index, contents = read_with_texts(
        [file("a", b"one"), symlink("b", "x"), file("a", b"two"), file("b", b"b")], {b"a": 9, b"b": 9}
    )
    assert kinds(index) == {"a": "f", "b": "f"}
    assert contents == {b"a": b"two", b"b": b"b"}


def test_what_goes_through_a_symlink_of_the_layer_lands_where_it_points() -> None:
    index, contents = read_with_texts(
        [symlink("lib", "usr/lib"), file("lib/a.so", b"x"), hardlink("b.so", "lib/a.so")], {b"usr/lib/a.so": 9}
    )
    assert kinds(index, "usr/lib") == {"a.so": "f"}
    assert contents == {b"usr/lib/a.so": b"x"}
    link = index.find(b"", b"b.so").record
    assert link is not None
    assert link.link == b"usr/lib/a.so"


def test_a_loop_of_symlinks_is_named_and_nothing_is_lost_but_what_is_in_it() -> None:
    index = read([symlink("a", "b"), symlink("b", "a"), file("a/x"), file("c")])
    assert kinds(index) == {"a": "l", "b": "l", "c": "f"}
    assert any("loop" in remark for remark in index.remarks)


def test_a_file_takes_the_place_of_a_folder_and_what_is_in_it() -> None:
    index = read([folder("a"), file("a/x"), file("a")])
    assert kinds(index) == {"a": "f"}
    assert b"a" not in index.blocks


@pytest.mark.parametrize("major_minor", [(0, 0), (1, 3)])
def test_devices_are_entries_and_never_more(major_minor: tuple[int, int]) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"dev{kind.decode()}")
            member.type, (member.devmajor, member.devminor) = kind, major_minor
            archive.addfile(member)
    assert kinds(read(target.getvalue())) == {"dev3": "c", "dev4": "b", "dev6": "p"}


def test_the_real_size_of_sparse_files_is_told_and_their_map_is_no_content() -> None:
    stored = io.BytesIO()
    with tarfile.open(fileobj=stored, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("GNUSparseFile.0/s")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.name": "s", "GNU.sparse.realsize": "1000000"}
        member.size = 1024
        archive.addfile(member, io.BytesIO(bytes(1024)))
        archive.addfile(tarfile.TarInfo("next"))
    index, contents = read_with_texts(stored.getvalue(), {b"s": 100})
    record = index.find(b"", b"s").record
    assert record is not None
    assert record.size_bytes == 1_000_000
    assert contents == {}
    assert kinds(index) == {"s": "f", "next": "f"}


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001\0", b"9999999999\0\0", b"zzz\0"])
def test_sizes_that_cannot_be_are_refused(size: bytes) -> None:
    assert fail(patch(tar([file("a", b"x")]), 124, size)) == "layer-unreadable"


def test_a_huge_size_ends_with_the_archive() -> None:
    assert fail(patch(tar([file("a", b"x")]), 124, b"77777777777\0")) == "layer-truncated"


@pytest.mark.parametrize("end", [700, 512, 100])
def test_an_archive_that_is_cut_is_truncated(end: int) -> None:
    assert fail(tar([file("a", b"x" * 1_000)])[:end]) == "layer-truncated"


def test_a_wrong_check_sum_is_unreadable() -> None:
    archive = bytearray(tar([file("a", b"x")]))
    archive[0] ^= 1
    assert fail(bytes(archive)) == "layer-unreadable"


def test_an_empty_layer_and_one_without_an_end_can_be_read() -> None:
    assert kinds(read([])) == {}
    assert kinds(read(b"")) == {}
    assert kinds(read(tar([file("a")])[:512])) == {"a": "f"}


def test_entries_and_names_are_bounded() -> None:
    many = [file(f"f{number}") for number in range(200)]
    assert fail(tar(many), IndexLimits(most_entries=100)) == "layer-bomb"
    deep = [file("/".join(["d"] * 500) + f"/{number}/f") for number in range(20)]
    assert fail(tar(deep), IndexLimits(most_bytes=100_000)) == "layer-bomb"
    assert read([file("x" * 5_000), file("ok")]).remarks
    remarks = read([file(f"../{number}") for number in range(100)]).remarks
    assert len(remarks) == 21
    assert "80 more" in remarks[-1]


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert fail_or_none(content) in {None, "layer-unreadable", "layer-truncated"}


@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    archive = bytearray(tar([file("a", b"x"), symlink("l", "a"), file("n" * 150, b"y"), file("a/.wh.b")]))
    for _ in range(data.draw(st.integers(1, 5))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    assert fail_or_none(bytes(archive)) in {None, "layer-unreadable", "layer-truncated"}


def test_what_a_cache_keeps_is_the_same_index() -> None:
    index = read(
        [
            folder("a", 0o1777),
            file("a/b", b"x" * 7, 0o4755),
            symlink("한글", "../x"),
            hardlink("h", "a/b"),
            file("c/.wh..wh..opq"),
            file("c/.wh.d"),
            file("../r"),
        ]
    )
    again = LayerIndex.from_bytes(index.to_bytes())
    assert again is not None
    assert (again.blocks, again.opaque, again.remarks) == (index.blocks, index.opaque, index.remarks)


@given(st.data())
def test_what_is_damaged_in_a_cache_is_ignored(data: st.DataObject) -> None:
    stored = bytearray(read([folder("a"), file("a/b")]).to_bytes())
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    assert LayerIndex.from_bytes(bytes(stored)) is None
    assert LayerIndex.from_bytes(bytes(stored[: data.draw(st.integers(0, len(stored) - 1))])) is None


def fail(archive: bytes, limits: IndexLimits | None = None) -> str:
    with pytest.raises(DataError) as failure:
        read(archive, limits)
    return failure.value.code


def fail_or_none(archive: bytes) -> str | None:
    try:
        read(archive)
    except DataError as error:
        return error.code
    return None


@pytest.mark.parametrize("size_bytes", [1, 511, 512, 513])
def test_padding_and_end_of_the_archive_may_be_missing(size_bytes: int) -> None:
    archive = tar([file("a", b"x"), file("b", b"y" * size_bytes)])
    index, contents = read_with_texts(archive[: 3 * 512 + size_bytes], {b"b": 1_000})
    assert kinds(index) == {"a": "f", "b": "f"}
    assert contents == {b"b": b"y" * size_bytes}
    assert fail(archive[: 3 * 512 + size_bytes - 1]) == "layer-truncated"


def test_the_map_of_a_sparse_file_is_not_taken_for_its_content() -> None:
    # 512 bytes of map and 512 of content; the file is a hole of 512 bytes and that content.
    stored = b"1\n512\n512\n".ljust(512, b"\0") + b"x" * 512
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("GNUSparseFile.0/sparse")
        member.size = len(stored)
        member.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "sparse",
            "GNU.sparse.realsize": "1024",
        }
        archive.addfile(member, io.BytesIO(stored))
    index, contents = read_with_texts(target.getvalue(), {b"sparse": 2_000})
    record = index.find(b"", b"sparse").record
    assert record is not None
    assert record.size_bytes == 1024
    assert contents == {}
