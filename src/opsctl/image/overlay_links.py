"""What a layer unpacks through a symlink of lower layers.

A layer may hold `lib/a.so` without holding `lib`. When lower layers have `lib -> usr/lib`, unpacking follows that link,
and the file is `/usr/lib/a.so`. Images on top of a Debian base meet this when their builder leaves folders out. While
lower layers were not read nobody knows whether such a folder is a link.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from opsctl.errors import DataError
from opsctl.image.layer_build import replay
from opsctl.image.layer_index import IMPLIED, SYMLINK, LayerIndex
from opsctl.image.overlay import Node, Open, Overlay
from opsctl.image.paths import join
from opsctl.image.tar_reader import TarFormatError


def settle_links(overlay: Overlay) -> None:
    """Makes the upper layers land where the symlinks of the lowest layer lead; call it after each `push`."""
    if not overlay.layers[overlay.bottom].has_symlinks():
        return
    for number in range(overlay.bottom + 1, overlay.top + 1):
        stored = overlay.stored[number]
        if not stored.log:
            continue
        lower = _LowerSymlinks(overlay, number)
        if any(lower.read(folder) is not None for folder in stored.iterate_implied()):
            try:
                overlay.layers[number] = replay(stored, cache(lower.read))
            except (DataError, TarFormatError):
                overlay.is_contradictory = True


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


def is_rooted(overlay: Overlay, number: int, folder: bytes) -> bool:
    """Whether the folder and all around it are known to be folders at the time when the layer is unpacked."""
    if not folder or overlay.bottom == 0:
        return True
    index = overlay.layers[number]
    while folder:
        if index.is_implied(folder) and not _is_pinned(overlay, number, folder):
            return False
        folder = folder.rpartition(b"/")[0]
    return True


class _LowerSymlinks:
    """The symlinks below a layer, hard links to symlinks included."""

    def __init__(self, overlay: Overlay, number: int) -> None:
        self._overlay = overlay
        self._top = number - 1

    def read(self, path: bytes) -> bytes | None:
        """The target of the symlink at a path that goes through none."""
        way = self._overlay.follow(path, top=self._top, is_last_followed=False)
        if way.links or not isinstance(way.end, Node):
            return None
        link = self._overlay.find_content(way.end)
        return link.record.link or None if isinstance(link, Node) and link.record.kind == SYMLINK else None


def _can_land(overlay: Overlay, number: int, path: bytes, names: frozenset[bytes]) -> bool:
    index = overlay.layers[number]
    return index.has_implied and any(
        not is_rooted(overlay, number, folder)
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


def _is_pinned(overlay: Overlay, number: int, folder: bytes) -> bool:
    if number == overlay.bottom:
        return False
    end = overlay.follow(folder, top=number - 1, is_last_followed=False).end
    if isinstance(end, Node):
        return end.record.kind != IMPLIED or end.span.floor >= overlay.bottom
    return not isinstance(end, Open)
