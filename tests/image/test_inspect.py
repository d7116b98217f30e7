"""Inspecting: reads no layer more than the answer needs, says nothing that it does not know."""

from __future__ import annotations

import os
import time

import pytest

from opsctl.errors import DataError, UnavailableError
from opsctl.image.inspect import inspect
from opsctl.image.models import FileKind, ImageDescription, Inspection, Wanted
from tests.image.layers import Entry, MemoryBlobs, MemoryCache, build_image, file, folder, hardlink, symlink

PLENTY = 1 << 30
APP = [folder("app"), folder("app/dist"), file("app/dist/migrate.js", b"run()"), file("app/package.json", b'{"a": 1}')]
BASE = [folder("bin"), file("bin/sh", os.urandom(40_000), 0o755), file("etc/os-release", b"ID=debian")]


def look(
    image: tuple[ImageDescription, MemoryBlobs],
    *paths: str,
    texts: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    budget_bytes: int = PLENTY,
    cache: MemoryCache | None = None,
    longest_text_bytes: int = 65_536,
    most_entries_per_folder: int = 2_000,
) -> Inspection:
    wanted = Wanted(
        frozenset(paths),
        frozenset(folders),
        frozenset(texts),
        frozenset(optional),
        longest_text_bytes,
        most_entries_per_folder,
    )
    return inspect(image[0], image[1], wanted, budget_bytes=budget_bytes, cache=cache)


def names(found: Inspection) -> list[str]:
    return [entry.path for entry in found.files]


def size(image: tuple[ImageDescription, MemoryBlobs], *numbers: int) -> int:
    return sum(image[0].layers[number].blob.size_bytes for number in numbers)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "plain", "docker"])
def test_what_is_on_top_costs_only_the_top_layers(compression: str) -> None:
    image = build_image(BASE, APP, [file("app/readme")], compression=compression)
    found = look(image, "/app/dist/migrate.js", texts=("/app/package.json",))
    assert names(found) == ["/app/dist/migrate.js", "/app/package.json"]
    assert found.texts == {"/app/package.json": '{"a": 1}'}
    assert (found.bytes_read, found.layers_read) == (size(image, 1, 2), 2)
    assert not found.absent
    assert not found.undecided
    assert found.files[0].layer == 1


def test_that_something_is_missing_takes_all_layers() -> None:
    image = build_image(BASE, APP)
    found = look(image, "/app/dist/other.js")
    assert found.absent == {"/app/dist/other.js"}
    assert found.bytes_read == size(image, 0, 1)
    assert found.removed == {}


def test_a_whiteout_decides_and_names_the_layer() -> None:
    image = build_image(BASE, APP, [folder("app"), folder("app/dist"), file("app/dist/.wh.migrate.js")])
    found = look(image, "/app/dist/migrate.js")
    assert found.absent == {"/app/dist/migrate.js"}
    assert found.removed == {"/app/dist/migrate.js": 2}
    assert found.layers_read == 1


def test_who_removed_a_folder_around_a_path_is_told_only_when_the_path_was_there() -> None:
    cache = MemoryCache()
    image = build_image(BASE, APP, [folder("app"), file("app/.wh.dist")])
    unknown = look(image, "/app/dist/migrate.js")
    assert unknown.absent == {"/app/dist/migrate.js"}
    assert not unknown.removed
    look(image, folders=("/",), cache=cache)
    found = look(image, "/app/dist/migrate.js", "/app/dist/never.js", cache=cache)
    assert found.removed == {"/app/dist/migrate.js": 2}
    assert found.absent == {"/app/dist/migrate.js", "/app/dist/never.js"}


@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_opaque_marker_hides_what_is_below_wherever_it_stands(position: int) -> None:
    layer = [folder("app"), folder("app/dist"), file("app/dist/new.js")]
    layer.insert(position + 1, file("app/.wh..wh..opq"))
    image = build_image(BASE, APP, layer)
    found = look(image, "/app/package.json", "/app/dist/new.js", folders=("/app",))
    assert found.absent == {"/app/package.json"}
    assert names(found) == ["/app", "/app/dist", "/app/dist/new.js"]
    assert found.layers_read == 1


def test_past_the_budget_nothing_is_said_to_be_absent() -> None:
    image = build_image(BASE, APP)
    found = look(image, "/app/dist/migrate.js", "/bin/sh", "/nowhere", budget_bytes=size(image, 1))
    assert names(found) == ["/app/dist/migrate.js"]
    assert found.absent == frozenset()
    assert set(found.undecided) == {"/bin/sh", "/nowhere"}
    assert "layer 0 (" in found.undecided["/bin/sh"]
    assert "was not downloaded" in found.undecided["/bin/sh"]
    assert found.bytes_read == size(image, 1)
    assert not found.is_complete


def test_optional_paths_cost_nothing_and_their_absence_is_no_answer() -> None:
    image = build_image(BASE, APP)
    found = look(
        image,
        "/app/dist/migrate.js",
        texts=("/app/package.json",),
        optional=("/bin/sh", "/nowhere", "/app/package.json"),
    )
    assert names(found) == ["/app/dist/migrate.js", "/app/package.json"]
    assert found.texts == {"/app/package.json": '{"a": 1}'}
    assert not found.absent
    assert not found.undecided
    assert found.layers_read == 1


