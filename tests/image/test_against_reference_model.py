"""Random stacks of layers: what listing and inspecting say is what an unpacked image has."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsctl.image.inspect import inspect
from opsctl.image.listing import list_files
from opsctl.image.models import FileEntry, FileKind, Wanted
from tests.image.layers import Entry, MemoryCache, build_image, file, symlink
from tests.image.reference_model import Disk, Item, LinkLoopError, UnreachableError, unpack
from tests.image.stacks import paths, stacks

KINDS = {"f": FileKind.FILE, "d": FileKind.FOLDER, "l": FileKind.SYMLINK, "p": FileKind.PIPE}
PLENTY = 1 << 30


def is_same(entry: FileEntry, item: Item) -> bool:
    if entry.kind != FileKind.HARDLINK and entry.kind != KINDS[item.kind]:
        return False
    if item.kind == "l":
        return entry.kind == FileKind.HARDLINK or entry.link_target == item.link
    return entry.mode == item.mode and entry.size_bytes == len(item.content)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(stacks)
@example([[symlink("a", "b")], [file("a/c/x")]])
@example([[symlink("a", "b"), symlink("b", "c")], [file("a/x")], [Entry("c/.wh.x")]])
def test_a_listing_is_what_unpacking_gives(stack: list[list[Entry]]) -> None:
    disk = unpack(stack)
    image, blobs = build_image(*stack, compression="plain")

    listing = list_files(image, blobs, "/", budget_bytes=PLENTY)

    expected = dict(disk.walk())
    found = {entry.path: entry for entry in listing.entries}
    assert listing.is_complete
    assert sorted(found) == sorted(expected)
    assert [path for path in found if not is_same(found[path], expected[path])] == []


@settings(max_examples=120, deadline=None, derandomize=True)
@given(stacks, st.frozensets(paths.map("/{}".format), min_size=1, max_size=4), st.integers(0, 40_000), st.booleans())
def test_no_verdict_is_ever_wrong(
    stack: list[list[Entry]], wanted: frozenset[str], budget_bytes: int, is_cached: bool
) -> None:
    disk = unpack(stack)
    image, blobs = build_image(*stack, compression="plain")
    cache = MemoryCache()
    if is_cached:
        list_files(image, blobs, "/", budget_bytes=PLENTY, cache=cache)

    found = inspect(image, blobs, Wanted(paths=wanted, texts=wanted), budget_bytes=budget_bytes, cache=cache)

    entries = {entry.path: entry for entry in found.files}
    assert found.bytes_read <= budget_bytes
    for path in entries:
        assert reach(disk, path, follows_last=False) is not None
    for path in found.absent:
        assert reach(disk, path, follows_last=False) is None
    for path in wanted:
        assert path in entries or path in found.absent or path in found.undecided
        item = reach(disk, path)
        if path in found.texts:
            assert item is not None
            assert item.content == found.texts[path].encode()
    links = tuple(f"{entry.path}/" for entry in found.files if entry.kind == FileKind.SYMLINK)
    for path, number in found.removed.items():
        if path.startswith(links):
            continue  # removed where the link leads, which need not be when the link was there
        # A whiteout is believed without a look at what it hides: builders write none for nothing.
        assert is_removed_by(stack, number, path) or is_whiteout_in(stack[number], path)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(stacks, paths.map("/{}".format))
def test_with_enough_budget_nothing_but_loops_stays_undecided(stack: list[list[Entry]], path: str) -> None:
    disk = unpack(stack)
    image, blobs = build_image(*stack, compression="plain")

    found = inspect(image, blobs, Wanted(paths=frozenset([path])), budget_bytes=PLENTY)

    try:
        disk.find(path)
    except LinkLoopError:
        return
    except UnreachableError:
        pass
    assert not found.undecided
    assert (path in found.absent) == (reach(disk, path, follows_last=False) is None)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(stacks, st.data())
def test_a_wanted_folder_is_told_whole(stack: list[list[Entry]], data: st.DataObject) -> None:
    disk = unpack(stack)
    image, blobs = build_image(*stack, compression="plain")
    folders = [path for path, _ in disk.walk() if (item := reach(disk, path)) is not None and item.kind == "d"]
    path = data.draw(st.sampled_from(sorted(folders))) if folders else "/"
    item = disk.find(path)

    found = inspect(image, blobs, Wanted(folders=frozenset([path])), budget_bytes=PLENTY)

    expected = {path.rstrip("/") + below for below, _ in Disk(root=item).walk()}
    assert expected <= {entry.path for entry in found.files}
    below = {entry.path for entry in found.files if entry.path.startswith(path + "/")}
    assert all(reach(disk, one, follows_last=False) for one in below)
    assert not found.undecided


def reach(disk: Disk, path: str, *, follows_last: bool = True) -> Item | None:
    try:
        return disk.find(path, follows_last=follows_last)
    except UnreachableError:
        return None


def is_removed_by(stack: list[list[Entry]], number: int, path: str) -> bool:
    before, after = unpack(stack[:number]), unpack(stack[: number + 1])
    return reach(before, path, follows_last=False) is not None and reach(after, path, follows_last=False) is None


def is_whiteout_in(layer: list[Entry], path: str) -> bool:
    return any(entry.name.endswith(f".wh.{path.rpartition('/')[2]}") for entry in layer)
