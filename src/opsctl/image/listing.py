"""Lists the files of an image below a path, and reads one of them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from opsctl.errors import DataError, NotFoundError
from opsctl.image.layer_index import FILE
from opsctl.image.layer_loading import LayerLoader
from opsctl.image.models import FileEntry, ImageDescription
from opsctl.image.overlay import Absent, Loop, Node, Way
from opsctl.image.paths import from_text, join, shown, to_text
from opsctl.image.ports import BlobSource, LayerCache
from opsctl.image.search import ImageSearch

_MOST_NEAR = 3
_MOST_COMPARED = 5_000


@dataclass(frozen=True, slots=True)
class Listing:
    """What is below a path, sorted by path, the path itself included.

    `undecided` says why something may be missing from it, None when `is_complete`. `bytes_read` counts compressed
    bytes.
    """

    entries: tuple[FileEntry, ...]
    is_complete: bool
    undecided: str | None
    bytes_read: int
    layers_read: int
    layers_cached: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that was read; `entry` is the file that links led to. `is_cut` when it is longer than was asked for."""

    entry: FileEntry
    content: bytes
    is_cut: bool
    bytes_read: int
    layers_read: int
    layers_cached: int
    remarks: tuple[str, ...] = ()


def list_files(
    image: ImageDescription,
    blobs: BlobSource,
    under: str = "/",
    *,
    budget_bytes: int,
    cache: LayerCache | None = None,
    is_recursive: bool = True,
) -> Listing:
    """Everything below `under` (only its direct children unless `is_recursive`), the path itself included.

    A symlink on the way is followed, what is below is named as it was asked for; a symlink that leads nowhere is listed
    as it stands. Raises `NotFoundError` with code `no-such-path` (its message names the layer that removed the path,
    its hint what is near). A layer that cannot be had leaves the listing incomplete; for the first one the error is
    raised: `DataError` as `LayerStream` tells, and what `blobs` raises.
    """
    loader = LayerLoader(image, blobs, budget_bytes=budget_bytes, cache=cache)
    search = ImageSearch(loader, {})
    path = from_text(under)
    way = _look(search, path)
    while is_open := not _is_told(search, way, is_recursive):
        if not search.deepen():
            break
        way = search.overlay.follow(path)
    return Listing(
        entries=tuple(sorted(_list(search, path, way, is_recursive))),
        is_complete=not is_open,
        undecided=search.blocked if is_open else None,
        bytes_read=loader.bytes_read,
        layers_read=loader.layers_read,
        layers_cached=loader.layers_cached,
        remarks=tuple(search.remarks),
    )


def read_file(
    image: ImageDescription,
    blobs: BlobSource,
    path: str,
    *,
    budget_bytes: int,
    max_bytes: int,
    cache: LayerCache | None = None,
) -> FileContent:
    """The content of a file, links followed. Raises what `list_files` raises, and `DataError` with code `not-a-file`
    for a folder or a device, `download-limit` when `budget_bytes` is not enough to tell or to read it,
    `layer-unreadable` when it cannot be read otherwise."""
    loader = LayerLoader(image, blobs, budget_bytes=budget_bytes, cache=cache)
    place = from_text(path)
    search = ImageSearch(loader, {place: max_bytes})
    way = _look(search, place)
    file = search.overlay.find_content(way.end) if isinstance(way.end, Node) else way.end
    if not isinstance(file, Node):
        raise _absent(search, place, way)
    if file.record.kind != FILE:
        kind = search.describe(file).kind.value
        raise DataError(f"/{shown(file.path)} is no file but a {kind}.", code="not-a-file")
    content = search.read_content(file)
    if content is None:
        failed = search.fetch({file: max_bytes})
        content = search.read_content(file)
    if content is None:
        raise _blocked(search, place, failed.get(file) or "it is stored as a sparse file")
    return FileContent(
        entry=search.describe(file),
        content=content,
        is_cut=len(content) < file.record.size_bytes,
        bytes_read=loader.bytes_read,
        layers_read=loader.layers_read,
        layers_cached=loader.layers_cached,
        remarks=tuple(search.remarks),
    )


def _look(search: ImageSearch, path: bytes) -> Way:
    """Reads layers until it is known where a path leads."""
    while (way := search.find(path)) is None:
        if not search.deepen():
            break
    if way is None:
        raise _blocked(search, path, search.blocked or "its layers contradict each other")
    if isinstance(way.end, Node) or isinstance(_find_own(search, path), Node):
        return way
    raise _absent(search, path, way)


def _is_told(search: ImageSearch, way: Way, is_recursive: bool) -> bool:
    if not isinstance(way.end, Node) or not way.end.is_folder:
        return True
    return search.is_closed(way.end, is_recursive=is_recursive)


def _find_own(search: ImageSearch, path: bytes) -> object:
    return search.overlay.follow(path, is_last_followed=False).end


def _list(search: ImageSearch, path: bytes, way: Way, is_recursive: bool) -> list[FileEntry]:
    entries = {entry.path: entry for entry in map(search.describe, way.links)}
    own = _find_own(search, path)
    if isinstance(own, Node) and path:
        entries[to_text(path)] = search.describe(own, path)
    if isinstance(way.end, Node) and not way.end.is_folder:
        entries.setdefault(to_text(way.end.path), search.describe(way.end))
    if not isinstance(way.end, Node) or not way.end.is_folder:
        return list(entries.values())
    start = len(way.end.path)
    found = list(entries.values())
    found.extend(
        search.describe(node, join(path, node.path[start:].lstrip(b"/")))
        for node in search.walk(way.end, is_recursive=is_recursive)
    )
    return found


def _absent(search: ImageSearch, path: bytes, way: Way) -> Exception:
    if isinstance(way.end, Loop):
        return DataError(f"/{shown(path)} is in a loop of symlinks.", code="not-a-file")
    message = f"/{shown(path)} is not in the image"
    if way.links:
        message += f": it leads to /{shown(way.reached)}"
    remover = search.find_remover(way)
    if remover is not None:
        message += f"; layer {remover} removed it"
    near = _find_near(search, way)
    hint = f"There is {', '.join(near)}." if near else None
    return NotFoundError(f"{message}.", hint=hint, code="no-such-path")


def _find_near(search: ImageSearch, way: Way) -> list[str]:
    if not isinstance(way.end, Absent):
        return []
    folder, _, name = way.end.path.rpartition(b"/")
    end = search.overlay.follow(folder).end
    if not isinstance(end, Node) or not end.is_folder:
        return []
    names = {shown(child): node for child, node in sorted(search.overlay.list(end).items())[:_MOST_COMPARED]}
    return [f"/{shown(names[near].path)}" for near in difflib.get_close_matches(shown(name), names, _MOST_NEAR)]


def _blocked(search: ImageSearch, path: bytes, reason: str) -> DataError:
    is_limit = search.is_over_budget
    return DataError(
        f"What is at /{shown(path)} cannot be told: {reason}.",
        hint="Allow a larger download." if is_limit else None,
        code="download-limit" if is_limit else "layer-unreadable",
    )