def test_the_second_time_nothing_is_downloaded_but_contents() -> None:
    cache = MemoryCache()
    image = build_image(BASE, APP)
    first = look(image, "/bin/sh", "/nowhere", cache=cache)
    again = look(image, "/bin/sh", "/nowhere", cache=cache)
    assert (again.bytes_read, again.layers_read, again.layers_cached) == (0, 0, 2)
    assert (again.files, again.absent) == (first.files, first.absent)
    with_text = look(image, "/nowhere", texts=("/app/package.json",), cache=cache)
    assert with_text.texts == {"/app/package.json": '{"a": 1}'}
    assert with_text.bytes_read == size(image, 1)
    assert b"run()" not in b"".join(cache.stored.values())


def test_a_damaged_cache_is_read_anew() -> None:
    image = build_image(BASE, APP)
    cache = MemoryCache({layer.blob.digest: b"rubbish" for layer in image[0].layers})
    assert look(image, "/nowhere", cache=cache).layers_read == 2
    assert look(image, "/nowhere", cache=cache).layers_cached == 2


def test_a_text_behind_links_is_found_in_the_layer_that_has_it() -> None:
    links = [
        symlink("current", "app"),
        hardlink("copy.json", "app/package.json"),
        symlink("app/link.json", "../copy.json"),
    ]
    image = build_image(BASE, APP, links)
    texts = ("/current/package.json", "/copy.json", "/app/link.json")
    found = look(image, texts=texts)
    assert found.texts == dict.fromkeys(texts, '{"a": 1}')
    kinds = {entry.path: entry.kind for entry in found.files}
    assert kinds["/current"] == FileKind.SYMLINK
    assert kinds["/copy.json"] == FileKind.HARDLINK
    assert kinds["/current/package.json"] == FileKind.FILE
    copy = next(entry for entry in found.files if entry.path == "/copy.json")
    assert (copy.size_bytes, copy.link_target, copy.layer) == (8, "/app/package.json", 2)


def test_a_symlink_to_nothing_exists_and_its_target_does_not() -> None:
    image = build_image(BASE, [*APP, symlink("app/run.js", "build/run.js"), symlink("now", "v9")])
    found = look(image, "/app/run.js", "/now/x")
    assert found.absent == {"/app/build/run.js", "/now/x"}
    assert names(found) == ["/app/run.js", "/now"]
    assert any("leads to /v9/x" in remark for remark in found.remarks)


def test_loops_are_named_and_never_called_absent() -> None:
    image = build_image([symlink("a", "b"), symlink("b", "a")])
    found = look(image, "/a", "/a/x")
    assert found.absent == frozenset()
    assert set(found.undecided) == {"/a/x"}
    assert names(found) == ["/a", "/b"]
    assert any("loop" in remark for remark in found.remarks)


def test_what_lies_below_a_file_cannot_be() -> None:
    found = look(build_image(BASE), "/bin/sh/x")
    assert found.absent == {"/bin/sh/x"}
    assert any("no folder" in remark for remark in found.remarks)


def test_a_layer_on_top_of_merged_folders_lands_where_their_links_point() -> None:
    base = [folder("usr"), folder("usr/lib"), symlink("lib", "usr/lib"), file("usr/lib/old.so")]
    image = build_image(base, [file("lib/new.so", b"x"), file("lib/.wh.old.so")])
    found = look(image, "/usr/lib/new.so", "/lib/new.so", "/usr/lib/old.so", texts=("/usr/lib/new.so",))
    assert {"/usr/lib/new.so", "/lib/new.so"} <= set(names(found))
    assert found.absent == {"/usr/lib/old.so"}
    assert found.removed == {"/usr/lib/old.so": 1}
    assert found.texts == {"/usr/lib/new.so": "x"}


def test_texts_are_cut_and_only_utf_8() -> None:
    image = build_image([file("long", "가나다".encode()), file("binary", b"\xff\xfe"), file("empty")])
    found = look(image, texts=("/long", "/binary", "/empty"), longest_text_bytes=4)
    assert found.texts == {"/long": "가", "/empty": ""}
    assert any("not UTF-8" in remark for remark in found.remarks)
    assert any("first 4 of 9" in remark for remark in found.remarks)
    assert not found.undecided


def test_a_folder_is_told_whole_and_its_limit_is_said() -> None:
    image = build_image(BASE, APP, [file(f"app/dist/{number}.js") for number in range(5)])
    whole = look(image, folders=("/",))
    assert whole.is_complete
    assert "/bin/sh" in names(whole)
    assert "/app/dist/migrate.js" in names(whole)
    cut = look(image, folders=("/app",), most_entries_per_folder=3)
    assert set(cut.undecided) == {"/app"}
    assert look(image, folders=("/none",)).absent == {"/none"}


