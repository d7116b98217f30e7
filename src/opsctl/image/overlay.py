"""Joins layers, top first, into the files of an image, while lower layers may not have been read yet.

Rules: OCI image specification 1.1, `layer.md`. A folder over a folder merges, anything else replaces; a whiteout hides
what lower layers have, an opaque marker all that they have in a folder. What a layer unpacks through a symlink of lower
layers lands where that points (`overlay_links`).

Layers are numbered from 0 at the bottom. Whatever depends on a layer that was not read is open, never absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from opsctl.image.layer_index import (
    FOLDER,
    FOLDER_KINDS,
    HARDLINK,
    IMPLIED,
    IMPLIED_FOLDER,
    SYMLINK,
    LayerIndex,
    Mention,
    Record,
)
from opsctl.image.paths import join, normalise, shown, split

MOST_LINKS_FOLLOWED: Final = 40  # as Linux
_MOST_SCANNED_BYTES: Final = 4 * 1024**3


class Span(NamedTuple):
    """The layers that may say something of what is in a folder: from `top` down to `floor`. `cut_by` is the layer that
    hid those below `floor`, None when `floor` is the lowest one of all."""

    top: int
    floor: int = 0
    cut_by: int | None = None


class Node(NamedTuple):
    """Something that exists. `layer` has it; for a folder `span` says who may have its children."""

    path: bytes
    record: Record
    layer: int
    span: Span

    @property
    def is_folder(self) -> bool:
        """Whether there can be something below it."""
        return self.record.kind in FOLDER_KINDS


@dataclass(frozen=True, slots=True)
class Absent:
    """Not there. `path` is the first part of the way that is missing, `cut_by` the layer that may have removed it.
    `is_whiteout` when that layer names it. `reason` is told when it is more than missing."""

    path: bytes
    cut_by: int | None
    reason: str | None = None
    is_whiteout: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """A way that never ends; `path` is the symlink at which it was given up."""

    path: bytes


@dataclass(frozen=True, slots=True)
class Open:
    """Depends on a layer that was not read."""


OPEN: Final = Open()


@dataclass(frozen=True, slots=True)
class Way:
    """Where a path leads: `end`, the symlinks that were followed (`links`, in order), and the path without them as far
    as they are known (`reached`)."""

    end: Node | Absent | Loop | Open
    links: tuple[Node, ...]
    reached: bytes


class Overlay:
    """A stack of layers that grows downwards: `push` adds the next lower one.

    `stored` has the layers as their archives tell, `layers` as they land on what is below. `is_contradictory` when that
    could not be told.
    """

    def __init__(self, count: int) -> None:
        self.top = count - 1
        self.bottom = count
        self.stored: dict[int, LayerIndex] = {}
        self.layers: dict[int, LayerIndex] = {}
        self.is_contradictory = False
        self._depth = self._lookups = self._scanned = 0

    def push(self, index: LayerIndex) -> None:
        """Puts a layer below those that are there."""
        self.bottom -= 1
        self.stored[self.bottom] = self.layers[self.bottom] = index

    def follow(self, path: bytes, *, top: int | None = None, is_last_followed: bool = True) -> Way:
        """Walks along `path` in the image made of the layers from `top` down."""
        root = Node(b"", IMPLIED_FOLDER, self.top, Span(self.top if top is None else top))
        walk = [root]
        links: list[Node] = []
        waiting = split(path)[::-1]
        while waiting:
            part = waiting.pop()
            if part == b".." and walk[-1].is_folder:
                walk = walk[:-1] or [root]
                continue
            node: Node | Absent | Loop | Open = self._enter(walk[-1], part)
            target = self._read_symlink(node) if isinstance(node, Node) and (is_last_followed or waiting) else None
            if isinstance(node, Node) and target is None:
                walk.append(node)
                continue
            if target is not None and isinstance(node, Node):
                links.append(node)
                node = _check_link(node, target, len(links)) or node
            if not isinstance(node, Node):
                reached = normalise(b"/".join([walk[-1].path, part, *waiting[::-1]]))[0]
                return Way(node, tuple(links), reached)
            walk = [root] if target is not None and target.startswith(b"/") else walk
            waiting.extend(split(target or b"")[::-1])
        return Way(walk[-1], tuple(links), walk[-1].path)

    def list(self, folder: Node) -> dict[bytes, Node]:
        """The children of a folder by name, as far as the layers that were read tell."""
        span = folder.span
        drafts: dict[bytes, _Draft] = {}
        for number in range(span.top, max(span.floor, self.bottom) - 1, -1):
            index = self.layers[number]
            for name, mention in index.list(folder.path).items():
                draft = drafts.get(name)
                if draft is None:
                    draft = drafts[name] = _Draft()
                draft.meet(number, mention)
            if folder.path in index.opaque:
                span = Span(span.top, number, number)
                break
        return {
            name: draft.build(join(folder.path, name), span)
            for name, draft in drafts.items()
            if draft.record is not None
        }

    def is_closed(self, folder: Node) -> bool:
        """Whether no layer that is still to be read can have anything in a folder."""
        span = folder.span
        seen = range(span.top, max(span.floor, self.bottom) - 1, -1)
        return span.floor >= self.bottom or any(folder.path in self.layers[number].opaque for number in seen)

    def find_content(self, node: Node) -> Node | Absent | Loop | Open:
        """The file that a hard link shares, through any number of links; other nodes are their own."""
        followed = 0
        if not self._depth:
            self._lookups = 0
        while node.record.kind == HARDLINK:
            followed += 1
            self._lookups += 1
            self._scanned += len(self.layers[node.layer].blocks.get(node.record.link.rpartition(b"/")[0], b""))
            # Links that lead through links double the lookups with each one.
            if max(followed + self._depth, self._lookups) > MOST_LINKS_FOLLOWED or self._scanned > _MOST_SCANNED_BYTES:
                return Loop(node.path)
            self._depth += 1
            try:
                end = self._find_linked(node)
            finally:
                self._depth -= 1
            if not isinstance(end, Node):
                return end
            node = end
        return node

    def _find_linked(self, node: Node) -> Node | Absent | Loop | Open:
        if node.path not in self.layers[node.layer].links_below:
            end = self.follow(node.record.link, top=node.layer, is_last_followed=False).end
            if not isinstance(end, Absent) and not self._is_same(end, node):
                return end
        # What the layer itself hides or replaces was there before it.
        return self.follow(node.record.link, top=node.layer - 1, is_last_followed=False).end

    def _is_same(self, end: object, node: Node) -> bool:
        return isinstance(end, Node) and (end.path, end.layer) == (node.path, node.layer)

    def _enter(self, folder: Node, name: bytes) -> Node | Absent | Loop | Open:
        path = join(folder.path, name)
        if not folder.is_folder:
            content = self.find_content(folder)
            if isinstance(content, Open | Loop):
                return content
            return Absent(path, folder.layer, f"/{shown(folder.path)} is no folder")
        span = folder.span
        draft = _Draft()
        for number in range(span.top, max(span.floor, self.bottom) - 1, -1):
            index = self.layers[number]
            draft.meet(number, index.find(folder.path, name))
            if folder.path in index.opaque:
                span = Span(span.top, number, number)
            if draft.is_closed or span.floor == number:
                break
        if draft.record is not None:
            return draft.build(path, span)
        if draft.is_closed:
            return Absent(path, draft.floor, is_whiteout=True)
        return OPEN if span.floor < self.bottom else Absent(path, span.cut_by)

    def _read_symlink(self, node: Node) -> bytes | None:
        if node.record.kind == HARDLINK:
            content = self.find_content(node)
            if isinstance(content, Node) and content.record.kind == SYMLINK:
                return content.record.link
        return node.record.link if node.record.kind == SYMLINK else None


def _check_link(node: Node, target: bytes, count: int) -> Absent | Loop | None:
    if count > MOST_LINKS_FOLLOWED:
        return Loop(node.path)
    return None if target else Absent(node.path, None, "an empty symlink")


class _Draft:
    """What one name is, while layers are asked from the top down."""

    __slots__ = ("cut_by", "floor", "is_closed", "layer", "record", "top")

    def __init__(self) -> None:
        self.record: Record | None = None
        self.layer = self.top = self.floor = 0
        self.cut_by: int | None = None
        self.is_closed = False

    def meet(self, number: int, mention: Mention) -> None:
        """Takes what the next lower layer says."""
        if self.is_closed:
            return
        record = mention.record
        if record is not None:
            self._meet_record(number, record)
        if mention.is_whiteout and not self.is_closed:
            self._close(number, number)

    def build(self, path: bytes, span: Span) -> Node:
        """`span` is that of the folder around it."""
        if self.record is None:
            raise ValueError("nothing was found")
        if self.is_closed:
            return Node(path, self.record, self.layer, Span(self.top, self.floor, self.cut_by))
        return Node(path, self.record, self.layer, Span(self.top, span.floor, span.cut_by))

    def _meet_record(self, number: int, record: Record) -> None:
        is_folder = record.kind in FOLDER_KINDS
        if self.record is None:
            self.record, self.layer, self.top = record, number, number
            if not is_folder:
                self._close(number, number)
        elif not is_folder:
            # A folder took its place; which of the layers above did is told by the lowest one that has the folder.
            self._close(number + 1, number + 1)
        elif self.record.kind == IMPLIED and record.kind == FOLDER:
            self.record, self.layer = record, number

    def _close(self, floor: int, cut_by: int) -> None:
        self.floor, self.cut_by, self.is_closed = floor, cut_by, True
