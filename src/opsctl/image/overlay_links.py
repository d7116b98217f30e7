"""What a layer unpacks through a symlink of lower layers.

A layer may hold `lib/a.so` without holding `lib`. When lower layers have `lib -> usr/lib`, unpacking follows that link,
and the file is `/usr/lib/a.so`. Images on top of a Debian base meet this when their builder leaves folders out. While
lower layers were not read nobody knows whether such a folder is a link.
"""

from __future__ import annotations

from collections.abc import Iterable

from opsctl.image.layer_index import IMPLIED, SYMLINK, LayerIndex
from opsctl.image.overlay import MOST_LINKS_FOLLOWED, Loop, Node, Open, Overlay
from opsctl.image.paths import is_within, join


def settle_links(overlay: Overlay) -> None:
    """Moves what lands elsewhere because of the symlinks of the lowest layer; call it after each `push`."""
    links = list(overlay.layers[overlay.bottom].iterate_links())
    for number in range(overlay.bottom + 1, overlay.top + 1):
        index = overlay.layers[number]
        # What was moved may lie behind a link again.
        for _ in range(MOST_LINKS_FOLLOWED):
            moved = [path for path in links if _move(overlay, number, path)]
            if not moved:
                break
            for path in [path for path in index.iterate_links() if path in index.blocks]:
                _move_behind_own(overlay, number, path)


def is_settled(overlay: Overlay, path: bytes, parts: Iterable[bytes]) -> bool:
    """Whether no layer that is still to be read can make something of the upper layers land on `path`, or on one of
    the folders around it. `parts` are the names on the way to it, those of symlinks included."""
    if overlay.bottom == 0:
        return True
    names = frozenset(parts)
    return not any(_can_land(overlay, number, path, names) for number in overlay.layers)


def is_fixed(overlay: Overlay) -> bool:
    """Whether no layer that is still to be read can make anything of the upper layers land elsewhere."""
    if overlay.bottom == 0:
        return True
    return all(
        _is_pinned(overlay, number, folder)
        for number, index in overlay.layers.items()
        for folder in index.iterate_implied()
    )


def _move(overlay: Overlay, number: int, path: bytes) -> bool:
    index = overlay.layers[number]
    if path not in index.blocks or not index.is_implied(path):
        return False
    end = overlay.follow(path, top=number - 1, is_last_followed=False).end
    link = overlay.find_content(end) if isinstance(end, Node) else end
    if not isinstance(link, Node) or link.record.kind != SYMLINK:
        return False
    return _move_to(overlay, number, path, link.record.link)


def _move_behind_own(overlay: Overlay, number: int, path: bytes) -> None:
    """A link of the layer that landed, through a link of lower layers, on a folder that the layer names as well."""
    parent, _, name = path.rpartition(b"/")
    record = overlay.layers[number].find(parent, name).record
    if record is not None and record.kind == SYMLINK:
        _move_to(overlay, number, path, record.link)


def _move_to(overlay: Overlay, number: int, path: bytes, target: bytes) -> bool:
    # Where it leads is told by what the layer itself has done by then, too.
    start = b"" if target.startswith(b"/") else path.rpartition(b"/")[0] + b"/"
    way = overlay.follow(start + target, top=number)
    is_folder = isinstance(way.end, Node) and way.end.is_folder
    if not target or isinstance(way.end, Loop) or (isinstance(way.end, Node) and not is_folder):
        return False
    if path and is_within(way.reached, path):
        return False
    overlay.layers[number].move_folder(path, way.reached)
    return True


def _can_land(overlay: Overlay, number: int, path: bytes, names: frozenset[bytes]) -> bool:
    index = overlay.layers[number]
    return index.has_implied and any(
        not _is_rooted(overlay, number, folder)
        for folder, block in index.blocks.items()
        if folder and (_has_candidate(folder, block, path, names) or _is_opaque_candidate(index, folder, names))
    )


def _has_candidate(folder: bytes, block: bytes, path: bytes, names: frozenset[bytes]) -> bool:
    for name in names:
        if name + b"\0" in block:
            own = join(folder, name)
            if path != own and not path.startswith(own + b"/"):
                return True
    return False


def _is_opaque_candidate(index: LayerIndex, folder: bytes, names: frozenset[bytes]) -> bool:
    return folder in index.opaque and (folder.rpartition(b"/")[2] in names or index.is_implied(folder))


def _is_rooted(overlay: Overlay, number: int, folder: bytes) -> bool:
    """Whether the folder and all around it are known to be folders at the time when the layer is unpacked."""
    index = overlay.layers[number]
    while folder:
        if index.is_implied(folder) and not _is_pinned(overlay, number, folder):
            return False
        folder = folder.rpartition(b"/")[0]
    return True


def _is_pinned(overlay: Overlay, number: int, folder: bytes) -> bool:
    if number == overlay.bottom:
        return False
    end = overlay.follow(folder, top=number - 1, is_last_followed=False).end
    if isinstance(end, Node):
        return end.record.kind != IMPLIED or end.span.floor >= overlay.bottom
    return not isinstance(end, Open)