def test_a_layer_that_cannot_be_had_leaves_what_depends_on_it_undecided() -> None:
    image = build_image(BASE, APP)
    image[1].errors[image[0].layers[0].blob.digest] = UnavailableError("The registry is gone.")
    found = look(image, "/app/dist/migrate.js", "/bin/sh")
    assert names(found) == ["/app/dist/migrate.js"]
    assert found.undecided == {"/bin/sh": "layer 0 could not be read: The registry is gone."}


def test_when_not_even_the_first_layer_can_be_had_the_error_is_raised() -> None:
    image = build_image(BASE, APP)
    digest = image[0].layers[1].blob.digest
    image[1].blobs[digest] = image[1].blobs[digest][:-50]
    with pytest.raises(DataError) as failure:
        look(image, "/bin/sh")
    assert failure.value.code == "layer-truncated"


def test_names_that_are_no_text_can_be_asked_for() -> None:
    odd = os.fsdecode(b"odd-\xff")
    image = build_image([Entry(odd)])
    assert names(look(image, f"/{odd}")) == [f"/{odd}"]


def test_an_image_without_layers_holds_nothing() -> None:
    assert look(build_image(), "/x").absent == {"/x"}


def test_a_link_of_lower_layers_leads_into_a_folder_that_the_layer_itself_makes() -> None:
    image = build_image([symlink("b", "a"), file("a")], [folder("a"), file("b/x", b"1")])
    found = look(image, "/a/x", "/b/x")
    assert {"/a/x", "/b/x"} <= set(names(found))
    assert not found.absent


def test_a_link_that_lands_on_a_folder_which_the_layer_names_as_well() -> None:
    image = build_image([symlink("b", "a"), file("a/y")], [symlink("b/a", "b"), file("a/a/x")])
    found = look(image, "/a/b/x", "/a/a/x")
    assert {"/a/b/x", "/a/a/x"} <= set(names(found))


def test_a_hard_link_to_a_symlink_of_a_lower_layer_is_followed() -> None:
    image, blobs = build_image([symlink("b/a", "..")], [hardlink("c", "b/a")])
    found = inspect(image, blobs, Wanted(paths=frozenset({"/c/b", "/c/x"})), budget_bytes=PLENTY)
    assert found.absent == {"/c/x"}
    assert "/c/b" in {entry.path for entry in found.files}


def test_a_folder_that_a_layer_leaves_out_may_be_a_link_to_what_was_removed() -> None:
    """The file of layer 1 lies in usr/lib, and layer 2 removes it there."""
    stack = [
        [folder("usr/lib"), symlink("lib", "usr/lib")],
        [file("lib/x")],
        [folder("usr/lib"), file("usr/lib/.wh.x")],
    ]
    image, blobs = build_image(*stack)
    found = inspect(image, blobs, Wanted(paths=frozenset({"/lib/x", "/usr/lib/x"})), budget_bytes=PLENTY)
    assert found.absent == {"/lib/x", "/usr/lib/x"}
    budget_bytes = sum(layer.blob.size_bytes for layer in image.layers[1:])
    found = inspect(image, blobs, Wanted(paths=frozenset({"/lib/x"})), budget_bytes=budget_bytes)
    assert found.undecided.keys() == {"/lib/x"}


def test_a_removed_path_is_open_while_something_may_land_there() -> None:
    stack = [[symlink("a", "q")], [file(".wh.q")], [file("a/x")]]
    image, blobs = build_image(*stack)
    found = inspect(image, blobs, Wanted(paths=frozenset({"/q/x"})), budget_bytes=PLENTY)
    assert [entry.path for entry in found.files] == ["/q/x"]


def test_a_link_that_lands_through_a_link_is_passed_by_what_comes_later() -> None:
    image, blobs = build_image([symlink("c", "/")], [symlink("c/b", "."), file("b/a")], [file("b/x/y")])
    found = inspect(image, blobs, Wanted(paths=frozenset({"/a", "/x/y"})), budget_bytes=PLENTY)
    assert [entry.path for entry in found.files] == ["/a", "/x/y"]


def test_a_hard_link_keeps_what_its_layer_replaces_afterwards() -> None:
    image, blobs = build_image([file("c", b"old")], [hardlink("a", "c"), file("c", b"new one")])
    found = inspect(image, blobs, Wanted(texts=frozenset({"/a", "/c"})), budget_bytes=PLENTY)
    assert found.texts == {"/a": "old", "/c": "new one"}


def test_a_folder_in_the_place_of_a_link_of_the_same_layer_is_empty() -> None:
    image, blobs = build_image([file("b/x")], [symlink("b", "elsewhere"), folder("b")])
    assert inspect(image, blobs, Wanted(paths=frozenset({"/b/x"})), budget_bytes=PLENTY).absent == {"/b/x"}


def test_hard_links_through_hard_links_take_no_time() -> None:
    chain = [hardlink(f"l{number}", f"l{number + 1}/l{number + 1}") for number in range(40)]
    image, blobs = build_image([file("x")], chain)
    began = time.process_time()
    look((image, blobs), "/l0", "/l0/x", texts=("/l0",))
    assert time.process_time() - began < 2
